// A member of a classic consumer group with its application: it polls, processes what it gets, and commits.
//
// Follows ClassicKafkaConsumer over ConsumerCoordinator and Fetcher, with the connection to the coordinator apart from
// those to brokers. The application calls poll() again as soon as it is done with the records of the last one; with
// enable.auto.commit=false it calls commitSync() in between. While it waits inside poll() every input counts as the
// next turn of poll's loop. Leaves out: rebalance listeners with work of their own, pause(), seek(), wakeup();
// default.api.timeout.ms (commitSync waits as long as max.poll.interval.ms lets it). The member joins when it knows the
// ids of its topics. Always holds: no record is processed after its partition was revoked; a record is processed before
// a position behind it can be committed.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "model/clients/fetcher.h"
#include "model/described.h"
#include "model/group/group_membership.h"

namespace ktrial::model {

struct GroupMemberSpec {
  ConsumerConfig config;
  std::string group;
  std::vector<std::string> topics;
  Nanos processing_time{0};  // of each record
  Nanos start_after{0};      // the process waits for so long when it is started for the first time
  KTRIAL_FIELDS(GroupMemberSpec, config, group, topics, processing_time, start_after)
};

inline constexpr std::uint16_t kProcessingTimer = 301;

class GroupConsumer {
 public:
  GroupConsumer(GroupMemberSpec spec, std::vector<NodeId> bootstrap);
  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step, TimerId timer);
  // KafkaConsumer.close(), once the records of the last poll are processed: commit, LeaveGroup, exit.
  void close(Step& step);

  const GroupMemberSpec& spec() const { return spec_; }
  const Fetcher& fetcher() const { return fetcher_; }
  const std::optional<GroupMembership>& membership() const { return membership_; }  // absent: topics not known yet
  bool processing() const { return next_record_ < records_.size(); }

  KTRIAL_FIELDS(GroupConsumer, spec_, coordinator_network_, network_, metadata_, fetcher_, membership_, coordinator_,
                find_coordinator_, unsent_, application_, close_wanted_, records_, next_record_, next_auto_commit_)
  KTRIAL_DEADLINES(GroupConsumer, next_auto_commit_)

 private:
  class Host;  // the consumer as its membership sees it, for the time of one handler
  enum class Application : std::uint8_t { polling, processing, committing, closing };
  struct Unsent {
    std::uint32_t token = 0;
    MessageBody body;
    KTRIAL_FIELDS(Unsent, token, body)
    KTRIAL_NUMBERS(Unsent, kMembershipNumbers, token)
  };

  void run(Step& step);
  void join_when_topics_are_known();
  bool poll(Step& step);  // whether it returned records
  void begin_record(Step& step);
  void record_done(Step& step);
  void batch_done(Step& step);
  void begin_close(Step& step);
  void send(Step& step);
  void broker_answered(Step& step, const NetworkClient::InFlight& request, const MessageBody& body);
  void broker_disconnected(Step& step, const std::vector<NetworkClient::InFlight>& failed);
  void set_wakeup(Step& step);

  GroupMemberSpec spec_;
  NetworkClient network_;
  NetworkClient coordinator_network_;
  MetadataCache metadata_;
  Fetcher fetcher_;
  std::optional<GroupMembership> membership_;
  NodeId coordinator_;
  bool find_coordinator_ = false;  // a FindCoordinator is to be sent
  std::deque<Unsent> unsent_;      // for the coordinator
  Application application_ = Application::polling;
  bool close_wanted_ = false;
  std::vector<RecordConsumed> records_;  // of the last poll
  std::size_t next_record_ = 0;
  Nanos next_auto_commit_{0};
};

}  // namespace ktrial::model

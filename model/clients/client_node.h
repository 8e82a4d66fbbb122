// A client process: a producer, a consumer or a member of a consumer group, with its application.
//
// Satisfies concept Node. A client has no disk: a kill and a power cut both lose everything but what the application
// itself keeps, which is how far it has read its input (`next_value_`), so no value is ever sent by two sends.
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "model/clients/consumer.h"
#include "model/clients/group_consumer.h"
#include "model/clients/producer.h"
#include "model/described.h"
#include "model/node.h"
#include "model/partition_table.h"

namespace ktrial::model {

struct ProducerSpec {
  ProducerConfig config;
  SendWorkload workload;
  KTRIAL_FIELDS(ProducerSpec, config, workload)
};
struct ConsumerSpec {
  ConsumerConfig config;
  std::vector<TopicAssignment> assignment;
  Nanos start_after{0};  // the process waits for so long when it is started for the first time
  KTRIAL_FIELDS(ConsumerSpec, config, assignment, start_after)
};
using ClientSpec = std::variant<ProducerSpec, ConsumerSpec, GroupMemberSpec>;

class ClientNode {
 public:
  ClientNode(NodeId self, std::vector<NodeId> bootstrap, ClientSpec spec)
      : self_(self), bootstrap_(std::move(bootstrap)), spec_(std::move(spec)) {}

  void start(Step& step);
  void on_message(Step& step, ConnectionId connection, Message&& message);
  void on_closed(Step& step, ConnectionId connection);
  void on_timer(Step& step, TimerId timer);
  void on_command(Step& step, const Command& command);
  void kill();
  void power_cut(const Survival&, std::vector<Fact>&) { kill(); }
  void wipe(std::vector<Fact>&) { kill(); }

  NodeId self() const { return self_; }
  const ClientSpec& spec() const { return spec_; }
  bool running() const { return !std::holds_alternative<std::monostate>(application_); }
  bool idle() const;  // every send is answered
  bool done() const;  // a producer's workload is sent and answered
  // A consumer's positions, of a group member those of the partitions that it owns; empty otherwise.
  PartitionTable<FetchPosition> positions() const;
  const GroupConsumer* group_consumer() const { return std::get_if<GroupConsumer>(&application_); }

  KTRIAL_FIELDS(ClientNode, self_, bootstrap_, spec_, next_value_, started_, application_)

 private:
  template <class Call>
  void with_application(Call call);  // of the three kinds; not when nothing runs

  NodeId self_;
  std::vector<NodeId> bootstrap_;
  ClientSpec spec_;
  std::int64_t next_value_ = 0;  // the application's own durable input position
  bool started_ = false;         // and whether it has begun
  std::variant<std::monostate, Producer, Consumer, GroupConsumer> application_;
};

static_assert(Node<ClientNode>);

}  // namespace ktrial::model

// Fetch sessions against what they save: whoever fetches by a session knows what it would know without one.
//
// Method: a plan of small steps, which shrinks; the fetching end and the broker's sessions play without a network. The
// reference is a table of what the leader of each partition has, which a full fetch would show whole.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "model/replication/fetch_session.h"
#include "model/replication/fetch_session_handler.h"

namespace ktrial::model {
namespace fetch_session_property_test {

constexpr int kPartitions = 4;

TopicPartition tp(int partition) { return {TopicId(1), PartitionIndex(partition)}; }

struct Leader {
  Offset high_watermark{0}, log_start{0};
  bool operator==(const Leader&) const = default;
};

class Ends {
 public:
  void want(int partition, int offset) {
    FetchRequest::Partition item;
    item.partition = tp(partition);
    item.fetch_offset = Offset(offset);
    wanted_[tp(partition)] = item;
    handler_.want(item);
  }
  void forget(int partition) {
    wanted_.erase(tp(partition));
    handler_.forget(tp(partition));
  }
  void change(int partition, bool start) {
    Leader& leader = leaders_[tp(partition)];
    ++(start ? leader.log_start : leader.high_watermark);
    sessions_.changed(tp(partition), [](std::int32_t, FetchSession&) {});
  }
  void evict() { sessions_.remove(session_); }

  // The fetching end learns of the answer, or of a lost connection.
  void fetch(bool arrives) {
    FetchRequest request;
    handler_.build(request);
    const auto [id, error] = sessions_.open(request, Nanos(0));
    FetchResponse response;
    response.error = error;
    response.session_id = session_ = id;
    FetchSession* session = sessions_.find(id);
    if (error == Error::NONE && session != nullptr) {
      check_session(*session);
      const auto active = session->active;
      for (const TopicPartition p : active) response.partitions.push_back(read(p));
      sessions_.answer(*session, request.session_epoch > 0, response, [](TopicPartition) { return true; });
    }
    if (!arrives) return handler_.on_error();
    if (!handler_.on_response(response)) return;  // the next one is a full fetch
    for (const FetchResponse::Partition& p : response.partitions)
      known_[p.partition] = {p.high_watermark, p.log_start_offset};
    for (const auto& [p, item] : wanted_) RC_ASSERT(known_[p] == leaders_[p]);
  }

 private:
  FetchResponse::Partition read(TopicPartition p) {
    FetchResponse::Partition part;
    part.partition = p;
    part.high_watermark = leaders_[p].high_watermark;
    part.log_start_offset = leaders_[p].log_start;
    return part;
  }
  // The broker reads for a fetch just what the other end wants.
  void check_session(const FetchSession& session) {
    RC_ASSERT(session.partitions.size() == wanted_.size());
    for (const auto& [p, item] : wanted_) {
      RC_ASSERT(session.partitions.contains(p));
      RC_ASSERT(session.partitions.at(p).item.fetch_offset == item.fetch_offset);
    }
  }

  FetchSessionHandler handler_;
  FetchSessions sessions_{10, 77};
  std::int32_t session_ = 0;
  std::map<TopicPartition, FetchRequest::Partition> wanted_;
  std::map<TopicPartition, Leader> leaders_, known_;
};

RC_GTEST_PROP(FetchSession, ShowsWhatAFullFetchWouldShow, ()) {
  Ends ends;
  const auto plan = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 10), rc::gen::inRange(0, kPartitions), rc::gen::inRange(0, 5)));
  for (const auto& [what, partition, number] : plan) {
    if (what < 3) ends.want(partition, number);
    if (what == 3) ends.forget(partition);
    if (what == 4) ends.change(partition, number == 0);
    if (what == 5) ends.evict();
    if (what == 6) ends.fetch(false);
    if (what > 6) ends.fetch(true);
  }
}

}  // namespace fetch_session_property_test
}  // namespace ktrial::model

// Requests that wait for a partition: produces with acks=all, fetches with too little to return, DeleteRecords that
// followers have not heard of.
//
// Follows DelayedProduce, DelayedFetch, DelayedDeleteRecords and DelayedOperationPurgatory: an operation is looked at
// again when a partition that it watches changed. Completion runs in the step of its trigger. Leaves out: the reaper;
// an operation has a timer of its own. Always holds: an operation is answered once, and leaves the purgatory when it
// is.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/messages.h"
#include "model/step.h"

namespace ktrial::model {

inline constexpr std::uint16_t kDelayedProduceTimer = 204;
inline constexpr std::uint16_t kDelayedFetchTimer = 205;
inline constexpr std::uint16_t kDelayedDeleteRecordsTimer = 226;
inline constexpr std::uint16_t kDelayedRemoteFetchTimer = 242;

// The partitions that changed since the purgatories were last looked at.
struct TouchedPartitions {
  bool all = false;
  boost::container::flat_set<TopicPartition> some;

  void clear() {
    all = false;
    some.clear();
  }
  KTRIAL_FIELDS(TouchedPartitions, all, some)
};

struct DelayedProduce {
  struct Wait {
    std::size_t index;  // into response.partitions
    Offset required;
    KTRIAL_FIELDS(Wait, index, required)
  };
  ConnectionId connection;
  std::int32_t correlation_id = 0;
  ProduceResponse response;
  std::vector<Wait> waiting;
  KTRIAL_FIELDS(DelayedProduce, connection, correlation_id, response, waiting)
  KTRIAL_CORRELATIONS(DelayedProduce, correlation_id)
};

struct DelayedDeleteRecords {
  struct Wait {
    std::size_t index;  // into response.partitions
    Offset before;
    KTRIAL_FIELDS(Wait, index, before)
  };
  ConnectionId connection;  // absent: an operator's command, which is answered by facts alone
  std::int32_t correlation_id = 0;
  DeleteRecordsResponse response;
  std::vector<Offset> asked;  // by partition of the response
  std::vector<Wait> waiting;
  KTRIAL_FIELDS(DelayedDeleteRecords, connection, correlation_id, response, asked, waiting)
  KTRIAL_CORRELATIONS(DelayedDeleteRecords, correlation_id)
};

struct DelayedFetch {
  ConnectionId connection;
  std::int32_t correlation_id = 0;
  FetchRequest request;                                 // without its partitions if it has a session
  std::int32_t session_id = 0;                          // 0: none
  std::int32_t session_epoch = 0;                       // that the session was left with
  std::optional<TopicPartition> remote = std::nullopt;  // that is read from the remote storage
  KTRIAL_FIELDS(DelayedFetch, connection, correlation_id, request, session_id, session_epoch, remote)
  KTRIAL_CORRELATIONS(DelayedFetch, correlation_id)
};

// DelayedRemoteFetch: of a fetch one partition is read from the remote storage at a time.
struct DelayedRemoteFetch {
  DelayedFetch fetch;
  FetchResponse response;  // what there is without it
  std::size_t which = 0;   // partition of the response
  Offset offset;
  std::optional<FetchResponse::Partition> read;  // once it is there
  KTRIAL_FIELDS(DelayedRemoteFetch, fetch, response, which, offset, read)
};

// Operations by number, oldest first.
template <class Operation>
class Purgatory {
 public:
  explicit Purgatory(std::uint16_t timer_kind = 0) : timer_kind_(timer_kind) {}

  std::uint32_t park(Step& step, Operation operation, Nanos timeout) {
    const std::uint32_t number = next_++;
    operations_.emplace(number, std::move(operation));
    step.set_timer({timer_kind_, 0, number}, step.now + timeout);
    return number;
  }
  template <class Done>
  void complete_one(Step& step, std::uint32_t number, Done done) {
    const auto it = operations_.find(number);
    if (it == operations_.end() || !done(it->second)) return;
    step.cancel_timer({timer_kind_, 0, number});
    operations_.erase(it);
  }
  // `done(operation)` answers the operation when it can; all that were answered leave.
  template <class Done>
  void complete(Step& step, Done done) {
    for (auto it = operations_.begin(); it != operations_.end();) {
      if (!done(it->second)) {
        ++it;
        continue;
      }
      step.cancel_timer({timer_kind_, 0, it->first});
      it = operations_.erase(it);
    }
  }
  template <class Expire>
  void expire(std::uint32_t number, Expire expire) {
    const auto it = operations_.find(number);
    if (it == operations_.end()) return;
    Operation operation = std::move(it->second);
    operations_.erase(it);
    expire(operation);
  }
  std::size_t size() const { return operations_.size(); }

  KTRIAL_FIELDS(Purgatory, timer_kind_, next_, operations_)
  KTRIAL_COUNTERS(Purgatory, next_)
  KTRIAL_NUMBERS(Purgatory, object.timer_kind_, operations_)

 private:
  std::uint16_t timer_kind_;
  std::uint32_t next_ = 1;
  boost::container::flat_map<std::uint32_t, Operation> operations_;
};

}  // namespace ktrial::model

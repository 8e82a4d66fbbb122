// Tells the controller in which log directory each replica stands, one request at a time.
//
// Follows AssignmentsManager (KIP-858): an assignment waits 100 ms for others to share its request, is dropped when the
// broker is no replica any more, and is sent until the controller accepts it. Leaves out: jitter, at most 2,250
// assignments a request.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <optional>

#include "model/broker/controller_link.h"
#include "model/described.h"
#include "model/messages.h"
#include "model/metadata/image.h"
#include "model/replication/isr.h"
#include "model/step.h"

namespace ktrial::model {

inline constexpr std::uint16_t kAssignmentsTimer = 231;

class DirectoryAssignments {
 public:
  void submit(Step& step, TopicPartition tp, DirectoryId directory) {
    if (const auto sent = in_flight_.find(tp); sent != in_flight_.end() && sent->second == directory) return;
    ready_[tp] = directory;
    arm(step);
  }
  void on_timer(Step& step, ControllerLink& controller, BrokerEpoch epoch, const MetadataImage& image) {
    armed_ = false;
    auto request = next(step.self, epoch, image);
    if (request && !controller.send(step, ControllerLine::assignments, std::move(*request))) on_response(step, nullptr);
  }
  // Null: there was no answer.
  void on_response(Step& step, const AssignReplicasToDirsResponse* response) {
    const auto sent = std::exchange(in_flight_, {});
    const bool failed = response == nullptr || response->error != Error::NONE;
    failures_ = failed ? failures_ + 1 : 0;
    for (const auto& [tp, directory] : sent) {
      const auto done = [&, about = tp](const auto& answer) {
        return answer.first == about && answer.second == Error::NONE;
      };
      if (failed || std::none_of(response->partitions.begin(), response->partitions.end(), done))
        ready_.emplace(tp, directory);
    }
    arm(step);
  }

  KTRIAL_FIELDS(DirectoryAssignments, ready_, in_flight_, armed_, failures_)

 private:
  // The next request, if there is anything to send and nothing in flight.
  std::optional<AssignReplicasToDirsRequest> next(NodeId self, BrokerEpoch epoch, const MetadataImage& image) {
    if (!in_flight_.empty()) return std::nullopt;
    AssignReplicasToDirsRequest request{self, epoch, {}};
    for (const auto& [tp, directory] : ready_) {
      const PartitionRegistration* p = image.partition(tp);
      if (p != nullptr && holds(p->replicas, self)) request.assignments.emplace_back(tp, directory);
    }
    ready_.clear();
    if (request.assignments.empty()) return std::nullopt;
    in_flight_.insert(request.assignments.begin(), request.assignments.end());
    return request;
  }
  void arm(Step& step) {
    if (armed_ || ready_.empty() || !in_flight_.empty()) return;
    armed_ = true;
    const Nanos wait = milliseconds(100) * (std::int64_t{1} << std::min(failures_, 7));
    step.set_timer({kAssignmentsTimer, 0, 0}, step.now + std::min<Nanos>(wait, seconds(10)));
  }

  boost::container::flat_map<TopicPartition, DirectoryId> ready_, in_flight_;
  bool armed_ = false;
  int failures_ = 0;
};

}  // namespace ktrial::model

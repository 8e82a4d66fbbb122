// The groups that a broker coordinates: those of the partitions of __consumer_offsets that it leads.
//
// Follows GroupCoordinatorService, KafkaApis.handleFindCoordinatorRequest and AutoTopicCreationManager. The coordinator
// (model/group/group_coordinator.h) runs on the coordinator runtime, which loads, appends and unloads. The topic is
// created when a client first asks for a coordinator; whatever becomes of that, the next FindCoordinator finds the
// topic or asks again. Always holds: a broker without groups does no work for them.
#pragma once

#include "model/broker/controller_link.h"
#include "model/config.h"
#include "model/coordinator/coordinator_runtime.h"
#include "model/described.h"
#include "model/group/group_coordinator.h"

namespace ktrial::model {

inline constexpr std::uint16_t kGroupLoadTimer = 209;  // about: the partition

// What the service needs of its broker.
class GroupCoordinatorServiceHost : public CoordinatorRuntimeHost {
 public:
  GroupCoordinatorServiceHost(Step& s, const ClusterConfig& c, const MetadataImage& i, ControllerLink& link)
      : CoordinatorRuntimeHost(s), config(c), image(i), controller(link) {}
  const ClusterConfig& config;
  const MetadataImage& image;
  ControllerLink& controller;

  virtual void answer(ConnectionId connection, std::int32_t correlation_id, MessageBody body) = 0;
};

class GroupCoordinatorService {
 public:
  struct State {
    CoordinatorRuntime runtime;
    GroupCoordinator coordinator;
    KTRIAL_FIELDS(State, coordinator, runtime)
  };

  explicit GroupCoordinatorService(const ClusterConfig& config);

  bool on_request(GroupCoordinatorServiceHost& host, ConnectionId connection,
                  const Message& message);  // false: not one
  void on_metadata(GroupCoordinatorServiceHost& host, const std::vector<TopicPartition>& touched);
  static bool owns(TimerId timer) {
    return timer.kind == kGroupLoadTimer || (timer.kind >= group_timer::join && timer.kind <= group_timer::append);
  }
  void on_timer(GroupCoordinatorServiceHost& host, TimerId timer);
  // When high watermarks may have advanced.
  void complete_appends(GroupCoordinatorServiceHost& host);
  const GroupCoordinator& coordinator() const { return s_.coordinator; }

  KTRIAL_FIELDS(GroupCoordinatorService, s_)

 private:
  class Handler;  // the coordinator's host and the runtime's shards, for the time of one call
  FindCoordinatorResponse find_coordinator(GroupCoordinatorServiceHost& host, const FindCoordinatorRequest& request);

  State s_;
};

}  // namespace ktrial::model

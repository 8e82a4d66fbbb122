// A broker without a router for the tests of its owners: a link that remembers what was sent over it, an image that a
// test writes, and a partition of one topic, led by broker 1 with a follower on broker 2.
#pragma once

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "model/broker/controller_link.h"
#include "model/broker/log_config.h"
#include "model/broker/log_manager.h"

namespace ktrial::model::testing {

struct FakeControllerLink final : ControllerLink {
  std::vector<std::pair<ControllerLine, MessageBody>> sent;
  bool busy = false;     // something is in flight on every line
  bool unknown = false;  // there is nobody to ask

  bool idle(ControllerLine) const override { return !busy; }
  bool reachable() const override { return !unknown; }
  bool send(Step&, ControllerLine line, MessageBody body) override {
    if (busy || unknown) return false;
    sent.emplace_back(line, std::move(body));
    busy = true;
    return true;
  }
  template <class Request>
  const Request* last() const {
    return sent.empty() ? nullptr : std::get_if<Request>(&sent.back().second);
  }
};

struct FakeBroker {
  static constexpr NodeId kSelf{1};
  static constexpr NodeId kFollower{2};
  static constexpr TopicPartition kOrders{TopicId(1), PartitionIndex(0)};

  Step step;
  ClusterConfig config;
  MetadataImage image;
  BrokerMachine machine;
  FakeControllerLink controller;

  explicit FakeBroker(std::size_t directories = 1) : machine(directories) {
    step.self = kSelf;
    step.now = step.wall_clock = seconds(10);
    for (const NodeId id : {kSelf, kFollower}) {
      RegisterBrokerRecord broker{id, IncarnationId(id.value), BrokerEpoch(id.value)};
      broker.fenced = false;
      apply(broker);
    }
  }
  MetadataDelta apply(MetadataRecord record) {
    MetadataDelta delta;
    MetadataBatch batch;
    batch.base_offset = image.next_offset();
    batch.records = std::make_shared<const std::vector<MetadataRecord>>(1, std::move(record));
    image.apply(batch, &delta);
    return delta;
  }
  MetadataDelta create(const char* topic, std::vector<NodeId> replicas = {kSelf, kFollower}, NodeId leader = kSelf) {
    apply(TopicRecord{topic, kOrders.topic});
    return apply(PartitionRecord{kOrders, replicas, replicas, leader, LeaderEpoch(0), PartitionEpoch(0)});
  }
  template <class F>
  std::vector<F> facts() const {
    std::vector<F> found;
    for (const Fact& fact : step.facts)
      if (const auto* f = std::get_if<F>(&fact)) found.push_back(*f);
    return found;
  }
  // Of the last timer of that kind that was set; absent: none was.
  std::optional<Nanos> timer(std::uint16_t kind) const {
    std::optional<Nanos> deadline;
    for (const Effect& effect : step.effects)
      if (const auto* set = std::get_if<SetTimerEffect>(&effect); set && set->timer.kind == kind)
        deadline = set->deadline;
    return deadline;
  }
  template <class Response>
  std::vector<Response> answers() const {
    std::vector<Response> found;
    for (const Effect& effect : step.effects)
      if (const auto* sent = std::get_if<SendEffect>(&effect))
        if (const auto* response = std::get_if<Response>(&sent->message.body)) found.push_back(*response);
    return found;
  }
  static RecordBatch batch(int value = 1) {
    RecordBatch b;
    b.base_offset = kFirstOffset;
    b.record_count = 1;
    b.size_in_bytes = 100;
    b.records = std::make_shared<const std::vector<Record>>(
        std::vector<Record>{Record{{}, {}, ValueId{value}, milliseconds(0)}});
    return b;
  }
};

}  // namespace ktrial::model::testing

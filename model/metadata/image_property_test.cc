// The metadata image as a function of the log: however the records come in, the image is the same, and a delta names
// all that has changed.
//
// Method: a plan of records, which shrinks. One image is given them one by one, another one in batches of drawn sizes,
// and a third is kept by somebody who re-reads from the second only what its deltas name, as a broker does.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "model/metadata/image.h"

namespace ktrial::model {
namespace image_property_test {

TopicPartition tp(int topic, int partition) { return {TopicId(topic), PartitionIndex(partition)}; }

auto of(const PartitionRegistration& p) {
  return std::make_tuple(p.replicas, p.isr, p.leader, p.leader_epoch, p.partition_epoch, p.leader_recovery_state, p.elr,
                         p.last_known_elr, p.adding, p.removing);
}
auto of(const BrokerRegistrationImage& b) {
  return std::make_tuple(b.incarnation, b.epoch, b.fenced, b.in_controlled_shutdown);
}

// What the image says of partitions, brokers and configs, as plain maps.
struct State {
  std::map<TopicPartition, decltype(of(PartitionRegistration()))> partitions;
  std::map<NodeId, decltype(of(BrokerRegistrationImage()))> brokers;
  std::map<TopicId, std::pair<std::string, std::vector<std::pair<std::string, std::string>>>> topics;
  bool operator==(const State&) const = default;

  void read(const MetadataImage& image, TopicPartition p) {
    if (const PartitionRegistration* held = image.partition(p))
      partitions.insert_or_assign(p, of(*held));
    else
      partitions.erase(p);
  }
  void read(const MetadataImage& image, NodeId id) {
    if (const BrokerRegistrationImage* held = image.broker(id)) brokers.insert_or_assign(id, of(*held));
  }
  void read(const MetadataImage& image, TopicId id) {
    if (const TopicImage* held = image.topic(id))
      topics.insert_or_assign(id, std::pair(held->name, held->configs));
    else
      topics.erase(id);
  }
  static State of_image(const MetadataImage& image) {
    State state;
    for (const auto& [id, topic] : image.topics()) {
      state.read(image, id);
      for (std::size_t i = 0; i < topic.partitions.size(); ++i) state.read(image, tp(id.value, static_cast<int>(i)));
    }
    for (const auto& [id, broker] : image.brokers()) state.read(image, id);
    return state;
  }
};

// Records that a controller might write: they speak of what there is.
class Log {
 public:
  void write(int what, int which, int value) {
    const NodeId broker(1 + which % 3);
    const auto some = [&](int n) { return std::vector<NodeId>(3, NodeId(1 + n % 3)); };
    if (what == 0 || !registered_.contains(broker.value)) {
      registered_.insert(broker.value);
      add(RegisterBrokerRecord{broker, IncarnationId(value), BrokerEpoch(next())});
    } else if (what == 1) {
      BrokerRegistrationChangeRecord change{broker, BrokerEpoch(0), value % 2 == 0, std::nullopt};
      if (value == 3) change.in_controlled_shutdown = true;
      add(change);
    } else if (what == 2 || partitions_.empty()) {
      const int topic = ++last_topic_;
      add(TopicRecord{"t" + std::to_string(topic), TopicId(topic)});
      partitions_[topic] = 1 + which % 2;
      for (int i = 0; i < partitions_[topic]; ++i)
        add(PartitionRecord{
            tp(topic, i), {NodeId(1), NodeId(2)}, {NodeId(1)}, NodeId(1), LeaderEpoch(0), PartitionEpoch(0)});
    } else {
      auto topic = std::next(partitions_.begin(), which % static_cast<int>(partitions_.size()));
      if (what == 3) {
        add(RemoveTopicRecord{TopicId(topic->first)});
        partitions_.erase(topic);
      } else if (what == 4) {
        add(ConfigRecord{"t" + std::to_string(topic->first), "min.insync.replicas",
                         value == 0 ? std::nullopt : std::optional(std::to_string(value))});
      } else if (what == 5) {
        add(ClearElrRecord{value == 0 ? "" : "t" + std::to_string(topic->first)});
      } else {
        PartitionChangeRecord change;
        change.partition = tp(topic->first, value % topic->second);
        if (what == 6) change.leader = value == 0 ? kNoLeader : NodeId(value);
        if (what != 7) change.isr = some(value);
        if (what == 7) change.eligible_leader_replicas = some(which);
        if (what == 8) change.adding_replicas = some(which);
        add(change);
      }
    }
  }
  const std::vector<MetadataRecord>& records() const { return records_; }

 private:
  std::int64_t next() const { return static_cast<std::int64_t>(records_.size()); }
  void add(MetadataRecord record) { records_.push_back(std::move(record)); }
  std::vector<MetadataRecord> records_;
  std::set<int> registered_;
  std::map<int, int> partitions_;  // of each topic
  int last_topic_ = 0;
};

RC_GTEST_PROP(MetadataImage, IsTheSameInWhateverBatchesItsRecordsCome, ()) {
  Log log;
  const auto plan = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 9), rc::gen::inRange(0, 6), rc::gen::inRange(0, 4)));
  const auto sizes = *rc::gen::container<std::vector<int>>(rc::gen::inRange(1, 5));
  for (const auto& [what, which, value] : plan) log.write(what, which, value);

  MetadataImage one_by_one, in_batches;
  Offset offset{0};
  for (const MetadataRecord& record : log.records()) {
    one_by_one.apply(record, offset);
    ++offset;
  }
  State by_deltas;
  std::size_t batch = 0;
  for (std::size_t at = 0; at < log.records().size(); ++batch) {
    const std::size_t size =
        std::min(log.records().size() - at, batch < sizes.size() ? static_cast<std::size_t>(sizes[batch]) : 1);
    const auto from = log.records().begin() + static_cast<std::ptrdiff_t>(at);
    auto records = std::make_shared<std::vector<MetadataRecord>>(from, from + static_cast<std::ptrdiff_t>(size));
    MetadataDelta delta;
    in_batches.apply(MetadataBatch{Offset(static_cast<std::int64_t>(at)), QuorumEpoch(1), std::move(records)}, &delta);
    for (const TopicPartition p : delta.partitions) by_deltas.read(in_batches, p);
    for (const NodeId id : delta.brokers) by_deltas.read(in_batches, id);
    for (const TopicId id : delta.topics) by_deltas.read(in_batches, id);
    at += size;
  }
  RC_ASSERT(one_by_one.next_offset() == in_batches.next_offset());
  RC_ASSERT(State::of_image(one_by_one) == State::of_image(in_batches));
  RC_ASSERT(by_deltas == State::of_image(in_batches));
}

}  // namespace image_property_test
}  // namespace ktrial::model

#include "reports/fact_fields.h"

#include <array>
#include <string_view>

#include "model/fields.h"
#include "reports/ndjson.h"

namespace ktrial::reports {
namespace {

using namespace model;

template <class... Names>
constexpr auto names(Names... n) {
  return std::array<const char*, sizeof...(Names)>{n...};
}

template <class Fact>
constexpr auto kNames = names();
template <>
constexpr auto kNames<BatchAppended> = names("partition", "batch", "byLeader");
template <>
constexpr auto kNames<ProducerIdAssigned> = names("producerId", "producerEpoch");
template <>
constexpr auto kNames<ProducerEpochBumped> = names("producerId", "producerEpoch", "rewritten");
template <>
constexpr auto kNames<ProducerStateTold> = names("partition", "why", "entries");
template <>
constexpr auto kNames<ProducerIdsExpired> = names("partition", "producerIds");
template <>
constexpr auto kNames<DuplicateDetected> = names("partition", "producerId", "producerEpoch", "baseSequence",
                                                 "baseOffset");
template <>
constexpr auto kNames<UnknownProducerAccepted> = names("partition", "producerId", "producerEpoch", "baseSequence",
                                                       "baseOffset");
template <>
constexpr auto kNames<SequenceRefused> = names("partition", "producerId", "producerEpoch", "baseSequence", "error");
template <>
constexpr auto kNames<LogTruncated> = names("partition", "endOffset", "oldEndOffset");
template <>
constexpr auto kNames<LogLoaded> = names("partition", "logStartOffset", "endOffset", "highWatermark", "clean",
                                         "firstBroken", "epochs");
template <>
constexpr auto kNames<UnsyncedDataLost> = names("partition", "from", "oldEndOffset", "cause");
template <>
constexpr auto kNames<SegmentsReplaced> = names("partition", "baseOffset", "endOffset", "batches", "by", "wallClock",
                                                "deleteRetention");
template <>
constexpr auto kNames<LogCleaned> = names("partition", "firstDirtyOffset", "endOffset");
template <>
constexpr auto kNames<TruncationUndone> = names("partition", "from", "batches");
template <>
constexpr auto kNames<HighWatermarkAdvanced> = names("partition", "highWatermark", "oldHighWatermark", "leaderEpoch",
                                                     "isLeader");
template <>
constexpr auto kNames<BecameLeader> = names("partition", "leaderEpoch", "partitionEpoch", "leaderEpochStartOffset",
                                            "highWatermark", "isr");
template <>
constexpr auto kNames<BecameFollower> = names("partition", "leaderEpoch", "leader");
template <>
constexpr auto kNames<IsrChanged> = names("partition", "leaderEpoch", "partitionEpoch", "isr", "shrank");
template <>
constexpr auto kNames<IsrProposed> = names("partition", "leaderEpoch", "isr");
template <>
constexpr auto kNames<PartitionStateCommitted> = names("partition", "leader", "leaderEpoch", "partitionEpoch",
                                                       "replicas", "isr", "leaderRecoveryState", "leaderChanged",
                                                       "unclean", "created", "elr", "lastKnownElr", "addingReplicas",
                                                       "removingReplicas", "minIsr", "lastKnownLeader", "offset");
template <>
constexpr auto kNames<BrokerStarted> = names("incarnationId");
template <>
constexpr auto kNames<BrokerRegistered> = names("broker", "brokerEpoch", "offset", "incarnationId");
template <>
constexpr auto kNames<BrokerFenced> = names("broker", "offset");
template <>
constexpr auto kNames<BrokerUnfenced> = names("broker", "offset");
template <>
constexpr auto kNames<BrokerInControlledShutdown> = names("broker", "offset");
template <>
constexpr auto kNames<ShutdownGranted> = names("broker", "shutdownOffset");
template <>
constexpr auto kNames<TopicDeleted> = names("name", "id");
template <>
constexpr auto kNames<ReplicaDeleted> = names("partition");
template <>
constexpr auto kNames<TopicCreated> = names("name", "id", "partitions");
template <>
constexpr auto kNames<VoteGranted> = names("epoch", "candidate");
template <>
constexpr auto kNames<QuorumLeaderElected> = names("epoch", "logEndOffset");
template <>
constexpr auto kNames<QuorumBecameFollower> = names("epoch", "leader");
template <>
constexpr auto kNames<QuorumResigned> = names("epoch");
template <>
constexpr auto kNames<MetadataAppended> = names("batch", "content");
template <>
constexpr auto kNames<MetadataTruncated> = names("endOffset");
template <>
constexpr auto kNames<MetadataLoaded> = names("endOffset");
template <>
constexpr auto kNames<MetadataCommitted> = names("highWatermark");
template <>
constexpr auto kNames<MetadataApplied> = names("nextOffset", "content");
template <>
constexpr auto kNames<RecordSent> = names("partition", "value", "producer", "key");
template <>
constexpr auto kNames<RecordAcknowledged> = names("partition", "firstValue", "lastValue", "baseOffset", "acks",
                                                  "values");
template <>
constexpr auto kNames<RecordFailed> = names("partition", "values", "error");
template <>
constexpr auto kNames<RecordConsumed> = names("partition", "offset", "leaderEpoch", "value");
template <>
constexpr auto kNames<ConsumerPositionReset> = names("partition", "from", "to", "truncation");
template <>
constexpr auto kNames<ConsumerHighWatermarkSeen> = names("partition", "highWatermark", "leaderEpoch");
template <>
constexpr auto kNames<IsrExpansionDropped> = names("partition", "leaderEpoch", "added");
template <>
constexpr auto kNames<ReadReplicaChanged> = names("partition", "replica", "reason");
template <>
constexpr auto kNames<FollowerFetchAnswered> = names("partition", "source", "fetchOffset", "highWatermark");
template <>
constexpr auto kNames<FollowerFetchFailed> = names("partition", "source", "error");
template <>
constexpr auto kNames<FollowerRefusedOffset> = names("partition", "consumer", "offset", "logStartOffset",
                                                     "highWatermark", "logEndOffset");
template <>
constexpr auto kNames<LatestOffsetTold> = names("partition", "offset", "leaderEpoch");
template <>
constexpr auto kNames<GroupStateChanged> = names("group", "generation", "state", "members");
template <>
constexpr auto kNames<PartitionsAssigned> = names("group", "generation", "partitions");
template <>
constexpr auto kNames<PartitionsRevoked> = names("group", "generation", "partitions", "lost");
template <>
constexpr auto kNames<RecordProcessed> = names("group", "partition", "offset", "value");
template <>
constexpr auto kNames<OffsetCommitted> = names("group", "generation", "currentGeneration", "member", "partition",
                                               "offset");
template <>
constexpr auto kNames<OffsetCommitRefused> = names("group", "generation", "error");
template <>
constexpr auto kNames<CommittedOffsetFetched> = names("group", "partition", "offset");
template <>
constexpr auto kNames<GroupCoordinatorLoaded> = names("offsetsPartition");
template <>
constexpr auto kNames<LogStartAdvanced> = names("partition", "logStartOffset", "oldLogStartOffset", "highWatermark",
                                                "reason");
template <>
constexpr auto kNames<LogStartCheckpointed> = names("partition", "logStartOffset");
template <>
constexpr auto kNames<SegmentRolled> = names("partition", "baseOffset");
template <>
constexpr auto kNames<SegmentDeleted> = names("partition", "baseOffset", "nextBaseOffset", "reason", "largestTimestamp",
                                              "wallClock", "retentionMs", "bytes", "logBytes", "retentionBytes",
                                              "highWatermark");
template <>
constexpr auto kNames<LocalSegmentDeleted> = kNames<SegmentDeleted>;
template <>
constexpr auto kNames<RemoteSegmentStored> = names("partition", "segment", "batches");
template <>
constexpr auto kNames<RemoteSegmentStateChanged> = names("segment");
template <>
constexpr auto kNames<RemoteSegmentCopied> = names("partition", "segment", "startOffset", "endOffset");
template <>
constexpr auto kNames<RemoteSegmentExpired> = names("partition", "segment", "reason", "endOffset", "largestTimestamp",
                                                    "wallClock", "retentionMs", "retentionBytes", "localSegments");
template <>
constexpr auto kNames<RemoteLogRead> = names("partition", "fetchOffset", "batches");
template <>
constexpr auto kNames<RemoteStateRestored> = names("partition", "logStartOffset", "localLogStartOffset", "epochs");
template <>
constexpr auto kNames<UncleanRecoveryStarted> = names("partition", "leaderEpoch", "strategy", "byOperator");
template <>
constexpr auto kNames<ReplicaLogInfoReceived> = names("partition", "replica", "brokerEpoch", "lastWrittenLeaderEpoch",
                                                      "currentLeaderEpoch", "logEndOffset");
template <>
constexpr auto kNames<UncleanRecoveryElected> = names("partition", "leader", "leaderEpoch", "strategy", "byOperator",
                                                      "waited", "timeout", "controllerEpoch");
template <>
constexpr auto kNames<RecordsDeleted> = names("partition", "before", "lowWatermark", "error");
template <>
constexpr auto kNames<BatchCorrupted> = names("partition", "baseOffset", "nextOffset");
template <>
constexpr auto kNames<CorruptBatchFound> = names("partition", "baseOffset", "source");
template <>
constexpr auto kNames<ConfigCommitted> = names("topic", "broker", "key", "value", "offset");
template <>
constexpr auto kNames<ReplicaThrottled> = names("partition", "side", "replica", "knowsLag", "metadataOffset");
template <>
constexpr auto kNames<ThrottledTraffic> = names("side", "peer", "partitions", "bytes", "letThrough", "rate", "samples",
                                                "window", "wallClock");
template <>
constexpr auto kNames<RecordRotted> = names("partition", "offset", "was", "now");
template <>
constexpr auto kNames<ReplicaOffline> = names("partition");
template <>
constexpr auto kNames<FetchedWithoutEpoch> = names("partition", "replica", "fetchOffset");
template <>
constexpr auto kNames<LogDirectoryFailed> = names("partition", "operation");
template <>
constexpr auto kNames<ProbeHit> = names("name");

class Json {
 public:
  explicit Json(const std::map<int, std::string>& topics) : topics_(topics) {}

  template <class Fact>
  std::string object(const Fact& fact) {
    static_assert(kNames<Fact>.size() == field_count<Fact>(), "each field of a fact needs its name");
    std::size_t i = 0;
    out_ += '{';
    for_each_field(fact, [&](const auto& value) { field(kNames<Fact>[i++], value); });
    return out_ + "}";
  }

 private:
  template <class T>
  void field(const char* name, const T& value) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    put(value);
  }
  void put(bool v) { out_ += v ? "true" : "false"; }
  void put(std::int32_t v) { out_ += std::to_string(v); }
  void put(std::int64_t v) { out_ += std::to_string(v); }
  void put(std::uint8_t v) { out_ += std::to_string(v); }
  // A digest, as text: most readers of JSON lose integers above 2^53.
  void put(std::uint64_t v) { append_json_string(out_, std::to_string(v)); }
  void put(const std::string& text) { append_json_string(out_, text); }
  void put(const char* text) { append_json_string(out_, text); }
  void put(Error e) { append_json_string(out_, model::name(e)); }
  void put(Nanos v) { put(static_cast<std::int64_t>(v.count())); }
  void put(LogStartReason reason) {
    static constexpr const char* kReasons[] = {"retention.ms", "retention.bytes", "log-start", "DeleteRecords",
                                               "leader",       "truncation",      "remote"};
    append_json_string(out_, kReasons[static_cast<std::size_t>(reason)]);
  }
  void put(ReplacedBy by) {
    static constexpr const char* kBy[] = {"cleaning", "power-cut", "recovery"};
    append_json_string(out_, kBy[static_cast<std::size_t>(by)]);
  }
  void put(UncleanRecoveryStrategy strategy) { append_json_string(out_, name(strategy)); }
  void put(LossCause cause) {
    static constexpr const char* kCauses[] = {"power-cut", "disk-lost", "failed-fsync"};
    append_json_string(out_, kCauses[static_cast<std::size_t>(cause)]);
  }
  void put(ThrottleSide side) { append_json_string(out_, side == ThrottleSide::leader ? "leader" : "follower"); }
  void put(ProducerStateChange why) {
    static constexpr const char* kWhy[] = {"append", "load", "truncation", "leadership"};
    append_json_string(out_, kWhy[static_cast<std::size_t>(why)]);
  }
  void put(const ProducerStateEntry& e) {
    out_ += '{';
    field("producerId", e.producer_id);
    field("producerEpoch", e.epoch);
    field("lastSequence", e.last_sequence());
    field("lastOffset", e.last_offset());
    field("batches", static_cast<std::int64_t>(e.batches.size()));
    out_ += '}';
  }
  void put(const EpochEntry& e) {
    out_ += '{';
    field("epoch", e.epoch);
    field("startOffset", e.start);
    out_ += '}';
  }
  void put(const SegmentSize& s) {
    out_ += '{';
    field("baseOffset", s.base_offset);
    field("sizeInBytes", s.bytes);
    out_ += '}';
  }
  void put(const RemoteLogSegmentMetadata& s) {
    static constexpr const char* kStates[] = {"COPY_SEGMENT_STARTED", "COPY_SEGMENT_FINISHED", "DELETE_SEGMENT_STARTED",
                                              "DELETE_SEGMENT_FINISHED"};
    out_ += '{';
    field("id", s.id);
    field("partition", s.partition);
    field("startOffset", s.start_offset);
    field("endOffset", s.end_offset);
    field("maxTimestamp", s.max_timestamp);
    field("sizeInBytes", s.bytes);
    field("broker", s.broker);
    field("leaderEpochs", s.epochs);
    field("state", kStates[static_cast<std::size_t>(s.state)]);
    out_ += '}';
  }
  void put(LeaderRecoveryState s) {
    append_json_string(out_, s == LeaderRecoveryState::RECOVERING ? "RECOVERING" : "RECOVERED");
  }
  template <class Tag, class Rep>
  void put(const Named<Tag, Rep>& v) {
    out_ += v.present() ? std::to_string(v.value) : "null";
  }
  void put(ValueId v) {
    if (v.present())
      append_json_string(out_, value_text(v));
    else
      out_ += "null";
  }
  void put(TopicPartition tp) {
    const auto topic = topics_.find(tp.topic.value);
    append_json_string(out_, (topic == topics_.end() ? std::to_string(tp.topic.value) : topic->second) + "-" +
                                 std::to_string(tp.partition.value));
  }
  void put(const RecordBatch& b) {
    out_ += '{';
    field("baseOffset", b.base_offset);
    field("lastOffset", b.last_offset());
    field("partitionLeaderEpoch", b.partition_leader_epoch);
    field("sizeInBytes", b.size_in_bytes);
    if (b.records) {
      std::vector<ValueId> values;
      for (const Record& record : *b.records) values.push_back(record.value);
      field("values", values);
    }
    out_ += '}';
  }
  void put(const MetadataBatch& b) {
    out_ += '{';
    field("baseOffset", b.base_offset);
    field("lastOffset", b.last_offset());
    field("epoch", b.epoch);
    out_ += '}';
  }
  template <class T>
  void put(const std::vector<T>& items) {
    out_ += '[';
    for (const T& item : items) {
      if (out_.back() != '[') out_ += ',';
      put(item);
    }
    out_ += ']';
  }

  const std::map<int, std::string>& topics_;
  std::string out_;
};

}  // namespace

std::string fact_fields(const Fact& fact, const std::map<int, std::string>& topics) {
  return std::visit([&](const auto& f) { return Json(topics).object(f); }, fact);
}

}  // namespace ktrial::reports

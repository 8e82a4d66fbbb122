#include "model/facts.h"

#include <algorithm>
#include <array>
#include <sstream>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/canonical.h"
#include "model/fields.h"

namespace ktrial::model {

Fact::Fact() = default;
Fact::Fact(const Fact&) = default;
Fact::Fact(Fact&&) noexcept = default;
Fact& Fact::operator=(const Fact&) = default;
Fact& Fact::operator=(Fact&&) noexcept = default;
Fact::~Fact() = default;

template <AlternativeOf<FactVariant> T>
Fact::Fact(T&& fact) : FactVariant(std::in_place_type<T>, std::move(fact)) {}
template <AlternativeOf<FactVariant> T>
Fact::Fact(const T& fact) : FactVariant(std::in_place_type<T>, fact) {}
[[gnu::used]] static void instantiate(Fact& to, FactVariant& from) { instantiate_conversions(to, from); }

namespace {

constexpr std::size_t kFactKinds = std::variant_size_v<FactVariant>;

template <std::size_t... I>
std::array<const char*, kFactKinds> make_fact_names(std::index_sequence<I...>) {
  return {type_name<std::variant_alternative_t<I, FactVariant>>()...};
}

// Text out of pieces: numbers, ids, lists and words.
class Text {
 public:
  template <class... A>
  static std::string of(const A&... pieces) {
    Text t;
    (t.put(pieces), ...);
    return t.out_.str();
  }

 private:
  void put(const char* text) { out_ << text; }
  void put(const std::string& text) { out_ << text; }
  void put(std::string_view text) { out_ << text; }
  void put(std::int64_t n) { out_ << n; }
  void put(std::int32_t n) { out_ << n; }
  void put(Error e) { out_ << name(e); }
  template <class Tag, class Rep>
  void put(const Named<Tag, Rep>& v) {
    if (v.present())
      out_ << v.value;
    else
      out_ << "none";
  }
  void put(ValueId v) { out_ << value_text(v); }
  void put(TopicPartition tp) { out_ << "topic " << tp.topic.value << " partition " << tp.partition.value; }
  template <class T>
  void put(const std::vector<T>& items) {
    out_ << '[';
    const char* between = "";
    for (const auto& item : items) {
      out_ << between;
      put(item);
      between = ", ";
    }
    out_ << ']';
  }
  std::ostringstream out_;
};
template <class... A>
std::string say(const A&... pieces) {
  return Text::of(pieces...);
}

std::string tell(const BatchAppended& f) {
  return say(f.partition, ": ", f.by_leader ? "leader appended" : "follower copied", " offsets ", f.batch.base_offset,
             " to ", f.batch.last_offset(), " of leader epoch ", f.batch.partition_leader_epoch);
}
std::string tell(const LogTruncated& f) {
  return say(f.partition, ": log truncated to offset ", f.end_offset, " (log end offset was ", f.old_end_offset, ")");
}
std::string tell(const LogLoaded& f) {
  return say(f.partition, ": log loaded, log start offset ", f.log_start_offset, ", log end offset ", f.end_offset,
             ", high watermark ", f.high_watermark, f.clean ? "" : ", recovered");
}
std::string tell(const UnsyncedDataLost& f) {
  return say(f.partition, ": ", f.cause == LossCause::disk_lost ? "" : "unflushed ", "data lost from offset ", f.from,
             " (log end offset was ", f.old_end_offset, ")");
}
const char* text(LogStartReason reason) {
  static constexpr std::array<const char*, 7> kReasons = {"retention.ms",  "retention.bytes",        "the log start",
                                                          "DeleteRecords", "the leader's log start", "a truncation",
                                                          "the remote log"};
  return kReasons[static_cast<std::size_t>(reason)];
}
std::string tell(const LogStartAdvanced& f) {
  return say(f.partition, ": log start offset ", f.old_log_start_offset, " -> ", f.log_start_offset, " by ",
             text(f.reason));
}
std::string tell(const LogStartCheckpointed& f) {
  return say(f.partition, ": log start offset ", f.log_start_offset, " checkpointed");
}
std::string tell(const SegmentRolled& f) { return say(f.partition, ": rolled a segment at offset ", f.base_offset); }
std::string tell(const SegmentDeleted& f) {
  return say(f.partition, ": segment of offsets ", f.base_offset, " to ", f.next_base_offset - 1, " deleted by ",
             text(f.reason));
}
std::string tell(const SegmentsReplaced& f) {
  std::int64_t records = 0;
  for (const RecordBatch& batch : f.batches)
    if (batch.records)
      records += std::count_if(batch.records->begin(), batch.records->end(),
                               [](const Record& r) { return r.state != RecordState::compacted; });
  static constexpr std::array<const char*, 3> kBy = {"compaction", "a power cut that undid a swap",
                                                     "the recovery of an interrupted swap"};
  return say(f.partition, ": offsets ", f.base_offset, " to ", f.end_offset - 1, " replaced by ",
             kBy[static_cast<std::size_t>(f.by)], ", ", records, " records are left");
}
std::string tell(const LogCleaned& f) {
  return say(f.partition, ": log cleaned, dirty from offset ", f.first_dirty_offset, " to ", f.end_offset - 1);
}
std::string tell(const LocalSegmentDeleted& f) {
  return say(f.partition, ": local segment of offsets ", f.base_offset, " to ", f.next_base_offset - 1, " deleted by ",
             text(f.reason));
}
std::string tell(const RemoteSegmentStored& f) {
  return say(f.partition, ": data of remote segment ", f.segment, " stored, offsets ",
             f.batches.empty() ? Offset() : f.batches.front().base_offset, " to ",
             f.batches.empty() ? Offset() : f.batches.back().last_offset());
}
std::string tell(const RemoteSegmentStateChanged& f) {
  static constexpr std::array<const char*, 4> kStates = {"COPY_SEGMENT_STARTED", "COPY_SEGMENT_FINISHED",
                                                         "DELETE_SEGMENT_STARTED", "DELETE_SEGMENT_FINISHED"};
  return say(f.segment.partition, ": remote segment ", f.segment.id, " of offsets ", f.segment.start_offset, " to ",
             f.segment.end_offset, " by broker ", f.segment.broker, ": ",
             kStates[static_cast<std::size_t>(f.segment.state)]);
}
std::string tell(const RemoteSegmentCopied& f) {
  return say(f.partition, ": copied offsets ", f.start_offset, " to ", f.end_offset, " as remote segment ", f.segment);
}
std::string tell(const RemoteSegmentExpired& f) {
  return say(f.partition, ": remote segment ", f.segment, ", which ends with offset ", f.end_offset,
             ", is to be deleted by ", text(f.reason));
}
std::string tell(const RemoteLogRead& f) {
  return say(f.partition, ": read from the remote storage at offset ", f.fetch_offset, " up to ",
             f.batches.empty() ? f.fetch_offset - 1 : f.batches.back().last_offset());
}
std::string tell(const RemoteStateRestored& f) {
  return say(f.partition, ": begins at offset ", f.local_log_start_offset, " with ",
             static_cast<std::int64_t>(f.epochs.size()), " leader epochs of the remote storage, log start offset ",
             f.log_start_offset);
}
std::string tell(const UncleanRecoveryStarted& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": unclean recovery started, ", name(f.strategy),
             f.by_operator ? ", for an operator" : "");
}
std::string tell(const ReplicaLogInfoReceived& f) {
  return say(f.partition, " leader epoch ", f.current_leader_epoch, ": replica ", f.replica, " of broker epoch ",
             f.broker_epoch, " tells log end offset ", f.log_end_offset, " and last written leader epoch ",
             f.last_written_leader_epoch);
}
std::string tell(const UncleanRecoveryElected& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": unclean recovery elects ", f.leader, ", ",
             name(f.strategy));
}
std::string tell(const ConfigCommitted& f) {
  return say(f.topic.present()    ? say("topic ", f.topic)
             : f.broker.present() ? say("broker ", f.broker)
                                  : "all brokers",
             f.value.empty() ? ": removed " : ": ", f.key, f.value.empty() ? "" : "=", f.value);
}
std::string tell(const ReplicaThrottled& f) {
  const std::string whom = f.replica.present() ? say("replica ", f.replica) : "a consumer";
  return f.side == ThrottleSide::leader
             ? say(f.partition, ": the leader is over its replication quota, ", whom, " waits")
             : say(f.partition, ": ", whom, " is over its replication quota and does not fetch");
}
std::string tell(const ThrottledTraffic& f) {
  return say(f.side == ThrottleSide::follower && f.let_through ? "fetches"
             : f.let_through                                   ? "sends"
                                                               : "copied",
             f.bytes > 0 ? say(" ", f.bytes, " bytes of") : "", " throttled ", f.partitions, ", the quota is ", f.rate,
             " bytes/s");
}
std::string tell(const RecordRotted& f) {
  return say(f.partition, ": the record ", f.was, " at offset ", f.offset,
             " is another on the disk, and its checksum is right");
}
std::string tell(const RecordsDeleted& f) {
  return say(f.partition, ": DeleteRecords before offset ", f.before, " answered with ", f.error, ", low watermark ",
             f.low_watermark);
}
std::string tell(const BatchCorrupted& f) {
  return say(f.partition, ": the batch at offset ", f.base_offset, " is broken on the disk");
}
std::string tell(const CorruptBatchFound& f) {
  return say(f.partition, ": the batch at offset ", f.base_offset, " that came from broker ", f.source,
             " has a wrong checksum");
}
std::string tell(const ReplicaOffline& f) { return say(f.partition, ": offline with its log directory"); }
std::string tell(const FetchedWithoutEpoch& f) {
  return say(f.partition, ": replica ", f.replica, " fetches from offset ", f.fetch_offset, " without its last epoch");
}
std::string tell(const LogDirectoryFailed& f) {
  return say(f.partition, ": ", f.operation, " failed, the log directory is offline");
}
std::string tell(const TruncationUndone& f) {
  return say(f.partition, ": truncation to offset ", f.from, " undone, log end offset is ",
             f.batches.empty() ? f.from : f.batches.back().next_offset(), " again");
}
std::string tell(const HighWatermarkAdvanced& f) {
  return say(f.partition, ": ", f.is_leader ? "leader" : "follower", " high watermark ", f.old_high_watermark, " -> ",
             f.high_watermark, " in leader epoch ", f.leader_epoch);
}
std::string tell(const BecameLeader& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": became leader at partition epoch ", f.partition_epoch,
             ", epoch start offset ", f.leader_epoch_start_offset, ", high watermark ", f.high_watermark, ", ISR ",
             f.isr);
}
std::string tell(const BecameFollower& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": became follower of leader ", f.leader);
}
std::string tell(const IsrChanged& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": ISR ", f.shrank ? "shrank" : "expanded", " to ", f.isr,
             " at partition epoch ", f.partition_epoch);
}
std::string tell(const IsrProposed& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": AlterPartition proposes ISR ", f.isr);
}
std::string tell(const PartitionStateCommitted& f) {
  return say(f.partition,
             f.created             ? ": created"
             : f.last_known_leader ? ": the last known leader is elected, uncleanly"
             : f.unclean           ? ": unclean leader election"
                                   : ": state committed",
             ", leader ", f.leader, f.leader_changed ? " (changed)" : "", ", leader epoch ", f.leader_epoch,
             ", partition epoch ", f.partition_epoch, ", replicas ", f.replicas, ", ISR ", f.isr,
             f.leader_recovery_state == LeaderRecoveryState::RECOVERING ? ", RECOVERING" : "",
             f.elr.empty() ? std::string() : say(", ELR ", f.elr),
             f.last_known_elr.empty() ? std::string() : say(", last known ELR ", f.last_known_elr),
             f.adding.empty() ? std::string() : say(", adding ", f.adding),
             f.removing.empty() ? std::string() : say(", removing ", f.removing));
}
std::string tell(const BrokerInControlledShutdown& f) { return say("broker ", f.broker, " in controlled shutdown"); }
std::string tell(const ShutdownGranted& f) {
  return say("broker ", f.broker, " may shut down: every active broker knows of offset ", f.shutdown_offset);
}
std::string tell(const TopicDeleted& f) { return say("topic ", f.id, ", named ", f.name, ", deleted"); }
std::string tell(const ReplicaDeleted& f) { return say(f.partition, ": replica deleted"); }
std::string tell(const BrokerStarted& f) { return say("broker started, incarnation ", f.incarnation); }
std::string tell(const BrokerRegistered& f) {
  return say("broker ", f.broker, " registered with broker epoch ", f.broker_epoch);
}
std::string tell(const BrokerFenced& f) { return say("broker ", f.broker, " fenced"); }
std::string tell(const BrokerUnfenced& f) { return say("broker ", f.broker, " unfenced"); }
std::string tell(const TopicCreated& f) {
  return say("topic ", f.id, " created as ", f.name, " with ", f.partitions, " partitions");
}
std::string tell(const VoteGranted& f) { return say("vote granted to ", f.candidate, " in quorum epoch ", f.epoch); }
std::string tell(const QuorumLeaderElected& f) {
  return say("elected leader of quorum epoch ", f.epoch, " at log end offset ", f.log_end_offset);
}
std::string tell(const QuorumBecameFollower& f) {
  return say("became follower of quorum leader ", f.leader, " in quorum epoch ", f.epoch);
}
std::string tell(const QuorumResigned& f) { return say("resigned from quorum epoch ", f.epoch); }
std::string tell(const MetadataAppended& f) {
  return say("metadata log: appended offsets ", f.batch.base_offset, " to ", f.batch.last_offset(), " of quorum epoch ",
             f.batch.epoch);
}
std::string tell(const MetadataTruncated& f) { return say("metadata log: truncated to offset ", f.end_offset); }
std::string tell(const MetadataLoaded& f) { return say("metadata log: loaded, log end offset ", f.end_offset); }
std::string tell(const MetadataCommitted& f) { return say("metadata log: high watermark ", f.high_watermark); }
std::string tell(const MetadataApplied& f) { return say("metadata applied up to offset ", f.next_offset); }
std::string tell(const RecordSent& f) {
  return say(f.partition, ": producer ", f.producer, " sends record ", f.value, f.key.empty() ? "" : " with key ",
             f.key);
}
std::string tell(const RecordAcknowledged& f) {
  return say(f.partition, ": records ", f.values, " acknowledged at base offset ", f.base_offset,
             " (acks=", f.acks < 0 ? std::string("all") : std::to_string(f.acks), ")");
}
std::string tell(const RecordFailed& f) {
  return say(f.partition, ": send of records ", f.values, " failed with ", f.error);
}
std::string tell(const RecordConsumed& f) {
  return say(f.partition, ": consumed record ", f.value, " at offset ", f.offset, " of leader epoch ", f.leader_epoch);
}
std::string tell(const ConsumerPositionReset& f) {
  return say(f.partition, ": consumer position reset from offset ", f.from, " to ", f.to,
             f.truncation ? " (log truncation detected)" : "");
}
std::string tell(const ConsumerHighWatermarkSeen& f) {
  return say(f.partition, ": consumer sees high watermark ", f.high_watermark, " of leader epoch ", f.leader_epoch);
}
std::string tell(const IsrExpansionDropped& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": the proposal to add ", f.added,
             " to the ISR is dropped, older metadata came");
}
std::string tell(const ReadReplicaChanged& f) {
  return f.replica.present() ? say(f.partition, ": fetches from broker ", f.replica, ", ", f.reason)
                             : say(f.partition, ": fetches from the leader again, ", f.reason);
}
std::string tell(const FollowerFetchAnswered& f) {
  return say(f.partition, ": follower ", f.source, " answered the fetch at offset ", f.fetch_offset,
             " with high watermark ", f.high_watermark);
}
std::string tell(const FollowerFetchFailed& f) {
  return say(f.partition, ": the fetch from follower ", f.source, " failed: ", f.error);
}
std::string tell(const FollowerRefusedOffset& f) {
  return say(f.partition, ": follower refused offset ", f.offset, " of client ", f.consumer,
             " as out of range (log start offset ", f.log_start_offset, ", high watermark ", f.high_watermark,
             ", log end offset ", f.log_end_offset, ")");
}
std::string tell(const LatestOffsetTold& f) {
  return say(f.partition, " leader epoch ", f.leader_epoch, ": told a consumer the latest offset ", f.offset);
}
std::string tell(const GroupStateChanged& f) {
  static constexpr std::array<const char*, 5> kStates = {"Empty", "PreparingRebalance", "CompletingRebalance", "Stable",
                                                         "Dead"};
  return say("group ", f.group, " generation ", f.generation, ": ", f.state < kStates.size() ? kStates[f.state] : "?",
             " with ", f.members, " members");
}
std::string tell(const PartitionsAssigned& f) {
  return say("group ", f.group, " generation ", f.generation, ": assigned ", f.partitions);
}
std::string tell(const PartitionsRevoked& f) {
  return say("group ", f.group, " generation ", f.generation, f.lost ? ": lost " : ": revoked ", f.partitions);
}
std::string tell(const RecordProcessed& f) {
  return say(f.partition, ": group ", f.group, " processed record ", f.value, " at offset ", f.offset);
}
std::string tell(const OffsetCommitted& f) {
  return say(f.partition, ": group ", f.group, " committed offset ", f.offset, " by member ", f.member,
             " of generation ", f.generation, " (current generation ", f.current_generation, ")");
}
std::string tell(const OffsetCommitRefused& f) {
  return say("group ", f.group, " generation ", f.generation, ": offset commit refused with ", f.error);
}
std::string tell(const CommittedOffsetFetched& f) {
  return say(f.partition, ": group ", f.group, " fetched committed offset ", f.offset);
}
std::string tell(const GroupCoordinatorLoaded& f) {
  return say("group coordinator loaded offsets partition ", f.offsets_partition);
}
std::string tell(const ProducerIdAssigned& f) {
  return say("producer id ", f.producer_id, " with epoch ", f.producer_epoch);
}
std::string tell(const ProducerEpochBumped& f) {
  return say("epoch of producer id ", f.producer_id, " bumped to ", f.producer_epoch, ", sequences begin anew for ",
             f.rewritten);
}
std::string tell(const ProducerStateTold& f) {
  static constexpr std::array<const char*, 4> kWhy = {"after an append", "loaded", "after a truncation",
                                                      "of the new leader"};
  std::vector<std::string> known;
  for (const ProducerStateEntry& e : f.entries)
    known.push_back(say("producer id ", e.producer_id, " epoch ", e.epoch, " up to sequence ", e.last_sequence(),
                        " at offset ", e.last_offset()));
  return say(f.partition, ": producer state ", kWhy[static_cast<std::size_t>(f.why)], " ", known);
}
std::string tell(const ProducerIdsExpired& f) {
  return say(f.partition, ": producer ids ", f.producer_ids, " expired");
}
std::string tell(const DuplicateDetected& f) {
  return say(f.partition, ": sequence ", f.base_sequence, " of producer id ", f.producer_id, " epoch ",
             f.producer_epoch, " is a duplicate of the batch at offset ", f.base_offset);
}
std::string tell(const UnknownProducerAccepted& f) {
  return say(f.partition, ": producer id ", f.producer_id, " is not known, its sequence ", f.base_sequence,
             " of epoch ", f.producer_epoch, " is appended at offset ", f.base_offset);
}
std::string tell(const SequenceRefused& f) {
  return say(f.partition, ": sequence ", f.base_sequence, " of producer id ", f.producer_id, " epoch ",
             f.producer_epoch, " refused with ", f.error);
}
std::string tell(const ProbeHit& f) { return say("probe ", f.name); }

}  // namespace

std::string value_text(ValueId value) {
  if (!value.present()) return "none";
  if (is_rotten(value)) {
    constexpr std::int64_t kBroker = 0x3ff;
    const std::int64_t was = value.value & ~(kRotten | (kBroker << 30));
    return value_text(ValueId(was)) + " (rotten on broker " + std::to_string((value.value >> 30) & kBroker) + ")";
  }
  return std::to_string(value.value >> 40) + ":" + std::to_string(value.value & ((std::int64_t{1} << 40) - 1));
}

const char* fact_name(std::uint16_t kind) {
  static const auto names = make_fact_names(std::make_index_sequence<kFactKinds>());
  return kind < kFactKinds ? names[kind] : "?";
}

std::uint64_t digest(const Fact& f) {
  Canonical form;
  form.add(kind(f));
  std::visit([&](const auto& fact) { form.add(fact); }, f);
  return XXH3_64bits(form.data(), form.bytes());
}

std::string describe(const Fact& f) {
  return std::visit([](const auto& fact) { return tell(fact); }, f);
}

}  // namespace ktrial::model

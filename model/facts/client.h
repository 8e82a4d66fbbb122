// Facts about producers and consumers.
#pragma once

#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "model/batch.h"
#include "model/errors.h"
#include "model/facts/fact.h"

namespace ktrial::model {

struct RecordSent {  // producer.send() of the application; the record is now in the accumulator
  TopicPartition partition;
  ValueId value;
  std::int32_t producer = 0;
  std::string key;  // the workload's fixed key ("order_id=123"); empty: none, or one of many
  KTRIAL_FACT(RecordSent, 23, partition, value, producer, key)
  static constexpr FieldNote kNotes[] = {{"producer", nullptr, "which of the scenario's producers"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::context)); }
  auto tell(auto say) const {
    return say(partition, ": producer ", producer, " sends record ", value, key.empty() ? "" : " with key ", key);
  }
};

struct RecordAcknowledged {
  TopicPartition partition;
  ValueId first_value;
  ValueId last_value;
  Offset base_offset;  // absent with acks=0
  std::int32_t acks = -1;
  std::vector<ValueId> values;
  KTRIAL_FACT(RecordAcknowledged, 24, partition, first_value, last_value, base_offset, acks, values)
  static constexpr FieldNote kNotes[] = {{"acks", nullptr, "replicas, -1: all"}};
  static constexpr Goal kGoals[] = {{"record-acked", "a producer was told that a record is written"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_record(partition, base_offset, std::ssize(values), Weight::decisive);
  }
  auto tell(auto say) const {
    return say(partition, ": records ", values, " acknowledged at base offset ", base_offset,
               " (acks=", acks < 0 ? std::string("all") : std::to_string(acks), ")");
  }
};

struct RecordFailed {  // the producer told the application of an error; the record may still be in the log
  TopicPartition partition;
  std::vector<ValueId> values;
  Error error = Error::NONE;
  KTRIAL_FACT(RecordFailed, 25, partition, values, error)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {{"record-failed", "a producer gave a record up with an error"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, issue.judged ? Weight::matters : issue.partition ? Weight::context : Weight::none);
  }
  auto tell(auto say) const { return say(partition, ": send of records ", values, " failed with ", error); }
};

struct RecordConsumed {  // returned by poll() to the application
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
  ValueId value;
  KTRIAL_FACT(RecordConsumed, 26, partition, offset, leader_epoch, value)
  static constexpr Goal kGoals[] = {{"record-consumed", "a consumer's poll() returned a record"}};
  Weight weight(const AtIssue& issue) const { return issue.of_record(partition, offset, 1, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": consumed record ", value, " at offset ", offset, " of leader epoch ", leader_epoch);
  }
};

struct ConsumerPositionReset {  // by the reset policy or by truncation found in validation
  TopicPartition partition;
  Offset from;
  Offset to;
  bool truncation = false;
  KTRIAL_FACT(ConsumerPositionReset, 27, partition, from, to, truncation)
  static constexpr Drawn kDrawn = Drawn::change;
  static constexpr Goal kGoals[] = {
      {"position-reset", "a consumer's position was reset, by policy or after a truncation"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": consumer position reset from offset ", from, " to ", to,
               truncation ? " (log truncation detected)" : "");
  }
};

struct ConsumerHighWatermarkSeen {
  TopicPartition partition;
  Offset high_watermark;
  LeaderEpoch leader_epoch;  // of the leader that answered
  KTRIAL_FACT(ConsumerHighWatermarkSeen, 28, partition, high_watermark, leader_epoch)
  static constexpr Drawn kDrawn = Drawn::never;
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::context)); }
  auto tell(auto say) const {
    return say(partition, ": consumer sees high watermark ", high_watermark, " of leader epoch ", leader_epoch);
  }
};

struct ReadReplicaChanged {  // the consumer fetches the partition from another replica (KIP-392)
  TopicPartition partition;
  NodeId replica;  // absent: the leader again
  const char* reason = "";
  KTRIAL_FACT(ReadReplicaChanged, 54, partition, replica, reason)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return replica.present() ? say(partition, ": fetches from broker ", replica, ", ", reason)
                             : say(partition, ": fetches from the leader again, ", reason);
  }
};

struct FollowerFetchAnswered {  // a follower told the consumer something new; fetches that bring nothing are left out
  TopicPartition partition;
  NodeId source;
  Offset fetch_offset;
  Offset high_watermark;
  KTRIAL_FACT(FollowerFetchAnswered, 55, partition, source, fetch_offset, high_watermark)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::matters)); }
  auto tell(auto say) const {
    return say(partition, ": follower ", source, " answered the fetch at offset ", fetch_offset,
               " with high watermark ", high_watermark);
  }
};

struct FollowerFetchFailed {  // a follower refused the consumer's fetch, or gave no answer (NETWORK_EXCEPTION)
  TopicPartition partition;
  NodeId source;
  Error error = Error::NONE;
  KTRIAL_FACT(FollowerFetchFailed, 57, partition, source, error)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const { return say(partition, ": the fetch from follower ", source, " failed: ", error); }
};

struct FollowerRefusedOffset {  // at a follower that answered a consumer with OFFSET_OUT_OF_RANGE
  TopicPartition partition;
  NodeId consumer;
  Offset offset;
  Offset log_start_offset;
  Offset high_watermark;
  Offset log_end_offset;
  KTRIAL_FACT(FollowerRefusedOffset, 56, partition, consumer, offset, log_start_offset, high_watermark, log_end_offset)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": follower refused offset ", offset, " of client ", consumer,
               " as out of range (log start offset ", log_start_offset, ", high watermark ", high_watermark,
               ", log end offset ", log_end_offset, ")");
  }
};

struct LatestOffsetTold {  // by a leader, in answer to a consumer's ListOffsets
  TopicPartition partition;
  Offset offset;
  LeaderEpoch leader_epoch;
  KTRIAL_FACT(LatestOffsetTold, 43, partition, offset, leader_epoch)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, " leader epoch ", leader_epoch, ": told a consumer the latest offset ", offset);
  }
};

struct ClientFacts : FactList<RecordSent, RecordAcknowledged, RecordFailed, RecordConsumed, ConsumerPositionReset,
                              ConsumerHighWatermarkSeen, ReadReplicaChanged, FollowerFetchAnswered, FollowerFetchFailed,
                              FollowerRefusedOffset, LatestOffsetTold> {
  static constexpr const char* kAbout = "producers and consumers";
};

}  // namespace ktrial::model

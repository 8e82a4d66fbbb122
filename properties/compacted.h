// Which records compaction may take from a replica's log, by the keys of what the replica was given.
//
// Follows the contract of compaction (KIP-58, KIP-534): a record may go for a later one of its key, which must be below
// the replica's high watermark (the highest that it had: a follower's may go back), and a tombstone once
// delete.retention.ms have passed since it was cleaned first, on this replica or on the one that it was copied from.
// Knows nothing of segments, cleaners or delete horizons: what the broker says that its log holds now is compared with
// what the log was given. Work follows what is replaced and what the high watermark has passed since; only a cut below
// it lets the keys be noted again.
#pragma once

#include <map>
#include <set>
#include <utility>
#include <vector>

#include "model/facts.h"
#include "model/partition_table.h"
#include "properties/observation.h"

namespace ktrial::properties {

// A record as a property knows it. The value says which one it is: the key and the tombstone's mark follow from it.
class Entry {
 public:
  model::LeaderEpoch epoch;

 private:
  std::int32_t key_ = -1;  // -1: none; of a tombstone: -2 - key

 public:
  model::ValueId value;

  Entry() = default;
  Entry(model::LeaderEpoch e, model::ValueId v) : epoch(e), value(v) {}
  static Entry of(model::LeaderEpoch e, const model::Record& r) {
    Entry entry(e, r.value);
    entry.key_ = r.state == model::RecordState::tombstone && r.key.present() ? -2 - r.key.value : r.key.value;
    return entry;
  }
  // A leader had a hole there, and nobody knows what it was.
  bool unknown() const { return !epoch.present(); }
  bool tombstone() const { return key_ < -1; }
  model::KeyId key() const { return model::KeyId(key_ < -1 ? -2 - key_ : key_); }
  bool operator==(const Entry& other) const { return epoch == other.epoch && value == other.value; }
};

struct FirstCleaning {
  Nanos wall_clock{0};  // of the broker
  Nanos at{0};
};

enum class WhyGone : std::uint8_t { superseded, expired, tombstone_too_early, last_of_its_key };

// What a replacement of segments took.
struct Replacement {
  std::uint64_t judged = 0;  // records
  std::int64_t wrong = -1;   // the first that had to stay; -1: none
  WhyGone why = WhyGone::superseded;
  bool end_was_held = false;  // the last offset in the replaced range, before
  std::int64_t last_batch_end = -1;
};

// One replica's part.
class CompactedReplica {
 public:
  // Notes the keys of the entries that the replica knows to be committed.
  void note(const std::vector<Entry>& entries, std::int64_t committed_to);
  void cut(std::int64_t end);
  WhyGone why_gone(std::int64_t offset, const Entry& entry, const model::SegmentsReplaced& by) const;
  // Of the tombstone at that offset; the first time counts.
  void cleaned(std::int64_t offset, const FirstCleaning& first);
  void not_cleaned(std::int64_t offset) { cleaned_.erase(offset); }
  const FirstCleaning* first_cleaning(std::int64_t offset) const;

 private:
  std::map<model::KeyId, std::int64_t> last_;  // below noted_
  std::int64_t noted_ = 0;
  std::map<std::int64_t, FirstCleaning> cleaned_;
};

// What some replica of the partition removed, and might.
class Compacted {
 public:
  void gone(model::TopicPartition p, std::int64_t offset, model::ValueId value) { gone_[p].emplace(offset, value); }
  bool may_be_gone(model::TopicPartition p, std::int64_t offset, model::ValueId value) const {
    const auto it = gone_.find(p);
    return it != gone_.end() && it->second.contains({offset, value});
  }
  // The earliest that any replica cleaned that tombstone; null: none did.
  const FirstCleaning* first_cleaning(model::TopicPartition, std::int64_t offset, model::ValueId) const;
  void cleaned(model::TopicPartition, std::int64_t offset, model::ValueId, const FirstCleaning&);
  void expired(model::TopicPartition, std::int64_t offset, const FirstCleaning&, const model::SegmentsReplaced&,
               Nanos at);
  void delete_retention(const model::SegmentsReplaced& by) {
    if (by.by == model::ReplacedBy::cleaning) delete_retention_[by.partition] = by.delete_retention;
  }
  // How long a reader may take from the start of the log to its end, for not to miss the tombstone that stood there:
  // delete.retention.ms, or for how long it really stood when a broker's clock went otherwise. Negative: not known.
  Nanos time_to_read(model::TopicPartition, std::int64_t tombstone) const;

 private:
  using At = std::pair<std::int64_t, model::ValueId>;
  model::PartitionTable<std::set<At>> gone_;
  model::PartitionTable<std::map<At, FirstCleaning>> cleaned_;
  model::PartitionTable<std::map<std::int64_t, Nanos>> stood_;  // of tombstones, where it was not as long
  model::PartitionTable<Nanos> delete_retention_;
};

}  // namespace ktrial::properties

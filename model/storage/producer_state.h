// The producer state of one log: who wrote what last, so that a retry is not appended again.
//
// Follows ProducerStateManager, ProducerAppendInfo and UnifiedLog.rebuildProducerState (KIP-98, KIP-360): what a client
// appends is checked against the last five batches of its producer; what is copied from a leader or read back from the
// log is taken as it is. A producer that is not known may begin with any sequence (KIP-360). State outlives the batches
// that it comes from until it expires, or until it is rebuilt: from the latest snapshot that can be read and lies above
// the log start, and the log behind it. A snapshot keeps one batch of each producer. A log that no producer with an id
// ever wrote to has no snapshots, where Kafka writes empty ones. Leaves out: transactions.
// Always holds: the state is that of the log up to map_end(); an empty state costs nothing.
#pragma once

#include <boost/container/flat_map.hpp>
#include <optional>
#include <vector>

#include "model/described.h"
#include "model/errors.h"
#include "model/storage/producer_snapshots.h"
#include "model/storage/segment_files.h"
#include "model/variants.h"

namespace ktrial::model {

// When a producer is forgotten: by this wall clock of the broker, after producer.id.expiration.ms.
struct ProducerExpiration {
  Nanos after = std::chrono::hours(24);
  Nanos wall_clock = kNoTimestamp;  // not known: nobody is
  KTRIAL_FIELDS(ProducerExpiration, after, wall_clock)
  KTRIAL_WALL_TIMES(ProducerExpiration, wall_clock)
};

class ProducerStateManager {
 public:
  using Entries = boost::container::flat_map<ProducerId, ProducerStateEntry>;

  ProducerStateManager() = default;
  explicit ProducerStateManager(const Variants& variants, Nanos expiration);

  const Entries& entries() const { return entries_; }
  const ProducerStateEntry* entry(ProducerId id) const;
  Offset map_end() const { return map_end_; }

  // -- appends
  struct Check {
    Error error = Error::NONE;
    std::optional<ProducerBatchMetadata> duplicate;  // it stands there already
    bool unknown = false;                            // nothing is known of its producer
  };
  // analyzeAndValidateProducerState with checkSequence, of a batch that a client sent.
  Check check(const RecordBatch& batch) const;
  // Of one that was copied from the leader: false only in variant replicated_sequences [I03].
  bool accepts_copy(const RecordBatch& batch) const;
  void appended(const RecordBatch& batch);

  // -- snapshots
  // At map_end(), if there is none yet. With `sync` it is durable when this returns.
  enum class Sync : std::uint8_t { later, now };
  void take_snapshot(ProducerSnapshots& snapshots, Sync sync);
  void rolled(ProducerSnapshots& snapshots, Offset base);
  // What the scheduler does with the snapshots of rolled segments.
  void flush(ProducerSnapshots& snapshots) const;

  // -- changes of the log
  void start_advanced(const ProducerSnapshots& snapshots, Offset log_start);
  void truncated_fully(ProducerSnapshots& snapshots, Offset start);
  enum class Reload : std::uint8_t { after_clean_shutdown, other };
  // rebuildProducerState: of the log from `log_start` to `end`.
  void rebuild(ProducerSnapshots& snapshots, const SegmentFiles& files, Offset log_start, Offset end, Reload reload,
               Nanos wall_clock);

  // -- expiration
  void remove_expired(Nanos wall_clock);
  // Those that were forgotten since the last time.
  std::vector<ProducerId> take_expired() { return std::exchange(expired_, {}); }
  void note_expired(const std::vector<ProducerId>& ids) { expired_.insert(expired_.end(), ids.begin(), ids.end()); }
  // True once, when there is somebody who may expire one day.
  bool take_expiry_request();

  KTRIAL_FIELDS(ProducerStateManager, entries_, expired_, map_end_, last_snapshot_, expiration_, leave_unsynced_,
                remember_one_, validate_copies_, forget_with_batches_, signed_sequences_, expiry_requested_)

 private:
  bool is_expired(const ProducerStateEntry& entry, Nanos wall_clock) const;
  Sequence first_sequence(const ProducerBatchMetadata& batch) const;
  void load_latest(ProducerSnapshots& snapshots, Offset log_start, Nanos wall_clock);

  Entries entries_;
  std::vector<ProducerId> expired_;
  Offset map_end_{0};
  Offset last_snapshot_{0};
  Nanos expiration_ = std::chrono::hours(24);
  // The rules that variants change, one bit each: a log is one of very many.
  bool leave_unsynced_ : 1 = false;
  bool remember_one_ : 1 = false;
  bool validate_copies_ : 1 = false;
  bool forget_with_batches_ : 1 = false;
  bool signed_sequences_ : 1 = false;
  bool expiry_requested_ : 1 = false;
};

// LogLoader.removeStraySnapshots: those without a segment go, but for the last one if it lies above all segments.
void remove_stray_snapshots(ProducerSnapshots& snapshots, const SegmentFiles& files);

}  // namespace ktrial::model

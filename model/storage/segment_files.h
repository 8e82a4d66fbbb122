// The segment files of one partition's log in the page cache, and what of them is durable.
//
// Follows LogSegments and the file operations of LocalLog. All batches stand in one list, in which each segment file is
// a range, so that the log reads without looking for a file. Only the newest segment, the active one, is appended to.
//
// On a power cut the world decides, apart: each write behind the last fsync, the directory entry of each file that was
// created since the directory was synced (KAFKA-3968), and whether a cut or a deletion that no journal commit made
// final is undone. Cuts, deletions and renames are metadata: a journal (ext4, XFS) makes them durable with the next
// file of the file system that is synced. What survived behind a lost write is dropped at once. A cleaned segment takes
// the place of others by the steps of segment_replacement.h. Leaves out: index files, .deleted files that wait for
// file.delete.delay.ms, a hole between two segment files (Kafka's recovery looks at each file by itself and would not
// see it). Always holds: batches are in the order of their offsets, without a gap but for what a broken batch stands
// for and what compaction has removed; what is durable is a prefix.
#pragma once

#include <vector>

#include "model/batch.h"
#include "model/described.h"
#include "model/storage/disk_file.h"
#include "model/storage/segment_replacement.h"

namespace ktrial::model {

struct LogSegment {
  Offset base;            // absent: there is no file
  std::size_t first = 0;  // so many batches of the log stand before it
  std::int64_t bytes = 0;
  Nanos largest_timestamp = kNoTimestamp;
  KTRIAL_FIELDS(LogSegment, base, first, bytes, largest_timestamp)
  KTRIAL_WALL_TIMES(LogSegment, largest_timestamp)
};

class SegmentFiles {
 public:
  const std::vector<RecordBatch>& items() const { return items_; }
  bool empty() const { return items_.empty(); }
  // So many batches are durable, and so many segments have a durable directory entry.
  std::size_t synced() const { return synced_; }
  std::size_t synced_entries() const { return entries_; }

  // -- segments, oldest first; there is at least one once a log is loaded
  std::size_t count() const { return active_.base.present() ? older_.size() + 1 : 0; }
  const LogSegment& segment(std::size_t i) const { return i < older_.size() ? older_[i] : active_; }
  const LogSegment& active() const { return active_; }
  std::size_t end_of(std::size_t i) const { return i < older_.size() ? segment(i + 1).first : items_.size(); }
  std::int64_t bytes() const;
  // The segment whose base is the largest that is not above `offset`; 0 if all are.
  std::size_t floor(Offset offset) const;

  void append(RecordBatch batch);
  // A new active segment. The first one of a log too.
  void roll(Offset base);
  // Keeps the first `count` batches, and of the segments those whose base is not above `target`.
  void truncate(std::size_t count, Offset target);
  // Deletes the oldest segments.
  void remove_oldest(std::size_t segments);
  // Deletes all and begins anew.
  void restart_at(Offset base);

  // fsync of every segment file whose base is below `end`.
  void sync_below(Offset end);
  void sync_directory() {
    entries_ = count();
    journal_committed();
  }
  // Another file of the same file system was synced. A journal commits what was done to the directory in its order:
  // with a deletion also the files that were created before it.
  void journal_committed() {
    if (!undo_.empty() && !undo_.front().front_bases.empty()) entries_ = count();
    undo_.clear();
    if (!replacement_.empty()) replacement_.front().durable = replacement_.front().done;
  }

  // -- a cleaned segment in place of others (segment_replacement.cc)
  // Writes these batches to <base>.log.cleaned and syncs it. Requires: none of the segments is the active one.
  void write_cleaned(std::size_t first, std::size_t count, std::vector<RecordBatch> batches);
  const SegmentReplacement* replacement() const { return replacement_.empty() ? nullptr : &replacement_.front(); }
  // Makes the next directory operation; false when it was the last.
  bool replace_further();
  // Completes a replacement that has swapped, and forgets one that has not.
  void settle_replacement();
  struct Recovered {
    Offset base, end;                 // what was between them is another now; absent: nothing is
    std::size_t first = 0, last = 0;  // the batches that are there
    KTRIAL_FIELDS(Recovered, base, end, first, last)
  };
  // After a stop in the middle of one. With `drop`, the .swap file is removed.
  Recovered recover_replacement(bool drop);

  // -- the world's
  struct Survived {
    std::size_t left = 0;      // so many of the batches of before are left, a torn one among them
    std::size_t restored = 0;  // so many came back in front of them
    std::size_t sound = 0;     // of these, up to the first torn one
    bool vanished = false;     // a file was not in the directory any more
    // A swap was undone, and these batches are back between the offsets; absent: none was.
    Offset unswapped_from, unswapped_to;
    std::vector<RecordBatch> unswapped;
  };
  // The file names of the questions to `survives`.
  struct Names {
    std::uint64_t writes, entries, deletions, swaps;
  };
  Survived power_cut(const Survival& survives, const Names& names);
  // A failed fsync drops the dirty pages: what was not durable is not what was written any more.
  void drop_dirty() {
    for (std::size_t i = synced_; i < items_.size(); ++i) break_batch(i);
  }
  void break_batch(std::size_t i) { items_[i].checksum = Checksum::broken; }
  // Puts another value in place of a record's, as if that had been written.
  void change_record(std::size_t batch, std::size_t record, ValueId value);
  void wipe() { *this = SegmentFiles(); }

  KTRIAL_FIELDS(SegmentFiles, items_, older_, active_, synced_, entries_, undo_, replacement_)

 private:
  // What was taken away and may come back.
  struct Undo {
    std::vector<RecordBatch> front, cut;         // durable batches of deleted segments, and behind a truncation
    std::vector<Offset> front_bases, cut_bases;  // of the segments that went
    KTRIAL_FIELDS(Undo, front, cut, front_bases, cut_bases)
  };
  template <class T>
  static auto at(std::vector<T>& items, std::size_t i) {
    return items.begin() + static_cast<std::ptrdiff_t>(i);
  }
  Undo& undo();
  void measure(LogSegment& segment, std::size_t end) const;
  void rebuild(std::vector<Offset> bases);
  void keep_writes(const Survival& survives, std::uint64_t file, Survived& result);
  // Puts other segments in place of `count` ones, and returns their batches.
  std::vector<RecordBatch> splice(std::size_t first, std::size_t count, const std::vector<OldSegment>& with,
                                  std::vector<RecordBatch> batches);
  void swap_in();
  void unswap(Survived& result);

  std::vector<RecordBatch> items_;
  std::vector<LogSegment> older_;
  LogSegment active_;
  std::size_t synced_ = 0;
  std::size_t entries_ = 0;
  std::vector<Undo> undo_;  // one, or none
  std::vector<SegmentReplacement> replacement_;
};

}  // namespace ktrial::model

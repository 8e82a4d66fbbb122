#include "properties/compacted.h"

#include <algorithm>

namespace ktrial::properties {
namespace {

// The first time counts.
template <class Map>
void note_cleaning(Map& cleaned, const typename Map::key_type& at, const FirstCleaning& first) {
  const auto [known, fresh] = cleaned.try_emplace(at, first);
  if (!fresh && first.wall_clock < known->second.wall_clock) known->second = first;
}

}  // namespace

void CompactedReplica::note(const std::vector<Entry>& entries, std::int64_t committed_to) {
  const std::int64_t end = std::min(committed_to, static_cast<std::int64_t>(entries.size()));
  for (; noted_ < end; ++noted_)
    if (const Entry& entry = entries[static_cast<std::size_t>(noted_)]; entry.key().present())
      last_[entry.key()] = noted_;
}

void CompactedReplica::cut(std::int64_t end) {
  if (!cleaned_.empty()) cleaned_.erase(cleaned_.lower_bound(end), cleaned_.end());
  if (end >= noted_) return;
  last_.clear();
  noted_ = 0;
}

WhyGone CompactedReplica::why_gone(std::int64_t offset, const Entry& entry, const model::SegmentsReplaced& by) const {
  if (const auto last = last_.find(entry.key()); last != last_.end() && last->second > offset)
    return WhyGone::superseded;
  if (!entry.tombstone()) return WhyGone::last_of_its_key;
  const FirstCleaning* first = first_cleaning(offset);
  return by.by == model::ReplacedBy::cleaning && first && by.wall_clock >= first->wall_clock + by.delete_retention
             ? WhyGone::expired
             : WhyGone::tombstone_too_early;
}

void CompactedReplica::cleaned(std::int64_t offset, const FirstCleaning& first) {
  note_cleaning(cleaned_, offset, first);
}

const FirstCleaning* CompactedReplica::first_cleaning(std::int64_t offset) const {
  const auto it = cleaned_.find(offset);
  return it == cleaned_.end() ? nullptr : &it->second;
}

const FirstCleaning* Compacted::first_cleaning(model::TopicPartition p, std::int64_t offset,
                                               model::ValueId value) const {
  const auto partition = cleaned_.find(p);
  if (partition == cleaned_.end()) return nullptr;
  const auto it = partition->second.find({offset, value});
  return it == partition->second.end() ? nullptr : &it->second;
}

void Compacted::cleaned(model::TopicPartition p, std::int64_t offset, model::ValueId value,
                        const FirstCleaning& first) {
  note_cleaning(cleaned_[p], {offset, value}, first);
}

void Compacted::expired(model::TopicPartition p, std::int64_t offset, const FirstCleaning& first,
                        const model::SegmentsReplaced& by, Nanos at) {
  const Nanos stood = at - first.at;
  if (stood >= by.delete_retention) return;
  const auto [known, fresh] = stood_[p].try_emplace(offset, stood);
  if (!fresh) known->second = std::min(known->second, stood);
}

Nanos Compacted::time_to_read(model::TopicPartition p, std::int64_t tombstone) const {
  const auto retention = delete_retention_.find(p);
  if (retention == delete_retention_.end()) return Nanos(-1);
  const auto partition = stood_.find(p);
  if (partition == stood_.end()) return retention->second;
  const auto stood = partition->second.find(tombstone);
  return stood == partition->second.end() ? retention->second : stood->second;
}

}  // namespace ktrial::properties

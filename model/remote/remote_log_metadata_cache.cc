#include "model/remote/remote_log_metadata_cache.h"

#include <algorithm>
#include <boost/container/flat_set.hpp>

namespace ktrial::model {
namespace {

using State = RemoteLogSegmentState;

bool is_valid_transition(State from, State to) {
  if (from == to) return true;
  switch (from) {
    case State::COPY_SEGMENT_STARTED:
      return to == State::COPY_SEGMENT_FINISHED || to == State::DELETE_SEGMENT_STARTED;
    case State::COPY_SEGMENT_FINISHED:
      return to == State::DELETE_SEGMENT_STARTED;
    case State::DELETE_SEGMENT_STARTED:
      return to == State::DELETE_SEGMENT_FINISHED;
    case State::DELETE_SEGMENT_FINISHED:
      return false;
  }
  return false;
}

// The last offset of the i-th epoch of a segment.
Offset end_of_epoch(const RemoteLogSegmentMetadata& segment, std::size_t i) {
  return i + 1 < segment.epochs.size() ? segment.epochs[i + 1].start - 1 : segment.end_offset;
}

}  // namespace

std::vector<EpochEntry> epochs_in_range(const std::vector<EpochEntry>& epochs, Offset from, Offset end) {
  std::vector<EpochEntry> result;
  for (std::size_t i = 0; i < epochs.size() && epochs[i].start < end; ++i)
    if (i + 1 == epochs.size() || epochs[i + 1].start > from)
      result.push_back({epochs[i].epoch, std::max(epochs[i].start, from)});
  return result;
}

bool RemoteLogMetadataCache::update(const RemoteLogSegmentMetadata& segment) {
  const auto known = segments_.find(segment.id);
  if (known == segments_.end()) {
    if (segment.state != State::COPY_SEGMENT_STARTED) return false;
    segments_.emplace(segment.id, segment);
    return true;
  }
  if (!is_valid_transition(known->second.state, segment.state) || segment.state == State::COPY_SEGMENT_STARTED)
    return false;
  known->second.state = segment.state;
  if (segment.state == State::COPY_SEGMENT_FINISHED) finished(known->second);
  if (segment.state == State::DELETE_SEGMENT_STARTED) unreference(known->second);
  if (segment.state == State::DELETE_SEGMENT_FINISHED) segments_.erase(known);
  return true;
}

// handleSegmentWithCopySegmentFinishedState
void RemoteLogMetadataCache::finished(const RemoteLogSegmentMetadata& segment) {
  for (std::size_t i = 0; i < segment.epochs.size(); ++i) {
    EpochState& state = epochs_[segment.epochs[i].epoch];
    const Offset start = segment.epochs[i].start, end = end_of_epoch(segment, i);
    while (!state.by_offset.empty() && std::prev(state.by_offset.end())->first >= start && state.highest <= end)
      state.by_offset.erase(std::prev(state.by_offset.end()));
    state.by_offset[start] = segment.id;
    state.highest = std::max(state.highest, end);
  }
}

void RemoteLogMetadataCache::unreference(const RemoteLogSegmentMetadata& segment) {
  for (const EpochEntry& epoch : segment.epochs) {
    EpochState& state = epochs_[epoch.epoch];
    const auto it = state.by_offset.find(epoch.start);
    if (it != state.by_offset.end() && it->second == segment.id) state.by_offset.erase(it);
  }
}

const RemoteLogSegmentMetadata* RemoteLogMetadataCache::find(RemoteLogSegmentId id) const {
  const auto it = segments_.find(id);
  return it == segments_.end() ? nullptr : &it->second;
}

const RemoteLogSegmentMetadata* RemoteLogMetadataCache::segment_at(LeaderEpoch epoch, Offset offset) const {
  const auto state = epochs_.find(epoch);
  if (state == epochs_.end()) return nullptr;
  const auto above = state->second.by_offset.upper_bound(offset);
  if (above == state->second.by_offset.begin()) return nullptr;
  const RemoteLogSegmentMetadata& segment = segments_.at(std::prev(above)->second);
  for (std::size_t i = 0; i < segment.epochs.size(); ++i)
    if (segment.epochs[i].epoch == epoch) return offset <= end_of_epoch(segment, i) ? &segment : nullptr;
  return nullptr;
}

const RemoteLogSegmentMetadata* RemoteLogMetadataCache::oldest_at(Offset offset) const {
  const RemoteLogSegmentMetadata* oldest = nullptr;
  for (const auto& [id, segment] : segments_)
    if (segment.state == State::COPY_SEGMENT_FINISHED && segment.start_offset <= offset &&
        offset <= segment.end_offset && (!oldest || segment.epochs.back().epoch < oldest->epochs.back().epoch))
      oldest = &segment;
  return oldest;
}

std::vector<RemoteLogSegmentMetadata> RemoteLogMetadataCache::list() const {
  boost::container::flat_set<RemoteLogSegmentId> referenced;
  for (const auto& [epoch, state] : epochs_)
    for (const auto& [start, id] : state.by_offset) referenced.insert(id);
  std::vector<RemoteLogSegmentMetadata> result;
  result.reserve(segments_.size());
  for (const bool found : {true, false})
    for (const auto& [id, segment] : segments_)
      if (referenced.contains(id) == found) result.push_back(segment);
  return result;
}

std::vector<OffsetAndEpoch> RemoteLogMetadataCache::highest_offsets() const {
  std::vector<OffsetAndEpoch> result;
  for (const auto& [epoch, state] : epochs_) result.push_back({state.highest, epoch});
  return result;
}

}  // namespace ktrial::model

#include "model/replication/fetch_session.h"

#include <algorithm>

namespace ktrial::model {

std::pair<std::int32_t, Error> FetchSessions::open(const FetchRequest& request, Nanos now) {
  if (request.session_epoch == kInitialFetchEpoch || request.session_epoch == kFinalFetchEpoch) {
    if (request.session_id != 0) remove(request.session_id);
    if (request.session_epoch == kFinalFetchEpoch || request.partitions.empty()) return {0, Error::NONE};
    if (static_cast<std::int32_t>(sessions_.size()) >= slots_) {
      const auto oldest = std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
        return a.second.last_fetch < b.second.last_fetch;
      });
      if (oldest == sessions_.end() || now - oldest->second.last_fetch <= kMinFetchSessionEviction)
        return {0, Error::NONE};
      remove(oldest->first);
    }
    const std::int32_t id = next_id_++;
    FetchSession& session = sessions_[id];
    session.replica = request.replica_id;
    session.last_fetch = now;
    session.active.reserve(request.partitions.size());
    for (const auto& item : request.partitions) {
      session.partitions[item.partition].item = item;
      session.active.insert(item.partition);
      watch(id, item.partition);
    }
    return {id, Error::NONE};
  }
  const auto it = sessions_.find(request.session_id);
  if (it == sessions_.end()) return {0, Error::FETCH_SESSION_ID_NOT_FOUND};
  FetchSession& session = it->second;
  if (session.epoch != request.session_epoch) return {0, Error::INVALID_FETCH_SESSION_EPOCH};
  for (const auto& item : request.partitions) {
    const auto [at, fresh] = session.partitions.try_emplace(item.partition);
    at->second.item = item;
    session.active.insert(item.partition);
    if (fresh) watch(it->first, item.partition);
  }
  for (const TopicPartition tp : request.forgotten)
    if (session.partitions.erase(tp) != 0) {
      session.active.erase(tp);
      unwatch(it->first, tp);
    }
  if (session.partitions.empty()) {
    remove(request.session_id);
    return {0, Error::NONE};
  }
  session.last_fetch = now;
  ++session.epoch;
  return {request.session_id, Error::NONE};
}

FetchSession* FetchSessions::find(std::int32_t id) {
  const auto it = sessions_.find(id);
  return it == sessions_.end() ? nullptr : &it->second;
}

void FetchSessions::remove(std::int32_t id) {
  const auto it = sessions_.find(id);
  if (it == sessions_.end()) return;
  for (const auto& [tp, cached] : it->second.partitions) unwatch(id, tp);
  sessions_.erase(it);
}

void FetchSessions::all_changed() {
  for (auto& [id, session] : sessions_)
    for (const auto& [tp, cached] : session.partitions) session.active.insert(session.active.end(), tp);
}

void FetchSessions::watch(std::int32_t id, TopicPartition tp) {
  auto& ids = watchers_[tp];
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

void FetchSessions::unwatch(std::int32_t id, TopicPartition tp) {
  const auto it = watchers_.find(tp);
  if (it == watchers_.end()) return;
  auto& ids = it->second;
  ids.erase(std::remove(ids.begin(), ids.end(), id), ids.end());
  if (ids.empty()) watchers_.erase(it);
}

}  // namespace ktrial::model

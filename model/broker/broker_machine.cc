#include "model/broker/broker_machine.h"

#include <algorithm>

namespace ktrial::model {
namespace {

void break_stored(TopicPartition tp, SegmentFiles& segments, std::size_t batch, std::vector<Fact>& facts) {
  segments.break_batch(batch);
  facts.emplace_back(BatchCorrupted{tp, segments.items()[batch].base_offset, segments.items()[batch].next_offset()});
}

// Counts `which` round and round over all batches: the log that holds it; `which` is what it is there.
std::size_t log_of(const std::vector<std::pair<TopicPartition, SegmentFiles*>>& logs, std::uint64_t& which) {
  std::uint64_t batches = 0;
  for (const auto& [tp, segments] : logs) batches += segments->items().size();
  which %= batches;
  std::size_t i = 0;
  for (; which >= logs[i].second->items().size(); ++i) which -= logs[i].second->items().size();
  return i;
}

}  // namespace

void BrokerMachine::power_cut(const Survival& survival, std::vector<Fact>& facts) {
  for (auto& [tp, log] : disk.logs) log.power_cut(tp, survival, facts);
  for (std::size_t i = 0; i < disk.clean_shutdown.size(); ++i) disk.clean_shutdown[i].power_cut(survival, i);
}

void BrokerMachine::wipe(std::vector<Fact>& facts) {
  for (auto& [tp, log] : disk.logs) log.wipe(tp, facts);
  const std::int32_t formatted = disk.formatted + 1;
  disk = BrokerDisk(health.size());
  disk.formatted = formatted;
}

void BrokerMachine::restore(BrokerDisk older, std::vector<Fact>& facts) {
  for (auto& [tp, log] : disk.logs) {
    const auto then = older.logs.find(tp);
    log.replace(tp, then == older.logs.end() ? LogDisk() : std::move(then->second), facts);
  }
  disk.clean_shutdown = older.clean_shutdown;
  disk.formatted = older.formatted;
}

BrokerDisk BrokerMachine::durable(const Partitions* running) const {
  BrokerDisk copy = disk;
  if (running != nullptr)
    for (const auto& [tp, partition] : *running) copy.logs[tp] = partition.log().disk();
  const Survival none([](void*, std::uint64_t, std::uint32_t) { return WriteOutcome::lost; }, nullptr);
  std::vector<Fact> unsaid;
  for (auto& [tp, log] : copy.logs) log.power_cut(tp, none, unsaid);
  for (auto& marker : copy.clean_shutdown) marker.power_cut(none, 0);
  return copy;
}

BrokerMachine::StoredLogs BrokerMachine::stored_logs(Partitions* running) {
  StoredLogs logs;
  if (running != nullptr)
    for (auto& [tp, partition] : *running) logs.emplace_back(tp, &partition.log().disk().segments);
  for (auto& [tp, stored] : disk.logs) logs.emplace_back(tp, &stored.segments);
  std::erase_if(logs, [](const auto& log) { return log.second->items().empty(); });
  return logs;
}

bool BrokerMachine::rot(Partitions* running, std::uint64_t which, std::vector<Fact>& facts) {
  const auto logs = stored_logs(running);
  if (logs.empty()) return false;
  const auto& [tp, segments] = logs[log_of(logs, which)];
  break_stored(tp, *segments, which, facts);
  return true;
}

bool BrokerMachine::rot_unseen(Partitions* running, NodeId self, std::uint64_t which, std::vector<Fact>& facts) {
  const auto logs = stored_logs(running);
  if (logs.empty()) return false;
  std::size_t log = log_of(logs, which), total = 0;
  for (const auto& [tp, segments] : logs) total += segments->items().size();
  for (std::size_t looked = 0; looked < total; ++looked, ++which) {
    if (which == logs[log].second->items().size()) which = 0, log = (log + 1) % logs.size();
    const auto& [tp, segments] = logs[log];
    const RecordBatch& batch = segments->items()[which];
    if (!batch.records || batch.checksum == Checksum::broken) continue;
    for (std::size_t i = 0; i < batch.records->size(); ++i) {
      const Record& record = (*batch.records)[i];
      if (record.state == RecordState::compacted || is_rotten(record.value)) continue;
      const RecordRotted rotted{tp, batch.base_offset + static_cast<std::int64_t>(i), record.value,
                                rotten(record.value, self)};
      segments->change_record(which, i, rotted.now);
      facts.emplace_back(rotted);
      return true;
    }
  }
  return false;
}

bool BrokerMachine::misdirect(Partitions* running, std::uint64_t which, std::vector<Fact>& facts) {
  const auto logs = stored_logs(running);
  if (logs.empty()) return false;
  const std::size_t meant = log_of(logs, which), hit = (meant + 1) % logs.size();
  break_stored(logs[meant].first, *logs[meant].second, which, facts);
  SegmentFiles& other = *logs[hit].second;
  const std::size_t over = (hit == meant ? which + 1 : which) % other.items().size();
  if (hit != meant || over != which) break_stored(logs[hit].first, other, over, facts);
  return true;
}

}  // namespace ktrial::model

#include "model/quorum/quorum_disk.h"

namespace ktrial::model {

void QuorumDisk::power_cut(const Survival& survives, std::vector<Fact>& facts) {
  constexpr std::uint64_t kStateFile = 0x100, kLogFile = 0x101;
  const Offset old_end = end_offset();
  state.power_cut(survives, kStateFile);
  log.power_cut(survives, kLogFile, [](MetadataBatch& torn) { torn.records = nullptr; });
  // Recovery finds a torn batch by its checksum and cuts the log there.
  if (!log.empty() && !log.items().back().records) {
    log.truncate(log.items().size() - 1);
    log.sync();
  }
  if (end_offset() < old_end) facts.emplace_back(UnsyncedDataLost{kClusterMetadata, end_offset(), old_end});
}

}  // namespace ktrial::model

// What the fault engine says of a fault that struck a node.
#include <fmt/format.h>

#include "scenarios/run/fault_engine.h"

namespace ktrial::scenarios {

properties::Injected::Kind injected_by(FaultKind kind) {
  using Kind = properties::Injected::Kind;
  switch (kind) {
    case FaultKind::kill:
      return Kind::killed;
    case FaultKind::power_cut:
      return Kind::power_cut;
    case FaultKind::wipe:
      return Kind::wiped;
    case FaultKind::clean_stop:
      return Kind::clean_stopped;
    case FaultKind::restart:
      return Kind::restarted;
    case FaultKind::pause:
      return Kind::paused;
    default:
      return Kind::other_fault;
  }
}

std::string what_struck(const FaultSpec& fault, const std::string& node) {
  const std::string disk =
      fault.log_dir.empty() ? fmt::format("the disk of {}", node) : fmt::format("{} of {}", fault.log_dir, node);
  switch (fault.kind) {
    case FaultKind::kill:
      return fmt::format("kill of {}", node);
    case FaultKind::power_cut:
      return fmt::format("power cut of {}", node);
    case FaultKind::wipe:
      return fmt::format("{} loses its disk", node);
    case FaultKind::clean_stop:
      return fmt::format("clean stop of {}", node);
    case FaultKind::restart:
      return fmt::format("{} is started", node);
    case FaultKind::pause:
      return fmt::format("pause of {}", node);
    case FaultKind::slow:
      return fmt::format("{} is {} times slower", node, fault.amount.value_or(10));
    case FaultKind::clock_step:
      return fmt::format("the wall clock of {} jumps", node);
    case FaultKind::bit_rot:
      if (fault.checksum_matches)
        return fmt::format("a record on the disk of {} is another, and its checksum is right", node);
      return fmt::format("a batch on the disk of {} breaks", node);
    case FaultKind::misdirected_write:
      return fmt::format("a batch on the disk of {} is written over another one", node);
    case FaultKind::write_error:
      return fmt::format("writes to {} fail", disk);
    case FaultKind::read_error:
      return fmt::format("reads from {} fail", disk);
    case FaultKind::fsync_error:
      return fmt::format("fsync fails on {}", disk);
    case FaultKind::full_disk:
      return fmt::format("{} is full", disk);
    case FaultKind::slow_disk:
      return fmt::format("{} is slow", disk);
    case FaultKind::restore_disk:
      return fmt::format("a snapshot is taken of the disk of {}", node);
    case FaultKind::clock_drift:
      return fmt::format("the clock of {} drifts", node);
    default:
      return fmt::format("the clocks of {} stand still", node);
  }
}

}  // namespace ktrial::scenarios

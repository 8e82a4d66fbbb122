// A fault plan as data: when, what, until. Hand-written and generated plans are this one type, so a shrunk failure is a
// scenario file.
//
// What a fault does is one struct of a family (faults/); whom and when is in fault_targets.h.
// Leaves out: resolving a selector to nodes and executing a fault; the runner does both against a running world.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <variant>
#include <vector>

#include "scenarios/fault_targets.h"
#include "scenarios/faults/clock_faults.h"
#include "scenarios/faults/disk_faults.h"
#include "scenarios/faults/network_faults.h"
#include "scenarios/faults/operator_faults.h"
#include "scenarios/faults/process_faults.h"

namespace ktrial::scenarios {

using FaultAct = detail::JoinFamilies<ProcessFaults, NetworkFaults, ClockFaults, OperatorFaults, DiskFaults>::Variant;

// Which of the structs: its place among all of them.
enum class FaultKind : std::uint8_t {};
inline constexpr int kFaultKinds = std::variant_size_v<FaultAct>;

namespace detail {
template <class Act, std::size_t at = 0>
constexpr std::size_t place_of_fault() {
  if constexpr (std::is_same_v<Act, std::variant_alternative_t<at, FaultAct>>)
    return at;
  else
    return place_of_fault<Act, at + 1>();
}
}  // namespace detail
template <class Act>
inline constexpr FaultKind kind_of = static_cast<FaultKind>(detail::place_of_fault<Act>());

// What the struct of a kind says of all its faults.
struct FaultRow {
  FaultText text;
  bool at_once;
  bool needs_topic;
  bool cuts;
  bool of_operator;
  Standstill standstill;
  properties::Injected::Kind injected;
};
const FaultRow& row_of(FaultKind kind);
const char* to_string(FaultKind kind);  // as in a file: "power-cut"
std::optional<FaultKind> fault_kind(const std::string& text);
const std::vector<std::string>& fault_kind_names();
FaultAct make_fault(FaultKind kind);  // that says nothing yet

struct FaultSpec {
  // When: at a time, or the first time that a fact makes the condition hold. Exactly one of the two is set.
  std::optional<Nanos> at;
  std::optional<Condition> when;
  std::optional<Nanos> after;  // with `when`: facts before this time do not count
  FaultAct what;
  // Undo (heal, restart, resume, release): after this long, or at this time; neither: it stays.
  std::optional<Nanos> duration;
  std::optional<Nanos> until;

  FaultKind kind() const { return static_cast<FaultKind>(what.index()); }
  const FaultRow& row() const { return row_of(kind()); }
  bool operator==(const FaultSpec&) const = default;
};

// Faults drawn by the search from decisions named "fault plan / i / ...".
struct RandomFaults {
  std::vector<FaultKind> kinds;
  std::vector<RandomTarget> targets;
  std::int32_t budget = 0;        // at most so many
  Nanos quiet_after{0};           // all have ended by then
  Nanos start_after{0};           // none before
  bool checksum_matches = false;  // of kind bit-rot: no checksum finds it
  bool operator==(const RandomFaults&) const = default;
};

}  // namespace ktrial::scenarios

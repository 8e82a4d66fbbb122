// Everything that a disk may keep at one power cut: the outcomes of its unsynced writes, one after the other.
//
// A search draws what survives a power cut; this tries it all. Each unsynced write is lost, torn or whole, and a run is
// a pure function of these decisions, so an outcome is the same scenario with other `decisions`. Which writes are asked
// about depends on the outcomes of those before (behind a lost write of a log nothing survives), so the outcomes form a
// tree, and it is walked to its end. ALICE and CrashMonkey do this to file systems; Kafka has no such tool.
// Always holds: every outcome of the first `writes` questions is run once, those behind them are as the seed has them.
// Leaves out: outcomes of several power cuts together; two nodes that lose power at once are two power cuts.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "scenarios/run/trial.h"

namespace ktrial::scenarios {

struct CrashPoint {
  model::NodeId node;
  std::uint32_t crash = 0;  // the how-manieth power cut of this node, from 1
  model::Nanos at{0};
  std::size_t writes = 0;  // unsynced ones that were asked about in the run as the seed has it
};

// The power cuts of a run at which something was not synced, in order of time.
std::vector<CrashPoint> crash_points(const TrialResult& result);

struct CrashPointOptions {
  std::size_t writes = 5;  // so many questions have all their outcomes run: 3^writes runs at most
  const std::atomic<bool>* interrupted = nullptr;
};

struct CrashPointResult {
  std::uint64_t outcomes = 0;     // run
  std::uint64_t violated = 0;     // of these
  std::optional<Scenario> first;  // the first outcome with a violation that the scenario does not declare `any`
  std::string property;           // that it violates
  bool all = true;                // no question was left as the seed has it
  bool interrupted = false;
};

// `concrete`: a scenario whose faults are written out, with its seed (TrialResult::concrete).
CrashPointResult all_outcomes(const Scenario& concrete, const CrashPoint& point, const CrashPointOptions& options);

}  // namespace ktrial::scenarios

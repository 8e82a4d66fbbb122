// One trial: a scenario and a seed, run from start to end with every property watching.
//
// A trial is a pure function of (scenario, seed). Random faults are drawn from the seed first and become a plan of the
// same type as the faults that a person writes, so `concrete` of the result is a scenario that runs the same way
// without its random part. Files, options and output are the caller's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "model/facts.h"
#include "properties/judge.h"
#include "scenarios/run/fault_outcome.h"
#include "scenarios/run/probe_counts.h"
#include "scenarios/scenario.h"
#include "sim/context.h"

namespace ktrial::sim {
template <class P>
class World;
}

namespace ktrial::scenarios {

struct KafkaProtocol;

struct RecordedFact {
  std::uint64_t event = 0;
  model::Nanos at{0};
  model::NodeId node;
  model::Fact fact;
};
struct RecordedFault {
  std::uint64_t event = 0;
  model::Nanos at{0};
  std::string text;  // "power cut of broker 1"
};

// Where a run stood after a step of the world in which something happened.
struct StepMark {
  std::uint64_t event = 0;  // the last event of the step
  model::Nanos at{0};
  std::uint64_t fingerprint = 0;
  bool operator==(const StepMark&) const = default;
};

// Another future: decisions made at or after `from` use `seed`. What happened before stays, and so does the fault plan.
struct Reseed {
  model::Nanos from{0};
  std::uint64_t seed = 1;
};

// What the judge is not told, to see whether a property finds that it is missing.
struct OmittedFact {
  std::uint16_t kind = 0;
  std::uint64_t which = 0;  // of this kind, from 1; 0: all of them
};

struct TrialOptions {
  std::uint64_t seed = 1;
  std::vector<Reseed> reseeds;             // in order of time
  bool record = false;                     // keep facts, faults and the trace
  bool record_survivals = false;           // keep what became of each unsynced write
  std::vector<StepMark>* steps = nullptr;  // filled with a mark for each step
  // Looks at the world after each step; changes nothing.
  std::function<void(const sim::World<KafkaProtocol>&)> after_step = nullptr;
  std::optional<OmittedFact> omitted;
  // Goes no further than that, and then looks at the world, where the run has ended before too.
  model::Nanos stop_after = model::Nanos::max();
  std::function<void(const sim::World<KafkaProtocol>&)> at_end = nullptr;
  bool stop_at_violation = true;  // do not run on after a violation that is not expected
};

struct TrialResult {
  std::uint64_t seed = 0;
  std::uint64_t fingerprint = 0;
  std::uint64_t events = 0;
  model::Nanos ended_at{0};
  Scenario concrete;  // the scenario with the drawn faults written out, and the seed
  std::vector<properties::Verdict> verdicts;
  std::vector<std::string> missed_goals;
  int faults_injected = 0;
  std::vector<FaultOutcome> fault_outcomes;  // of each of concrete.faults
  ProbeCounts probes;
  std::vector<RecordedFact> facts;
  std::vector<RecordedFault> faults;
  std::vector<sim::TraceEvent> trace;
  std::vector<sim::AskedSurvival> survivals;
  std::vector<std::string> node_names;  // by node id, from 1
  std::vector<std::pair<std::string, model::TopicId>> topics;

  // The first violation of a property that the scenario does not expect to be violated, or null.
  const properties::Violation* unexpected() const;
  // The first violation, expected or not, of a property that the scenario does not declare `any`.
  const properties::Violation* first_violation() const;
  // Properties that the scenario names as holding, but that had nothing to judge.
  std::vector<std::string> named_but_vacuous() const;
  // Properties expected to be violated that were not.
  std::vector<std::string> expected_but_held() const;
};

TrialResult run_trial(const Scenario& scenario, const TrialOptions& options);

}  // namespace ktrial::scenarios

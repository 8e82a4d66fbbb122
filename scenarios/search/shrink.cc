#include "scenarios/search/shrink.h"

#include <algorithm>

#include "scenarios/search/search.h"

namespace ktrial::scenarios {
namespace {

// The property a failing run is about: loss that no one permitted says more than the loss itself, so it comes first.
const properties::Violation* key_violation(const TrialResult& result) {
  const properties::Violation* key = result.first_violation();
  for (const properties::Verdict& verdict : result.verdicts)
    if (verdict.property == "loss-is-permitted" && !verdict.violations.empty() && key)
      key = &verdict.violations.front();
  return key;
}

class Shrinker {
 public:
  Shrinker(const Scenario& concrete, const ShrinkOptions& options)
      : options_(options), deadline_(std::chrono::steady_clock::now() + options.time_budget) {
    result_.scenario = concrete;
    // Only what must hold can fail again; a property declared `any` stays so.
    const TrialResult first = run(concrete);
    if (const properties::Violation* violation = key_violation(first)) {
      result_.property = violation->property;
      result_.reason = violation->reason;
      cut_end(first.ended_at);
    }
  }

  ShrinkResult shrink() {
    for (bool smaller = true; smaller && !over();) {
      smaller = false;
      smaller |= remove_faults();
      smaller |= change_each_fault();
      smaller |= fewer_records();
      smaller |= remove_clients();
      smaller |= even_latencies();
      smaller |= fewer_controllers();
    }
    return result_;
  }

 private:
  bool over() {
    if (options_.interrupted && *options_.interrupted) result_.out_of_time = true;
    if (std::chrono::steady_clock::now() >= deadline_) result_.out_of_time = true;
    return result_.out_of_time;
  }

  TrialResult run(const Scenario& scenario) {
    ++result_.trials;
    TrialOptions options;
    options.seed = scenario.seed.value_or(1);
    return run_trial(scenario, options);
  }

  bool accept(const Scenario& candidate) {
    if (over()) return false;
    const TrialResult trial = run(candidate);
    const properties::Violation* violation = key_violation(trial);
    if (!violation || violation->property != result_.property || violation->reason != result_.reason) return false;
    result_.scenario = candidate;
    if (options_.progress) options_.progress(result_.scenario, result_.trials);
    return true;
  }

  // The run need not go on after the failure; liveness is judged at the end and keeps its own.
  void cut_end(Nanos failed_at) {
    Scenario candidate = result_.scenario;
    candidate.run_until = failed_at + milliseconds(1);
    if (candidate.run_until < result_.scenario.run_until) accept(candidate);
  }

  bool remove_faults() {
    bool any = false;
    // Halves first, then ever smaller runs, down to single faults.
    for (std::size_t run = std::max<std::size_t>(result_.scenario.faults.size() / 2, 1);; run /= 2) {
      for (std::size_t i = 0; i < result_.scenario.faults.size();) {
        Scenario candidate = result_.scenario;
        const auto first = candidate.faults.begin() + static_cast<std::ptrdiff_t>(i);
        candidate.faults.erase(first, first + static_cast<std::ptrdiff_t>(std::min(run, candidate.faults.size() - i)));
        if (accept(candidate))
          any = true;
        else
          i += run;
        if (over()) return any;
      }
      if (run <= 1) break;
    }
    return any;
  }

  template <class Change>
  bool try_on_fault(std::size_t i, Change change) {
    Scenario candidate = result_.scenario;
    change(candidate.faults[i]);
    return !(candidate == result_.scenario) && accept(candidate);
  }

  bool change_each_fault() {
    bool any = false;
    for (std::size_t i = 0; i < result_.scenario.faults.size() && !over(); ++i) {
      any |= try_on_fault(i, [](FaultSpec& f) {
        if (f.kind == FaultKind::wipe) f.kind = FaultKind::power_cut;
      });
      any |= try_on_fault(i, [](FaultSpec& f) {
        if (f.kind == FaultKind::power_cut) f.kind = FaultKind::kill;
      });
      any |= try_on_fault(i, [](FaultSpec& f) {
        if (f.kind == FaultKind::kill) f.kind = FaultKind::pause;
      });
      // Round times read better, and a time that can be rounded did not matter.
      for (const Nanos grain : {Nanos(seconds(1)), Nanos(milliseconds(100)), Nanos(milliseconds(1))}) {
        if (try_on_fault(i, [grain](FaultSpec& f) {
              if (f.at && *f.at % grain != Nanos::zero()) f.at = *f.at / grain * grain;
              if (f.until && *f.until % grain != Nanos::zero()) f.until = *f.until / grain * grain + grain;
              if (f.duration && *f.duration % grain != Nanos::zero()) f.duration = *f.duration / grain * grain + grain;
            })) {
          any = true;
          break;
        }
      }
      any |= try_on_fault(i, [](FaultSpec& f) {
        if (f.duration && *f.duration > milliseconds(2)) f.duration = *f.duration / 2;
        if (f.at && f.until && *f.until - *f.at > milliseconds(2)) f.until = *f.at + (*f.until - *f.at) / 2;
      });
    }
    return any;
  }

  bool fewer_records() {
    bool any = false;
    for (std::size_t i = 0; i < result_.scenario.clients.size() && !over(); ++i) {
      Scenario candidate = result_.scenario;
      auto* producer = std::get_if<ProducerSpec>(&candidate.clients[i]);
      if (!producer || producer->count <= 1) continue;
      producer->count /= 2;
      any |= accept(candidate);
    }
    return any;
  }

  bool remove_clients() {
    bool any = false;
    for (std::size_t i = result_.scenario.clients.size(); i-- > 0 && !over();) {
      Scenario candidate = result_.scenario;
      // Clients come last in the numbering of nodes, so taking the last away renames nobody.
      if (i + 1 != candidate.clients.size() || names_clients(candidate)) break;
      candidate.clients.pop_back();
      any |= accept(candidate);
    }
    return any;
  }

  static bool names_clients(const Scenario& scenario) {
    for (const FaultSpec& fault : scenario.faults)
      for (const auto* list : {&fault.targets, &fault.between, &fault.from, &fault.to})
        for (const Selector& s : *list)
          if (s.kind == Selector::Kind::client || s.kind == Selector::Kind::coordinator) return true;
    return false;
  }

  bool even_latencies() {
    Scenario candidate = result_.scenario;
    candidate.network.latency_max = candidate.network.latency_min;
    candidate.network.tail_per_million = 0;
    return !(candidate == result_.scenario) && accept(candidate);
  }

  bool fewer_controllers() {
    if (result_.scenario.cluster.controllers <= 1) return false;
    Scenario candidate = result_.scenario;
    candidate.cluster.controllers = 1;
    for (const FaultSpec& fault : candidate.faults)
      for (const auto* list : {&fault.targets, &fault.between, &fault.from, &fault.to})
        for (const Selector& s : *list)
          if (s.kind == Selector::Kind::controller) return false;
    return accept(candidate);
  }

  const ShrinkOptions& options_;
  std::chrono::steady_clock::time_point deadline_;
  ShrinkResult result_;
};

}  // namespace

ShrinkResult shrink(const Scenario& concrete, const ShrinkOptions& options) {
  return Shrinker(concrete, options).shrink();
}

}  // namespace ktrial::scenarios

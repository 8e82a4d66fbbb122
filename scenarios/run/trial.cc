#include "scenarios/run/trial.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "scenarios/cluster/cluster_builder.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/run/cluster_view.h"
#include "scenarios/run/fault_engine.h"
#include "scenarios/run/fault_plan.h"
#include "scenarios/run/goals.h"
#include "scenarios/run/look.h"

namespace ktrial::scenarios {
namespace {

Expected expectation(const Scenario& scenario, const std::string& property) {
  const auto it = scenario.expect.find(property);
  return it == scenario.expect.end() ? Expected::holds : it->second;
}

// The loop of one trial: events, then what they said, to everybody who listens.
class Runner {
 public:
  Runner(const Scenario& scenario, const TrialOptions& options)
      : scenario_(scenario),
        options_(options),
        world_(build_world(scenario, options.seed)),
        plan_(draw_fault_plan(scenario, options.seed)),
        engine_(scenario, plan_, node_names(scenario)),
        judge_(scenario.cluster.config.effective.eligible_leader_replicas, scenario.limits),
        looks_(draw_looks(world_.decisions(), scenario.run_until)) {
    for (const auto& [property, expected] : scenario.expect)
      if (expected == Expected::any) ignored_.insert(property);
  }

  TrialResult run() {
    result_.seed = options_.seed;
    world_.set_tracing(options_.record);
    world_.set_survival_recording(options_.record_survivals);
    for (const Reseed& reseed : options_.reseeds) world_.decisions().reseed(reseed.from, reseed.seed);
    start_world(world_, scenario_);
    engine_.arm(world_);
    drain();
    if (options_.steps) mark_step(*options_.steps);
    for (;;) {
      const sim::StepResult step = world_.step(std::min(scenario_.run_until, options_.stop_after));
      if (step.kind == sim::StepResult::Kind::ended) break;
      if (step.kind == sim::StepResult::Kind::token) engine_.on_token(world_, view_, step.token);
      drain();
      if (next_look_ < looks_.size() && world_.now() >= looks_[next_look_]) look(properties::NodesView::Depth::tails);
      if (options_.steps) mark_step(*options_.steps);
      if (options_.after_step) options_.after_step(world_);
      if (stop_) break;
    }
    if (!stop_) look(properties::NodesView::Depth::whole);
    if (options_.at_end) options_.at_end(world_);
    if (!stop_) judge_.finish(end_state());
    finish_result();
    return std::move(result_);
  }

 private:
  // A step may find that its event is void (a timer set anew); nothing happened then.
  void mark_step(std::vector<StepMark>& steps) const {
    if (!steps.empty() && steps.back().event == world_.events()) return;
    steps.push_back({world_.events(), world_.now(), world_.fingerprint()});
  }

  // Facts may trigger faults and faults state facts (what a disk lost), so until nothing is left.
  void drain() {
    while (!world_.facts().empty() || engine_.has_news()) {
      for (const InjectedFault& fault : engine_.take_injected()) {
        judge_.on_injected(fault.injected, context(fault.injected.node));
        if (options_.record) result_.faults.push_back({world_.events(), world_.now(), fault.text});
      }
      for (const auto& [node, fact] : engine_.take_disk_facts()) on_fact(fact, node);
      world_.take_facts(facts_);
      for (const auto& emitted : facts_) on_fact(emitted.fact, to_model(emitted.node));
    }
  }

  void on_fact(const model::Fact& fact, model::NodeId node) {
    view_.on_fact(fact, node);
    goals_.on_fact(fact, node);
    result_.probes.on_fact(fact);
    if (options_.record) result_.facts.push_back({world_.events(), world_.now(), node, fact});
    if (!omits(fact)) judge_.on_fact(fact, context(node));
    stop_at_violation();
    engine_.on_fact(world_, view_, fact, node);
  }

  bool omits(const model::Fact& fact) {
    if (!options_.omitted || model::kind(fact) != options_.omitted->kind) return false;
    return options_.omitted->which == 0 || ++omittable_ == options_.omitted->which;
  }

  void stop_at_violation() {
    if (options_.stop_at_violation && !stop_ && judge_.violated()) stop_ = judge_.first_violation(ignored_) != nullptr;
  }

  void look(properties::NodesView::Depth depth) {
    while (next_look_ < looks_.size() && world_.now() >= looks_[next_look_]) ++next_look_;
    judge_.on_look(nodes_view(world_, depth), context({}));
    stop_at_violation();
  }

  properties::FactContext context(model::NodeId node) const { return {world_.now(), node, world_.events()}; }

  bool leads(model::NodeId node, model::TopicPartition tp) const {
    const model::BrokerNode* broker = node.present() ? world_.node(to_sim(node)).broker() : nullptr;
    const model::Partition* held = broker != nullptr ? broker->partition(tp) : nullptr;
    return held != nullptr && held->role() == model::ReplicaRole::leader;
  }

  std::optional<model::UncleanRecoveryStrategy> recovery_of(model::TopicPartition tp) const {
    const model::ClusterConfig& config = scenario_.cluster.config.effective;
    if (!config.unclean_recovery_manager) return std::nullopt;
    const std::string* name = view_.topic_name(tp.topic);
    for (const TopicSpec& topic : scenario_.cluster.topics)
      if (name != nullptr && topic.name == *name) return model::unclean_recovery_strategy(topic.config.effective);
    return model::unclean_recovery_strategy(config.topic_defaults);
  }

  properties::FinishContext end_state() const {
    properties::FinishContext end;
    end.at = world_.now();
    end.faults_ended = engine_.is_quiet();
    end.since_quiet = std::max(Nanos::zero(), scenario_.run_until - engine_.quiet_after());
    for (const auto& [tp, state] : view_.partitions())
      end.partitions.push_back({tp, state.leader, state.isr, state.replicas, state.elr, state.last_known_elr,
                                state.reassigning, recovery_of(tp), leads(state.leader, tp)});
    for (std::int32_t id = 1; id <= scenario_.cluster.brokers; ++id)
      if (!view_.unfenced(model::NodeId{id})) end.fenced_brokers.insert(model::NodeId{id});
    add_client_state(world_, view_, scenario_, end);
    for (sim::NodeId id = 0; id < world_.node_count(); ++id)
      if (engine_.stopped(to_model(id))) end.down.insert(to_model(id));
    return end;
  }

  void finish_result() {
    result_.fingerprint = world_.fingerprint();
    result_.events = world_.events();
    result_.ended_at = world_.now();
    result_.concrete = scenario_;
    result_.concrete.faults = plan_;
    if (result_.concrete.random_faults) result_.concrete.random_faults->budget = 0;
    result_.concrete.seed = options_.seed;
    result_.concrete.counterexample.clear();
    result_.concrete.recorded.reset();
    result_.verdicts = judge_.verdicts();
    result_.faults_injected = engine_.struck();
    result_.fault_outcomes = engine_.outcomes(world_);
    result_.node_names = node_names(scenario_);
    for (const std::string& goal : scenario_.goals)
      if (!goals_.reached(goal)) result_.missed_goals.push_back(goal);
    for (const TopicSpec& topic : scenario_.cluster.topics)
      if (const auto tp = view_.find(topic.name + "-0")) result_.topics.emplace_back(topic.name, tp->topic);
    if (const auto tp = view_.find("__consumer_offsets-0"))
      result_.topics.emplace_back("__consumer_offsets", tp->topic);
    if (options_.record) result_.trace = world_.take_trace();
    result_.survivals = world_.take_survivals();
  }

  const Scenario& scenario_;
  const TrialOptions& options_;
  KafkaWorld world_;
  std::vector<FaultSpec> plan_;
  FaultEngine engine_;
  ClusterView view_;
  Goals goals_;
  properties::Judge judge_;
  std::vector<model::Nanos> looks_;  // when to look at the nodes, in order
  std::size_t next_look_ = 0;
  std::uint64_t omittable_ = 0;
  TrialResult result_;
  std::vector<KafkaWorld::EmittedFact> facts_;
  std::set<std::string> ignored_;  // properties that the scenario declares `any`
  bool stop_ = false;
};

}  // namespace

const properties::Violation* TrialResult::first_violation() const {
  const properties::Violation* first = nullptr;
  for (const properties::Verdict& verdict : verdicts)
    if (!verdict.violations.empty() && expectation(concrete, verdict.property) != Expected::any &&
        (!first || verdict.violations.front().event < first->event))
      first = &verdict.violations.front();
  return first;
}

const properties::Violation* TrialResult::unexpected() const {
  const properties::Violation* first = nullptr;
  for (const properties::Verdict& verdict : verdicts)
    if (!verdict.violations.empty() && expectation(concrete, verdict.property) == Expected::holds &&
        (!first || verdict.violations.front().event < first->event))
      first = &verdict.violations.front();
  return first;
}

std::vector<std::string> TrialResult::named_but_vacuous() const {
  std::vector<std::string> vacuous;
  for (const properties::Verdict& verdict : verdicts) {
    const auto named = concrete.expect.find(verdict.property);
    if (named != concrete.expect.end() && named->second == Expected::holds && verdict.violations.empty() &&
        verdict.premise == 0)
      vacuous.push_back(verdict.property);
  }
  return vacuous;
}

std::vector<std::string> TrialResult::expected_but_held() const {
  std::vector<std::string> held;
  for (const properties::Verdict& verdict : verdicts)
    if (expectation(concrete, verdict.property) == Expected::violated && verdict.violations.empty())
      held.push_back(verdict.property);
  return held;
}

TrialResult run_trial(const Scenario& scenario, const TrialOptions& options) { return Runner(scenario, options).run(); }

}  // namespace ktrial::scenarios

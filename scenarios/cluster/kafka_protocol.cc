#include "scenarios/cluster/kafka_protocol.h"

#include <utility>

#include "sim/assert.h"

namespace ktrial::scenarios {
namespace {

model::ConnectionId connection_to_model(sim::ConnectionId id) {
  return {model::NodeId(static_cast<std::int32_t>(id.initiator) + 1), static_cast<std::int32_t>(id.number)};
}
sim::ConnectionId connection_to_sim(model::ConnectionId id) { return {to_sim(id.initiator), id.number}; }

// One Step serves all nodes of all worlds of a thread, so that its lists keep their memory. It is emptied before every
// use and nothing in it lives longer than one event.
model::Step& scratch_step() {
  thread_local model::Step step;
  return step;
}

std::uint64_t choose(void* world, model::Choice choice, std::uint32_t about, std::uint64_t lowest,
                     std::uint64_t highest) {
  const std::uint64_t subject = (static_cast<std::uint64_t>(choice) << 32) | about;
  return static_cast<Context*>(world)->choose(subject, lowest, highest);
}

struct Perform {
  Context& context;
  std::int32_t& opened;
  bool& exits;

  void operator()(model::SendEffect& e) const { context.send(connection_to_sim(e.connection), std::move(e.message)); }
  void operator()(model::OpenEffect& e) const {
    const sim::ConnectionId id = context.open(to_sim(e.peer));
    KTRIAL_ASSERT(id.number == opened, "the model and the world disagree on the number of a connection");
    ++opened;
  }
  void operator()(model::CloseEffect& e) const { context.close(connection_to_sim(e.connection)); }
  void operator()(model::SetTimerEffect& e) const { context.set_timer(e.timer.packed(), e.deadline); }
  void operator()(model::CancelTimerEffect& e) const { context.cancel_timer(e.timer.packed()); }
  void operator()(model::BusyEffect& e) const { context.busy(e.duration); }
  void operator()(model::ExitEffect&) const { exits = true; }
};

}  // namespace

template <class Handle>
void KafkaNode::run(Context& context, Handle handle) {
  model::Step& step = scratch_step();
  step.self = to_model(context.self);
  step.now = context.now();
  step.wall_clock = context.wall();
  step.effects.clear();
  step.facts.clear();
  step.next_connection = opened_;
  step.choose_function = &choose;
  step.choose_context = &context;
  std::visit([&](auto& node) { handle(node, step); }, role_);
  bool exits = false;
  for (model::Fact& fact : step.facts) context.emit(std::move(fact));
  for (model::Effect& effect : step.effects) std::visit(Perform{context, opened_, exits}, effect);
  if (exits) context.exit();
}

void KafkaNode::start(Context& context) {
  run(context, [](auto& node, model::Step& step) { node.start(step); });
}
void KafkaNode::on_message(Context& context, sim::ConnectionId connection, model::Message&& message) {
  run(context, [&](auto& node, model::Step& step) {
    node.on_message(step, connection_to_model(connection), std::move(message));
  });
}
void KafkaNode::on_closed(Context& context, sim::ConnectionId connection) {
  run(context, [&](auto& node, model::Step& step) { node.on_closed(step, connection_to_model(connection)); });
}
void KafkaNode::on_timer(Context& context, std::uint64_t key) {
  run(context, [&](auto& node, model::Step& step) { node.on_timer(step, model::TimerId::unpack(key)); });
}
void KafkaNode::on_command(Context& context, const model::Command& command) {
  run(context, [&](auto& node, model::Step& step) { node.on_command(step, command); });
}
void KafkaNode::kill() {
  std::visit([](auto& node) { node.kill(); }, role_);
}
void KafkaNode::power_cut(sim::Survival& survival) {
  disk_facts_.clear();
  const model::Survival survives(
      [](void* context, std::uint64_t file, std::uint32_t write) {
        return static_cast<model::WriteOutcome>(static_cast<sim::Survival*>(context)->decide(file, write));
      },
      &survival);
  std::visit([&](auto& node) { node.power_cut(survives, disk_facts_); }, role_);
}
void KafkaNode::wipe() {
  disk_facts_.clear();
  std::visit([&](auto& node) { node.wipe(disk_facts_); }, role_);
}

bool KafkaNode::rot(std::uint64_t which) {
  disk_facts_.clear();
  auto* broker = std::get_if<model::BrokerNode>(&role_);
  return broker && broker->rot(which, disk_facts_);
}
bool KafkaNode::rot_unseen(std::uint64_t which) {
  disk_facts_.clear();
  auto* broker = std::get_if<model::BrokerNode>(&role_);
  return broker && broker->rot_unseen(which, disk_facts_);
}
bool KafkaNode::misdirect(std::uint64_t which) {
  disk_facts_.clear();
  auto* broker = std::get_if<model::BrokerNode>(&role_);
  return broker && broker->misdirect(which, disk_facts_);
}
void KafkaNode::set_disk_health(const model::DiskHealth& health, std::size_t directory) {
  if (auto* broker = std::get_if<model::BrokerNode>(&role_)) broker->set_disk_health(health, directory);
}
void KafkaNode::restore_disk(model::BrokerDisk older) {
  disk_facts_.clear();
  if (auto* broker = std::get_if<model::BrokerNode>(&role_)) broker->restore_disk(std::move(older), disk_facts_);
}

}  // namespace ktrial::scenarios

template class ktrial::sim::World<ktrial::scenarios::KafkaProtocol>;

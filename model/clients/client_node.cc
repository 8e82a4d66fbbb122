#include "model/clients/client_node.h"

#include <type_traits>

#include "model/partition_table.h"

namespace ktrial::model {
namespace {

constexpr TimerId kStartTimer{302, 0, 0};

Nanos start_after(const ClientSpec& spec) {
  if (const auto* c = std::get_if<ConsumerSpec>(&spec)) return c->start_after;
  if (const auto* g = std::get_if<GroupMemberSpec>(&spec)) return g->start_after;
  return Nanos(0);  // a producer's workload has a time of its own
}

}  // namespace

template <class Call>
void ClientNode::with_application(Call call) {
  std::visit(
      [&](auto& application) {
        if constexpr (!std::is_same_v<std::decay_t<decltype(application)>, std::monostate>) call(application);
      },
      application_);
}

void ClientNode::start(Step& step) {
  if (const auto* p = std::get_if<ProducerSpec>(&spec_)) {
    application_.emplace<Producer>(p->config, p->workload, bootstrap_, next_value_, started_);
  } else if (const Nanos wait = start_after(spec_); !started_ && wait > Nanos(0)) {
    started_ = true;
    return step.set_timer(kStartTimer, step.now + wait);
  } else if (const auto* c = std::get_if<ConsumerSpec>(&spec_)) {
    application_.emplace<Consumer>(c->config, c->assignment, bootstrap_);
  } else {
    application_.emplace<GroupConsumer>(std::get<GroupMemberSpec>(spec_), bootstrap_);
  }
  with_application([&](auto& application) { application.start(step); });
}
void ClientNode::on_message(Step& step, ConnectionId connection, Message&& message) {
  with_application([&](auto& application) { application.on_message(step, connection, std::move(message)); });
}
void ClientNode::on_closed(Step& step, ConnectionId connection) {
  with_application([&](auto& application) { application.on_closed(step, connection); });
}
void ClientNode::on_timer(Step& step, TimerId timer) {
  if (timer == kStartTimer) {
    if (!running()) start(step);
    return;
  }
  if (auto* group = std::get_if<GroupConsumer>(&application_))
    group->on_timer(step, timer);
  else if (auto* producer = std::get_if<Producer>(&application_))
    producer->on_timer(step);
  else if (auto* consumer = std::get_if<Consumer>(&application_))
    consumer->on_timer(step);
}
void ClientNode::on_command(Step& step, const Command& command) {
  auto* producer = std::get_if<Producer>(&application_);
  if (std::holds_alternative<StartSending>(command) && producer) producer->begin(step);
  if (!std::holds_alternative<CleanStop>(command)) return;
  if (!running()) return step.exit();  // it has not begun
  with_application([&](auto& application) { application.close(step); });
}
void ClientNode::kill() {
  if (const auto* producer = std::get_if<Producer>(&application_)) {
    next_value_ = producer->next();
    started_ = producer->started();
  }
  application_ = std::monostate();
}
bool ClientNode::idle() const {
  const auto* producer = std::get_if<Producer>(&application_);
  return !producer || producer->idle();
}
bool ClientNode::done() const {
  if (const auto* producer = std::get_if<Producer>(&application_)) return producer->done();
  const auto* p = std::get_if<ProducerSpec>(&spec_);
  return p == nullptr || next_value_ >= p->workload.count;
}
PartitionTable<FetchPosition> ClientNode::positions() const {
  if (const auto* consumer = std::get_if<Consumer>(&application_)) return consumer->fetcher().positions();
  if (const auto* group = group_consumer()) return group->fetcher().positions();
  return {};
}

}  // namespace ktrial::model

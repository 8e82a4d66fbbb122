#include "scenarios/cluster/world_state.h"

#include "model/state/node_state.h"
#include "model/state/state_writer_impl.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "sim/world_state.h"

namespace ktrial::scenarios {
namespace {

model::ConnectionId named(sim::ConnectionId id) { return {to_model(id.initiator), id.number}; }

}  // namespace

void KafkaNode::write_state(model::StateWriter& out) const {
  out.field("role", static_cast<std::int64_t>(role_.index()));
  if (out.keeps_history()) out.field("opened", static_cast<std::int64_t>(opened_));
  std::visit([&](const auto& node) { model::write_state(out, node); }, role_);
}

void KafkaProtocol::name_connection(model::StateWriter& out, sim::ConnectionId connection, sim::NodeId peer,
                                    std::uint32_t rank) {
  out.name_connection(named(connection), to_model(peer), rank);
}
void KafkaProtocol::write_connection(model::StateWriter& out, const char* name, sim::ConnectionId connection) {
  out.field(name, named(connection));
}
void KafkaProtocol::write_message(model::StateWriter& out, sim::ConnectionId connection, const Message& message) {
  model::write_state(out, named(connection), message);
}
void KafkaProtocol::write_node(model::StateWriter& out, sim::NodeId id, const Node& node, sim::Nanos monotonic,
                               sim::Nanos wall) {
  out.begin_node(to_model(id), monotonic, wall);
  node.write_state(out);
}
std::uint64_t KafkaProtocol::timer_key(model::StateWriter& out, std::uint64_t key) { return out.renamed_timer(key); }

std::uint64_t possible_futures(const KafkaWorld& world, model::ContentHashes* contents) {
  model::StateWriter out(model::History::left_out, {.contents = contents});
  sim::write_world(world, out);
  return out.hash();
}
std::uint64_t exact_state(const KafkaWorld& world, model::ContentHashes* contents) {
  model::StateWriter out(model::History::kept, {.contents = contents});
  sim::write_world(world, out);
  return out.hash();
}
std::vector<std::uint64_t> canonical_words(const KafkaWorld& world) {
  std::vector<std::uint64_t> words;
  model::StateWriter out(model::History::left_out, {.words = &words});
  sim::write_world(world, out);
  out.hash();
  return words;
}

std::vector<model::StateLine> state_lines(const KafkaWorld& world, const std::string& node) {
  std::vector<model::StateLine> lines;
  model::StateWriter out(model::History::kept, {.lines = &lines});
  sim::write_world(world, out);
  if (!node.empty())
    std::erase_if(lines, [&](const model::StateLine& line) { return !line.path.starts_with(node + '.'); });
  return lines;
}

}  // namespace ktrial::scenarios

// The state of a whole cluster: hashed, compared, and as lines for a person.
//
// What counts as state is said in sim/world_state.h and model/state/state_writer.h. `possible_futures` leaves history
// out: worlds with equal hashes can go on in the same ways. `exact` is for one run: equal hashes mean that both go on
// in the same way. Who hashes many worlds keeps the ContentHashes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/state/state_writer.h"

namespace ktrial::sim {
template <class P>
class World;
}

namespace ktrial::scenarios {

struct KafkaProtocol;

std::uint64_t possible_futures(const sim::World<KafkaProtocol>& world, model::ContentHashes* contents = nullptr);
std::uint64_t exact_state(const sim::World<KafkaProtocol>& world, model::ContentHashes* contents = nullptr);
// The whole serialized state, of which possible_futures() is the hash.
std::vector<std::uint64_t> canonical_words(const sim::World<KafkaProtocol>& world);
// Everything as it stands; of one node, if it is named: "broker-1.memory.partitions[1-0].log.end: 41".
std::vector<model::StateLine> state_lines(const sim::World<KafkaProtocol>& world, const std::string& node = "");

}  // namespace ktrial::scenarios

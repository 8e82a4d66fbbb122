// The recorded events of one run: the single source of every view, so that no two outputs can disagree.
//
// Whoever runs the world fills in a Trace; this room only prints it. Events are in the order in which they happened.
// Always holds: ids grow along `events`; `cause` is the id of an earlier event, or 0 when nothing caused it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "model/duration_text.h"
#include "model/types.h"

namespace ktrial::reports {

using model::Nanos;

inline constexpr int kNoNode = -1;

struct TraceEvent {
  std::uint64_t id = 0;
  std::uint64_t cause = 0;
  Nanos at{0};         // virtual time of the world
  int node = kNoNode;  // where it happened; for "sent" the sender, for "delivered" and "dropped" the receiver
  std::string kind;    // sent, delivered, dropped, timer, fault, start, stop, fact, ...
  std::string name;    // what kind of message, timer, fault or fact: "FetchRequest", "BecameLeader"
  int peer = kNoNode;  // the other end of a message
  std::string connection;
  std::string text;                        // in Kafka's words
  std::string fields;                      // of a fact: a JSON object (fact_fields.h)
  std::optional<std::uint16_t> fact = {};  // its kind
};

struct Trace {
  std::string scenario;
  std::uint64_t seed = 0;
  std::string fingerprint;
  std::map<int, std::string> nodes;  // id to the name people use: "broker 1", "producer p1"
  std::vector<TraceEvent> events;
};

// The name of a node, "node 7" when it has none.
std::string node_name(const std::map<int, std::string>& nodes, int node);
using model::seconds_text;

}  // namespace ktrial::reports

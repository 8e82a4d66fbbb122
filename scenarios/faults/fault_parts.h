// What the structs of all faults are made of. A kind of fault is one struct in the header of its family (process,
// network, clock, disk, operator), and the list of a family (`ProcessFaults`) at the header's end makes it known
// everywhere: to the reader, the writer, the shrinker, random plans, the engine, the docs.
//
// A struct says
//   kText                   its name in a file, a sentence on it, an example
//   one of the bases        whom it takes: OnNodes, OnLinks, OnPartition, OnTopic; else `body(v)`, a map of its own
//   more(v)                 its keys beside that, each with its range
//   draw(drawing)           how its own values are drawn for a random plan
//   begin(at), end(at)      what it does at each node, or at each link, and takes back. A fault of an operator:
//                           operate(op); one that cuts nodes off from each other: separate(op)
//   shows(at)               if that it matters can only be seen later: whether it has
//   told(node)              a line for the reader of a run
// and by constants that hide those of FaultTraits what rules it comes under. What it does not say it does not need.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "properties/observation.h"
#include "scenarios/fault_targets.h"

namespace ktrial::scenarios {

class KeyVisitor;
class FaultOperator;  // run/fault_operator.h
struct AtNode;        // run/fault_effects.h
struct AtLink;
class Drawing;  // run/fault_draw.h

struct FaultText {
  const char* name;
  const char* meaning;
  const char* example;
};

// How a fault keeps the process of its node from running as long as it lasts.
enum class Standstill : std::uint8_t {
  none,
  down,    // a node is down until the last fault of this kind has ended
  paused,  // ends with the process
  broken,  // it cannot run with the disk that it has, or not with all of its replicas
};

struct FaultTraits {
  static constexpr bool kAtOnce = false;      // done and over: it has no end to draw
  static constexpr bool kNeedsTopic = false;  // there must be a topic to draw it
  static constexpr bool kCuts = false;        // of links: a link is cut until the last such fault has ended
  static constexpr Standstill kStandstill = Standstill::none;
  static constexpr properties::Injected::Kind kInjected = properties::Injected::other_fault;
  bool operator==(const FaultTraits&) const = default;
};

// What became of a fault at one node: it found nothing to hit, it only prolongs what others do, it is in force and will
// show later whether it matters, or it struck.
enum class Hit : std::uint8_t { nothing, prolongs, armed, struck };
struct Ended {
  bool killed = false;  // a clean stop that took too long
  bool started = false;
  bool resumed = false;
  bool disk_replaced = false;
};

// `kill: broker(1)`
struct OnNodes : FaultTraits {
  std::vector<Selector> targets;
  bool operator==(const OnNodes&) const = default;
};
// `cut: {between: [1, 2]}` or `{from: 1, to: 2}`
struct OnLinks : FaultTraits {
  Sides sides;
  bool operator==(const OnLinks&) const = default;
};
// `elect-preferred: orders-0`
struct OnPartition : FaultTraits {
  static constexpr bool kNeedsTopic = true;
  PartitionRef partition;
  bool operator==(const OnPartition&) const = default;
};
// `delete-topic: orders`
struct OnTopic : FaultTraits {
  static constexpr bool kNeedsTopic = true;
  std::string topic;
  bool operator==(const OnTopic&) const = default;
};

template <class... Kinds>
struct FaultFamily {};

namespace detail {
template <class... Families>
struct JoinFamilies;
template <class... A>
struct JoinFamilies<FaultFamily<A...>> {
  using Variant = std::variant<A...>;
};
template <class... A, class... B, class... More>
struct JoinFamilies<FaultFamily<A...>, FaultFamily<B...>, More...> : JoinFamilies<FaultFamily<A..., B...>, More...> {};
}  // namespace detail

}  // namespace ktrial::scenarios

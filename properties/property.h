// A property: one promise of Kafka, judged from the facts of a run.
//
// Verifies nothing itself. A property is a value (clone()), sees only facts, injected faults, the shared Shadow and, at
// a few moments, a read-only view of the nodes, and never changes a run. premise() counts how often it had something to
// judge: 0 means vacuous, never "holds".
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "model/facts.h"
#include "properties/observation.h"

namespace ktrial::properties {

struct Shadow;     // properties/ledger.h
struct NodesView;  // properties/nodes_view.h

struct StoryLine {
  std::uint64_t event = 0;
  std::string text;
};

struct Violation {
  std::string property;
  Nanos at{0};
  std::uint64_t event = 0;
  NodeId node;
  std::string text;    // expected / seen
  std::string reason;  // stable key: two violations with one reason are "the same failure" to the shrinker
  std::vector<StoryLine> story;
  std::optional<std::string> permitted_by;  // the ledger's explanation
  // What it is about, where that is known, so that a story can choose what led to it.
  std::optional<model::TopicPartition> partition;
  std::int64_t offset = -1;
  std::string expected;  // in this case; empty: what the property says
};

// "topic 1 partition 0": facts know topics by their ids.
std::string text_of(model::TopicPartition);
std::string text_of(const std::vector<NodeId>& nodes);  // "[1, 2]"

// The state of the run at its end, filled by the runner.
struct FinishContext {
  struct Partition {
    model::TopicPartition id;
    NodeId leader;
    std::vector<NodeId> isr, replicas;
    std::vector<NodeId> elr = {}, last_known_elr = {};
    bool reassigning = false;
    std::optional<model::UncleanRecoveryStrategy> recovery = {};  // absent: there is no unclean recovery
    bool led = true;                                              // the leader knows that it is, and has the log
  };
  struct Consumer {
    NodeId node;
    model::TopicPartition partition;
    model::Offset position, end_offset;
  };
  struct Group {
    model::GroupId group;
    std::vector<NodeId> members;                                  // all clients of the group, running or not
    std::vector<model::TopicPartition> partitions;                // of the topics it subscribes to
    std::vector<std::pair<NodeId, model::TopicPartition>> owned;  // as the members see it
    Nanos session_timeout{0};
    Nanos longest_poll{0};  // that its applications take: max.poll.records times the time for a record
  };
  Nanos at{0};
  bool faults_ended = false;
  Nanos since_quiet{0};
  std::vector<Partition> partitions;
  std::int64_t unanswered_sends = 0;
  std::vector<Consumer> consumers;
  std::vector<Group> groups;
  std::set<NodeId> down;            // still dead or paused by a fault: excused
  std::set<NodeId> fenced_brokers;  // or never registered
};

class Property {
 public:
  virtual ~Property() = default;
  virtual std::unique_ptr<Property> clone() const = 0;
  virtual const char* name() const = 0;
  virtual const char* meaning() const = 0;  // one sentence
  virtual std::vector<std::uint16_t> kinds() const = 0;
  // The shadow already contains `fact`.
  virtual void on_fact(const model::Fact& fact, const FactContext& context, const Shadow& shadow) = 0;
  virtual void on_injected(const Injected&, const FactContext&) {}
  // What the nodes hold, when all that they said so far is known.
  virtual void on_look(const NodesView&, const FactContext&, const Shadow&) {}
  virtual void finish(const FinishContext&, const Shadow&) {}

  std::uint64_t premise() const { return premise_; }
  const std::vector<Violation>& violations() const { return violations_; }

 protected:
  void met() { ++premise_; }
  Violation& violate(const FactContext& c, std::string reason, std::string text) {
    violations_.push_back({name(), c.at, c.event, c.node, std::move(text), std::move(reason), {}, {}, {}, -1, {}});
    violations_.back().story.push_back({c.event, violations_.back().text});
    return violations_.back();
  }
  Violation& violate_at(model::TopicPartition partition, std::int64_t offset, const FactContext& c, std::string reason,
                        std::string text) {
    Violation& v = violate(c, std::move(reason), std::move(text));
    v.partition = partition;
    v.offset = offset;
    return v;
  }

 private:
  std::uint64_t premise_ = 0;
  std::vector<Violation> violations_;
};

// clone() by the copy constructor, name and meaning from the class's kName and kMeaning.
template <class Self>
class PropertyOf : public Property {
 public:
  std::unique_ptr<Property> clone() const override { return std::make_unique<Self>(static_cast<const Self&>(*this)); }
  const char* name() const override { return Self::kName; }
  const char* meaning() const override { return Self::kMeaning; }
};

template <class... Facts>
std::vector<std::uint16_t> kinds_of() {
  return {model::fact_kind<Facts>()...};
}

using PropertyList = std::vector<std::unique_ptr<Property>>;
PropertyList all_properties();  // all_properties.cc, where a file of properties is named

}  // namespace ktrial::properties

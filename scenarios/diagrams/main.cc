// Draws the diagrams of docs/diagrams as Graphviz text, from what there is and not by hand:
//
//   rooms.dot      which room includes which, counted over all source files
//   replica.dot    the states of a replica, and what moved replicas from one to another in runs of the library
//   broker.dot     which parts a broker's headers are made of: the router, its owners and the seams
//   quorum.dot     the roles of a voter of the metadata quorum, likewise
//
// A transition that no run took is not drawn, so a picture can lack one; it never shows one that there is not.
// Usage: ktrial_diagrams <source folder> <output folder>. The build target `diagrams` runs it and then dot.
#include <fmt/format.h>

#include <boost/graph/adjacency_list.hpp>
#include <boost/graph/graphviz.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "properties/judge.h"
#include "scenarios/cluster/kafka_protocol.h"
#include "scenarios/program/files.h"
#include "scenarios/run/trial.h"

namespace ktrial::scenarios {
namespace {

constexpr std::uint64_t kSeeds = 20;

// Nodes by name, edges with a text. Ordered, so that the same input gives the same file.
struct Diagram {
  std::set<std::string> nodes;
  std::map<std::pair<std::string, std::string>, std::set<std::string>> edges;

  void edge(const std::string& from, const std::string& to, const std::string& label) {
    nodes.insert(from);
    nodes.insert(to);
    edges[{from, to}].insert(label);
  }
};

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) out += c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
  return out + "\"";
}

void write(const Diagram& diagram, const std::filesystem::path& file, const std::string& title) {
  struct Named {
    std::string name;
  };
  using Graph = boost::adjacency_list<boost::vecS, boost::vecS, boost::directedS, Named, Named>;
  Graph graph;
  std::map<std::string, Graph::vertex_descriptor> vertices;
  for (const std::string& node : diagram.nodes) vertices[node] = boost::add_vertex(Named{node}, graph);
  for (const auto& [ends, labels] : diagram.edges) {
    std::string text;
    for (const std::string& label : labels) text += (text.empty() ? "" : "\n") + label;
    boost::add_edge(vertices[ends.first], vertices[ends.second], Named{text}, graph);
  }
  std::ofstream out(file);
  boost::write_graphviz(
      out, graph, [&](std::ostream& o, Graph::vertex_descriptor v) { o << "[label=" << quoted(graph[v].name) << "]"; },
      [&](std::ostream& o, Graph::edge_descriptor e) { o << "[label=" << quoted(graph[e].name) << "]"; },
      [&](std::ostream& o) {
        o << "label=" << quoted(title) << "\nlabelloc=t\nfontname=\"Helvetica\"\n"
          << "node [shape=box, style=rounded, fontname=\"Helvetica\"]\nedge [fontname=\"Helvetica\", fontsize=10]\n";
      });
}

// Rooms are the folders of the sources that other sources include from.
Diagram rooms(const std::filesystem::path& source) {
  const std::set<std::string> names = {"model", "sim", "properties", "reports", "scenarios"};
  std::map<std::pair<std::string, std::string>, int> count;
  for (const std::string& room : names)
    for (const auto& entry : std::filesystem::recursive_directory_iterator(source / room)) {
      const std::string end = entry.path().extension().string();
      if (end != ".h" && end != ".cc") continue;
      std::ifstream in(entry.path());
      for (std::string line; std::getline(in, line);) {
        constexpr std::string_view kInclude = "#include \"";
        if (!line.starts_with(kInclude)) continue;
        const std::string other = line.substr(kInclude.size(), line.find('/') - kInclude.size());
        if (names.contains(other) && other != room) ++count[{room, other}];
      }
    }
  Diagram diagram;
  diagram.nodes = names;
  for (const auto& [ends, n] : count) diagram.edge(ends.first, ends.second, fmt::format("{} includes", n));
  return diagram;
}

// A header of model/broker is a part; it points at the parts that it is made with.
Diagram broker(const std::filesystem::path& source) {
  Diagram diagram;
  for (const auto& entry : std::filesystem::directory_iterator(source / "model" / "broker")) {
    const std::string part = entry.path().stem().string();
    if (entry.path().extension() != ".h" || part.ends_with("_for_test")) continue;
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);) {
      constexpr std::string_view kInclude = "#include \"";
      if (!line.starts_with(kInclude)) continue;
      const std::filesystem::path other = line.substr(kInclude.size(), line.size() - kInclude.size() - 1);
      const std::string folder = other.parent_path().string(), name = other.stem().string();
      const bool owner_elsewhere = name == "coordinator_runtime" || name == "group_coordinator" ||
                                   name == "remote_log_manager" || name == "metadata_observer";
      if (folder == "model/broker" || owner_elsewhere) diagram.edge(part, name, "");
    }
  }
  return diagram;
}

const char* role_name(model::QuorumNode::Role role) {
  using R = model::QuorumNode::Role;
  switch (role) {
    case R::Unattached:
      return "Unattached";
    case R::Voted:
      return "Voted";
    case R::Candidate:
      return "Candidate";
    case R::Leader:
      return "Leader";
    case R::Follower:
      return "Follower";
    case R::Resigned:
      return "Resigned";
  }
  return "?";
}

constexpr const char* kDown = "down";

// What set off the step whose trace begins at `first`. What a fact triggers happens in its step: a process that went
// down did so by a fault, not by the message before it.
std::string trigger(const std::vector<sim::TraceEvent>& trace, std::size_t first, sim::NodeId node, bool down) {
  for (std::size_t i = first; i < trace.size(); ++i) {
    const sim::TraceEvent& e = trace[i];
    if (e.node != node) continue;
    using K = sim::TraceKind;
    if (e.kind == K::killed) return "kill";
    if (e.kind == K::power_cut) return "power cut";
    if (e.kind == K::exited) return "stop";
    if (down) continue;
    if (e.kind == K::delivered)
      return std::string(model::api_name(e.message_kind)) +
             (model::is_request(e.message_kind) ? "Request" : "Response");
    if (e.kind == K::timer) return "time-out";
    if (e.kind == K::started) return "start";
    if (e.kind == K::resumed) return "resume";
    if (e.kind == K::closed) return "connection closed";
  }
  return "event that waited";
}

// Watches the nodes of a world step by step and notes what changed a node's state.
class Watcher {
 public:
  explicit Watcher(Diagram& quorum) : quorum_(quorum) {}

  void operator()(const KafkaWorld& world) {
    roles_.resize(static_cast<std::size_t>(world.node_count()));
    for (sim::NodeId id = 0; id < world.node_count(); ++id) {
      const model::ControllerNode* controller = world.node(id).controller();
      if (!controller) continue;
      const bool down = world.process(id) == sim::ProcessState::down;
      const std::string role = down ? kDown : role_name(controller->quorum().role());
      std::string& before = roles_[static_cast<std::size_t>(id)];
      if (!before.empty() && before != role) quorum_.edge(before, role, trigger(world.trace(), seen_, id, down));
      before = role;
    }
    seen_ = world.trace().size();
  }

 private:
  Diagram& quorum_;
  std::vector<std::string> roles_;
  std::size_t seen_ = 0;
};

// A replica's states follow from facts: what it became, and which ISR was committed.
class Replicas {
 public:
  explicit Replicas(Diagram& diagram) : diagram_(diagram) {}

  void watch(const TrialResult& result) {
    std::size_t e = 0;
    const auto processes_until = [&](std::uint64_t event) {
      for (; e < result.trace.size() && result.trace[e].id < event; ++e) process(result.trace[e]);
    };
    for (const RecordedFact& fact : result.facts) {
      processes_until(fact.event + 1);
      if (const auto* f = std::get_if<model::BecameLeader>(&fact.fact))
        become(f->partition, fact.node, "leader", "BecameLeader");
      else if (const auto* f = std::get_if<model::BecameFollower>(&fact.fact))
        become(f->partition, fact.node, "follower", "BecameFollower");
      else if (const auto* f = std::get_if<model::PartitionStateCommitted>(&fact.fact))
        committed(*f);
    }
    processes_until(~std::uint64_t{0});
  }

 private:
  using Key = std::pair<model::TopicPartition, model::NodeId>;
  struct State {
    std::string role = kDown;
    bool in_isr = false;
  };
  static std::string text(const State& s) {
    if (s.role == "leader") return "leader";
    return s.role + (s.in_isr ? "\nin the ISR" : "\nnot in the ISR");
  }
  void change(const Key& key, const State& to, const std::string& label) {
    State& now = states_[key];
    if (text(now) != text(to) && known_.contains(key)) diagram_.edge(text(now), text(to), label);
    known_.insert(key);
    now = to;
  }
  void become(model::TopicPartition tp, model::NodeId node, const std::string& role, const std::string& label) {
    State state = states_[{tp, node}];
    state.role = role;
    change({tp, node}, state, label);
  }
  void committed(const model::PartitionStateCommitted& f) {
    for (const model::NodeId node : f.replicas) {
      State state = states_[{f.partition, node}];
      state.in_isr = std::find(f.isr.begin(), f.isr.end(), node) != f.isr.end();
      change({f.partition, node}, state, state.in_isr ? "ISR expanded" : "ISR shrank");
    }
  }
  void process(const sim::TraceEvent& event) {
    using K = sim::TraceKind;
    const char* label = event.kind == K::killed      ? "kill"
                        : event.kind == K::power_cut ? "power cut"
                        : event.kind == K::exited    ? "clean stop"
                                                     : nullptr;
    if (!label) return;
    for (const auto& [key, state] : std::map<Key, State>(states_)) {
      if (key.second != to_model(event.node)) continue;
      State down = state;
      down.role = kDown;
      change(key, down, label);
    }
  }

  Diagram& diagram_;
  std::map<Key, State> states_;
  std::set<Key> known_;
};

int draw(const std::filesystem::path& source, const std::filesystem::path& out) {
  std::filesystem::create_directories(out);
  Diagram quorum, replica;
  for (const auto& file : library()) {
    const auto scenario = load(file.string());
    if (!scenario) return 65;
    // A broken rule may move nodes where Kafka's do not go.
    if (!scenario->variants.empty()) continue;
    for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
      Watcher watcher(quorum);
      TrialOptions options;
      options.seed = seed;
      options.record = true;
      options.stop_at_violation = false;
      options.after_step = [&watcher](const KafkaWorld& world) { watcher(world); };
      Replicas(replica).watch(run_trial(*scenario, options));
    }
  }
  write(rooms(source), out / "rooms.dot", "The rooms and their includes");
  write(broker(source), out / "broker.dot", "The parts of a broker");
  write(quorum, out / "quorum.dot", "A voter of the metadata quorum");
  write(replica, out / "replica.dot", "A replica of a partition");
  return 0;
}

}  // namespace
}  // namespace ktrial::scenarios

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: ktrial_diagrams <source folder> <output folder>\n");
    return 64;
  }
  return ktrial::scenarios::draw(argv[1], argv[2]);
}

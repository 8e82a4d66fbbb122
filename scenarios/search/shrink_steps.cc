#include "scenarios/search/shrink_steps.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "scenarios/faults/fault_walk.h"

namespace ktrial::scenarios {
namespace {

using Steps = std::vector<ShrinkStep>;

// Takes every selector away that `gone` names, and the faults that hit nobody then or wait for something `gone`.
template <class GoneSelector, class GoneCondition>
void forget(Scenario& s, GoneSelector gone_selector, GoneCondition gone_condition) {
  std::erase_if(s.faults, [&](FaultSpec& f) {
    bool is_void = f.when && gone_condition(*f.when);
    each_selector_list(f, [&](std::vector<Selector>& list) {
      std::erase_if(list, gone_selector);
      is_void = is_void || list.empty();
    });
    return is_void;
  });
  for (ClockSpec& c : s.clocks) std::erase_if(c.nodes, gone_selector);
  std::erase_if(s.clocks, [](const ClockSpec& c) { return c.nodes.empty(); });
}

bool names_topic(const PartitionRef& p, const std::string& topic, std::int32_t from) {
  return p.topic == topic && p.partition >= from;
}

// Whether a fault is about a topic, or about one of its partitions from `from` on.
bool is_about(FaultSpec& fault, const std::string& topic, std::int32_t from) {
  struct About : KeyVisitor {
    const std::string& topic;
    std::int32_t from;
    bool found = false;
    About(const std::string& t, std::int32_t f) : topic(t), from(f) {}
    void name(const Key&, Names what, std::string& value) override {
      found = found || (what == Names::topic && from == 0 && value == topic);
    }
    void partition(const Key&, PartitionRef& p) override { found = found || names_topic(p, topic, from); }
  } about(topic, from);
  visit_keys(about, fault.what);
  return about.found;
}

// Forgets the partitions of a topic from `from` on.
void forget_partitions(Scenario& s, const std::string& topic, std::int32_t from) {
  std::erase_if(s.faults, [&](FaultSpec& f) { return is_about(f, topic, from); });
  forget(
      s, [&](const Selector& x) { return names_topic(x.partition, topic, from); },
      [&](const Condition& c) { return names_topic(c.partition, topic, from); });
}

bool uses_topic(const ClientSpec& client, const std::string& topic) {
  if (const auto* p = std::get_if<ProducerSpec>(&client)) return p->topic == topic;
  if (const auto* c = std::get_if<ConsumerSpec>(&client))
    return std::any_of(c->assign.begin(), c->assign.end(), [&](const AssignSpec& a) { return a.topic == topic; });
  const auto& subscribed = std::get<GroupSpec>(client).subscribe;
  return std::find(subscribed.begin(), subscribed.end(), topic) != subscribed.end();
}

Steps fewer_faults(const Scenario& s) {
  Steps steps;
  const std::size_t n = s.faults.size();
  for (std::size_t run = std::max<std::size_t>(n / 2, 1); n > 0; run /= 2) {
    for (std::size_t end = n; end > 0; end -= std::min(run, end))
      steps.push_back([first = end - std::min(run, end), run](Scenario& c) {
        if (first >= c.faults.size()) return false;
        const auto from = c.faults.begin() + static_cast<std::ptrdiff_t>(first);
        c.faults.erase(from, from + static_cast<std::ptrdiff_t>(std::min(run, c.faults.size() - first)));
        return true;
      });
    if (run == 1) break;
  }
  return steps;
}

Steps fewer_targets(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.faults.size(); i-- > 0;)
    for (int list = 0; list < 2; ++list)  // two sides at most
      for (std::size_t t = 8; t-- > 0;)
        steps.push_back([i, list, t](Scenario& c) {
          if (i >= c.faults.size()) return false;
          bool taken = false;
          each_selector_list(c.faults[i], [&, place = 0](std::vector<Selector>& targets) mutable {
            if (place++ != list || targets.size() < 2 || t >= targets.size()) return;
            targets.erase(targets.begin() + static_cast<std::ptrdiff_t>(t));
            taken = true;
          });
          return taken;
        });
  return steps;
}

// What is left of drawing the faults: their latest end.
Steps no_random_faults(const Scenario&) {
  return {[](Scenario& c) {
    const bool had = c.random_faults.has_value();
    c.random_faults.reset();
    return had;
  }};
}

Steps fewer_clients(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.clients.size(); i-- > 0;)
    steps.push_back([i](Scenario& c) {
      if (i >= c.clients.size()) return false;
      remove_client(c, i);
      return true;
    });
  return steps;
}

Steps fewer_topics(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.cluster.topics.size(); i-- > 0;)
    steps.push_back([i](Scenario& c) {
      if (i >= c.cluster.topics.size()) return false;
      const std::string topic = c.cluster.topics[i].name;
      for (const ClientSpec& client : c.clients)
        if (uses_topic(client, topic)) return false;
      forget_partitions(c, topic, 0);
      c.cluster.topics.erase(c.cluster.topics.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    });
  return steps;
}

bool keep_partitions(Scenario& c, std::size_t topic, std::int32_t count) {
  if (topic >= c.cluster.topics.size() || c.cluster.topics[topic].partitions <= count || count < 1) return false;
  TopicSpec& t = c.cluster.topics[topic];
  for (ClientSpec& client : c.clients) {
    if (auto* p = std::get_if<ProducerSpec>(&client))
      if (p->topic == t.name && p->partition.value_or(0) >= count) return false;
    if (auto* consumer = std::get_if<ConsumerSpec>(&client)) {
      std::erase_if(consumer->assign,
                    [&](const AssignSpec& a) { return a.topic == t.name && a.partition.value_or(0) >= count; });
      if (consumer->assign.empty()) return false;
    }
  }
  t.partitions = count;
  if (!t.replicas.empty()) t.replicas.resize(static_cast<std::size_t>(count));
  forget_partitions(c, t.name, count);
  return true;
}

Steps fewer_partitions(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.cluster.topics.size(); i-- > 0;)
    for (const std::int32_t count : {1, s.cluster.topics[i].partitions / 2, s.cluster.topics[i].partitions - 1})
      steps.push_back([i, count](Scenario& c) { return keep_partitions(c, i, count); });
  return steps;
}

Steps fewer_members(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.clients.size(); i-- > 0;)
    if (const auto* group = std::get_if<GroupSpec>(&s.clients[i]))
      for (const std::int32_t members : {1, group->members / 2, group->members - 1})
        steps.push_back([i, members](Scenario& c) {
          auto* g = i < c.clients.size() ? std::get_if<GroupSpec>(&c.clients[i]) : nullptr;
          if (!g || members < 1 || g->members <= members) return false;
          for (std::int32_t m = members + 1; m <= g->members; ++m)
            forget(
                c,
                [name = g->name + "/" + std::to_string(m)](const Selector& x) {
                  return x.kind == Selector::Kind::client && x.name == name;
                },
                [](const Condition&) { return false; });
          g->members = members;
          return true;
        });
  return steps;
}

Steps fewer_controllers(const Scenario&) {
  Steps steps;
  for (const std::int32_t count : {1, 3})
    steps.push_back([count](Scenario& c) {
      if (c.cluster.controllers <= count) return false;
      c.cluster.controllers = count;
      const std::int32_t last = c.cluster.brokers + count;
      forget(
          c, [last](const Selector& x) { return x.kind == Selector::Kind::controller && x.node > last; },
          [](const Condition&) { return false; });
      return true;
    });
  return steps;
}

Steps fewer_brokers(const Scenario& s) {
  Steps steps;
  for (std::int32_t broker = s.cluster.brokers; broker >= 1; --broker)
    steps.push_back([broker](Scenario& c) { return remove_broker(c, broker); });
  return steps;
}

Steps fewer_replicas(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.cluster.topics.size(); i-- > 0;)
    steps.push_back([i](Scenario& c) {
      if (i >= c.cluster.topics.size() || c.cluster.topics[i].replication_factor < 2) return false;
      TopicSpec& t = c.cluster.topics[i];
      --t.replication_factor;
      for (auto& row : t.replicas) row.pop_back();
      return true;
    });
  return steps;
}

Steps fewer_records(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.clients.size(); i-- > 0;)
    if (const auto* producer = std::get_if<ProducerSpec>(&s.clients[i]))
      for (const std::int64_t count : {std::int64_t{1}, producer->count / 10, producer->count / 2,
                                       producer->count * 3 / 4, producer->count / 10 * 10})
        steps.push_back([i, count](Scenario& c) {
          auto* p = i < c.clients.size() ? std::get_if<ProducerSpec>(&c.clients[i]) : nullptr;
          if (!p || count < 1 || p->count <= count) return false;
          p->count = count;
          return true;
        });
  return steps;
}

Steps weaker_faults(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.faults.size(); i-- > 0;)
    for (int step = 0; step < 3; ++step)
      steps.push_back([i](Scenario& c) {
        if (i >= c.faults.size()) return false;
        FaultAct& what = c.faults[i].what;
        std::optional<FaultAct> weaker;
        std::visit(
            [&](const auto& act) {
              using Act = std::decay_t<decltype(act)>;
              if constexpr (requires { typename Act::Weaker; }) weaker = typename Act::Weaker{act};
            },
            what);
        if (weaker) what = *weaker;
        return weaker.has_value();
      });
  return steps;
}

Steps even_latencies(const Scenario&) {
  return {[](Scenario& c) {
    const NetworkSpec before = c.network;
    c.network.latency_max = c.network.latency_min;
    c.network.tail_per_million = 0;
    return c.network != before;
  }};
}

// Lengths that a person would write.
constexpr std::array<std::int64_t, 17> kRound = {1,    2,    5,    10,    20,    50,    100,   200,   500,
                                                 1000, 2000, 5000, 10000, 20000, 30000, 60000, 120000};

std::optional<Nanos> round_up(Nanos d) {
  for (const std::int64_t ms : kRound)
    if (milliseconds(ms) >= d) return Nanos(milliseconds(ms));
  return std::nullopt;
}

// Shorter by steps of round lengths: the shortest first, since mostly it does not matter.
Steps shorter_faults(const Scenario& s) {
  Steps steps;
  for (std::size_t i = s.faults.size(); i-- > 0;) {
    // "until" some odd time says less than "for" a round one.
    steps.push_back([i](Scenario& c) {
      if (i >= c.faults.size()) return false;
      FaultSpec& f = c.faults[i];
      if (!f.at || !f.until || *f.until <= *f.at) return false;
      const auto length = round_up(*f.until - *f.at);
      if (!length) return false;
      f.until.reset();
      f.duration = length;
      return true;
    });
    steps.push_back([i](Scenario& c) {
      if (i >= c.faults.size() || !c.faults[i].duration) return false;
      const auto length = round_up(*c.faults[i].duration);
      if (!length || *length == *c.faults[i].duration) return false;
      c.faults[i].duration = length;
      return true;
    });
    for (const std::int64_t ms : kRound)
      steps.push_back([i, ms](Scenario& c) {
        if (i >= c.faults.size() || !c.faults[i].duration || milliseconds(ms) >= *c.faults[i].duration) return false;
        c.faults[i].duration = milliseconds(ms);
        return true;
      });
  }
  return steps;
}

// A time that can be rounded did not matter. Only ever to a coarser grain.
bool coarser(Nanos& t, Nanos grain) {
  if (t % grain == Nanos::zero()) return false;
  t = t / grain * grain;
  return true;
}

constexpr std::array<std::int64_t, 4> kGrains = {1000, 500, 100, 1};

Steps round_times(const Scenario& s) {
  Steps steps;
  for (const std::int64_t ms : kGrains)
    steps.push_back([grain = Nanos(milliseconds(ms))](Scenario& c) {
      bool changed = false;
      for (FaultSpec& f : c.faults)
        for (auto* when : {&f.at, &f.after}) changed |= *when && coarser(**when, grain);
      return changed;
    });
  for (std::size_t i = s.faults.size(); i-- > 0;)
    for (const std::int64_t ms : kGrains) {
      const Nanos grain = milliseconds(ms);
      for (const auto when : {&FaultSpec::at, &FaultSpec::after})
        steps.push_back([i, grain, when](Scenario& c) {
          return i < c.faults.size() && c.faults[i].*when && coarser(*(c.faults[i].*when), grain);
        });
      steps.push_back([i, grain](Scenario& c) {
        if (i >= c.faults.size() || !c.faults[i].until || *c.faults[i].until % grain == Nanos::zero()) return false;
        c.faults[i].until = *c.faults[i].until / grain * grain + grain;
        return true;
      });
    }
  return steps;
}

void add_settings_steps(Steps& steps, std::size_t count, Settings* (*of)(Scenario&, std::size_t), std::size_t which) {
  for (std::size_t i = count; i-- > 0;)
    steps.push_back([of, which, i](Scenario& c) {
      Settings* settings = of(c, which);
      if (!settings || i >= settings->size()) return false;
      settings->erase(settings->begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    });
}

Settings* client_settings(Scenario& c, std::size_t i) {
  if (i >= c.clients.size()) return nullptr;
  return std::visit([](auto& client) { return &client.config.written; }, c.clients[i]);
}

// Config, variants and verdicts that do not matter, so that what stays does.
Steps fewer_lines(const Scenario& s) {
  Steps steps;
  add_settings_steps(
      steps, s.variants.size(), [](Scenario& c, std::size_t) { return &c.variants; }, 0);
  add_settings_steps(
      steps, s.cluster.config.written.size(), [](Scenario& c, std::size_t) { return &c.cluster.config.written; }, 0);
  for (std::size_t t = 0; t < s.cluster.topics.size(); ++t)
    add_settings_steps(
        steps, s.cluster.topics[t].config.written.size(),
        [](Scenario& c, std::size_t i) {
          return i < c.cluster.topics.size() ? &c.cluster.topics[i].config.written : nullptr;
        },
        t);
  for (std::size_t i = 0; i < s.clients.size(); ++i) {
    Scenario copy = s;
    add_settings_steps(steps, client_settings(copy, i)->size(), &client_settings, i);
    steps.push_back([i](Scenario& c) {
      auto* p = i < c.clients.size() ? std::get_if<ProducerSpec>(&c.clients[i]) : nullptr;
      if (!p || (p->key.empty() && p->key_count == 0)) return false;
      p->key.clear();
      p->key_count = 0;
      p->tombstones = 0;
      return true;
    });
  }
  for (std::size_t i = s.clocks.size(); i-- > 0;)
    steps.push_back([i](Scenario& c) {
      if (i >= c.clocks.size()) return false;
      c.clocks.erase(c.clocks.begin() + static_cast<std::ptrdiff_t>(i));
      return true;
    });
  for (std::size_t i = s.faults.size(); i-- > 0;)
    steps.push_back([i](Scenario& c) {
      if (i >= c.faults.size() || !c.faults[i].after) return false;
      c.faults[i].after.reset();
      return true;
    });
  for (std::size_t i = s.faults.size(); i-- > 0;) {
    const auto* altered = std::get_if<AlterConfigs>(&s.faults[i].what);
    for (std::size_t j = altered ? altered->configs.size() : 0; j-- > 0;)
      steps.push_back([i, j](Scenario& c) {
        auto* a = i < c.faults.size() ? std::get_if<AlterConfigs>(&c.faults[i].what) : nullptr;
        if (!a || j >= a->configs.size() || a->configs.size() == 1) return false;
        a->configs.erase(a->configs.begin() + static_cast<std::ptrdiff_t>(j));
        return true;
      });
  }
  for (const auto& [name, value] : s.decisions)
    steps.push_back([name = name](Scenario& c) { return c.decisions.erase(name) > 0; });
  for (const auto& [name, value] : s.expect)
    steps.push_back([name = name](Scenario& c) { return c.expect.erase(name) > 0; });
  // In the order in which they strike; those that wait for something come last.
  steps.push_back([](Scenario& c) {
    const std::vector<FaultSpec> before = c.faults;
    std::stable_sort(c.faults.begin(), c.faults.end(),
                     [](const FaultSpec& a, const FaultSpec& b) { return a.at && (!b.at || *a.at < *b.at); });
    return c.faults != before;
  });
  // The run ends with the failure anyway.
  steps.push_back([](Scenario& c) {
    if (c.run_until % seconds(1) == Nanos::zero()) return false;
    c.run_until = c.run_until / seconds(1) * seconds(1) + seconds(1);
    return true;
  });
  return steps;
}

}  // namespace

const std::vector<ShrinkPass>& shrink_passes() {
  static const std::vector<ShrinkPass> passes = {no_random_faults, fewer_faults,   fewer_clients,     fewer_topics,
                                                 fewer_partitions, fewer_members,  fewer_controllers, fewer_brokers,
                                                 fewer_replicas,   fewer_records,  fewer_targets,     weaker_faults,
                                                 even_latencies,   shorter_faults, round_times,       fewer_lines};
  return passes;
}

namespace {

void remove_rack(Configured<model::ClusterConfig>& config, std::int32_t broker) {
  auto& racks = config.effective.broker_racks;
  if (racks.empty()) return;
  racks.erase(racks.begin() + broker - 1);
  for (auto& [key, value] : config.written)
    if (key == "broker.rack") value = fmt::format("{}", fmt::join(racks, ","));
}

// The brokers that a fault itself names, as a reassignment does; false if none is left.
bool renumber_brokers(FaultSpec& fault, std::int32_t gone) {
  struct Renumber : KeyVisitor {
    std::int32_t gone;
    bool left = true;
    explicit Renumber(std::int32_t g) : gone(g) {}
    void brokers(const Key&, std::vector<std::int32_t>& ids) override {
      std::erase(ids, gone);
      for (std::int32_t& id : ids) id -= id > gone ? 1 : 0;
      left = left && !ids.empty();
    }
  } renumber(gone);
  visit_keys(renumber, fault.what);
  return renumber.left;
}

}  // namespace

bool remove_broker(Scenario& s, std::int32_t broker) {
  if (s.cluster.brokers < 2 || broker > s.cluster.brokers) return false;
  for (TopicSpec& t : s.cluster.topics) {
    std::size_t shortest = t.replicas.empty() ? 0 : t.replicas.front().size();
    for (auto& row : t.replicas) {
      std::erase(row, broker);
      for (std::int32_t& id : row) id -= id > broker ? 1 : 0;
      shortest = std::min(shortest, row.size());
    }
    if (t.replicas.empty()) {
      t.replication_factor =
          static_cast<std::int16_t>(std::min<std::int32_t>(t.replication_factor, s.cluster.brokers - 1));
      continue;
    }
    if (shortest == 0) return false;
    for (auto& row : t.replicas) row.resize(shortest);
    t.replication_factor = static_cast<std::int16_t>(shortest);
  }
  --s.cluster.brokers;
  remove_rack(s.cluster.config, broker);
  forget(
      s, [broker](const Selector& x) { return x.kind == Selector::Kind::broker && x.node == broker; },
      [broker](const Condition& c) { return c.node == broker; });
  const auto renumber = [broker](auto& list) {
    for (Selector& x : list)
      if ((x.kind == Selector::Kind::broker || x.kind == Selector::Kind::controller) && x.node > broker) --x.node;
  };
  for (ClockSpec& c : s.clocks) renumber(c.nodes);
  std::erase_if(s.faults, [&](FaultSpec& f) {
    each_selector_list(f, renumber);
    if (f.when && f.when->node > broker) --f.when->node;
    return !renumber_brokers(f, broker);
  });
  return true;
}

void remove_client(Scenario& s, std::size_t index) {
  const bool group = std::holds_alternative<GroupSpec>(s.clients[index]);
  const std::string name = name_of(s.clients[index]);
  forget(
      s,
      [&](const Selector& x) {
        if (x.kind == Selector::Kind::coordinator) return group && x.name == name;
        if (x.kind != Selector::Kind::client) return false;
        return x.name == name || (group && x.name.starts_with(name + "/"));
      },
      [&](const Condition& c) { return group && c.group == name; });
  s.clients.erase(s.clients.begin() + static_cast<std::ptrdiff_t>(index));
}

}  // namespace ktrial::scenarios

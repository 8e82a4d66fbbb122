// `ktrial power`: how many seeds it takes to find each entry of the catalogue of bugs.
//
// The JSON file is the result and the state: it is written after each repetition, and one that it already holds for the
// same scenario and budget is not run again.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "model/variants.h"
#include "scenarios/power/power.h"
#include "scenarios/program/commands.h"
#include "scenarios/program/files.h"
#include "scenarios/program/recording.h"
#include "scenarios/program/status_line.h"
#include "scenarios/program/telling.h"
#include "scenarios/scenario_writer.h"
#include "scenarios/search/shrink.h"

namespace ktrial::scenarios {
namespace {

using Json = nlohmann::ordered_json;

struct Entry {
  Scenario scenario;
  PowerBudget budget;
  std::vector<Repetition> repetitions;
  int shrunk_faults = -1;                        // of the first failure that was found
  std::optional<std::uint64_t> correct_failure;  // a seed at which the correct model fails too
  std::uint64_t correct_seeds = 0;               // that it held

  const CatalogueEntry& catalogue() const { return *scenario.catalogue; }
  bool is_hazard() const { return scenario.variants.empty(); }
  int found() const {
    return static_cast<int>(
        std::count_if(repetitions.begin(), repetitions.end(), [](const Repetition& r) { return r.found; }));
  }
};

std::string tickets(const Scenario& scenario) {
  for (const auto& [name, value] : scenario.variants)
    for (const model::VariantRow& row : model::variant_rows())
      for (const auto& alternative : row.alternatives)
        if (row.name == name && alternative.text == value) return alternative.tickets;
  return "";
}

std::string properties_of(const Entry& e) {
  std::vector<std::string> names;
  for (const Repetition& r : e.repetitions)
    if (r.found && std::find(names.begin(), names.end(), r.property) == names.end()) names.push_back(r.property);
  return fmt::format("{}", fmt::join(names, ", "));
}

Spread seeds_of(const Entry& e) {
  std::vector<double> values;
  for (const Repetition& r : e.repetitions) values.push_back(static_cast<double>(r.seeds));
  return spread(values);
}
Spread cpu_of(const Entry& e) {
  std::vector<double> values;
  for (const Repetition& r : e.repetitions) values.push_back(r.cpu_seconds);
  return spread(values);
}

// What a stored result is good for: the same scenario with the same budget.
std::string key_of(const Entry& e) {
  return fmt::format("{:016x} {} {}", contents_of(e.scenario), e.budget.seeds, e.budget.cpu_seconds);
}

Json to_json(const Entry& e) {
  Json j;
  j["entry"] = e.catalogue().entry;
  j["title"] = e.scenario.title;
  j["tickets"] = tickets(e.scenario);
  j["tier"] = e.catalogue().tier;
  j["key"] = key_of(e);
  j["budget"] = {{"seeds", e.budget.seeds}, {"cpu_seconds", e.budget.cpu_seconds}};
  j["repetitions"] = Json::array();
  for (const Repetition& r : e.repetitions)
    j["repetitions"].push_back({{"found", r.found},
                                {"seeds", r.seeds},
                                {"cpu_seconds", r.cpu_seconds},
                                {"failing_seed", r.failing_seed},
                                {"property", r.property}});
  if (!e.repetitions.empty()) {
    const Spread seeds = seeds_of(e), cpu = cpu_of(e);
    j["seeds"] = {{"median", seeds.median}, {"low", seeds.low}, {"high", seeds.high}};
    j["cpu_seconds"] = {{"median", cpu.median}, {"low", cpu.low}, {"high", cpu.high}};
  }
  j["shrunk_faults"] = e.shrunk_faults;
  j["catalogue_faults"] = e.catalogue().faults;
  j["correct_seeds"] = e.correct_seeds;
  if (e.correct_failure) j["correct_failure"] = *e.correct_failure;
  return j;
}

bool take_stored(Entry& e, const Json& j) {
  if (j.at("key") != key_of(e)) return false;
  for (const Json& r : j.at("repetitions"))
    e.repetitions.push_back(
        {r.at("found"), false, r.at("seeds"), r.at("cpu_seconds"), r.at("failing_seed"), r.at("property"), {}});
  e.shrunk_faults = j.at("shrunk_faults");
  e.correct_seeds = j.at("correct_seeds");
  if (j.contains("correct_failure")) e.correct_failure = j.at("correct_failure").get<std::uint64_t>();
  return true;
}

class PowerCampaign {
 public:
  // `others`: stored results that are kept as they are.
  PowerCampaign(const PowerCommand& command, std::deque<Entry>& entries, Json others)
      : command_(command), entries_(entries), others_(std::move(others)) {}

  bool run() {
    std::vector<std::thread> threads;
    for (int i = 1; i < command_.threads; ++i) threads.emplace_back([this] { work(); });
    work();
    for (std::thread& thread : threads) thread.join();
    status_.clear();
    if (!is_file(command_.json)) store();
    return !interrupted_flag();
  }

 private:
  void work() {
    for (;;) {
      Entry* e = nullptr;
      {
        const std::lock_guard lock(mutex_);
        if (next_ == entries_.size() || interrupted_flag()) return;
        e = &entries_[next_++];
      }
      for (int n = static_cast<int>(e->repetitions.size()); n < command_.repetitions; ++n) {
        say(*e, fmt::format("repetition {} of {}", n + 1, command_.repetitions));
        const Repetition r = repeat(e->scenario, n, e->budget, &interrupted_flag());
        if (r.interrupted) return;
        save([&] { e->repetitions.push_back(r); });
      }
      judge_correct(*e);
      shrink_first(*e);
    }
  }

  // The correct model, on as many seeds as the repetitions took.
  void judge_correct(Entry& e) {
    if (e.is_hazard() || e.correct_seeds != 0 || e.correct_failure) return;
    say(e, "the correct model");
    const Scenario correct = correct_model(e.scenario);
    std::uint64_t held = 0;
    std::optional<std::uint64_t> failure;
    for (std::size_t n = 0; n < e.repetitions.size() && !failure; ++n) {
      const PowerBudget same{e.repetitions[n].seeds, 1e9};
      const Repetition r = repeat(correct, static_cast<int>(n), same, &interrupted_flag());
      if (r.interrupted) return;
      if (r.found) failure = r.failing_seed;
      held += r.found ? r.seeds - 1 : r.seeds;
    }
    save([&] {
      e.correct_seeds = held;
      e.correct_failure = failure;
    });
  }

  void shrink_first(Entry& e) {
    const auto first =
        std::find_if(e.repetitions.begin(), e.repetitions.end(), [](const Repetition& r) { return r.found; });
    if (e.shrunk_faults >= 0 || first == e.repetitions.end() || interrupted_flag()) return;
    say(e, "shrinking");
    ShrinkOptions options;
    options.interrupted = &interrupted_flag();
    const ShrinkResult small = shrink(record_trial(e.scenario, first->failing_seed).concrete, options);
    if (small.interrupted) return;
    save([&] { e.shrunk_faults = static_cast<int>(small.scenario.faults.size()); });
  }

  void say(const Entry& e, const std::string& what) {
    const std::lock_guard lock(mutex_);
    status_.show(fmt::format("{}: {}; {} of {} entries begun; Ctrl-C keeps what is done", e.catalogue().entry, what,
                             next_, entries_.size()));
  }
  // Changes an entry and writes everything; a device or a FIFO is written to once, at the end.
  template <class Change>
  void save(Change change) {
    const std::lock_guard lock(mutex_);
    change();
    if (is_file(command_.json)) store();
  }
  void store() {
    Json all;
    all["ktrial"] = "power";
    all["version"] = 1;
    all["entries"] = Json::array();
    for (const Entry& e : entries_) all["entries"].push_back(to_json(e));
    for (const Json& other : others_) all["entries"].push_back(other);
    write_file(command_.json, all.dump(1) + "\n");
  }

  const PowerCommand& command_;
  std::deque<Entry>& entries_;
  Json others_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  StatusLine status_;
};

std::string interval(const Spread& s, int digits) {
  return fmt::format("{:.{}f} [{:.{}f}, {:.{}f}]", s.median, digits, s.low, digits, s.high, digits);
}

// The table; returns the exit code.
int report(const std::deque<Entry>& entries, bool complete) {
  fmt::print("{:<6} {:>6}  {:<26} {:<22} {:<7} {:<8} {}\n", "entry", "found", "seeds: median [95 %]", "CPU s", "faults",
             "correct", "found by");
  int missed = 0, wrong = 0, found = 0;
  for (const Entry& e : entries) {
    if (e.repetitions.empty()) continue;
    const bool all = e.found() == static_cast<int>(e.repetitions.size());
    found += e.found() > 0 ? 1 : 0;
    if (e.catalogue().tier == 1 && !all) ++missed;
    if (e.correct_failure) ++wrong;
    const std::string more = e.found() < static_cast<int>(e.repetitions.size()) ? ">= " : "";
    const std::string faults = e.shrunk_faults < 0 ? "-" : fmt::format("{}/{}", e.shrunk_faults, e.catalogue().faults);
    const std::string correct = e.is_hazard()       ? "-"
                                : e.correct_failure ? fmt::format("FAILS {}", *e.correct_failure)
                                : e.correct_seeds   ? "holds"
                                                    : "?";
    fmt::print("{:<6} {:>3}/{:<2}  {:<26} {:<22} {:<7} {:<8} {}\n",
               e.catalogue().entry + (e.catalogue().tier == 1 ? "*" : ""), e.found(), e.repetitions.size(),
               more + interval(seeds_of(e), 0), more + interval(cpu_of(e), 2), faults, correct, properties_of(e));
  }
  fmt::print(
      "\n{} of {} entries found; * tier 1. faults: left after shrinking / in the catalogue's smallest case. A "
      "repetition that found\nnothing counts with its whole budget.\n",
      found, entries.size());
  ProbeCounts probes;
  for (const Entry& e : entries)
    for (const Repetition& r : e.repetitions) probes.add(r.probes);
  if (!probes.reached().empty()) fmt::print("{}\n", summary(probes));  // nothing: all results were in the file
  if (missed > 0) fmt::print("{} tier 1 {} not found in every repetition\n", missed, missed == 1 ? "entry" : "entries");
  if (wrong > 0) fmt::print("the correct model fails in {} {}\n", wrong, wrong == 1 ? "entry" : "entries");
  if (!complete) fmt::print("interrupted; the same command goes on\n");
  return missed > 0 || wrong > 0 ? Exit::violated : complete ? Exit::holds : Exit::inconclusive;
}

bool wanted(const PowerCommand& command, const std::string& entry) {
  const auto in = [](const std::vector<std::string>& names, const std::string& name) {
    return names.empty() || std::find(names.begin(), names.end(), name) != names.end();
  };
  return in(command.entries, entry) && in(command.parts, entry.substr(0, 1));
}

}  // namespace

int power(const PowerCommand& command) {
  const std::filesystem::path folder =
      command.folder.empty() ? catalogue_folder() : std::filesystem::path(command.folder);
  std::deque<Entry> entries;
  for (const auto& file : scenarios_in(folder)) {
    auto scenario = load(file.string());
    if (!scenario) return Exit::bad_input;
    if (!scenario->catalogue || !wanted(command, scenario->catalogue->entry)) continue;
    const std::uint64_t seeds = command.seeds.value_or(scenario->catalogue->tier == 1 ? 20'000 : 100'000);
    entries.push_back({std::move(*scenario), {seeds, command.cpu_seconds}, {}, -1, {}, 0});
  }
  for (const std::string& name : command.entries)
    if (std::none_of(entries.begin(), entries.end(), [&](const Entry& e) { return e.catalogue().entry == name; })) {
      fmt::print(stderr, "ktrial: no scenario in {} has the catalogue's entry '{}'\n", folder.string(), name);
      return Exit::usage;
    }
  if (entries.empty()) {
    fmt::print(stderr, "ktrial: no scenario in {} has a 'catalogue' part that was asked for\n", folder.string());
    return Exit::usage;
  }
  if (!can_write(command.json)) return Exit::usage;
  Json others = Json::array();
  if (std::filesystem::is_regular_file(command.json)) {
    std::string why;
    const auto text = read_file(command.json, why);
    try {
      const Json stored = Json::parse(text.value_or(""));
      for (const Json& j : stored.at("entries"))
        if (std::none_of(entries.begin(), entries.end(), [&](Entry& e) { return take_stored(e, j); }))
          others.push_back(j);
    } catch (const Json::exception& e) {
      fmt::print(stderr, "ktrial: {} holds no results of `ktrial power`: {}\n", command.json, e.what());
      return Exit::bad_input;
    }
  }
  for (Entry& e : entries)
    if (e.repetitions.size() > static_cast<std::size_t>(command.repetitions))
      e.repetitions.resize(static_cast<std::size_t>(command.repetitions));
  const bool complete = PowerCampaign(command, entries, std::move(others)).run();
  return report(entries, complete);
}

}  // namespace ktrial::scenarios

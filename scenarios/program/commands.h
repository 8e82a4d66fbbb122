// What the commands of `ktrial` do; main.cc only reads the command line.
//
// Each returns the process's exit code: 0 holds, 1 violated, 2 inconclusive, 3 replay diverged, 64 usage
// (also a file that cannot be written), 65 bad input file, 70 internal. Scenarios are named as files.h says.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ktrial::scenarios {

enum Exit : int { holds = 0, violated = 1, inconclusive = 2, diverged = 3, usage = 64, bad_input = 65, internal = 70 };

struct RunCommand {
  std::string file;
  std::optional<std::uint64_t> seed;   // else the file's, else 1
  std::string mermaid, ndjson, junit;  // where to write; "-" is standard output, empty: nowhere
  bool describe = false;
  std::optional<std::int64_t> state_at;  // milliseconds: print the state then, and nothing else
  std::string state_of;                  // one node; empty: of the whole world
};
struct SearchCommand {
  std::string file;
  std::uint64_t first_seed = 1, last_seed = 1000;
  std::optional<std::int64_t> milliseconds;
  int threads = 1;
  std::string out = "counterexample.yaml";
  std::string junit;
  std::int64_t shrink_milliseconds = 20'000;
};
struct ReplayCommand {
  std::string file;
  std::string mermaid, ndjson;
};
struct ShrinkCommand {
  std::string file;
  std::string out;
  std::int64_t milliseconds = 60'000;
  int threads = 1;
};
struct PowerCommand {
  std::vector<std::string> parts;    // "R", "C"; empty: all
  std::vector<std::string> entries;  // "R01"; empty: all
  int repetitions = 5;
  std::optional<std::uint64_t> seeds;  // else 20,000 for tier 1, 100,000 for others
  double cpu_seconds = 60;             // of one repetition
  int threads = 1;
  std::string json = "ktrial-power.json";  // results; what it already holds is not run again
  std::string folder;                      // of the entries' scenarios; empty: the catalogue's
};
struct CrashPointCommand {
  std::string file;
  std::optional<std::uint64_t> seed;  // else the file's, else 1
  int writes = 5;
  std::string out = "crash-point.yaml";
};
struct ProbesCommand {
  std::vector<std::string> files;  // empty: all of the library and of the catalogue
  std::uint64_t seeds = 5;         // of each
  int threads = 1;
};
struct CheckDeterminismCommand {
  std::string file;
  bool fingerprint_only = false;
  std::uint64_t seeds = 20;
  std::uint64_t others = 0;  // so many other seeds run between the two runs of each seed
};

int demo(int threads);
int run(const RunCommand& command);
int search(const SearchCommand& command);
int replay(const ReplayCommand& command);
int shrink(const ShrinkCommand& command);
int list(const std::string& what);
int check_determinism(const CheckDeterminismCommand& command);
int power(const PowerCommand& command);
int crash_points(const CrashPointCommand& command);
int probes(const ProbesCommand& command);

const std::vector<std::string>& list_topics();  // what `list` can list

// Ctrl-C: search, shrink, power and crash-points end at the next trial and keep the best so far.
void interrupt();
const std::atomic<bool>& interrupted_flag();

}  // namespace ktrial::scenarios

// What the commands of `ktrial` do; main.cc only reads the command line.
//
// Each returns the process's exit code (DESIGN.md): 0 holds, 1 violated, 2 inconclusive, 3 replay diverged, 64 usage,
// 65 bad input file, 70 internal. Files are written under a temporary name and renamed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace ktrial::scenarios {

enum Exit : int { holds = 0, violated = 1, inconclusive = 2, diverged = 3, usage = 64, bad_input = 65, internal = 70 };

struct RunCommand {
  std::string file;
  std::optional<std::uint64_t> seed;   // else the file's, else 1
  std::string mermaid, ndjson, junit;  // where to write; "-" is standard output, empty: nowhere
  bool describe = false;
  bool quiet = false;
};
struct SearchCommand {
  std::string file;
  std::uint64_t first_seed = 1, last_seed = 1000;
  std::optional<std::int64_t> milliseconds;
  int threads = 1;
  std::string out = "counterexample.yaml";
  std::int64_t shrink_milliseconds = 20'000;
};
struct ReplayCommand {
  std::string file;
};
struct ShrinkCommand {
  std::string file;
  std::string out;
  std::int64_t milliseconds = 60'000;
};
struct CheckDeterminismCommand {
  std::string file;
  bool fingerprint_only = false;
  std::uint64_t seeds = 20;
};

int demo();
int run(const RunCommand& command);
int search(const SearchCommand& command);
int replay(const ReplayCommand& command);
int shrink(const ShrinkCommand& command);
int list(const std::string& what);
int check_determinism(const CheckDeterminismCommand& command);

// Ctrl-C: search and shrink end at the next trial and keep the best so far.
void interrupt();

}  // namespace ktrial::scenarios

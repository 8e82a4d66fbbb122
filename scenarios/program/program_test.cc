// Goal: the program as a user has it: exit codes, messages, files. Method: the real executable in a folder of its own.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <thread>

#include "properties/judge.h"
#include "scenarios/program/files.h"
#include "scenarios/program/recording.h"
#include "scenarios/program/telling.h"
#include "scenarios/scenario_for_test.h"
#include "scenarios/scenario_writer.h"

namespace ktrial::scenarios {
namespace program_test {

using testing::HasSubstr;
using testing::StartsWith;

struct Ran {
  int code = -1;
  std::string out, err;
};

class Program : public testing::Test {
 protected:
  Program() {
    std::string name = (std::filesystem::temp_directory_path() / "ktrial-test-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Program() override { std::filesystem::remove_all(folder_); }

  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(folder_ / name, std::ios::binary).rdbuf();
    return text.str();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }
  bool exists(const std::string& name) const { return std::filesystem::exists(folder_ / name); }

  // `arguments` as a shell has them.
  std::string command(const std::string& arguments) const {
    return fmt::format("cd '{}' && exec '{}' {} >out 2>err </dev/null", folder_.string(), KTRIAL_PROGRAM, arguments);
  }
  Ran ktrial(const std::string& arguments) const {
    const int status = std::system(command(arguments).c_str());
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out"), read("err")};
  }
  // Starts it, and interrupts it once `ready`.
  template <class Ready>
  Ran interrupted(const std::string& arguments, Ready ready) const {
    const pid_t child = fork();
    if (child == 0) {
      execl("/bin/sh", "sh", "-c", command(arguments).c_str(), nullptr);
      _exit(127);
    }
    for (int i = 0; i < 3000 && !ready() && waitpid(child, nullptr, WNOHANG) == 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    kill(child, SIGINT);
    int status = 0;
    waitpid(child, &status, 0);
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("out"), read("err")};
  }
  std::filesystem::path folder_;
};

TEST_F(Program, HoldsIsZero) {
  const Ran ran = ktrial("run acks-one-correct");
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("fingerprint"));
  EXPECT_EQ(ran.err, "");
}

TEST_F(Program, AGoalThatIsMissedIsTwo) {
  write("goal.yaml", "ktrial: 1\ncluster: {topics: [{name: orders}]}\nrun: {until: 1s}\ngoals: [record-acked]\n");
  const Ran ran = ktrial("run goal.yaml");
  EXPECT_EQ(ran.code, 2);
  EXPECT_THAT(ran.out, HasSubstr("goal not reached: record-acked"));
}

// Run as root, an output that was renamed into place would replace the machine's device nodes.
TEST_F(Program, AnOutputIsWrittenThroughWhatIsNoRegularFile) {
  const std::string cases = "<testsuite";
  EXPECT_THAT(ktrial("run acks-one-correct --junit /dev/stdout").out, HasSubstr(cases));
  EXPECT_THAT(ktrial("run acks-one-correct --junit /dev/stderr").err, HasSubstr(cases));
  EXPECT_THAT(ktrial("run acks-one-correct --junit /dev/fd/1").out, HasSubstr(cases));
  EXPECT_EQ(ktrial("run acks-one-correct --junit /dev/null --trace /dev/null --mermaid /dev/null").code, 0);
  EXPECT_EQ(ktrial("search unclean-election --out /dev/null --shrink-for 100ms").code, 1);
  EXPECT_EQ(ktrial("search unclean-election --out /dev/null --shrink-for 0s").code, 1);
  EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
  EXPECT_FALSE(std::filesystem::exists("/dev/null.events"));

  ASSERT_EQ(mkfifo((folder_ / "pipe").c_str(), 0600), 0);
  std::thread reader([this] { write("read", read("pipe")); });
  EXPECT_EQ(ktrial("run acks-one-correct --junit pipe").code, 0);
  reader.join();
  EXPECT_TRUE(std::filesystem::is_fifo(folder_ / "pipe"));
  EXPECT_THAT(read("read"), HasSubstr(cases));

  std::filesystem::create_directory(folder_ / "elsewhere");
  std::filesystem::create_symlink("elsewhere/junit.xml", folder_ / "link");
  for (int i = 0; i < 2; ++i) {  // to nothing yet, and to what is there
    EXPECT_EQ(ktrial("run acks-one-correct --junit link").code, 0);
    EXPECT_TRUE(std::filesystem::is_symlink(folder_ / "link"));
    EXPECT_THAT(read("elsewhere/junit.xml"), HasSubstr(cases));
  }
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_ / "elsewhere"), {}), 1);

  const Ran full = ktrial("run acks-one-correct --junit /dev/full");
  EXPECT_EQ(full.code, 64);
  EXPECT_THAT(full.err, HasSubstr("cannot write /dev/full"));
}

TEST_F(Program, AnInputIsNeverOverwritten) {
  ASSERT_EQ(ktrial("search unclean-election --out found.yaml --shrink-for 0s").code, 1);
  const std::string scenario = read("found.raw.yaml"), events = read("found.raw.yaml.events");
  std::filesystem::create_symlink("found.raw.yaml", folder_ / "other-name");
  for (const char* command :
       {"run found.raw.yaml --junit found.raw.yaml", "run found.raw.yaml --mermaid other-name",
        "replay found.raw.yaml --trace ./found.raw.yaml", "replay found.raw.yaml --trace found.raw.yaml.events",
        "shrink found.raw.yaml --out found.raw.yaml", "search found.raw.yaml --out found.yaml",
        "crash-points found.raw.yaml --out found.raw.yaml"}) {
    const Ran ran = ktrial(command);
    EXPECT_EQ(ran.code, 64) << command;
    EXPECT_THAT(ran.err, HasSubstr("is an input of this command")) << command;
  }
  EXPECT_EQ(read("found.raw.yaml"), scenario);
  EXPECT_EQ(read("found.raw.yaml.events"), events);
}

TEST_F(Program, APropertyNamedInExpectThatHadNothingToJudgeIsTwo) {
  write("none.yaml",
        "ktrial: 1\ncluster: {topics: [{name: orders}]}\nrun: {until: 1s}\nexpect: {acked-records-survive: holds}\n");
  for (const char* command : {"run none.yaml", "search none.yaml --seeds 1..3"}) {
    const Ran ran = ktrial(command);
    EXPECT_EQ(ran.code, 2) << ran.out;
    EXPECT_THAT(ran.out, HasSubstr("expected to hold")) << command;
  }
}

// One entry, then the same again: what the file holds is not run a second time. A tier 1 entry that is missed is a
// failure.
TEST_F(Program, PowerMeasuresAnEntryAndKeepsTheResult) {
  std::filesystem::create_directory(folder_ / "entries");
  std::ostringstream entry;
  entry << std::ifstream(std::string(KTRIAL_SOURCE_DIR) + "/scenarios/catalogue/R01.yaml").rdbuf();
  write("entries/R01.yaml", entry.str());
  const std::string command = "power --folder entries --repetitions 2 --json power.json -j 1";
  const Ran first = ktrial(command);
  EXPECT_EQ(first.code, 0) << first.out << first.err;
  EXPECT_THAT(first.out, HasSubstr("R01*     2/2"));
  EXPECT_THAT(first.out, HasSubstr("holds"));
  const std::string stored = read("power.json");
  EXPECT_THAT(stored, HasSubstr("\"entry\": \"R01\""));
  const Ran again = ktrial(command);
  EXPECT_EQ(again.out, first.out.substr(0, first.out.find("probes: ")));  // nothing was run that could reach one
  EXPECT_EQ(read("power.json"), stored);

  const Ran missed = ktrial("power R01 --folder entries --repetitions 1 --seeds 1 --json missed.json");
  EXPECT_EQ(missed.code, 1) << missed.out;
  EXPECT_THAT(missed.out, HasSubstr("1 tier 1 entry not found in every repetition"));
  write("power.json", stored.substr(0, stored.size() / 2));
  EXPECT_EQ(ktrial(command).code, 65);
  EXPECT_EQ(ktrial("power R99 --folder entries").code, 64);
}

TEST_F(Program, CrashPointsTriesWhatTheSeedDidNotDraw) {
  const Ran ran = ktrial("crash-points '" KTRIAL_SOURCE_DIR "/scenarios/catalogue/D02.yaml' --seed 2 --out lost.yaml");
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("21 outcomes: 3 violate, the first recovered-log-is-sound"));
  EXPECT_EQ(ktrial("replay lost.yaml").code, 1);
  EXPECT_THAT(read("lost.yaml"), HasSubstr("decisions:"));
  EXPECT_EQ(ktrial("crash-points acks-one --seed 1").code, 2);  // nothing loses power
}

TEST_F(Program, AFailureIsFoundWrittenAndReplayed) {
  const Ran found = ktrial("search unclean-election --out found.yaml --junit junit.xml -j 1");
  EXPECT_EQ(found.code, 1) << found.err;
  EXPECT_THAT(found.out, HasSubstr("\nVIOLATED (a loss that the configuration and the faults permit)\n"));
  EXPECT_THAT(found.out, HasSubstr("reproduce  ktrial replay found.yaml"));
  EXPECT_EQ(found.err, "");
  EXPECT_TRUE(exists("found.raw.yaml"));
  EXPECT_THAT(read("junit.xml"), HasSubstr("<failure>VIOLATED"));
  for (const char* file : {"found.yaml", "found.raw.yaml"}) {
    const Ran again = ktrial(fmt::format("replay {}", file));
    EXPECT_EQ(again.code, 1) << again.out << again.err;
    EXPECT_THAT(again.out, StartsWith("VIOLATED"));
    EXPECT_EQ(again.err, "");
  }
  EXPECT_EQ(ktrial("run found.yaml").code, 1) << "a counterexample runs by itself";
  for (const auto& entry : std::filesystem::directory_iterator(folder_))
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path();
}

TEST_F(Program, AnotherBuildDivergesAtTheFirstDifferentEvent) {
  // What another build did, as it would have written it: the same scenario, run with one rule changed.
  ASSERT_EQ(ktrial("search truncation-high-watermark --out found.yaml").code, 1);
  Scenario file = scenario_of(read("found.yaml"));
  Scenario other = file;
  other.variants.clear();
  other.cluster.config.effective.variants = {};
  std::vector<StepMark> steps;
  TrialOptions options;
  options.seed = file.seed.value();
  options.record = true;
  options.steps = &steps;
  const TrialResult result = run_trial(other, options);
  file.recorded = recorded_run(other, steps);
  file.recorded->contents = contents_of(file);
  write("found.yaml", write_scenario(file));
  write("found.yaml.events", write_events(file.recorded->contents, steps, step_texts(result, steps)));
  const Ran ran = ktrial("replay found.yaml");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.out, StartsWith("DIVERGED: this build does not run found.yaml as it was recorded"));
  EXPECT_THAT(ran.out, HasSubstr("first diverging event\n  recorded   event "));
  // The changed rule leaves the last fetched epoch out of the follower's first Fetch.
  EXPECT_THAT(ran.out, HasSubstr("delivered FetchRequest from broker"));
  EXPECT_THAT(ran.out, HasSubstr("the event is the same, but what it carried or led to is not"));

  // Without the events the checkpoints narrow it down, and hold the event that the whole record names.
  const std::string name = "\n  now        event ";
  const std::uint64_t event = std::strtoull(ran.out.c_str() + ran.out.find(name) + name.size(), nullptr, 10);
  std::filesystem::remove(folder_ / "found.yaml.events");
  const Ran narrowed = ktrial("replay found.yaml");
  EXPECT_EQ(narrowed.code, 3);
  std::uint64_t after = 0, not_after = 0;
  ASSERT_EQ(std::sscanf(narrowed.out.c_str() + narrowed.out.find("first diverging event"),
                        "first diverging event: after event %lu and not after event %lu", &after, &not_after),
            2)
      << narrowed.out;
  EXPECT_LT(after, event);
  EXPECT_GE(not_after, event);
  EXPECT_LT(not_after - after, file.recorded->events / 8);
}

TEST_F(Program, AFileEditedByHandIsSaidToBe) {
  ASSERT_EQ(ktrial("search min-isr-one --out found.yaml").code, 1);
  const std::string original = read("found.yaml");
  std::string edited = original;
  const std::size_t at = edited.find("faults:\n  - {at: ");
  ASSERT_NE(at, std::string::npos) << edited;
  edited.insert(at + 17, "1");
  write("found.yaml", edited);
  const Ran ran = ktrial("replay found.yaml");
  EXPECT_EQ(ran.code, 3);
  EXPECT_THAT(ran.out, StartsWith("DIVERGED: found.yaml was edited after it was recorded"));
  EXPECT_THAT(ran.out, HasSubstr("first diverging event"));
  // What does not change the run is only noted.
  write("found.yaml", "# a note\n" + original);
  EXPECT_EQ(ktrial("replay found.yaml").code, 1);
  write("found.yaml", original.substr(0, original.find("title: ") + 7) + "other\n" +
                          original.substr(original.find('\n', original.find("title: ")) + 1));
  const Ran noted = ktrial("replay found.yaml");
  EXPECT_EQ(noted.code, 1);
  EXPECT_THAT(noted.err, HasSubstr("was edited after it was recorded, but its run is the same"));
  // A file that was cut off.
  write("found.yaml", original.substr(0, original.find("recorded:")));
  const Ran cut = ktrial("replay found.yaml");
  EXPECT_EQ(cut.code, 65);
  EXPECT_THAT(cut.err, HasSubstr("is the file complete?"));
}

TEST_F(Program, MistakesOnTheCommandLineAre64) {
  for (const auto& [arguments, message] : std::vector<std::pair<std::string, std::string>>{
           {"", "A subcommand is required"},
           {"rum walkthrough", "did you mean 'ktrial run'?"},
           {"run walkthrough --mermiad -", "did you mean '--mermaid'?"},
           {"run", "scenario is required"},
           {"run walkthrough --seed x", "--seed"},
           {"search acks-one --seeds 9..3", "expected A..B with A <= B, not '9..3'"},
           {"search acks-one --seeds -1..3", "expected A..B"},
           {"search acks-one --for 30", "expected a time such as 30s, not '30'"},
           {"search acks-one -j 0", "--threads: Value 0 not in range"},
           {"list everything", "everything"},
           {"run acks-one-correct --mermaid no/such/folder/x",
            "cannot write no/such/folder/x: No such file or directory"},
           {"search acks-one --out /", "cannot write /: Is a directory"}}) {
    const Ran ran = ktrial(arguments);
    EXPECT_EQ(ran.code, 64) << arguments;
    EXPECT_THAT(ran.err, HasSubstr(message)) << arguments;
    EXPECT_EQ(ran.out, "") << arguments;
  }
}

TEST_F(Program, BadInputFilesAre65) {
  std::filesystem::create_directory(folder_ / "folder.yaml");
  write("empty.yaml", "");
  write("zeros.yaml", std::string(100, '\0'));
  write("broken.yaml", "ktrial: 1\ncluster: {brokers: [}\n");
  write("wrong.yaml", "ktrial: 1\ncluster: {broker: 3}\n");
  for (const auto& [file, message] : std::vector<std::pair<std::string, std::string>>{
           {"walktrough", "No such file or directory; did you mean 'walkthrough' of the library?"},
           {"no/such/file.yaml", "No such file or directory"},
           {"folder.yaml", "is a directory"},
           {"empty.yaml", "empty.yaml:1:1: error: the file is empty"},
           {"zeros.yaml", "zeros.yaml:1:1: error: a NUL byte"},
           {"broken.yaml", "broken.yaml:2:21: error: not YAML"},
           {"wrong.yaml", "wrong.yaml:2:11: error: unknown key 'broker' in cluster; did you mean 'brokers'?"}})
    for (const char* command : {"run", "search", "replay", "shrink", "check-determinism"}) {
      const Ran ran = ktrial(fmt::format("{} {}", command, file));
      EXPECT_EQ(ran.code, 65) << command << " " << file;
      EXPECT_THAT(ran.err, HasSubstr(message)) << command << " " << file;
      EXPECT_EQ(ran.out, "") << command << " " << file;
    }
}

TEST_F(Program, DemoFindsALossFromAnyFolder) {
  const Ran ran = ktrial("demo");
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("VIOLATED"));
  EXPECT_EQ(ktrial("replay ktrial-demo.yaml").code, 1);

  // In a folder where nobody can write, not even root, the file goes to where temporary files go.
  const std::string shell = fmt::format("cd /proc && TMPDIR='{0}' '{1}' demo >'{0}/out' 2>'{0}/err' </dev/null",
                                        folder_.string(), KTRIAL_PROGRAM);
  std::filesystem::remove(folder_ / "ktrial-demo.yaml");
  EXPECT_EQ(WEXITSTATUS(std::system(shell.c_str())), 0) << read("err");
  EXPECT_THAT(read("out"), HasSubstr("ktrial replay " + (folder_ / "ktrial-demo.yaml").string()));
  EXPECT_TRUE(exists("ktrial-demo.yaml"));
}

TEST_F(Program, ListsEverythingWithAMeaning) {
  for (const char* what : {"scenarios", "properties", "faults", "goals", "variants", "configs"}) {
    const Ran ran = ktrial(fmt::format("list {}", what));
    EXPECT_EQ(ran.code, 0) << what;
    std::istringstream lines(ran.out);
    int count = 0;
    for (std::string line; std::getline(lines, line); ++count) EXPECT_GT(line.size(), 10u) << what;
    EXPECT_GE(count, 5) << what;
    EXPECT_EQ(ran.out.find(" \n"), std::string::npos) << what << ": a line without a meaning";
  }
}

TEST_F(Program, InterruptedSearchIsInconclusiveAndSaysHowFarItCame) {
  const auto began = std::chrono::steady_clock::now();
  const Ran ran = interrupted("search acks-one-correct --for 5m", [began] {
    return std::chrono::steady_clock::now() - began > std::chrono::milliseconds(500);
  });
  EXPECT_EQ(ran.code, 2) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("interrupted"));
}

TEST_F(Program, InterruptedShrinkingKeepsTheBestSoFar) {
  // Long trials, so that shrinking takes its time.
  std::string text =
      "ktrial: 1\n"
      "cluster: {brokers: 3, topics: [{name: orders, partitions: 3, replicas: [[1, 2, 3], [2, 3, 1], [3, 1, 2]]}]}\n"
      "clients:\n";
  for (int i = 1; i <= 9; ++i)
    text += fmt::format("  - {{producer: p{}, send: {{topic: orders, count: 2000, rate: 100/s, key-count: 30}}}}\n", i);
  text += "faults:\n";
  for (int i = 0; i < 8; ++i) text += fmt::format("  - {{at: {}s, pause: broker({}), for: 300ms}}\n", i + 3, i % 3 + 1);
  text += "  - {at: 14s, power-cut: all-brokers, for: 1s}\nrun: {until: 40s}\n";
  for (const auto& p : properties::all_property_names())
    text += (text.find("expect:") == std::string::npos ? "expect:\n" : "") +
            fmt::format("  {}: {}\n", p, p == "acked-records-survive" ? "holds" : "any");
  write("long.yaml", text);
  const Ran ran = interrupted("shrink long.yaml --out small.yaml --for 10m", [this] { return exists("small.yaml"); });
  EXPECT_EQ(ran.code, 1) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("(interrupted: the best so far)"));
  EXPECT_EQ(ktrial("replay small.yaml").code, 1);
}

TEST_F(Program, SameFingerprintAfterAThousandOtherSeeds) {
  const Ran ran = ktrial("check-determinism vote-not-durable-correct --seeds 5 --others 1000");
  EXPECT_EQ(ran.code, 0) << ran.out;
  EXPECT_THAT(ran.out, StartsWith("vote-not-durable-correct: 5 seeds, the same again after 1000 others\nprobes: "));
}

}  // namespace program_test
}  // namespace ktrial::scenarios

// Tests as transcripts: a text file with commands and what they answered, as etcd/raft has them.
//
//   # A comment, for the reader.
//   append broker=1 count=5
//   ----
//   orders-0: 5 records appended at offset 0
//
// A block is one or more commands, the line `----`, what they answered, and an empty line. A command is a verb, words
// and arguments `name=value`. The diff of the file is the review: KTRIAL_REWRITE=1 writes what the commands answer now
// into the file, and each change of it wants to be understood before it is committed. A file has its own fresh state.
#pragma once

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "model/facts.h"

namespace ktrial::model::testing {

class TranscriptCommand {
 public:
  explicit TranscriptCommand(const std::string& line) : line_(line) {
    std::istringstream in(line);
    in >> verb_;
    for (std::string word; in >> word;)
      if (const auto equals = word.find('='); equals == std::string::npos)
        words_.insert(word);
      else
        arguments_[word.substr(0, equals)] = word.substr(equals + 1);
  }
  const std::string& verb() const { return verb_; }
  bool has(const std::string& name) const { return words_.contains(name) || arguments_.contains(name); }
  std::string text(const std::string& name, const std::string& otherwise = {}) const {
    const auto it = arguments_.find(name);
    return it == arguments_.end() ? otherwise : it->second;
  }
  int number(const std::string& name, int otherwise = 0) const {
    return has(name) ? std::stoi(arguments_.at(name)) : otherwise;
  }
  // "1,2,3"
  std::vector<NodeId> nodes(const std::string& name) const {
    std::vector<NodeId> ids;
    std::istringstream in(text(name));
    for (std::string id; std::getline(in, id, ',');) ids.emplace_back(std::stoi(id));
    return ids;
  }
  // "300ms", "5s"
  Nanos duration(const std::string& name) const {
    const std::string value = text(name, "0s");
    return value.ends_with("ms") ? milliseconds(std::stoi(value)) : seconds(std::stoi(value));
  }

 private:
  std::string line_, verb_;
  std::set<std::string> words_;
  std::map<std::string, std::string> arguments_;
};

// Facts in Kafka's words, one a line; probes are left out, and topic 1 is called orders.
inline std::string tell(const std::vector<Fact>& facts) {
  static const std::string kId = "topic 1 partition ";
  std::string out;
  for (const Fact& fact : facts)
    if (!std::holds_alternative<ProbeHit>(fact)) out += describe(fact) + "\n";
  for (auto at = out.find(kId); at != std::string::npos; at = out.find(kId)) out.replace(at, kId.size(), "orders-");
  return out;
}

// `answer` gives what a command answers, in whole lines.
inline void run_transcript(const std::string& path,
                           const std::function<std::string(const TranscriptCommand&)>& answer) {
  const std::string file = std::string(KTRIAL_SOURCE_DIR) + "/model/" + path;
  std::ostringstream whole;
  whole << std::ifstream(file).rdbuf();
  ASSERT_NE(whole.str(), "") << file;
  std::string now, answers;
  bool in_answer = false;
  std::istringstream in(whole.str());
  for (std::string line; std::getline(in, line);) {
    if (line == "----") {
      now += line + "\n" + (answers.empty() ? "ok\n" : answers);
      answers.clear();
      in_answer = true;
    } else if (line.empty()) {
      in_answer = false;
      now += "\n";
    } else if (!in_answer) {
      now += line + "\n";
      if (line.front() != '#') answers += answer(TranscriptCommand(line));
    }
  }
  if (std::getenv("KTRIAL_REWRITE")) std::ofstream(file) << now;
  EXPECT_EQ(whole.str(), now) << "KTRIAL_REWRITE=1 writes " << file << " anew; understand each change";
}

}  // namespace ktrial::model::testing

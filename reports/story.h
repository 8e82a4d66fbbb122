// The story of a run on the terminal, always in one order: verdict, property and what it means, what happened in
// Kafka's words, expected and seen, one line to reproduce, files.
//
// Of a long story the first and the last lines are kept (kMostLines in all) and the gap says how many are missing.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/trace.h"

namespace ktrial::reports {

struct StoryLine {
  Nanos at{0};
  std::string who;   // "broker 1"; may be empty
  std::string text;  // "becomes leader of orders-0 in leader epoch 3"
};

struct Story {
  static constexpr std::size_t kMostLines = 15;

  std::string verdict;   // "VIOLATED", "holds", "inconclusive", with what it is about
  std::string property;  // "acked-records-survive"; empty when none is at issue
  std::string meaning;   // one sentence
  std::vector<StoryLine> lines;
  std::size_t left_out = 0;  // lesser lines that whoever chose `lines` left out
  std::string expected;
  std::string seen;
  std::string permitted_by;        // why a loss is none of the protocol's
  std::string reproduce;           // one command line
  std::vector<std::string> files;  // what was written
};

// Parts that are empty are left out with their headings.
std::string story(const Story& story);

}  // namespace ktrial::reports

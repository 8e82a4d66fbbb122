#include "reports/story.h"

#include <fmt/format.h>

#include <algorithm>

namespace ktrial::reports {
namespace {

// To the millisecond: lines are in order anyway, and the trace has the rest.
std::string time_text(Nanos at) { return seconds_text(std::chrono::floor<std::chrono::milliseconds>(at)); }

std::string told(const std::vector<StoryLine>& lines) {
  std::size_t time_width = 0, who_width = 0;
  for (const StoryLine& line : lines) {
    time_width = std::max(time_width, time_text(line.at).size());
    who_width = std::max(who_width, line.who.size());
  }
  const bool too_long = lines.size() > Story::kMostLines;
  // The gap takes one line. The end of a story matters most, so it gets the larger part.
  const std::size_t head = too_long ? 5 : lines.size();
  const std::size_t tail = too_long ? Story::kMostLines - 1 - head : 0;
  std::string out;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (i == head) {
      out += fmt::format("  ... {} lines left out, the trace has them\n", lines.size() - head - tail);
      i = lines.size() - tail;
    }
    const StoryLine& line = lines[i];
    out += fmt::format("  {:>{}}  ", time_text(line.at), time_width);
    if (who_width > 0) out += fmt::format("{:<{}}  ", line.who, who_width);
    out += line.text + "\n";
  }
  return out;
}

}  // namespace

std::string story(const Story& s) {
  std::string out = s.verdict + "\n";
  if (!s.property.empty()) out += fmt::format("\n{}{}\n", s.property, s.meaning.empty() ? "" : ": " + s.meaning);
  if (!s.lines.empty()) out += "\n" + told(s.lines);
  if (s.left_out > 0) out += fmt::format("  ({} lesser lines left out, the trace has them)\n", s.left_out);
  if (!s.expected.empty() || !s.seen.empty()) out += "\n";
  if (!s.expected.empty()) out += "expected   " + s.expected + "\n";
  if (!s.seen.empty()) out += "seen       " + s.seen + "\n";
  if (!s.permitted_by.empty()) out += "permitted  " + s.permitted_by + "\n";
  if (!s.reproduce.empty()) out += "\nreproduce  " + s.reproduce + "\n";
  for (std::size_t i = 0; i < s.files.size(); ++i) out += (i == 0 ? "files      " : "           ") + s.files[i] + "\n";
  return out;
}

}  // namespace ktrial::reports

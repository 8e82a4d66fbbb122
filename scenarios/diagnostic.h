// What is wrong in a file a person wrote, where, and the nearest valid name. Leaves out: printing.
#pragma once
#include <algorithm>
#include <string>
#include <vector>

namespace ktrial::scenarios {

struct Diagnostic {
  std::string file;
  int line = 0;  // from 1
  int column = 0;
  std::string message;
  std::string hint;  // the nearest valid name, or empty
};

inline std::string to_string(const Diagnostic& d) {
  return d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": error: " + d.message +
         (d.hint.empty() ? "" : "; did you mean '" + d.hint + "'?");
}

inline std::size_t edit_distance(const std::string& a, const std::string& b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({above + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

// The nearest of `names` (first of equals), or empty if none is within half of the name's length.
inline std::string nearest(const std::string& name, const std::vector<std::string>& names) {
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(name.size() / 2, 2) + 1;
  for (const std::string& n : names)
    if (const std::size_t d = edit_distance(name, n); d < best_distance) best = n, best_distance = d;
  return best;
}

}  // namespace ktrial::scenarios

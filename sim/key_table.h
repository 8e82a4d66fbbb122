// A map from u64 to u32 by open addressing, for names on the hot path. Iterated by key only, so its
// layout can reach no decision. Value 0xFFFFFFFF means absent.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace ktrial::sim {

class KeyTable {
 public:
  static constexpr std::uint32_t kAbsent = 0xFFFFFFFFu;

  std::uint32_t find(std::uint64_t key) const {
    if (cells_.empty()) return kAbsent;
    for (std::size_t i = home(key);; i = (i + 1) & mask()) {
      if (cells_[i].value == kAbsent) return kAbsent;
      if (cells_[i].key == key) return cells_[i].value;
    }
  }

  void set(std::uint64_t key, std::uint32_t value) {
    if ((used_ + 1) * 2 > cells_.size()) grow();
    std::size_t i = home(key);
    while (cells_[i].value != kAbsent && cells_[i].key != key) i = (i + 1) & mask();
    if (cells_[i].value == kAbsent) ++used_;
    cells_[i] = {key, value};
  }

  // Closes the gap by moving later entries of the run back, so no tombstones pile up.
  void erase(std::uint64_t key) {
    if (cells_.empty()) return;
    std::size_t i = home(key);
    while (cells_[i].value != kAbsent && cells_[i].key != key) i = (i + 1) & mask();
    if (cells_[i].value == kAbsent) return;
    --used_;
    for (std::size_t j = (i + 1) & mask(); cells_[j].value != kAbsent; j = (j + 1) & mask()) {
      const std::size_t distance_home = (j - home(cells_[j].key)) & mask();
      if (distance_home >= ((j - i) & mask())) {
        cells_[i] = cells_[j];
        i = j;
      }
    }
    cells_[i].value = kAbsent;
  }

  void clear() {
    for (auto& cell : cells_) cell.value = kAbsent;
    used_ = 0;
  }
  std::size_t size() const { return used_; }
  // By key.
  std::vector<std::pair<std::uint64_t, std::uint32_t>> sorted() const {
    std::vector<std::pair<std::uint64_t, std::uint32_t>> entries;
    for (const Cell& cell : cells_)
      if (cell.value != kAbsent) entries.emplace_back(cell.key, cell.value);
    std::sort(entries.begin(), entries.end());
    return entries;
  }

 private:
  struct Cell {
    std::uint64_t key = 0;
    std::uint32_t value = kAbsent;
  };
  std::size_t mask() const { return cells_.size() - 1; }
  std::size_t home(std::uint64_t key) const {
    return static_cast<std::size_t>((key * 0x9E3779B97F4A7C15ull) >> 32) & mask();
  }
  void grow() {
    std::vector<Cell> old(cells_.empty() ? 16 : cells_.size() * 2);
    old.swap(cells_);
    used_ = 0;
    for (const Cell& cell : old) {
      if (cell.value != kAbsent) set(cell.key, cell.value);
    }
  }

  std::vector<Cell> cells_;
  std::size_t used_ = 0;
};

}  // namespace ktrial::sim

// Hashes of shared content that never changes: the records of a batch stand in many logs and in many copies of a world.
//
// Whoever hashes many states keeps one of these and passes it to each StateWriter; it keeps the content alive, so that
// an address never comes to mean another one. Addresses find what is known and reach nothing else.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace ktrial::model {

class ContentHashes {
 public:
  // `compute(content)` is asked once for each content.
  template <class Content, class Compute>
  std::uint64_t of(const std::shared_ptr<const Content>& content, Compute compute) {
    const std::size_t place = find(content.get());
    if (cells_[place].content != nullptr) return cells_[place].hash;
    const std::uint64_t hash = compute(*content);
    cells_[place] = {content, hash};
    if (++used_ * 2 > cells_.size()) grow();
    return hash;
  }
  std::size_t size() const { return used_; }
  void clear() { *this = ContentHashes(); }

 private:
  struct Cell {
    std::shared_ptr<const void> content;
    std::uint64_t hash = 0;
  };
  std::size_t find(const void* content) const {
    const auto key = reinterpret_cast<std::uintptr_t>(content);  // lint: finds a hash that does not depend on it
    std::size_t i = (static_cast<std::uint64_t>(key) * 0x9E3779B97F4A7C15ull >> 32) & (cells_.size() - 1);
    while (cells_[i].content != nullptr && cells_[i].content.get() != content) i = (i + 1) & (cells_.size() - 1);
    return i;
  }
  void grow() {
    std::vector<Cell> old(cells_.size() * 2);
    old.swap(cells_);
    for (Cell& cell : old)
      if (cell.content != nullptr) cells_[find(cell.content.get())] = std::move(cell);
  }

  std::vector<Cell> cells_ = std::vector<Cell>(64);
  std::size_t used_ = 0;
};

}  // namespace ktrial::model

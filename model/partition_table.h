// A map from topic partitions, for what is looked up by partition at nearly every event.
//
// Topics and partitions are numbered from 0 or 1 without large holes, so a partition's place is found by its numbers,
// and a lookup costs the same with 6 partitions as with 6,000: a search among the topics, of which there are few, and
// an index. Otherwise like std::map: entries are in the order of topic and partition, and stay where they are until
// they are erased. Iterators stay valid until the table is copied, moved or cleared, or their own entry erased;
// insertion invalidates all but the references that they gave. A copy is deep. Complexity: find, insert and erase O(log
// topics), insert amortised; a step of an iterator O(1) but for gaps.
#pragma once

#include <algorithm>
#include <compare>
#include <cstddef>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <tuple>
#include <utility>
#include <vector>

#include "model/types.h"

namespace ktrial::model {

template <class T>
class PartitionTable {
 public:
  using key_type = TopicPartition;
  using mapped_type = T;
  using value_type = std::pair<const TopicPartition, T>;

 private:
  // Owns an entry, or none.
  class Cell {
   public:
    Cell() = default;
    Cell(const Cell& other) : entry_(other.entry_ ? std::make_unique<value_type>(*other.entry_) : nullptr) {}
    Cell(Cell&&) noexcept = default;
    Cell& operator=(Cell other) noexcept {
      entry_ = std::move(other.entry_);
      return *this;
    }
    ~Cell() = default;
    template <class... Arguments>
    void emplace(TopicPartition tp, Arguments&&... arguments) {
      entry_ = std::make_unique<value_type>(std::piecewise_construct, std::forward_as_tuple(tp),
                                            std::forward_as_tuple(std::forward<Arguments>(arguments)...));
    }
    void reset() { entry_.reset(); }
    value_type* get() const { return entry_.get(); }

   private:
    std::unique_ptr<value_type> entry_;
  };
  struct Row {
    TopicId topic;
    std::vector<Cell> cells;  // by partition
  };
  using Rows = std::vector<Row>;  // by topic

  template <class Value, class TableRows>
  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = PartitionTable::value_type;
    using difference_type = std::ptrdiff_t;
    using pointer = Value*;
    using reference = Value&;

    Iterator() = default;
    Iterator(TableRows* rows, std::size_t row, std::size_t cell) : rows_(rows), row_(row), cell_(cell) {}
    // Of an iterator that may change entries.
    template <class OtherValue, class OtherRows>
    requires std::is_convertible_v<OtherValue*, Value*> Iterator(const Iterator<OtherValue, OtherRows>& other)
        : rows_(other.rows_), row_(other.row_), cell_(other.cell_) {}

    reference operator*() const { return *(*rows_)[row_].cells[cell_].get(); }
    pointer operator->() const { return &**this; }
    Iterator& operator++() {
      ++cell_;
      skip();
      return *this;
    }
    Iterator operator++(int) {
      Iterator old = *this;
      ++*this;
      return old;
    }
    bool operator==(const Iterator& other) const { return row_ == other.row_ && cell_ == other.cell_; }

   private:
    friend class PartitionTable;
    template <class, class>
    friend class Iterator;
    // On to the next entry, if there is none here.
    void skip() {
      for (; row_ < rows_->size(); ++row_, cell_ = 0)
        for (const auto& cells = (*rows_)[row_].cells; cell_ < cells.size(); ++cell_)
          if (cells[cell_].get() != nullptr) return;
      cell_ = 0;
    }
    TableRows* rows_ = nullptr;
    std::size_t row_ = 0;
    std::size_t cell_ = 0;
  };

 public:
  using iterator = Iterator<value_type, Rows>;
  using const_iterator = Iterator<const value_type, const Rows>;

  iterator begin() { return first<iterator>(rows_); }
  const_iterator begin() const { return first<const_iterator>(rows_); }
  iterator end() { return {&rows_, rows_.size(), 0}; }
  const_iterator end() const { return {&rows_, rows_.size(), 0}; }
  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }

  iterator find(TopicPartition tp) { return lookup<iterator>(rows_, tp); }
  const_iterator find(TopicPartition tp) const { return lookup<const_iterator>(rows_, tp); }
  bool contains(TopicPartition tp) const { return find(tp) != end(); }
  T& at(TopicPartition tp) { return found(find(tp), end())->second; }
  const T& at(TopicPartition tp) const { return found(find(tp), end())->second; }

  T& operator[](TopicPartition tp) { return try_emplace(tp).first->second; }
  // An entry that is there already stays as it is.
  template <class... Arguments>
  std::pair<iterator, bool> try_emplace(TopicPartition tp, Arguments&&... arguments) {
    const std::size_t row = row_of(tp.topic);
    if (row == rows_.size() || rows_[row].topic != tp.topic)
      rows_.insert(rows_.begin() + static_cast<std::ptrdiff_t>(row), Row{tp.topic, {}});
    auto& cells = rows_[row].cells;
    const auto cell = static_cast<std::size_t>(tp.partition.value);
    if (cell >= cells.size()) cells.resize(cell + 1);
    const bool fresh = cells[cell].get() == nullptr;
    if (fresh) {
      cells[cell].emplace(tp, std::forward<Arguments>(arguments)...);
      ++size_;
    }
    return {{&rows_, row, cell}, fresh};
  }
  template <class Value>
  void insert_or_assign(TopicPartition tp, Value&& value) {
    if (const auto [at, fresh] = try_emplace(tp, std::forward<Value>(value)); !fresh)
      at->second = std::forward<Value>(value);
  }
  // The entry behind it.
  iterator erase(iterator at) {
    rows_[at.row_].cells[at.cell_].reset();
    --size_;
    at.skip();
    return at;
  }
  std::size_t erase(TopicPartition tp) {
    const iterator at = find(tp);
    if (at == end()) return 0;
    erase(at);
    return 1;
  }
  // All partitions of the topic; how many there were.
  std::size_t erase_topic(TopicId topic) {
    const std::size_t row = row_of(topic);
    if (row == rows_.size() || rows_[row].topic != topic) return 0;
    const auto& cells = rows_[row].cells;
    const auto erased = static_cast<std::size_t>(
        std::count_if(cells.begin(), cells.end(), [](const Cell& cell) { return cell.get() != nullptr; }));
    rows_.erase(rows_.begin() + static_cast<std::ptrdiff_t>(row));
    size_ -= erased;
    return erased;
  }
  void clear() {
    rows_.clear();
    size_ = 0;
  }

 private:
  std::size_t row_of(TopicId topic) const {
    const auto at = std::partition_point(rows_.begin(), rows_.end(), [&](const Row& row) { return row.topic < topic; });
    return static_cast<std::size_t>(at - rows_.begin());
  }
  template <class It, class TableRows>
  static It first(TableRows& rows) {
    It it(&rows, 0, 0);
    it.skip();
    return it;
  }
  template <class It, class TableRows>
  It lookup(TableRows& rows, TopicPartition tp) const {
    const std::size_t row = row_of(tp.topic);
    const auto cell = static_cast<std::size_t>(tp.partition.value);
    if (row == rows.size() || rows[row].topic != tp.topic || cell >= rows[row].cells.size() ||
        rows[row].cells[cell].get() == nullptr)
      return {&rows, rows.size(), 0};
    return {&rows, row, cell};
  }
  template <class It>
  static It found(It at, It end) {
    if (at == end) throw std::out_of_range("no such topic partition");
    return at;
  }

  Rows rows_;
  std::size_t size_ = 0;
};

}  // namespace ktrial::model

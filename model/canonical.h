// The canonical form of a message or fact: a flat array of integers, in field order, that is hashed with XXH3.
// Always holds: equal content gives equal arrays on every machine (no padding, no pointers).
#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "model/facts.h"
#include "model/fields.h"
#include "model/messages.h"
#include "model/words.h"

namespace ktrial::model {

std::uint64_t digest(const MetadataBatch& batch);  // metadata/image.h, whose image is not needed here

class Canonical {
 public:
  template <class Tag, class Rep>
  void add(const Named<Tag, Rep>& v) {
    put(v.value);
  }
  void add(Nanos v) { put(v.count()); }
  void add(const std::string& text) {
    put(static_cast<std::int64_t>(text.size()));
    for_each_word(text, [this](std::uint64_t word) { put(static_cast<std::int64_t>(word)); });
  }
  void add(const char* text) { add(std::string(text)); }
  template <class A, class B>
  void add(const std::pair<A, B>& p) {
    add(p.first);
    add(p.second);
  }
  template <class T>
  void add(const std::vector<T>& items) {
    put(static_cast<std::int64_t>(items.size()));
    for (const auto& item : items) add(item);
  }
  void add(const RecordBatch& b) {
    add(b.base_offset);
    add(b.partition_leader_epoch);
    add(b.producer_id);
    add(b.producer_epoch);
    add(b.base_sequence);
    put(b.record_count);
    put(b.size_in_bytes);
    put(static_cast<std::int64_t>(b.checksum));
    add(b.max_timestamp);
    if (b.delete_horizon != kNoTimestamp) add(b.delete_horizon);
    if (b.records) add(*b.records);
    put(b.coordinator_records ? 1 : 0);  // their content follows from the offset and the leader epoch
  }
  void add(const Record& r) {
    add(r.key);
    add(r.value);
    add(r.timestamp);
    if (r.state != RecordState::value) put(static_cast<std::int64_t>(r.state));
  }
  void add(const MetadataBatch& b) {
    add(b.base_offset);
    add(b.epoch);
    put(static_cast<std::int64_t>(model::digest(b)));
  }
  template <class T>
  void add(const Tagged<T>& field) {
    if (field.value != T{}) add(field.value);
  }
  template <class T>
  void add(const T& v) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
      put(static_cast<std::int64_t>(v));
    else if constexpr (!std::is_empty_v<T>)
      for_each_field(v, [this](const auto& field) { this->add(field); });
  }

  const std::int64_t* data() const { return size_ <= kFew ? few_.data() : many_.data(); }
  std::size_t bytes() const { return size_ * sizeof(std::int64_t); }

 private:
  static constexpr std::uint32_t kFew = 256;
  [[gnu::always_inline]] void put(std::int64_t v) {
    if (size_ < kFew)
      few_[size_] = v;
    else
      put_further(v);
    ++size_;
  }
  void put_further(std::int64_t v) {
    if (size_ == kFew) many_.assign(few_.begin(), few_.end());
    many_.push_back(v);
  }
  std::array<std::int64_t, kFew> few_;  // not initialised: most forms are short, and every event makes some
  std::vector<std::int64_t> many_;      // all words, once there are more
  std::uint32_t size_ = 0;
};

}  // namespace ktrial::model

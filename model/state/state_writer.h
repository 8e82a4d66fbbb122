// Writes a state that is described (described.h): as one hash, as words, or as lines for a person.
//
// Two states are equal when their words are; the hash is that of the words. What is written depends on `History`:
//
//   kept      everything as it stands: equal words mean that both go on in the same way under the same seed;
//   left_out  what does not depend on how the state was reached: equal words mean that the same can happen from here
//   on.
//             Times are relative to now (a deadline that is past is just past), connections are named by their ends and
//             by which of them was opened first, correlation ids and other numbers that only name something by the
//             order in which they are met, and counters that give such numbers are left out.
//
// Walks described structs and classes, other aggregates (their fields have numbers for names), containers, optional,
// variant and pair, and what a shared_ptr to constant content holds. Records of a batch and of metadata are written as
// a hash of them, which ContentHashes remembers. Leaves out: ids that are drawn or counted for good and that a message
// holds (fetch session, producer, member, incarnation, remote segment): they are written as they are.
// Always holds: equal states give equal words on every machine; a container is written with its size.
#pragma once

#include <array>
#include <boost/container/flat_map.hpp>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "model/batch.h"
#include "model/described.h"
#include "model/metadata_records.h"
#include "model/state/content_hashes.h"
#include "model/step.h"
#include "model/types.h"

namespace ktrial::model {

enum class History : std::uint8_t { left_out, kept };

struct StateLine {
  std::string path;  // "node b1.memory.partitions[1-0].log.high_watermark"
  std::string value;
  bool operator==(const StateLine&) const = default;
};

struct StateOutput {
  std::vector<std::uint64_t>* words = nullptr;
  std::vector<StateLine>* lines = nullptr;
  ContentHashes* contents = nullptr;  // else those of this writer alone
};

class StateWriter {
 public:
  explicit StateWriter(History history, const StateOutput& output = {});
  bool keeps_history() const { return history_ == History::kept; }
  bool wants_names() const { return lines_ != nullptr; }
  // Of everything that was written so far.
  std::uint64_t hash();

  // -- before a node is written: who it is, and what time it is on its clocks
  void begin_node(NodeId node, Nanos now, Nanos wall_clock);
  // A connection that is open: `rank` counts those between the same two ends.
  void name_connection(ConnectionId connection, NodeId peer, std::uint32_t rank);

  template <class T>
  void field(const char* name, const T& value) {
    const std::size_t length = enter(name);
    write(value);
    leave(length);
  }
  // Names what is written until leave(); `enter` returns what leave() wants.
  std::size_t enter(std::string_view name);
  std::size_t enter_item(std::size_t index);
  void leave(std::size_t length) {
    if (lines_ != nullptr) path_.resize(length);
  }
  void put(std::uint64_t word) {
    buffer_[used_++] = word;
    if (used_ == buffer_.size()) flush();
  }
  // Of a number that was met before, or the next one of its space.
  std::uint64_t renamed(std::uint64_t space, std::uint64_t number);
  // A timer's key with the number in it renamed.
  std::uint64_t renamed_timer(std::uint64_t packed);

  template <class T>
  void write(const T& value);

 private:
  enum class Meaning : std::uint8_t {
    plain,
    moment,
    deadline,
    wall_time,
    wall_milliseconds,
    correlation,
    client_correlation,
    number,
    slot,
    counter,
  };
  static constexpr std::int64_t kEndless = std::int64_t{1} << 61;  // no real time is that far away

  template <class T>
  static Meaning meaning_of(const T& object, const void* field);
  template <class T>
  void write_described(const T& object);
  template <class T>
  void write_items(const T& container);
  template <class T>
  void write_content(const std::shared_ptr<const std::vector<T>>& content);
  template <class T>
  void write_map_entry(const T& entry);

  void line(std::string text);
  void integer(std::int64_t value);
  void boolean(bool value);
  void text(const std::string& value);
  void time(Nanos value);
  void absent();
  void connection(ConnectionId value);
  void flush();
  std::uint64_t node_space(std::uint32_t space) const;
  static std::uint64_t content_hash(const std::vector<Record>& records);
  static std::uint64_t content_hash(const std::vector<MetadataRecord>& records);

  History history_;
  std::vector<std::uint64_t>* words_;
  std::vector<StateLine>* lines_;
  ContentHashes own_contents_;
  ContentHashes* contents_;
  std::string path_;
  std::uint64_t hash_ = 0;
  std::uint32_t used_ = 0;
  std::array<std::uint64_t, 512> buffer_;  // not initialised

  Meaning meaning_ = Meaning::plain;
  std::uint32_t space_ = 0;  // of Meaning::number
  NodeId node_;
  Nanos now_{0};
  Nanos wall_clock_{0};
  std::uint64_t connection_ = 0;  // the last one written: correlation ids are its
  std::uint64_t connection_name_ = 0;
  std::uint32_t slot_ = 0;  // the last one written
  struct ConnectionName {
    NodeId peer;
    std::uint32_t rank = 0;
  };
  template <class Key, class Value>
  using Map = boost::container::flat_map<Key, Value>;
  Map<ConnectionId, ConnectionName> connection_names_;
  Map<NodeId, std::uint32_t> gone_connections_;  // so many were named
  Map<std::pair<std::uint64_t, std::uint64_t>, std::uint64_t> numbers_;
  Map<std::uint64_t, std::uint64_t> next_numbers_;  // by space
  Map<std::int64_t, std::uint64_t> client_correlations_;
};

// What differs between two states, a line each: "path: value of a -> value of b".
std::vector<std::string> difference(const std::vector<StateLine>& a, const std::vector<StateLine>& b);

}  // namespace ktrial::model

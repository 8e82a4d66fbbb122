// The format of scenario files as a tree that a program can walk: for the reference in docs/format.md, `ktrial list
// keys`, and whatever else wants to know what a file may say (an editor's schema).
//
// Made by one walk over the description (scenario_keys.h), so it says what the reader reads.
// Leaves out: rules between keys; the reader tells them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace ktrial::scenarios {

struct SchemaRow {
  enum class Type : std::uint8_t {
    whole,      // from `lowest` to `highest`
    duration,   // "150ms"; below 0 if `lowest` is
    bits,       // 64 of them, decimal or hexadecimal
    text,       // any
    name,       // of `what`: a topic, a property, a goal
    choice,     // one of `choices`
    rate,       // "50/s"
    part,       // "1/20"
    selectors,  // one target or a list
    condition,
    partition,  // "orders-0"
    configs,    // a map of Kafka's keys of `what`: broker, topic, producer, consumer
    verdicts,   // a map of properties to `choices`
    variants,   // a map
    decisions,  // a map
    map,        // of `keys`
  };
  std::string name;
  Type type = Type::text;
  bool is_list = false;  // of such values
  bool needed = false;
  std::string meaning;
  std::string what;
  std::optional<std::int64_t> lowest, highest;
  std::string highest_is;            // where it depends on the scenario: on what
  std::string usual;                 // if the key is absent; empty: nothing
  std::vector<std::string> choices;  // of a choice
  std::vector<SchemaRow> keys;       // of a map
  // Of a map that is one of several: the keys of each, common ones as well. The first of `keys` says which it is.
  struct Alternative {
    std::string name;
    std::vector<SchemaRow> keys;
  };
  std::vector<Alternative> alternatives;
};

const SchemaRow& scenario_schema();
// "whole number from 1 to 5", "list of topics"
std::string type_text(const SchemaRow& row);
// docs/format.md is this text; a test compares.
std::string format_markdown();

}  // namespace ktrial::scenarios

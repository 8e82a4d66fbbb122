// Selectors and conditions as text: `leader(orders-0)`, `isr(orders-0) == 1`. Parsing reverses to_string exactly.
// Leaves out: whether the names exist; the scenario reader checks them.
#pragma once
#include <optional>
#include <tl/expected.hpp>

#include "scenarios/fault_targets.h"

namespace ktrial::scenarios {

struct TextError {
  std::string message;
  std::string hint;
};
tl::expected<Selector, TextError> parse_selector(const std::string& text);
tl::expected<Condition, TextError> parse_condition(const std::string& text);
std::optional<PartitionRef> parse_partition(const std::string& text);
std::optional<RandomTarget> random_target(const std::string& text);
std::vector<std::string> random_target_names();
// Names of the messages that nodes send each other: "FetchResponse".
std::vector<std::string> message_names();

}  // namespace ktrial::scenarios

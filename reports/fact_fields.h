// The fields of a fact as a JSON object, so that a tool need not parse its words.
//
//   {"partition":"orders-0","leaderEpoch":3,"partitionEpoch":5,"isr":[1],"shrank":true}
// Names are the fields' own in Kafka's JSON spelling. An id, offset or epoch that is absent is null. A value is
// "<producer>:<record>": which producer of the scenario sent it, and as its how many-th record, from 0.
// Always holds: every field of every fact is there; one added without a description does not compile.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "model/facts.h"

namespace ktrial::reports {

// `topics`: names by id; a topic that is not there is written as its id.
std::string fact_fields(const model::Fact& fact, const std::map<int, std::string>& topics);

struct FactField {
  std::string name;  // in JSON
  std::string unit;  // "offset", "ns"; empty: nothing says what it counts
};
std::vector<FactField> fields_of(std::uint16_t kind);

}  // namespace ktrial::reports

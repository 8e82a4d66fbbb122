// How the values of config keys are written: Kafka's plain texts (ConfigDef.parseType), by the type of the row's
// member.
//
// Always holds: what text_of_default() gives is read back as the default.
#pragma once

#include <string>

#include "model/config/config_row.h"

namespace ktrial::model {

// What the key takes: "a whole number from 1 to 32767", "true or false".
template <class Config>
std::string expected_values(const ConfigRow<Config>& row);
// Of a default-constructed config; empty also where a value that is absent has a meaning of its own.
template <class Config>
std::string text_of_default(const ConfigRow<Config>& row);
// False: the text is no value of the key, and `config` is as it was.
template <class Config>
bool read_value(const ConfigRow<Config>& row, const std::string& text, Config& config);

// "a,b" is a and b.
std::vector<std::string> split_list(const std::string& text);
// "0:1,0:2" or "*" (ThrottledReplicaListValidator); absent: not such a list.
std::optional<ThrottledReplicas> parse_throttled_replicas(const std::string& text);

}  // namespace ktrial::model

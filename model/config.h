// Configuration of the model's nodes, with Kafka's keys (dots become underscores) and Kafka's defaults (4.0).
//
// A struct for each scope, and below it the rows of its keys (config/config_row.h): a new key is a member and a row, in
// one file. `model/config_keys.h` looks rows up. Times are durations; sizes are bytes.
#pragma once

#include "model/config/client_config.h"
#include "model/config/cluster_config.h"
#include "model/config/quorum_config.h"
#include "model/config/topic_config.h"

// Configs of the metadata quorum (QuorumConfig, KafkaRaftClient).
#pragma once

#include "model/config/config_row.h"

namespace ktrial::model {

struct QuorumConfig {
  Nanos election_timeout = milliseconds(1000);
  Nanos fetch_timeout = milliseconds(2000);
  Nanos election_backoff_max = milliseconds(1000);
  Nanos append_linger = milliseconds(25);
  Nanos request_timeout = milliseconds(2000);
  Nanos retry_backoff = milliseconds(20);
  Nanos fetch_max_wait = milliseconds(500);  // no key: KafkaRaftClient.MAX_FETCH_WAIT_MS
  Nanos metadata_max_idle_interval = milliseconds(500);
  bool operator==(const QuorumConfig&) const = default;
  KTRIAL_FIELDS(QuorumConfig, election_timeout, fetch_timeout, election_backoff_max, append_linger, request_timeout,
                retry_backoff, fetch_max_wait, metadata_max_idle_interval)
};

inline constexpr auto kQuorumKeys = std::to_array<ConfigRow<QuorumConfig>>({
    {"controller.quorum.election.timeout.ms", &QuorumConfig::election_timeout, any(),
     "how long a candidate waits for votes"},
    {"controller.quorum.fetch.timeout.ms", &QuorumConfig::fetch_timeout, any(),
     "a voter that cannot fetch for so long becomes a candidate; a leader nobody fetches from resigns"},
    {"controller.quorum.election.backoff.max.ms", &QuorumConfig::election_backoff_max, any(),
     "how long a candidate waits at most before it tries again"},
    {"controller.quorum.append.linger.ms", &QuorumConfig::append_linger, any(),
     "how long a leader collects records before it appends them"},
    {"controller.quorum.request.timeout.ms", &QuorumConfig::request_timeout, any(),
     "how long a voter waits for an answer"},
    {"controller.quorum.retry.backoff.ms", &QuorumConfig::retry_backoff, any(),
     "the pause after a request that failed"},
    {"metadata.max.idle.interval.ms", &QuorumConfig::metadata_max_idle_interval, any(),
     "how often an idle active controller appends a NoOpRecord"},
});

}  // namespace ktrial::model

// One run told by hand for each property of follower reads that breaks it, and one that does not.
#include "properties/told_for_test.h"

namespace ktrial::properties {
namespace follower_reads_test {

void refuses(Told& t, int broker, std::int64_t offset) {
  t.fact(broker,
         model::FollowerRefusedOffset{kTp, NodeId{Told::kClient}, Offset{offset}, Offset{0}, Offset{1}, Offset{2}});
}
void resets(Told& t, std::int64_t from) {
  t.fact(Told::kClient, model::ConsumerPositionReset{kTp, Offset{from}, Offset{0}, false});
}
void fails_twice(Told& t, bool asks_the_leader_between) {
  const model::FollowerFetchFailed failed{kTp, NodeId{2}, model::Error::NETWORK_EXCEPTION};
  t.fact(Told::kClient, failed);
  if (asks_the_leader_between) t.fact(Told::kClient, model::ReadReplicaChanged{kTp, NodeId{2}, ""});
  t.fact(Told::kClient, failed);
}
void reads_from_a_follower(Told& t, bool follower_learns) {
  t.two_committed();
  t.fact(Told::kClient, model::ReadReplicaChanged{kTp, NodeId{2}, ""});
  t.high_watermark(2, 0, 1, 0, false);
  t.acked(1, {t.b});
  if (follower_learns) t.high_watermark(2, 1, 2, 0, false);
  const Offset mark{follower_learns ? 2 : 1};
  t.judge.on_fact(model::HighWatermarkAdvanced{kTp, mark, mark, LeaderEpoch{0}, false},
                  {std::chrono::seconds(6), NodeId{2}, 99});
}

}  // namespace follower_reads_test

std::map<std::string, Case> follower_read_cases() {
  using namespace follower_reads_test;
  return {
      {"out-of-range-is-true",
       {"offset in range refused",
        [](Told& t) {
          t.two_committed();
          refuses(t, 2, 2);  // where its log ends
        },
        [](Told& t) {
          t.two_committed();
          refuses(t, 3, 2);
        }}},
      {"follower-does-not-reset",
       {"reset by a follower",
        [](Told& t) {
          t.two_committed();
          refuses(t, 3, 2);
          resets(t, 2);
        },
        [](Told& t) {
          t.two_committed();
          refuses(t, 3, 3);  // the leader does not have it either
          resets(t, 3);
        }}},
      {"failed-replica-is-left",
       {"failed replica asked again", [](Told& t) { fails_twice(t, false); }, [](Told& t) { fails_twice(t, true); }}},
      {"follower-reads-are-fresh",
       {"stale read", [](Told& t) { reads_from_a_follower(t, false); },
        [](Told& t) { reads_from_a_follower(t, true); }}},
  };
}

}  // namespace ktrial::properties

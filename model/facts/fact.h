// What a fact says about itself, beside its fields; everything that is made of facts derives from it.
//
//   struct LogTruncated {
//     TopicPartition partition;
//     Offset end_offset;                 // its unit is its type; an integer's is in its name or in a note
//     Offset old_end_offset;
//     KTRIAL_FACT(LogTruncated, 1, partition, end_offset, old_end_offset)
//     static constexpr Goal kGoals[] = {{"log-truncated", "a replica cut the end of its log off"}};  // if any
//     Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::context); }
//     auto tell(auto say) const { return say(partition, ": log truncated to offset ", end_offset); }
//   };
//
// The name in traces is the type's; the fields' names there are Kafka's JSON spelling of these (endOffset). From this
// come NDJSON, digest, sentence, story, goals, diagram and docs/facts.md. A fact that lacks a field in its list, a
// weight or a sentence does not compile (facts.cc). The number stands for the fact in fingerprints: a new fact takes
// the next one, and none is ever used again, so that the order of the lists means nothing.
// Leaves out: what takes several facts to know (goals of scenarios/run/goals.cc, properties).
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "model/batch.h"
#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

#define KTRIAL_FACT(Type, number, ...)             \
  static constexpr std::uint16_t kNumber = number; \
  KTRIAL_FIELDS(Type, __VA_ARGS__)

// How much a story needs a fact; `none` is not told.
enum class Weight : std::uint8_t { none, context, matters, decisive };

// How a diagram draws a fact: a change makes all that repeats worth a look again.
enum class Drawn : std::uint8_t { never, once, change };

// A field whose name in JSON is not its own, or whose unit neither its type nor its name tells.
struct FieldNote {
  const char* field;
  const char* json = nullptr;
  const char* unit = nullptr;
};

// A goal of scenarios that a fact reaches by itself: always, or if `bool reaches(std::size_t goal) const` says so.
struct Goal {
  const char* name;
  const char* meaning;
};

// What a story is about, asked by each fact that may be part of it.
struct AtIssue {
  bool quorum = false;  // the metadata quorum, and no partition
  bool judged = false;  // the broken promise is one about facts of this kind
  std::optional<TopicPartition> partition;
  std::int64_t offset = -1;

  bool about(TopicPartition tp) const { return !quorum && (!partition || *partition == tp); }
  bool about(const std::vector<TopicPartition>& any) const {
    return std::any_of(any.begin(), any.end(), [this](TopicPartition tp) { return about(tp); });
  }
  bool in(Offset first, Offset end) const { return offset >= first.value && offset < end.value; }

  Weight if_judged(Weight weight) const { return judged ? weight : Weight::none; }
  template <class Partitions>
  Weight of(const Partitions& partitions, Weight weight) const {
    return about(partitions) ? weight : Weight::none;
  }
  // Only if the record at issue is one of these.
  Weight of_record(TopicPartition tp, Offset first, std::int64_t count, Weight weight) const {
    return partition && in(first, first + count) ? of(tp, weight) : Weight::none;
  }
  Weight of_range(TopicPartition tp, Offset first, Offset end, Weight with_record, Weight without_record) const {
    return of(tp, in(first, end) ? with_record : without_record);
  }
  Weight of_range(TopicPartition tp, const std::vector<RecordBatch>& batches, Weight with_record,
                  Weight without_record) const {
    if (batches.empty()) return of(tp, without_record);
    return of_range(tp, batches.front().base_offset, batches.back().next_offset(), with_record, without_record);
  }
  Weight of_cluster(Weight weight) const { return quorum ? Weight::none : weight; }
  Weight of_quorum(Weight weight) const { return quorum ? weight : Weight::none; }
  Weight of_group() const { return of_cluster(partition ? Weight::context : Weight::matters); }
  // What a group did with the record at issue, or around it; of all records only where none is at issue.
  Weight of_group(TopicPartition tp, Offset at) const {
    if (offset >= 0 && (at.value < offset - 1 || at.value > offset + 1)) return Weight::none;
    return of(tp, offset >= 0 || !partition ? Weight::matters : Weight::context);
  }
};

// The facts of one header; what they are about is said by a list that derives from it (kAbout).
template <class... Facts>
struct FactList {};

template <class... A, class... B>
FactList<A..., B...> operator+(FactList<A...>, FactList<B...>);

}  // namespace ktrial::model

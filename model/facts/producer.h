// Facts about idempotent producers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "model/errors.h"
#include "model/facts/fact.h"
#include "model/storage/producer_entry.h"

namespace ktrial::model {

enum class ProducerStateChange : std::uint8_t { append, load, truncation, leadership };
constexpr const char* name(ProducerStateChange why) {
  constexpr const char* kNames[] = {"append", "load", "truncation", "leadership"};
  return kNames[static_cast<std::size_t>(why)];
}
constexpr const char* words(ProducerStateChange why) {
  constexpr const char* kWords[] = {"after an append", "loaded", "after a truncation", "of the new leader"};
  return kWords[static_cast<std::size_t>(why)];
}

struct ProducerIdAssigned {  // at the client
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  KTRIAL_FACT(ProducerIdAssigned, 62, producer_id, producer_epoch)
  Weight weight(const AtIssue& issue) const { return issue.of_cluster(issue.if_judged(Weight::context)); }
  auto tell(auto say) const { return say("producer id ", producer_id, " with epoch ", producer_epoch); }
};

struct ProducerEpochBumped {  // at the client, by itself (KIP-360)
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  std::vector<TopicPartition> rewritten;  // what was in flight to these begins again with sequence 0
  KTRIAL_FACT(ProducerEpochBumped, 63, producer_id, producer_epoch, rewritten)
  static constexpr Goal kGoals[] = {{"epoch-bumped", "an idempotent producer bumped its epoch"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_cluster(issue.judged || issue.about(rewritten) ? Weight::matters : Weight::none);
  }
  auto tell(auto say) const {
    return say("epoch of producer id ", producer_id, " bumped to ", producer_epoch, ", sequences begin anew for ",
               rewritten);
  }
};

struct ProducerStateTold {  // by a replica: of the producer that appended, else of all
  TopicPartition partition;
  ProducerStateChange why = ProducerStateChange::append;
  std::vector<ProducerStateEntry> entries;
  KTRIAL_FACT(ProducerStateTold, 64, partition, why, entries)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, issue.if_judged(Weight::context)); }
  auto tell(auto say) const {
    std::vector<std::string> known;
    for (const ProducerStateEntry& e : entries)
      known.push_back(say("producer id ", e.producer_id, " epoch ", e.epoch, " up to sequence ", e.last_sequence(),
                          " at offset ", e.last_offset()));
    return say(partition, ": producer state ", words(why), " ", known);
  }
};

struct ProducerIdsExpired {  // a replica forgets these
  TopicPartition partition;
  std::vector<ProducerId> producer_ids;
  KTRIAL_FACT(ProducerIdsExpired, 65, partition, producer_ids)
  static constexpr Goal kGoals[] = {
      {"producer-expired", "a replica forgot a producer after producer.id.expiration.ms"}};
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const { return say(partition, ": producer ids ", producer_ids, " expired"); }
};

struct DuplicateDetected {  // a leader answers with where the batch stands already
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  Offset base_offset;
  KTRIAL_FACT(DuplicateDetected, 66, partition, producer_id, producer_epoch, base_sequence, base_offset)
  static constexpr Goal kGoals[] = {{"duplicate-detected", "a leader recognised a batch that it had already"}};
  Weight weight(const AtIssue& issue) const {
    return issue.of_range(partition, base_offset, base_offset + 1, Weight::decisive, issue.if_judged(Weight::matters));
  }
  auto tell(auto say) const {
    return say(partition, ": sequence ", base_sequence, " of producer id ", producer_id, " epoch ", producer_epoch,
               " is a duplicate of the batch at offset ", base_offset);
  }
};

struct UnknownProducerAccepted {  // a leader that knows nothing of the producer appends its batch, whatever its
                                  // sequence
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  Offset base_offset;
  KTRIAL_FACT(UnknownProducerAccepted, 67, partition, producer_id, producer_epoch, base_sequence, base_offset)
  static constexpr Goal kGoals[] = {
      {"unknown-producer-accepted",
       "a leader that knew nothing of a producer took a sequence other than 0 for its first"}};
  bool reaches(std::size_t) const { return base_sequence != Sequence(0); }
  Weight weight(const AtIssue& issue) const {
    return issue.of(partition, reaches(0) ? Weight::matters : issue.if_judged(Weight::context));
  }
  auto tell(auto say) const {
    return say(partition, ": producer id ", producer_id, " is not known, its sequence ", base_sequence, " of epoch ",
               producer_epoch, " is appended at offset ", base_offset);
  }
};

struct SequenceRefused {  // by a leader
  TopicPartition partition;
  ProducerId producer_id;
  ProducerEpoch producer_epoch;
  Sequence base_sequence;
  Error error = Error::NONE;
  KTRIAL_FACT(SequenceRefused, 68, partition, producer_id, producer_epoch, base_sequence, error)
  Weight weight(const AtIssue& issue) const { return issue.of(partition, Weight::matters); }
  auto tell(auto say) const {
    return say(partition, ": sequence ", base_sequence, " of producer id ", producer_id, " epoch ", producer_epoch,
               " refused with ", error);
  }
};

struct ProducerFacts : FactList<ProducerIdAssigned, ProducerEpochBumped, ProducerStateTold, ProducerIdsExpired,
                                DuplicateDetected, UnknownProducerAccepted, SequenceRefused> {
  static constexpr const char* kAbout = "idempotent producers";
};

}  // namespace ktrial::model

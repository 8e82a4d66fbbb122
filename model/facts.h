// What the model says it did: the stream that properties judge, reports tell and fault triggers wait for.
//
// A fact is stated by the node where it happened, in the step in which it happened; the world adds node, time and
// event id. A fact is about the past and is never a request. Facts of one step are in the order of their causes.
// The facts themselves are in facts/, by what they are about; facts/fact.h tells what each says about itself.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "model/alternatives.h"
#include "model/facts/client.h"
#include "model/facts/controller.h"
#include "model/facts/disk.h"
#include "model/facts/group.h"
#include "model/facts/log.h"
#include "model/facts/probe.h"
#include "model/facts/producer.h"
#include "model/facts/quorum.h"
#include "model/facts/recovery.h"
#include "model/facts/remote.h"
#include "model/facts/replica.h"
#include "model/facts/throttle.h"

namespace ktrial::model {

template <class... Families>
struct FactFamilies {
  using All = decltype((... + Families()));
};
using AllFamilies = FactFamilies<LogFacts, DiskFacts, ReplicaFacts, ControllerFacts, RecoveryFacts, QuorumFacts,
                                 ClientFacts, GroupFacts, ProducerFacts, RemoteFacts, ThrottleFacts, ProbeFacts>;
using AllFacts = AllFamilies::All;

template <class... Facts>
std::variant<Facts...> variant_of(FactList<Facts...>);
using FactVariant = decltype(variant_of(AllFacts()));

// The variant with its special members and conversions in one place (facts.cc has them for each alternative): each file
// that states a fact would generate all that the variant can do otherwise.
class Fact : public FactVariant {
 public:
  Fact();
  template <AlternativeOf<FactVariant> T>
  [[gnu::noinline]] Fact(T&& fact);
  template <AlternativeOf<FactVariant> T>
  [[gnu::noinline]] Fact(const T& fact);
  Fact(const Fact&);
  Fact(Fact&&) noexcept;
  Fact& operator=(const Fact&);
  Fact& operator=(Fact&&) noexcept;
  ~Fact();
};

// The kind of a fact is its place in the list: good within one build only. Its number outlives that.
inline constexpr std::uint16_t kFactKinds = std::variant_size_v<FactVariant>;
template <AlternativeOf<FactVariant> T>
constexpr std::uint16_t fact_kind() {
  return kAlternative<T, FactVariant>;
}
inline std::uint16_t kind(const Fact& f) { return static_cast<std::uint16_t>(f.index()); }

// What facts of one kind say about themselves.
struct FactRow {
  const char* name = "";
  const char* about = "";  // "a replica's log"
  bool of_quorum = false;
  bool said_by_each_controller = false;  // at the commit of one record
  Drawn drawn = Drawn::once;
  std::span<const Goal> goals;
  Fact (*example)() = nullptr;  // every field present
};
const FactRow& fact_row(std::uint16_t kind);
inline const char* fact_name(std::uint16_t kind) { return fact_row(kind).name; }

std::uint64_t digest(const Fact& f);
Weight weight(const Fact& f, const AtIssue& issue);
// Whether it reaches the goal of this index in its row.
bool reaches(const Fact& f, std::size_t goal);
// The fact in Kafka's words, for traces and stories ("orders-0 leader epoch 3: ISR is now [1]").
std::string describe(const Fact& f);
// "1:4": record 4 (from 0) of producer 1.
std::string value_text(ValueId value);

}  // namespace ktrial::model

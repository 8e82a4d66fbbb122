// What a leader takes for the ISR, and what the controller has.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "model/partition_table.h"
#include "properties/property.h"

namespace ktrial::properties {
namespace {

// Partition epochs count the changes of a partition's state, so each stands for one ISR. A leader that has taken an
// answer for another proposal, or an answer that newer metadata has overtaken, is seen before anything is lost by it.
struct IsrIsTheControllers : PropertyOf<IsrIsTheControllers> {
  static constexpr const char* kName = "isr-is-the-controllers";
  static constexpr const char* kMeaning =
      "The ISR that a leader has at a partition epoch is the one that the controller committed with that partition "
      "epoch, in the same leader epoch, and a leader never goes back to an older one.";
  std::vector<std::uint16_t> kinds() const override {
    return kinds_of<model::IsrChanged, model::PartitionStateCommitted, model::BrokerStarted>();
  }
  void on_fact(const model::Fact& fact, const FactContext& context, const Shadow&) override {
    if (const auto* state = std::get_if<model::PartitionStateCommitted>(&fact)) {
      committed_[state->partition][state->partition_epoch] = {state->leader_epoch, state->isr};
    } else if (std::holds_alternative<model::BrokerStarted>(fact)) {
      newest_.erase(context.node);  // it reads the metadata again
    } else {
      changed(std::get<model::IsrChanged>(fact), context);
    }
  }

 private:
  struct State {
    model::LeaderEpoch leader_epoch;
    std::vector<NodeId> isr;
  };
  void changed(const model::IsrChanged& f, const FactContext& context) {
    met();
    model::PartitionEpoch& newest = newest_[context.node][f.partition];
    if (f.partition_epoch < newest)
      violate_at(f.partition, -1, context, "went back to an older ISR",
                 fmt::format("broker {} leads {} with the ISR of partition epoch {} after that of {}",
                             context.node.value, text_of(f.partition), f.partition_epoch.value, newest.value));
    newest = std::max(newest, f.partition_epoch);
    const auto& states = committed_[f.partition];
    const auto state = states.find(f.partition_epoch);
    // Whoever leads when a controller dies may hear of it before any controller says that it is committed.
    if (state == states.end()) return;
    if (state->second.leader_epoch == f.leader_epoch &&
        std::is_permutation(f.isr.begin(), f.isr.end(), state->second.isr.begin(), state->second.isr.end()))
      return;
    violate_at(f.partition, -1, context, "not the controller's ISR",
               fmt::format("broker {} leads {} in leader epoch {} with the ISR {} at partition epoch {}, for which the "
                           "controller committed {} in leader epoch {}",
                           context.node.value, text_of(f.partition), f.leader_epoch.value, text_of(f.isr),
                           f.partition_epoch.value, text_of(state->second.isr), state->second.leader_epoch.value));
  }
  model::PartitionTable<std::map<model::PartitionEpoch, State>> committed_;
  std::map<NodeId, model::PartitionTable<model::PartitionEpoch>> newest_;
};

}  // namespace

void add_isr_properties(PropertyList& list) { list.push_back(std::make_unique<IsrIsTheControllers>()); }

}  // namespace ktrial::properties

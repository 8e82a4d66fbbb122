// All properties, in the order of their verdicts.
//
// A property is added where its file adds its others (`add_..._properties`, at the end of it); only a new file is named
// here. Nothing registers itself, since a linker leaves out an object that nobody names.
#include "properties/property.h"

namespace ktrial::properties {

using AddProperties = void(PropertyList&);
extern AddProperties add_facts_are_true, add_client_properties, add_compaction_properties, add_controller_properties,
    add_corruption_properties, add_follower_read_properties, add_group_properties, add_isr_properties,
    add_limit_properties, add_liveness_properties, add_log_properties, add_producer_properties, add_quorum_properties,
    add_refinement_properties, add_replication_properties, add_storage_properties, add_throttle_properties,
    add_tiered_properties, add_unclean_recovery_properties;

PropertyList all_properties() {
  PropertyList list;
  add_corruption_properties(list);
  add_replication_properties(list);
  add_isr_properties(list);
  add_log_properties(list);
  add_refinement_properties(list);
  add_client_properties(list);
  add_producer_properties(list);
  add_follower_read_properties(list);
  add_quorum_properties(list);
  add_controller_properties(list);
  add_unclean_recovery_properties(list);
  add_group_properties(list);
  add_storage_properties(list);
  add_compaction_properties(list);
  add_tiered_properties(list);
  add_throttle_properties(list);
  add_liveness_properties(list);
  add_limit_properties(list);
  add_facts_are_true(list);
  return list;
}

}  // namespace ktrial::properties

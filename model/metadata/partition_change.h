// What the replay of a change record does to one partition's registration.
//
// Follows PartitionRegistration.merge (metadata): the partition epoch goes up with every record, the leader epoch with
// each that names a leader.
#pragma once

#include "model/metadata/image.h"

namespace ktrial::model {

void apply_change(PartitionRegistration& partition, const PartitionChangeRecord& record);

}  // namespace ktrial::model

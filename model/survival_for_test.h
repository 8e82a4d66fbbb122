// A power cut in which every write has one outcome.
#pragma once

#include "model/storage/disk_file.h"

namespace ktrial::model::testing {

inline Survival always(WriteOutcome outcome) {
  static WriteOutcome outcomes[] = {WriteOutcome::lost, WriteOutcome::torn, WriteOutcome::whole};
  return Survival([](void* context, std::uint64_t, std::uint32_t) { return *static_cast<WriteOutcome*>(context); },
                  &outcomes[static_cast<int>(outcome)]);
}

}  // namespace ktrial::model::testing

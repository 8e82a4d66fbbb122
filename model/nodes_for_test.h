// Lists of node ids, as tests write them.
#pragma once

#include <initializer_list>
#include <vector>

#include "model/types.h"

namespace ktrial::model::testing {

inline std::vector<NodeId> nodes(std::initializer_list<int> ids) {
  std::vector<NodeId> r;
  for (const int id : ids) r.emplace_back(id);
  return r;
}

}  // namespace ktrial::model::testing

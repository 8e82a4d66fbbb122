// What the files of messages are made of: a list of messages with their kinds, and field types that only messages have.
//
// Each file names its messages in a MessageList, with the number that is their kind in every digest; messages.h puts
// the lists together. A new message takes the next free number, so that those of the others stay as they are.
#pragma once

#include <cstddef>

#include "model/described.h"
#include "model/types.h"

namespace ktrial::model {

template <std::size_t Number, class Message>
struct Kind {};
template <class... Kinds>
struct MessageList : Kinds... {
  static constexpr std::size_t kCount = sizeof...(Kinds);
};

// A field that takes no bytes while it has its default, as a tagged field (KIP-482).
template <class T>
struct Tagged {
  T value{};
};

struct LeaderIdAndEpoch {
  NodeId leader;
  LeaderEpoch epoch;
  KTRIAL_FIELDS(LeaderIdAndEpoch, leader, epoch)
};

}  // namespace ktrial::model

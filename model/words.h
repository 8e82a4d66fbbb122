// Bytes as 64-bit words, the same on every machine: the first byte is the lowest, and the last word is filled with
// zeros.
#pragma once

#include <cstddef>
#include <cstdint>

namespace ktrial::model {

template <class Bytes, class Use>
void for_each_word(const Bytes& bytes, Use&& use) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t j = i; j < bytes.size() && j < i + 8; ++j)
      word |= std::uint64_t{static_cast<unsigned char>(bytes[j])} << (8 * (j - i));
    use(word);
  }
}

}  // namespace ktrial::model

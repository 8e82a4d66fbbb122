#include "model/clients/partitioner.h"

namespace ktrial::model {

std::int32_t murmur2(std::string_view data) {
  const auto at = [&](std::size_t i) { return std::uint32_t{static_cast<unsigned char>(data[i])}; };
  const std::uint32_t m = 0x5bd1e995;
  const std::size_t n = data.size();
  std::uint32_t h = 0x9747b28cU ^ static_cast<std::uint32_t>(n);
  std::size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    std::uint32_t k = at(i) | (at(i + 1) << 8) | (at(i + 2) << 16) | (at(i + 3) << 24);
    k *= m;
    k ^= k >> 24;
    k *= m;
    h *= m;
    h ^= k;
  }
  if (i < n) {
    for (std::size_t j = 0; i + j < n; ++j) h ^= at(i + j) << (8 * j);
    h *= m;
  }
  h ^= h >> 13;
  h *= m;
  h ^= h >> 15;
  return static_cast<std::int32_t>(h);
}

PartitionIndex Partitioner::for_key(std::string_view key, std::int32_t partitions) const {
  return PartitionIndex((murmur2(key) & 0x7fffffff) % partitions);
}

PartitionIndex Partitioner::sticky(Step& step, std::int32_t partitions, std::int32_t bytes, std::int32_t batch_size) {
  if (!current_.present() || produced_ >= batch_size || current_.value >= partitions) {
    current_ = PartitionIndex(static_cast<std::int32_t>(
        step.choose(Choice::sticky_partition, switches_++, 0, static_cast<std::uint64_t>(partitions - 1))));
    produced_ = 0;
  }
  produced_ += bytes;
  return current_;
}

}  // namespace ktrial::model

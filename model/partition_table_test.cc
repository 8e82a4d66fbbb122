// The table beside a std::map, under the same operations. Method: random sequences of them (RapidCheck).
#include "model/partition_table.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

namespace ktrial::model {
namespace partition_table_test {

TopicPartition at(std::int32_t topic, std::int32_t partition) { return {TopicId(topic), PartitionIndex(partition)}; }

template <class Table>
std::vector<std::pair<TopicPartition, int>> contents(const Table& table) {
  std::vector<std::pair<TopicPartition, int>> all;
  for (const auto& [tp, value] : table) all.emplace_back(tp, value);
  return all;
}

RC_GTEST_PROP(PartitionTable, IsAMapInTheOrderOfItsKeys, ()) {
  PartitionTable<int> table;
  std::map<TopicPartition, int> map;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 6), rc::gen::inRange(0, 4), rc::gen::inRange(0, 5)));
  int value = 0;
  for (const auto& [what, topic, partition] : steps) {
    const TopicPartition tp = at(topic, partition);
    ++value;
    if (what == 0) RC_ASSERT(table.try_emplace(tp, value).second == map.try_emplace(tp, value).second);
    if (what == 1) table[tp] = map[tp] = value;
    if (what == 2) RC_ASSERT(table.erase(tp) == map.erase(tp));
    if (what == 3)
      RC_ASSERT(table.erase_topic(tp.topic) ==
                std::erase_if(map, [&](const auto& e) { return e.first.topic == tp.topic; }));
    if (what == 4) {
      table.insert_or_assign(tp, value);
      map.insert_or_assign(tp, value);
    }
    if (what == 5)
      for (auto it = table.begin(); it != table.end();) it = it->second % 2 == 0 ? table.erase(it) : ++it;
    if (what == 5) std::erase_if(map, [](const auto& e) { return e.second % 2 == 0; });
    RC_ASSERT(table.contains(tp) == map.contains(tp));
    RC_ASSERT(table.size() == map.size());
    RC_ASSERT(contents(table) == contents(map));
  }
}

TEST(PartitionTable, ACopyIsDeepAndEntriesStayWhereTheyAre) {
  PartitionTable<int> table;
  int& first = table[at(2, 0)];
  first = 1;
  for (std::int32_t i = 0; i < 100; ++i) table[at(1, i)] = i;
  EXPECT_EQ(&first, &table.at(at(2, 0)));
  PartitionTable<int> copy = table;
  copy.at(at(2, 0)) = 7;
  EXPECT_EQ(first, 1);
  table = copy;
  EXPECT_EQ(table.at(at(2, 0)), 7);
}

TEST(PartitionTable, WhatIsNotThereIsNotFound) {
  const PartitionTable<int> table;
  EXPECT_FALSE(table.contains(TopicPartition()));
  EXPECT_FALSE(table.contains(at(1, 3)));
  EXPECT_THROW(table.at(at(1, 3)), std::out_of_range);
}

}  // namespace partition_table_test
}  // namespace ktrial::model

// Goal: a variant is one rule, named once. Method: each alternative of each row is chosen by itself.
#include "model/variants.h"

#include <gtest/gtest.h>

#include <set>

namespace ktrial::model {
namespace variants_test {

TEST(Variants, EachRowIsARuleOfItsOwn) {
  std::set<std::string> names;
  EXPECT_EQ(variant_rows().size(), Variant::kCount);
  for (std::size_t i = 0; i < Variant::kCount; ++i) {
    const VariantRow& row = variant_rows()[i];
    EXPECT_EQ(row.id.index, i) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    for (std::size_t value = 1; value <= row.alternatives.size(); ++value) {
      Variants variants;
      variants.set(row.id, static_cast<std::uint8_t>(value));
      for (const VariantRow& other : variant_rows())
        EXPECT_EQ(variants.value(other.id), other.id == row.id ? value : 0);
    }
  }
}

TEST(Variants, AlternativesOfARowDiffer) {
  for (const VariantRow& row : variant_rows()) {
    std::set<std::string> texts{row.kafkas};
    for (const VariantAlternative& alternative : row.alternatives) {
      EXPECT_TRUE(texts.insert(alternative.text).second) << row.name;
      EXPECT_STRNE(alternative.meaning, "") << row.name;
    }
  }
}

TEST(Variants, AProtocolIsAnAlternativeByItsName) {
  for (const VariantRow& row : variant_rows())
    if (row.id == Variant::truncation) {
      EXPECT_STREQ(row.kafkas, "leader-epoch");
      EXPECT_STREQ(row.alternatives.items[static_cast<int>(TruncationProtocol::end_offset) - 1].text, "end-offset");
    }
}

}  // namespace variants_test
}  // namespace ktrial::model

#include "model/facts.h"

#include <array>
#include <sstream>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/canonical.h"

namespace ktrial::model {

Fact::Fact() = default;
Fact::Fact(const Fact&) = default;
Fact::Fact(Fact&&) noexcept = default;
Fact& Fact::operator=(const Fact&) = default;
Fact& Fact::operator=(Fact&&) noexcept = default;
Fact::~Fact() = default;

template <AlternativeOf<FactVariant> T>
Fact::Fact(T&& fact) : FactVariant(std::in_place_type<T>, std::move(fact)) {}
template <AlternativeOf<FactVariant> T>
Fact::Fact(const T& fact) : FactVariant(std::in_place_type<T>, fact) {}
[[gnu::used]] static void instantiate(Fact& to, FactVariant& from) { instantiate_conversions(to, from); }

namespace {

template <class F>
concept SaysWhatItIs = Described<F> && requires(const F& fact, const AtIssue& issue) {
  { F::kNumber } -> std::convertible_to<std::uint16_t>;
  { fact.weight(issue) } -> std::same_as<Weight>;
};

// Each number once and none left out, so that the next one is the count of facts.
template <class... Facts>
constexpr bool numbers_are_dense(FactList<Facts...>) {
  static_assert((SaysWhatItIs<Facts> && ...), "a fact has KTRIAL_FACT, a weight and a sentence: model/facts/fact.h");
  std::array<int, sizeof...(Facts)> times{};
  return (... && (Facts::kNumber < times.size() && ++times[Facts::kNumber] == 1));
}
static_assert(numbers_are_dense(AllFacts()), "a new fact takes the number of facts before it as its own");

// Text out of pieces: numbers, ids, lists and words.
class Text {
 public:
  template <class... A>
  std::string operator()(const A&... pieces) const {
    std::ostringstream out;
    (put(out, pieces), ...);
    return out.str();
  }

 private:
  static void put(std::ostream& out, const char* text) { out << text; }
  static void put(std::ostream& out, const std::string& text) { out << text; }
  static void put(std::ostream& out, std::int64_t n) { out << n; }
  static void put(std::ostream& out, std::int32_t n) { out << n; }
  static void put(std::ostream& out, Error e) { out << name(e); }
  template <class Tag, class Rep>
  static void put(std::ostream& out, const Named<Tag, Rep>& v) {
    if (v.present())
      out << v.value;
    else
      out << "none";
  }
  static void put(std::ostream& out, ValueId v) { out << value_text(v); }
  static void put(std::ostream& out, TopicPartition tp) {
    out << "topic " << tp.topic.value << " partition " << tp.partition.value;
  }
  template <class T>
  static void put(std::ostream& out, const std::vector<T>& items) {
    out << '[';
    const char* between = "";
    for (const auto& item : items) {
      out << between;
      put(out, item);
      between = ", ";
    }
    out << ']';
  }
};

// Fills a fact with values that a run could have, each number another.
class Example {
 public:
  template <class F>
  static Fact of() {
    F fact{};
    Example example;
    for_each_described(fact, [&](const char*, const auto& field) {
      example.fill(const_cast<std::remove_cvref_t<decltype(field)>&>(field));
    });
    return Fact(std::move(fact));
  }

 private:
  template <class Tag, class Rep>
  void fill(Named<Tag, Rep>& id) {
    id = Named<Tag, Rep>(next_++);
  }
  void fill(TopicPartition& tp) { tp = {TopicId(1), PartitionIndex(0)}; }
  void fill(bool& yes) { yes = true; }
  void fill(std::uint8_t& number) { number = 3; }
  void fill(std::int32_t& number) { number = next_++; }
  void fill(std::int64_t& number) { number = next_++; }
  void fill(std::uint64_t& number) { number = static_cast<std::uint64_t>(next_++); }
  void fill(Nanos& time) { time = seconds(next_++); }
  void fill(std::string& text) { text = "text"; }
  void fill(const char*& text) { text = "text"; }
  void fill(Error& error) { error = Error::INVALID_REQUEST; }
  template <class E>
  requires std::is_enum_v<E>
  void fill(E& value) { value = static_cast<E>(1); }
  void fill(RecordBatch& batch) {
    fill(batch.base_offset);
    fill(batch.partition_leader_epoch);
    batch.record_count = 2;
  }
  void fill(MetadataBatch& batch) {
    fill(batch.base_offset);
    fill(batch.epoch);
    batch.records = std::make_shared<std::vector<MetadataRecord>>(2);
  }
  template <class T>
  void fill(std::vector<T>& items) {
    for (int i = 0; i < 2; ++i) fill(items.emplace_back());
  }
  template <class T>
  requires std::is_class_v<T>
  void fill(T& object) {
    for_each_field(object,
                   [this](const auto& field) { this->fill(const_cast<std::remove_cvref_t<decltype(field)>&>(field)); });
  }

  std::int16_t next_ = 1;
};

template <class F, class List>
constexpr FactRow row_of() {
  FactRow row;
  row.name = type_name<F>();
  row.about = List::kAbout;
  row.of_quorum = std::is_same_v<List, QuorumFacts>;
  if constexpr (requires { F::kSaidByEachController; }) row.said_by_each_controller = F::kSaidByEachController;
  if constexpr (requires { F::kDrawn; }) row.drawn = F::kDrawn;
  if constexpr (requires { F::kGoals; }) row.goals = F::kGoals;
  row.example = Example::of<F>;
  return row;
}

template <class List, class... Facts>
void fill_rows(std::array<FactRow, kFactKinds>& rows, FactList<Facts...>) {
  ((rows[fact_kind<Facts>()] = row_of<Facts, List>()), ...);
}
template <class... Families>
std::array<FactRow, kFactKinds> rows_of(FactFamilies<Families...>) {
  std::array<FactRow, kFactKinds> rows;
  (fill_rows<Families>(rows, Families()), ...);
  return rows;
}

}  // namespace

std::string value_text(ValueId value) {
  if (!value.present()) return "none";
  if (is_rotten(value)) {
    constexpr std::int64_t kBroker = 0x3ff;
    const std::int64_t was = value.value & ~(kRotten | (kBroker << 30));
    return value_text(ValueId(was)) + " (rotten on broker " + std::to_string((value.value >> 30) & kBroker) + ")";
  }
  return std::to_string(value.value >> 40) + ":" + std::to_string(value.value & ((std::int64_t{1} << 40) - 1));
}

const FactRow& fact_row(std::uint16_t kind) {
  static const auto rows = rows_of(AllFamilies());
  static const FactRow unknown{.name = "?"};
  return kind < kFactKinds ? rows[kind] : unknown;
}

std::uint64_t digest(const Fact& f) {
  Canonical form;
  std::visit(
      [&]<class F>(const F& fact) {
        form.add(F::kNumber);
        for_each_described(fact, [&](const char*, const auto& field) {
          if constexpr (std::is_same_v<decltype(field), const Probe&>)
            form.add(probe_name(field));
          else
            form.add(field);
        });
      },
      f);
  return XXH3_64bits(form.data(), form.bytes());
}

Weight weight(const Fact& f, const AtIssue& issue) {
  return std::visit([&](const auto& fact) { return fact.weight(issue); }, f);
}

bool reaches(const Fact& f, std::size_t goal) {
  return std::visit(
      [goal]<class F>(const F& fact) {
        if constexpr (requires { fact.reaches(goal); })
          return fact.reaches(goal);
        else if constexpr (requires { F::kGoals; })
          return true;
        else
          return false;
      },
      f);
}

std::string describe(const Fact& f) {
  return std::visit([](const auto& fact) { return fact.tell(Text()); }, f);
}

}  // namespace ktrial::model

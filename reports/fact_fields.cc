#include "reports/fact_fields.h"

#include <span>
#include <string_view>
#include <vector>

#include "reports/ndjson.h"

namespace ktrial::reports {
namespace {

using namespace model;

// Kafka's JSON spelling of a field, unless the fact says another: endOffset.
std::string json_name(std::string_view field, std::span<const FieldNote> notes) {
  for (const FieldNote& note : notes)
    if (note.json != nullptr && note.field == field) return note.json;
  std::string name;
  bool upper = false;
  for (const char c : field) {
    if (c != '_') name += upper ? static_cast<char>(c - 'a' + 'A') : c;
    upper = c == '_';
  }
  return name;
}

template <class Fact>
std::span<const FieldNote> notes_of() {
  if constexpr (requires { Fact::kNotes; })
    return Fact::kNotes;
  else
    return {};
}

// In the order of the fact's description.
template <class Fact>
const std::vector<std::string>& names_of() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all;
    for_each_described(Fact{},
                       [&](const char* field, const auto&) { all.push_back(json_name(field, notes_of<Fact>())); });
    return all;
  }();
  return names;
}

// What a field of this type counts or names. An integer's unit is in a note, or its name ends with it.
template <class T>
struct Unit {
  static std::string of(std::string_view) {
    if constexpr (std::is_enum_v<T>) return "one of its names";
    return "";
  }
};
template <class T>
std::string unit(std::string_view field) {
  return Unit<T>::of(field);
}
#define KTRIAL_UNIT(Type, text)                              \
  template <>                                                \
  struct Unit<Type> {                                        \
    static std::string of(std::string_view) { return text; } \
  }
KTRIAL_UNIT(bool, "true or false");
KTRIAL_UNIT(Nanos, "ns");
KTRIAL_UNIT(Offset, "offset");
KTRIAL_UNIT(LeaderEpoch, "leader epoch");
KTRIAL_UNIT(PartitionEpoch, "partition epoch");
KTRIAL_UNIT(BrokerEpoch, "broker epoch");
KTRIAL_UNIT(QuorumEpoch, "quorum epoch");
KTRIAL_UNIT(GenerationId, "generation");
KTRIAL_UNIT(NodeId, "node id");
KTRIAL_UNIT(TopicId, "topic id");
KTRIAL_UNIT(PartitionIndex, "partition index");
KTRIAL_UNIT(IncarnationId, "incarnation id");
KTRIAL_UNIT(ProducerId, "producer id");
KTRIAL_UNIT(ProducerEpoch, "producer epoch");
KTRIAL_UNIT(Sequence, "sequence");
KTRIAL_UNIT(RemoteLogSegmentId, "remote segment id");
KTRIAL_UNIT(ValueId, "record");
KTRIAL_UNIT(TopicPartition, "partition");
KTRIAL_UNIT(RecordBatch, "batch");
KTRIAL_UNIT(MetadataBatch, "metadata batch");
KTRIAL_UNIT(EpochEntry, "epoch and its start offset");
KTRIAL_UNIT(ProducerStateEntry, "producer state");
KTRIAL_UNIT(RemoteLogSegmentMetadata, "remote segment");
KTRIAL_UNIT(SegmentSize, "segment and its size in bytes");
KTRIAL_UNIT(std::string, "text");
KTRIAL_UNIT(const char*, "text");
KTRIAL_UNIT(Error, "error");
#undef KTRIAL_UNIT
template <>
struct Unit<std::int64_t> {
  static std::string of(std::string_view field) { return field.ends_with("bytes") ? "bytes" : ""; }
};
template <class T>
struct Unit<std::vector<T>> {
  static std::string of(std::string_view field) { return "list of: " + unit<T>(field); }
};

template <class Fact>
std::vector<FactField> described_fields() {
  std::vector<FactField> fields;
  for_each_described(Fact{}, [&]<class T>(std::string_view field, const T&) {
    FactField f{json_name(field, notes_of<Fact>()), unit<T>(field)};
    for (const FieldNote& note : notes_of<Fact>())
      if (note.unit != nullptr && note.field == field) f.unit = note.unit;
    fields.push_back(std::move(f));
  });
  return fields;
}

class Json {
 public:
  explicit Json(const std::map<int, std::string>& topics) : topics_(topics) {}

  template <class Fact>
  std::string object(const Fact& fact) {
    std::size_t i = 0;
    out_ += '{';
    for_each_described(fact, [&](const char*, const auto& value) { field(names_of<Fact>()[i++].c_str(), value); });
    return out_ + "}";
  }

 private:
  template <class T>
  void field(const char* name, const T& value) {
    if (out_.back() != '{') out_ += ',';
    append_json_string(out_, name);
    out_ += ':';
    put(value);
  }
  void put(bool v) { out_ += v ? "true" : "false"; }
  void put(std::int32_t v) { out_ += std::to_string(v); }
  void put(std::int64_t v) { out_ += std::to_string(v); }
  void put(std::uint8_t v) { out_ += std::to_string(v); }
  // A digest, as text: most readers of JSON lose integers above 2^53.
  void put(std::uint64_t v) { append_json_string(out_, std::to_string(v)); }
  void put(const std::string& text) { append_json_string(out_, text); }
  void put(const char* text) { append_json_string(out_, text); }
  void put(Nanos v) { put(static_cast<std::int64_t>(v.count())); }
  template <class E>
  requires std::is_enum_v<E>
  void put(E value) { append_json_string(out_, name(value)); }
  void put(Probe probe) { append_json_string(out_, probe_name(probe)); }
  void put(const ProducerStateEntry& e) {
    out_ += '{';
    field("producerId", e.producer_id);
    field("producerEpoch", e.epoch);
    field("lastSequence", e.last_sequence());
    field("lastOffset", e.last_offset());
    field("batches", static_cast<std::int64_t>(e.batches.size()));
    out_ += '}';
  }
  void put(const EpochEntry& e) {
    out_ += '{';
    field("epoch", e.epoch);
    field("startOffset", e.start);
    out_ += '}';
  }
  void put(const SegmentSize& s) {
    out_ += '{';
    field("baseOffset", s.base_offset);
    field("sizeInBytes", s.bytes);
    out_ += '}';
  }
  void put(const RemoteLogSegmentMetadata& s) {
    out_ += '{';
    field("id", s.id);
    field("partition", s.partition);
    field("startOffset", s.start_offset);
    field("endOffset", s.end_offset);
    field("maxTimestamp", s.max_timestamp);
    field("sizeInBytes", s.bytes);
    field("broker", s.broker);
    field("leaderEpochs", s.epochs);
    field("state", s.state);
    out_ += '}';
  }
  void put(LeaderRecoveryState s) {
    append_json_string(out_, s == LeaderRecoveryState::RECOVERING ? "RECOVERING" : "RECOVERED");
  }
  template <class Tag, class Rep>
  void put(const Named<Tag, Rep>& v) {
    out_ += v.present() ? std::to_string(v.value) : "null";
  }
  void put(ValueId v) {
    if (v.present())
      append_json_string(out_, value_text(v));
    else
      out_ += "null";
  }
  void put(TopicPartition tp) {
    const auto topic = topics_.find(tp.topic.value);
    append_json_string(out_, (topic == topics_.end() ? std::to_string(tp.topic.value) : topic->second) + "-" +
                                 std::to_string(tp.partition.value));
  }
  void put(const RecordBatch& b) {
    out_ += '{';
    field("baseOffset", b.base_offset);
    field("lastOffset", b.last_offset());
    field("partitionLeaderEpoch", b.partition_leader_epoch);
    field("sizeInBytes", b.size_in_bytes);
    if (b.records) {
      std::vector<ValueId> values;
      for (const Record& record : *b.records) values.push_back(record.value);
      field("values", values);
    }
    out_ += '}';
  }
  void put(const MetadataBatch& b) {
    out_ += '{';
    field("baseOffset", b.base_offset);
    field("lastOffset", b.last_offset());
    field("epoch", b.epoch);
    out_ += '}';
  }
  template <class T>
  void put(const std::vector<T>& items) {
    out_ += '[';
    for (const T& item : items) {
      if (out_.back() != '[') out_ += ',';
      put(item);
    }
    out_ += ']';
  }

  const std::map<int, std::string>& topics_;
  std::string out_;
};

}  // namespace

std::string fact_fields(const Fact& fact, const std::map<int, std::string>& topics) {
  return std::visit([&](const auto& f) { return Json(topics).object(f); }, fact);
}

std::vector<FactField> fields_of(std::uint16_t kind) {
  return std::visit([]<class F>(const F&) { return described_fields<F>(); }, fact_row(kind).example());
}

}  // namespace ktrial::reports

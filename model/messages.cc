#include "model/messages.h"

#include <array>

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "model/canonical.h"
#include "model/fields.h"

namespace ktrial::model {

MessageBody::MessageBody() = default;
MessageBody::MessageBody(const MessageBody&) = default;
MessageBody::MessageBody(MessageBody&&) noexcept = default;
MessageBody& MessageBody::operator=(const MessageBody&) = default;
MessageBody& MessageBody::operator=(MessageBody&&) noexcept = default;
MessageBody::~MessageBody() = default;

template <AlternativeOf<MessageBodyVariant> T>
MessageBody::MessageBody(T&& body) : MessageBodyVariant(std::in_place_type<T>, std::move(body)) {}
template <AlternativeOf<MessageBodyVariant> T>
MessageBody::MessageBody(const T& body) : MessageBodyVariant(std::in_place_type<T>, body) {}
[[gnu::used]] static void instantiate(MessageBody& to, MessageBodyVariant& from) { instantiate_conversions(to, from); }

namespace {

struct KindName {
  std::string full;  // "FetchResponse"
  std::string api;   // "Fetch"
  bool request = false;
};

template <std::size_t... I>
std::array<KindName, kMessageKinds> make_api_names(std::index_sequence<I...>) {
  const auto one = [](std::string full) {
    KindName n{full, full, full.ends_with("Request")};
    n.api.resize(full.size() - (n.request ? 7 : 8));
    return n;
  };
  return {one(type_name<std::variant_alternative_t<I, MessageBodyVariant>>())...};
}
const std::array<KindName, kMessageKinds>& names() {
  static const auto table = make_api_names(std::make_index_sequence<kMessageKinds>());
  return table;
}

// Bytes on the wire, close to Kafka's flexible encoding: fixed-width numbers, uuid topic ids, compact lengths.
class Size {
 public:
  template <class Tag, class Rep>
  void add(const Named<Tag, Rep>&) {
    bytes += sizeof(Rep);
  }
  void add(const TopicId&) { bytes += 16; }
  void add(const MemberId&) { bytes += 45; }  // client id and uuid
  void add(Nanos) { bytes += 4; }
  void add(const std::string& text) { bytes += 1 + text.size(); }
  template <class A, class B>
  void add(const std::pair<A, B>& p) {
    add(p.first);
    add(p.second);
  }
  template <class T>
  void add(const std::vector<T>& items) {
    bytes += 1;
    for (const auto& item : items) add(item);
  }
  void add(const RecordBatch& b) { bytes += static_cast<std::size_t>(b.size_in_bytes); }
  void add(const MetadataBatch& b) { bytes += kBatchOverheadBytes + 48 * b.records->size(); }
  template <class T>
  void add(const Tagged<T>& field) {
    if (field.value != T{}) add(field.value);
  }
  template <class T>
  void add(const T& v) {
    if constexpr (std::is_arithmetic_v<T> || std::is_enum_v<T>)
      bytes += sizeof(T);
    else if constexpr (!std::is_empty_v<T>)
      for_each_field(v, [this](const auto& field) { this->add(field); });
  }
  std::size_t bytes = 0;
};
constexpr std::size_t kRequestHeaderBytes = 24;  // size, api key and version, correlation id, client id
constexpr std::size_t kResponseHeaderBytes = 9;

}  // namespace

const char* api_name(std::uint16_t kind) { return kind < kMessageKinds ? names()[kind].api.c_str() : "?"; }
bool is_request(std::uint16_t kind) { return kind < kMessageKinds && names()[kind].request; }
std::uint16_t kind_by_name(std::string_view text) {
  for (std::size_t i = 0; i < kMessageKinds; ++i)
    if (names()[i].full == text) return static_cast<std::uint16_t>(i);
  return 0xffff;
}

std::int32_t size_in_bytes(const Message& m) {
  Size size;
  size.bytes = is_request(kind(m)) ? kRequestHeaderBytes : kResponseHeaderBytes;
  std::visit([&](const auto& body) { size.add(body); }, m.body);
  return static_cast<std::int32_t>(size.bytes);
}

std::uint64_t digest(const Message& m) {
  Canonical form;
  form.add(kind(m));
  form.add(m.correlation_id);
  std::visit([&](const auto& body) { form.add(body); }, m.body);
  return XXH3_64bits(form.data(), form.bytes());
}

}  // namespace ktrial::model

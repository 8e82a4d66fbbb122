// Requests and responses of the protocol, with Kafka's names and the fields a model needs.
//
// Follows the message definitions in clients/src/main/resources/common/message. One struct a message, in a file for
// each family; a field is left out when nothing in the model reads it. A message's name, size and digest follow from
// its struct. Batching over many partitions in one request is kept, since what shares a request shares its fate. Every
// exchange is a request with a correlation id, answered on the same connection by a response with that id.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>
#include <variant>

#include "model/alternatives.h"
#include "model/described.h"
#include "model/messages/admin.h"
#include "model/messages/broker_to_controller.h"
#include "model/messages/group.h"
#include "model/messages/metadata.h"
#include "model/messages/produce_and_fetch.h"
#include "model/messages/quorum.h"
#include "model/messages/remote.h"

namespace ktrial::model {

using AllMessages = MessageList<ProduceAndFetchMessages, MetadataMessages, GroupMessages, QuorumMessages,
                                BrokerToControllerMessages, AdminMessages, RemoteMessages>;
template <class... Lists>
constexpr std::size_t count_of(const MessageList<Lists...>*) {
  return (Lists::kCount + ...);
}
inline constexpr std::size_t kMessageKinds = count_of(static_cast<AllMessages*>(nullptr));

// Never defined: only for its type. A number that is missing or given twice does not compile.
template <std::size_t Number, class Message>
Message message_of_kind(const Kind<Number, Message>*);
template <class Numbers>
struct VariantOfMessages;
template <std::size_t... Number>
struct VariantOfMessages<std::index_sequence<Number...>> {
  using Type = std::variant<decltype(message_of_kind<Number>(static_cast<AllMessages*>(nullptr)))...>;
};
using MessageBodyVariant = VariantOfMessages<std::make_index_sequence<kMessageKinds>>::Type;

// As Fact (facts.h): special members and conversions are in messages.cc.
class MessageBody : public MessageBodyVariant {
 public:
  MessageBody();
  template <AlternativeOf<MessageBodyVariant> T>
  [[gnu::noinline]] MessageBody(T&& body);
  template <AlternativeOf<MessageBodyVariant> T>
  [[gnu::noinline]] MessageBody(const T& body);
  MessageBody(const MessageBody&);
  MessageBody(MessageBody&&) noexcept;
  MessageBody& operator=(const MessageBody&);
  MessageBody& operator=(MessageBody&&) noexcept;
  ~MessageBody();
};

struct Message {
  std::int32_t correlation_id = 0;
  MessageBody body;
  KTRIAL_FIELDS(Message, correlation_id, body)
  KTRIAL_CORRELATIONS(Message, correlation_id)
};

// The number that a message has in its list: the "kind" of a message on the wire, and its index in MessageBody.
template <AlternativeOf<MessageBodyVariant> T>
constexpr std::uint16_t kind_of_type() {
  return kAlternative<T, MessageBodyVariant>;
}
inline std::uint16_t kind(const Message& m) { return static_cast<std::uint16_t>(m.body.index()); }
// Kafka's name without the Request/Response ("Produce"), and whether the kind is a request.
const char* api_name(std::uint16_t kind);
bool is_request(std::uint16_t kind);
std::uint16_t kind_by_name(std::string_view text);  // "FetchResponse"; 0xffff when there is none
std::int32_t size_in_bytes(const Message& m);
// A digest of what identifies the message's content, for the fingerprint of a run.
std::uint64_t digest(const Message& m);

}  // namespace ktrial::model

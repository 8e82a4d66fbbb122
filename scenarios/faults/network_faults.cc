#include "scenarios/faults/network_faults.h"

#include <algorithm>

#include "scenarios/format/key_visitor.h"
#include "scenarios/run/fault_draw.h"
#include "scenarios/run/fault_effects.h"

namespace ktrial::scenarios {
namespace {

std::int32_t kind_of_message(const std::string& name) {
  return name.empty() ? sim::kAnyKind : std::int32_t{model::kind_by_name(name)};
}

Selector all_of(Selector::Kind kind) {
  Selector s;
  s.kind = kind;
  return s;
}

// A reply comes late to whoever waits for it, by an election or more: what it says is not so any more. That of the
// controller's log is a broker that does not hear of what is decided.
void draw_late_reply(const Drawing& d, Hold& hold) {
  struct Reply {
    const char* message;
    Selector::Kind from, to;
  };
  using K = Selector::Kind;
  constexpr Reply kReplies[] = {{"QuorumFetchResponse", K::all_controllers, K::all_brokers},
                                {"FetchResponse", K::all_brokers, K::all_brokers},
                                {"AlterPartitionResponse", K::all_controllers, K::all_brokers},
                                {"OffsetForLeaderEpochResponse", K::all_brokers, K::all_brokers},
                                {"ProduceResponse", K::all_brokers, K::all_clients}};
  const Reply& reply = kReplies[d.draw(f_message, 0, std::size(kReplies) - 1)];
  hold.message = reply.message;
  // Whom it was drawn for waits, if it is one that waits for such a reply.
  const Sides& sides = hold.sides;
  const bool two = sides.both_ways && sides.from.size() == 1 && sides.to.size() == 1;
  std::vector<Selector> waits = two ? sides.from : sides.to;
  const bool controller = std::any_of(waits.begin(), waits.end(), [](const Selector& s) {
    return s.kind == K::controller || s.kind == K::active_controller || s.kind == K::all_controllers;
  });
  if (waits.empty() || controller || reply.to == K::all_clients) waits = {all_of(reply.to)};
  hold.sides = {{all_of(reply.from)}, std::move(waits), false};
}

void set_delay(const AtLink& at) {
  Nanos extra{0};
  at.effects.each<Delay>(at.from, at.to, [&](const Delay& delay) { extra += delay.by.value_or(Delay::kUsual); });
  at.world.network().delay(at.a(), at.b(), extra);
}

void set_bandwidth(const AtLink& at) {
  std::int64_t lowest = at.effects.usual_bandwidth();
  at.effects.each<Bandwidth>(at.from, at.to, [&](const Bandwidth& link) {
    lowest = std::min(lowest, link.bytes_per_second.value_or(Bandwidth::kUsual));
  });
  at.world.network().bandwidth(at.a(), at.b(), static_cast<std::uint64_t>(lowest));
}

}  // namespace

void Halves::draw(const Drawing& d) { targets = d.half(); }

void Bridge::body(KeyVisitor& v) {
  v.selectors({"half", "one half", true}, one_half);
  v.selectors({"over", "who sees both halves", true}, over);
}
void Bridge::draw(const Drawing& d) {
  one_half = d.half();
  over = d.targets();
}

void Delay::more(KeyVisitor& v) { v.duration({"by", "how much longer each message takes; usually 100ms"}, by); }
void Delay::draw(const Drawing& d) {
  // A reply that comes late by about one election, or only out of step.
  by = d.draw(f_sign, 0, 1) == 0 ? d.draw.duration(f_amount, model::milliseconds(5), model::milliseconds(500))
                                 : d.like_a_timeout(f_delay_of, f_amount, d.random.quiet_after / 6);
}
void Delay::begin(const AtLink& at) const { at.stays(), set_delay(at); }
void Delay::end(const AtLink& at) const { set_delay(at); }
bool Delay::shows(const AtLink& at) const { return at.sent() > 0; }

void Bandwidth::more(KeyVisitor& v) {
  v.number({"bytes-per-second", "what the link carries; usually 100000"}, bytes_per_second, {1, kAnyAmount.highest});
}
void Bandwidth::draw(const Drawing& d) { bytes_per_second = d.whole(10'000, 10'000'000); }
void Bandwidth::begin(const AtLink& at) const { at.stays(), set_bandwidth(at); }
void Bandwidth::end(const AtLink& at) const { set_bandwidth(at); }
bool Bandwidth::shows(const AtLink& at) const { return at.sent() > 0; }

void Reset::begin(const AtLink& at) const { at.world.network().reset(at.a(), at.b()); }
bool Reset::shows(const AtLink& at) const { return at.were_connected; }

void CutMidResponse::more(KeyVisitor& v) {
  v.name({"message", "of which kind that message is; absent: of any"}, Names::message, message);
}
void CutMidResponse::draw(const Drawing& d) {
  if (d.draw(f_sign, 0, 1) == 0) message = d.message();
}
void CutMidResponse::begin(const AtLink& at) const {
  at.world.network().reset_on_next(at.a(), at.b(), kind_of_message(message));
  at.stays();
}
void CutMidResponse::end(const AtLink& at) const {
  at.world.network().cancel_reset_on_next(at.a(), at.b(), kind_of_message(message));
}
bool CutMidResponse::shows(const AtLink& at) const {
  return !at.world.network().view().resets_next(at.a(), at.b(), kind_of_message(message));
}

void Hold::more(KeyVisitor& v) {
  v.name({"message", "of which kind the messages are that stop", true}, Names::message, message);
}
void Hold::draw(const Drawing& d) {
  message = d.message();
  if (d.draw(f_late_reply, 0, 1) == 0) draw_late_reply(d, *this);
}
void Hold::begin(const AtLink& at) const {
  at.world.network().hold(at.a(), at.b(), kind_of_message(message));
  at.stays();
}
void Hold::end(const AtLink& at) const { at.world.network().release(at.a(), at.b(), kind_of_message(message)); }

}  // namespace ktrial::scenarios

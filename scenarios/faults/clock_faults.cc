#include "scenarios/faults/clock_faults.h"

#include <algorithm>

#include "scenarios/format/key_visitor.h"
#include "scenarios/run/fault_draw.h"
#include "scenarios/run/fault_effects.h"

namespace ktrial::scenarios {
namespace {

constexpr std::int64_t kFastestDrift = 499'999;  // sim::Clock

void set_drift(const AtNode& at) {
  std::int64_t ppm = at.effects.usual_drift(at.node);
  at.effects.each<ClockDrift>(at.node, {}, [&](const ClockDrift& drift) { ppm += drift.ppm.value_or(0); });
  at.world.set_drift(at.id(), std::clamp(ppm, -kFastestDrift, kFastestDrift));
}

// Nobody looks at the clock of a process that is down.
Hit if_up(const AtNode& at) { return at.up() ? Hit::struck : Hit::armed; }

}  // namespace

void ClockStep::more(KeyVisitor& v) { v.duration({"by", "how far it jumps"}, by, Sign::any); }
void ClockStep::draw(const Drawing& d) {
  by = d.draw.duration(f_amount, model::milliseconds(1), model::seconds(20));
  if (d.draw(f_sign, 0, 1) == 0) by = -*by;
}
Hit ClockStep::begin(const AtNode& at) const {
  at.world.step_wall_clock(at.id(), by.value_or(Nanos::zero()));
  return if_up(at);
}
bool ClockStep::shows(const AtNode& at) const { return at.up(); }

void ClockDrift::more(KeyVisitor& v) {
  v.number({"ppm", "parts per million too fast; negative: too slow"}, ppm, {-1'000'000, kAnyAmount.highest});
}
void ClockDrift::draw(const Drawing& d) {
  ppm = d.whole(1, 20'000);
  if (d.draw(f_sign, 0, 1) == 0) ppm = -*ppm;
}
Hit ClockDrift::begin(const AtNode& at) const { return at.stays(), set_drift(at), if_up(at); }
Ended ClockDrift::end(const AtNode& at) const { return set_drift(at), Ended{}; }
bool ClockDrift::shows(const AtNode& at) const { return at.up(); }

Hit ClockFreeze::begin(const AtNode& at) const {
  const bool frozen = at.effects.has<ClockFreeze>(at.node);
  at.stays();
  if (frozen) return Hit::prolongs;
  at.world.freeze_clock(at.id());
  return if_up(at);
}
Ended ClockFreeze::end(const AtNode& at) const {
  if (!at.effects.has<ClockFreeze>(at.node)) at.world.unfreeze_clock(at.id());
  return {};
}
bool ClockFreeze::shows(const AtNode& at) const { return at.up(); }

}  // namespace ktrial::scenarios

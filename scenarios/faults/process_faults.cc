#include "scenarios/faults/process_faults.h"

#include <fmt/format.h>

#include <algorithm>

#include "scenarios/format/key_visitor.h"
#include "scenarios/run/fault_draw.h"
#include "scenarios/run/fault_effects.h"

namespace ktrial::scenarios {
namespace {

// The end of what stops a process: it is started, unless something else keeps it down.
Ended start_again(const AtNode& at) {
  Ended ended;
  if (at.effects.keeps_down(at.node)) return ended;
  ended.killed = at.world.kill(at.id());
  ended.started = at.world.restart(at.id());
  return ended;
}

void set_slow(const AtNode& at) {
  std::int64_t factor = 0;
  at.effects.each<Slow>(at.node, {},
                        [&](const Slow& slow) { factor = std::max(factor, slow.factor.value_or(Slow::kUsualFactor)); });
  at.world.slow(at.id(), static_cast<std::uint64_t>(factor));
}

}  // namespace

Hit Kill::begin(const AtNode& at) const {
  at.stays();
  if (!at.up()) return Hit::prolongs;
  at.world.kill(at.id());
  at.effects.process_ends(at.node);
  return Hit::struck;
}
Ended Kill::end(const AtNode& at) const { return start_again(at); }

Hit PowerCut::begin(const AtNode& at) const {
  at.stays();
  // Of a machine whose process is down it takes what the page cache still holds.
  const bool was_up = at.up();
  at.world.power_cut(at.id());
  const bool took = at.effects.disk_said(at.world, at.node);
  at.effects.process_ends(at.node);
  return was_up || took ? Hit::struck : Hit::armed;
}
Ended PowerCut::end(const AtNode& at) const { return start_again(at); }

Hit Wipe::begin(const AtNode& at) const {
  at.stays();
  // The two steps tell of what they took one by one.
  if (at.up()) {
    at.world.power_cut(at.id());
    at.effects.disk_said(at.world, at.node);
  }
  at.effects.process_ends(at.node);
  at.world.wipe(at.id());
  at.effects.disk_said(at.world, at.node);
  return Hit::struck;
}
Ended Wipe::end(const AtNode& at) const { return start_again(at); }

Hit CleanStop::begin(const AtNode& at) const {
  // A process that stands still does not hear the signal, so this finds nothing to hit.
  if (!at.world.command(at.id(), model::CleanStop{})) return Hit::nothing;
  at.stays();
  return Hit::struck;
}
Ended CleanStop::end(const AtNode& at) const { return start_again(at); }

Hit Restart::begin(const AtNode& at) const {
  if (at.up()) return Hit::nothing;
  at.effects.end_standstill(at.node, Standstill::down);
  at.world.restart(at.id());
  return Hit::struck;
}

Hit Pause::begin(const AtNode& at) const {
  if (!at.up()) return Hit::nothing;
  at.stays();
  return at.world.pause(at.id()) ? Hit::struck : Hit::prolongs;
}
Ended Pause::end(const AtNode& at) const {
  Ended ended;
  ended.resumed = !at.effects.has<Pause>(at.node) && at.world.resume(at.id());
  return ended;
}

void Slow::more(KeyVisitor& v) {
  v.number({"factor", "how many times as long each step takes; usually 10"}, factor, {1, kAnyAmount.highest});
}
void Slow::draw(const Drawing& d) { factor = d.whole(10, 1000); }
Hit Slow::begin(const AtNode& at) const {
  at.stays();
  set_slow(at);
  return at.up() ? Hit::struck : Hit::armed;
}
Ended Slow::end(const AtNode& at) const { return set_slow(at), Ended{}; }
bool Slow::shows(const AtNode& at) const { return at.up(); }
std::string Slow::told(const std::string& node) const {
  return fmt::format("{} is {} times slower", node, factor.value_or(kUsualFactor));
}

}  // namespace ktrial::scenarios

#include "scenarios/faults/disk_faults.h"

#include <fmt/format.h>

#include "scenarios/format/key_visitor.h"
#include "scenarios/run/fault_draw.h"
#include "scenarios/run/fault_effects.h"

namespace ktrial::scenarios {
namespace {

// Breaks something on the disk of a broker; `how` says whether it found something to break.
template <class How>
Hit break_batch(const AtNode& at, std::optional<std::int64_t> batch, How how) {
  if (!at.broker()) return Hit::nothing;
  bool broke = false;
  const auto which = static_cast<std::uint64_t>(batch.value_or(0));
  at.world.tamper(at.id(), which, [&](KafkaNode& node) { broke = how(node, which); });
  at.effects.disk_said(at.world, at.node);
  return broke ? Hit::struck : Hit::nothing;
}

const Key kBatch{"batch", "which one, counted over all logs of the broker; usually 0"};

}  // namespace

void BitRot::more(KeyVisitor& v) {
  static const std::vector<std::string> checksums = {"matches", "broken"};
  std::optional<std::size_t> checksum;
  if (checksum_matches) checksum = 0;
  v.choice({"checksum", "whether a checksum finds it; usually broken"}, checksums, checksum);
  checksum_matches = checksum == std::size_t{0};
  v.number(kBatch, batch, kAnyAmount);
}
void BitRot::draw(const Drawing& d) {
  checksum_matches = d.random.checksum_matches;
  batch = d.whole(0, 999);
}
Hit BitRot::begin(const AtNode& at) const {
  return break_batch(at, batch, [&](KafkaNode& node, std::uint64_t which) {
    return checksum_matches ? node.rot_unseen(which) : node.rot(which);
  });
}
std::string BitRot::told(const std::string& node) const {
  if (checksum_matches) return fmt::format("a record on the disk of {} is another, and its checksum is right", node);
  return fmt::format("a batch on the disk of {} breaks", node);
}

void MisdirectedWrite::more(KeyVisitor& v) { v.number(kBatch, batch, kAnyAmount); }
void MisdirectedWrite::draw(const Drawing& d) { batch = d.whole(0, 999); }
Hit MisdirectedWrite::begin(const AtNode& at) const {
  return break_batch(at, batch, [](KafkaNode& node, std::uint64_t which) { return node.misdirect(which); });
}
std::string MisdirectedWrite::told(const std::string& node) const {
  return fmt::format("a batch on the disk of {} is written over another one", node);
}

void OnLogDir::more(KeyVisitor& v) {
  v.name({"log-dir", "one of log.dirs; absent: all of them"}, Names::log_directory, log_dir);
}
void OnLogDir::draw(const Drawing& d) { log_dir = d.log_dir(); }
Hit OnLogDir::begin(const AtNode& at) const {
  if (!at.broker()) return Hit::nothing;
  at.stays();
  at.effects.set_disk(at.world, at.node);
  return Hit::armed;
}
Ended OnLogDir::end(const AtNode& at) const {
  Ended ended;
  at.effects.set_disk(at.world, at.node);
  if (at.effects.keeps_down(at.node)) return ended;
  // What has met an error halts within 50 ms, which may be after the fault.
  if (at.broker() && at.broker()->directory_failed()) ended.killed = at.world.kill(at.id());
  ended.started = at.world.restart(at.id());
  return ended;
}
bool OnLogDir::shows(const AtNode& at) const { return at.broker() && at.broker()->directory_failed(); }
std::string OnLogDir::disk(const std::string& node) const {
  return log_dir.empty() ? fmt::format("the disk of {}", node) : fmt::format("{} of {}", log_dir, node);
}

void SlowDisk::more(KeyVisitor& v) {
  OnLogDir::more(v);
  v.duration({"by", "how much longer it takes; usually 50ms"}, by);
}
void SlowDisk::draw(const Drawing& d) {
  OnLogDir::draw(d);
  by = model::milliseconds(std::int64_t{1} << d.draw(f_amount, 0, 8));
}
bool SlowDisk::shows(const AtNode& at) const { return at.up(); }

Hit RestoreDisk::begin(const AtNode& at) const {
  if (!at.broker()) return Hit::nothing;
  at.stays();
  at.effects.keep_disk(at.fault, at.node, at.broker()->durable_disk());
  return Hit::armed;
}
Ended RestoreDisk::end(const AtNode& at) const {
  Ended ended;
  at.effects.restore_disk(at.world, at.fault, at.node);
  ended.disk_replaced = true;
  if (!at.effects.keeps_down(at.node)) ended.started = at.world.restart(at.id());
  return ended;
}

}  // namespace ktrial::scenarios

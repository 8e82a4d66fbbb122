#include "model/state/state_writer.h"

#include <algorithm>

#include "model/state/state_writer_impl.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

namespace ktrial::model {
namespace {

std::string as_text(Nanos time) {
  if (time == Nanos::max() || time == Nanos::min()) return time > Nanos(0) ? "never" : "long ago";
  const bool negative = time < Nanos(0);
  const std::uint64_t count =
      negative ? ~static_cast<std::uint64_t>(time.count()) + 1 : static_cast<std::uint64_t>(time.count());
  std::string fraction = std::to_string(1'000'000'000 + count % 1'000'000'000).substr(1);
  while (!fraction.empty() && fraction.back() == '0') fraction.pop_back();
  return (negative ? "-" : "") + std::to_string(count / 1'000'000'000) + (fraction.empty() ? "" : "." + fraction) + "s";
}
std::uint64_t word_of(std::int64_t value) { return static_cast<std::uint64_t>(value); }

}  // namespace

StateWriter::StateWriter(History history, const StateOutput& output)
    : history_(history),
      words_(output.words),
      lines_(output.lines),
      contents_(output.contents != nullptr ? output.contents : &own_contents_) {}

void StateWriter::flush() {
  if (words_ != nullptr) words_->insert(words_->end(), buffer_.begin(), buffer_.begin() + used_);
  hash_ = XXH3_64bits_withSeed(buffer_.data(), used_ * sizeof(buffer_[0]), hash_);
  used_ = 0;
}

std::uint64_t StateWriter::hash() {
  if (used_ != 0) flush();
  return hash_;
}

void StateWriter::begin_node(NodeId node, Nanos now, Nanos wall_clock) {
  node_ = node;
  now_ = now;
  wall_clock_ = wall_clock;
  connection_ = connection_name_ = 0;
  slot_ = 0;
  client_correlations_.clear();
}

void StateWriter::name_connection(ConnectionId connection, NodeId peer, std::uint32_t rank) {
  connection_names_[connection] = {peer, rank};
}

std::size_t StateWriter::enter(std::string_view name) {
  if (lines_ == nullptr) return 0;
  const std::size_t length = path_.size();
  if (name.ends_with('_')) name.remove_suffix(1);
  if (!path_.empty()) path_ += '.';
  path_ += name;
  return length;
}
std::size_t StateWriter::enter_item(std::size_t index) {
  if (lines_ == nullptr) return 0;
  const std::size_t length = path_.size();
  path_ += '[' + std::to_string(index) + ']';
  return length;
}

void StateWriter::line(std::string text) { lines_->push_back({path_, std::move(text)}); }
void StateWriter::absent() {
  put(0);
  if (lines_ != nullptr) line("-");
}
void StateWriter::boolean(bool value) {
  put(value ? 1 : 0);
  if (lines_ != nullptr) line(value ? "true" : "false");
}

void StateWriter::integer(std::int64_t value) {
  std::uint64_t word = word_of(value);
  if (meaning_ != Meaning::plain && !keeps_history()) switch (meaning_) {
      case Meaning::wall_milliseconds:
        word = word_of(value - wall_clock_.count() / 1'000'000);
        break;
      case Meaning::correlation:
        if (value < 0) break;  // none
        word = renamed(connection_, word);
        client_correlations_[value] = word | connection_name_ << 20;
        break;
      case Meaning::client_correlation:
        if (const auto known = client_correlations_.find(value); known != client_correlations_.end())
          word = known->second;
        else
          word = renamed(node_space(0), word);
        break;
      case Meaning::number:
        if (space_ != kMembershipNumbers)
          word = renamed(node_space(space_), word);
        else if (value >= kFirstMembershipNumber)
          word = kFirstMembershipNumber + renamed(node_space(space_), word);
        break;
      case Meaning::slot:
        slot_ = static_cast<std::uint32_t>(value);
        word = renamed(node_space(kSlotNumbers), word);
        break;
      default:
        break;
    }
  put(word);
  if (lines_ != nullptr) line(std::to_string(value));
}

void StateWriter::text(const std::string& value) {
  put(value.size());
  for_each_word(value, [this](std::uint64_t word) { put(word); });
  if (lines_ != nullptr) line('"' + value + '"');
}

void StateWriter::time(Nanos value) {
  std::int64_t word = value.count();
  if (!keeps_history() && word < kEndless) {
    if (meaning_ == Meaning::deadline)
      word = std::max<std::int64_t>(word <= -kEndless ? 0 : word - now_.count(), 0);
    else if (word <= -kEndless)
      ;
    else if (meaning_ == Meaning::moment)
      word -= now_.count();
    else if (meaning_ == Meaning::wall_time)
      word -= wall_clock_.count();
  }
  put(word_of(word));
  if (lines_ != nullptr) line(as_text(value));
}

void StateWriter::connection(ConnectionId value) {
  if (!value.present()) {
    connection_ = connection_name_ = 0;
    return absent();
  }
  const std::uint64_t own =
      static_cast<std::uint64_t>(value.initiator.value) << 32 | static_cast<std::uint32_t>(value.number);
  connection_ = own | std::uint64_t{1} << 62;
  if (lines_ != nullptr) line(state_writer::key_text(value));
  if (keeps_history()) {
    put(own);
    return;
  }
  auto known = connection_names_.find(value);
  if (known == connection_names_.end())  // the network has forgotten it
    known = connection_names_.emplace(value, ConnectionName{NodeId(), gone_connections_[value.initiator]++}).first;
  put(word_of(value.initiator.value));
  connection_name_ = word_of(known->second.peer.value + 2) << 20 | known->second.rank;
  put(connection_name_);
}

std::uint64_t StateWriter::node_space(std::uint32_t space) const {
  const std::uint64_t slot = (space & kOfSlot) != 0 ? slot_ + 1 : 0;
  return std::uint64_t{1} << 63 | static_cast<std::uint64_t>(node_.value) << 40 | slot << 20 | (space & ~kOfSlot);
}

std::uint64_t StateWriter::renamed(std::uint64_t space, std::uint64_t number) {
  const auto [at, fresh] = numbers_.try_emplace({space, number}, 0);
  if (fresh) at->second = next_numbers_[space]++;
  return at->second;
}

std::uint64_t StateWriter::content_hash(const std::vector<Record>& records) {
  std::uint64_t hash = records.size();
  for (const Record& record : records) {
    const std::array<std::int64_t, 4> words{record.key.value, static_cast<std::int64_t>(record.state),
                                            record.value.value, (record.timestamp - records.front().timestamp).count()};
    hash = XXH3_64bits_withSeed(words.data(), sizeof(words), hash);
  }
  return hash;
}
std::uint64_t StateWriter::content_hash(const std::vector<MetadataRecord>& records) {
  StateWriter writer(History::kept);
  writer.write(records);
  return writer.hash();
}

std::vector<std::string> difference(const std::vector<StateLine>& a, const std::vector<StateLine>& b) {
  std::vector<std::string> told;
  std::vector<std::pair<std::string, const std::string*>> of_b;
  for (const StateLine& line : b) of_b.emplace_back(line.path, &line.value);
  std::stable_sort(of_b.begin(), of_b.end(), [](const auto& x, const auto& y) { return x.first < y.first; });
  std::vector<bool> seen(of_b.size(), false);
  const auto find = [&](const std::string& path) {
    return std::lower_bound(of_b.begin(), of_b.end(), path,
                            [](const auto& x, const std::string& p) { return x.first < p; });
  };
  for (const StateLine& line : a) {
    const auto other = find(line.path);
    if (other == of_b.end() || other->first != line.path) {
      told.push_back(line.path + ": " + line.value + " -> (not there)");
      continue;
    }
    seen[static_cast<std::size_t>(other - of_b.begin())] = true;
    if (*other->second != line.value) told.push_back(line.path + ": " + line.value + " -> " + *other->second);
  }
  for (const StateLine& line : b)
    if (const auto at = find(line.path); !seen[static_cast<std::size_t>(at - of_b.begin())])
      told.push_back(line.path + ": (not there) -> " + line.value);
  return told;
}

}  // namespace ktrial::model

// Requests that have arrived, one in processing for each connection.
//
// Follows SocketServer's muting of a channel and RequestChannel: the next request of a connection is taken up when the
// last one was answered. What was received is executed even if its connection is gone (a zombie request); only its
// answer goes nowhere. Requests of different connections have no order: Kafka's handler threads and processors take
// them as they come, so a zombie may execute before or after a newer request of a newer connection. Which of several is
// next is the world's choice, by name (Choice::next_request). Always holds: answers leave a connection in the order of
// the requests.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "model/described.h"
#include "model/step.h"

namespace ktrial::model {

class RequestChannel {
 public:
  void received(ConnectionId connection, Message&& message) {
    Line& line = lines_[connection];
    line.waiting.push_back(std::move(message));
    if (!line.busy && line.waiting.size() == 1) ready_.insert(connection);
  }
  void closed(ConnectionId connection) {
    const auto it = lines_.find(connection);
    if (it == lines_.end()) return;
    it->second.dead = true;
    if (!it->second.busy && it->second.waiting.empty()) lines_.erase(it);
  }
  struct Taken {
    ConnectionId connection;
    Message message;
    bool zombie = false;  // its connection is gone
  };
  // The next request to process, of one of the connections that have one.
  std::optional<Taken> take(Step& step) {
    if (ready_.empty()) return std::nullopt;
    auto next = ready_.begin();
    if (const auto others = static_cast<std::uint32_t>(ready_.size() - 1); others > 0)
      next += static_cast<std::ptrdiff_t>(step.choose(Choice::next_request, others, 0, others));
    const ConnectionId connection = *next;
    ready_.erase(next);
    Line& line = lines_.at(connection);
    line.busy = true;
    std::optional<Taken> taken(std::in_place);
    taken->connection = connection;
    taken->message = std::move(line.waiting.front());
    taken->zombie = line.dead;
    line.waiting.erase(line.waiting.begin());
    return taken;
  }
  // Ends the processing of the connection's request.
  template <class Body>
  void done(Step& step, ConnectionId connection, std::int32_t correlation_id, Body&& answer) {
    const auto it = lines_.find(connection);
    if (it == lines_.end()) return;
    if (!it->second.dead) step.send(connection, correlation_id, std::forward<Body>(answer));
    finish(it);
  }
  // The same for a request that is not answered (acks=0).
  void done_unanswered(ConnectionId connection) {
    if (const auto it = lines_.find(connection); it != lines_.end()) finish(it);
  }
  void close(Step& step, ConnectionId connection) {
    const auto it = lines_.find(connection);
    if (it != lines_.end() && !it->second.dead) {
      step.close(connection);
      it->second.dead = true;
    }
  }

  KTRIAL_FIELDS(RequestChannel, lines_)
  KTRIAL_DERIVED(RequestChannel, ready_)

 private:
  struct Line {
    std::vector<Message> waiting;  // rarely more than one: the order is the connection's
    bool busy = false;
    bool dead = false;
    KTRIAL_FIELDS(Line, waiting, busy, dead)
  };
  using Lines = boost::container::flat_map<ConnectionId, Line>;
  void finish(Lines::iterator it) {
    Line& line = it->second;
    line.busy = false;
    if (!line.waiting.empty())
      ready_.insert(it->first);
    else if (line.dead)
      lines_.erase(it);
  }

  Lines lines_;                                     // a line stays as long as its connection
  boost::container::flat_set<ConnectionId> ready_;  // has a request waiting and none in processing
};

}  // namespace ktrial::model

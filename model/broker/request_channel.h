// Requests that have arrived, one in processing for each connection.
//
// Follows SocketServer's muting of a channel and RequestChannel: the next request of a connection is taken up when the
// last one was answered. What was received is executed even if its connection is gone (a zombie request); only its
// answer goes nowhere. Requests of different connections have no order: Kafka's handler threads and processors take
// them as they come, so a zombie may execute before or after a newer request of a newer connection. Which of several is
// next is the world's choice, by name (Choice::next_request). Always holds: answers leave a connection in the order of
// the requests.
#pragma once

#include <algorithm>
#include <boost/container/flat_map.hpp>
#include <deque>
#include <optional>
#include <utility>

#include "model/step.h"

namespace ktrial::model {

class RequestChannel {
 public:
  void received(ConnectionId connection, Message message) { lines_[connection].waiting.push_back(std::move(message)); }
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
    const auto ready = [](const auto& entry) { return !entry.second.busy && !entry.second.waiting.empty(); };
    auto next = std::find_if(lines_.begin(), lines_.end(), ready);
    if (next == lines_.end()) return std::nullopt;
    const auto others = static_cast<std::uint32_t>(std::count_if(std::next(next), lines_.end(), ready));
    if (others > 0)
      for (auto skip = step.choose(Choice::next_request, others, 0, others); skip > 0; --skip)
        next = std::find_if(std::next(next), lines_.end(), ready);
    auto& [connection, line] = *next;
    line.busy = true;
    Taken taken{connection, std::move(line.waiting.front()), line.dead};
    line.waiting.pop_front();
    return taken;
  }
  // Ends the processing of the connection's request; `answer` is absent for acks=0.
  void done(Step& step, ConnectionId connection, std::optional<Message> answer) {
    const auto it = lines_.find(connection);
    if (it == lines_.end()) return;
    if (answer && !it->second.dead) step.send(connection, std::move(*answer));
    it->second.busy = false;
    if (it->second.waiting.empty()) lines_.erase(it);
  }
  void close(Step& step, ConnectionId connection) {
    const auto it = lines_.find(connection);
    if (it != lines_.end() && !it->second.dead) {
      step.close(connection);
      it->second.dead = true;
    }
  }

 private:
  struct Line {
    std::deque<Message> waiting;
    bool busy = false;
    bool dead = false;
  };
  boost::container::flat_map<ConnectionId, Line> lines_;
};

}  // namespace ktrial::model

// Writes what a node holds (configuration, disk, memory) and what a message says; see state_writer.h.
#pragma once

#include "model/state/state_writer.h"

namespace ktrial::model {

class BrokerNode;
class ClientNode;
class ControllerNode;
class RemoteStorageNode;

void write_state(StateWriter& out, const BrokerNode& node);
void write_state(StateWriter& out, const ClientNode& node);
void write_state(StateWriter& out, const ControllerNode& node);
void write_state(StateWriter& out, const RemoteStorageNode& node);
// On its way on that connection.
void write_state(StateWriter& out, ConnectionId connection, const Message& message);

}  // namespace ktrial::model

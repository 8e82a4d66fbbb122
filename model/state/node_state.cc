#include "model/state/node_state.h"

#include "model/broker/broker_node.h"
#include "model/clients/client_node.h"
#include "model/controller/controller_node.h"
#include "model/group/group_coordinator.h"
#include "model/remote/remote_log_manager.h"
#include "model/remote/remote_storage_node.h"
#include "model/replication/delayed.h"
#include "model/replication/fetch_session.h"
#include "model/replication/replica_fetcher.h"
#include "model/state/state_writer_impl.h"
#include "model/storage/log_cleaner.h"

namespace ktrial::model {

void write_state(StateWriter& out, const BrokerNode& node) { out.write(node); }
void write_state(StateWriter& out, const ClientNode& node) { out.write(node); }
void write_state(StateWriter& out, const ControllerNode& node) { out.write(node); }
void write_state(StateWriter& out, const RemoteStorageNode& node) { out.write(node); }
void write_state(StateWriter& out, ConnectionId connection, const Message& message) {
  out.field("connection", connection);
  out.field("message", message);
}

std::uint64_t StateWriter::renamed_timer(std::uint64_t packed) {
  if (keeps_history()) return packed;
  TimerId timer = TimerId::unpack(packed);
  switch (timer.kind) {
    case group_timer::join:
    case group_timer::pending_sync:
    case group_timer::session:
      slot_ = timer.sub;
      if (timer.kind == group_timer::session)
        timer.about = static_cast<std::uint32_t>(renamed(node_space(kOfSlot | timer.kind), timer.about));
      timer.sub = static_cast<std::uint16_t>(renamed(node_space(kSlotNumbers), timer.sub));
      break;
    case group_timer::append:
      timer.about = static_cast<std::uint32_t>(renamed(node_space(kAppendNumbers), timer.about));
      break;
    case kDelayedProduceTimer:
    case kDelayedFetchTimer:
    case kDelayedDeleteRecordsTimer:
    case kDelayedRemoteFetchTimer:
    case kRemoteCallTimer:
      timer.about = static_cast<std::uint32_t>(renamed(node_space(timer.kind), timer.about));
      break;
    default:
      break;
  }
  return timer.packed();
}

}  // namespace ktrial::model

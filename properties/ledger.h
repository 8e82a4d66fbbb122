// The loss ledger: which acknowledged records were lost, and whether that loss is permitted.
//
// A record is lost when a later elected leader does not hold it at its offset; the first such leader decides. Later
// than the record's own epoch, or than the last epoch in which a leader committed it: what elections did before that
// took nothing from anybody.
// Permitted: an unclean election after it was appended (that of the last known leader, too, when the ISR and the ELR
// are empty, or by unclean recovery), or a leader elected after it had lost the record with unsynced data, with its
// disk or by a fault of its disk, or acks=0/1 for a record that was not below the high watermark. Nor is it a loss that
// could be avoided when the leader holds what bit rot made of that very record, and no checksum finds it (corrupted
// undetected): the fault changed it on this broker or on the one that it was copied from, for such a value comes from
// nowhere else. With eligible leader replicas (KIP-966) who lost data is neither in the ISR nor in the ELR once it is
// back, so that a clean election excuses nothing. Records sent with acks=0 have no offset; whether they came through is
// seen at the end. What is below a leader's log start was removed and not lost; whether it might be removed, a property
// of retention judges. Nor is a record lost for which compaction left a later one of its key (compacted.h). Work
// follows what was appended and acknowledged since the last election, not the history.
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "model/partition_table.h"
#include "properties/limits.h"
#include "properties/offsets_log.h"
#include "properties/producer_logs.h"
#include "properties/replica_logs.h"

namespace ktrial::properties {

struct Acked {
  model::ValueId value;
  std::int32_t acks = -1;
  std::uint64_t event = 0;
  Nanos at{0};
};
struct Loss {
  model::TopicPartition partition;
  std::int64_t offset = -1;
  Acked acked;
  NodeId leader;
  model::LeaderEpoch leader_epoch;
  std::uint64_t event = 0;
  Nanos at{0};
  std::string permitted_by;  // empty: not permitted
};

enum class UncleanElection : std::uint8_t { any_replica, last_known_leader, recovery };

// A leader that began to lead, and what it did not hold of what was committed.
struct Election {
  NodeId leader;
  model::LeaderEpoch epoch;
  std::uint64_t event = 0;
  bool unclean = false;                                // it, or one that never began since the election before
  UncleanElection how = UncleanElection::any_replica;  // if it is unclean
  std::int64_t committed_end = 0;                      // before this election
  std::int64_t log_start = 0;                          // or what it once removed from its front
  std::int64_t missing_from = -1;                      // first committed offset that it lacks; -1: complete
  std::string permitted_by;                            // why it may lack it; empty: it may not
  std::int64_t tail_from = 0;                          // its log from here on, the rest is what was committed
  std::vector<Entry> tail;
  std::map<std::int64_t, Entry> rotten = {};  // below the tail: what rot that no checksum finds made of the record
};

class Ledger {
 public:
  void set_eligible_leader_replicas(bool on) { eligible_leader_replicas_ = on; }
  // Called before `logs` has seen the fact. Takes back from `logs` what is no longer committed.
  void on_fact(const model::Fact&, const FactContext&, ReplicaLogs& logs);
  const std::vector<Loss>& losses() const { return losses_; }
  // By offset: what was acknowledged and is not lost.
  const std::map<std::int64_t, Acked>& acked(model::TopicPartition) const;
  // Records sent with acks=0, of which nobody was told where they are.
  const model::PartitionTable<std::vector<Acked>>& unplaced() const { return unplaced_; }
  // Whether the replica was added to the ISR by a proposal that its leader had dropped by then, in that leader epoch.
  bool added_behind_the_leader(model::TopicPartition, NodeId replica, model::LeaderEpoch) const;
  // The replica lost that record with unsynced data or with its disk.
  bool has_lost(model::TopicPartition, NodeId replica, std::int64_t offset, const Entry& record) const;
  // The newest election; null if there was none.
  const Election* election(model::TopicPartition) const;
  // Why the first leader that lacks it, of those that could lose it, may lack it; empty: it may not, or none lacks it.
  std::string permits(model::TopicPartition, std::int64_t offset, const Entry& record, const ReplicaLogs&) const;

 private:
  using Replica = std::pair<model::TopicPartition, NodeId>;
  // Whether the leader lacked the record when it was elected.
  bool lacked(const Election&, model::TopicPartition, std::int64_t offset, const Entry& record,
              const ReplicaLogs&) const;
  // The first election that could take the record and whose leader lacked it; null if there is none.
  const Election* first_lacking(model::TopicPartition, std::int64_t offset, const Entry& record,
                                const ReplicaLogs&) const;
  std::string excuse(const Election&, model::TopicPartition, std::int64_t offset, const Entry& record,
                     const ReplicaLogs&) const;
  // What the leader held there when it was elected; null: nothing.
  const Entry* held(const Election&, model::TopicPartition, std::int64_t offset, const ReplicaLogs&) const;
  struct Unsynced {
    Entry record;
    std::uint64_t event = 0;  // when it was lost
    const char* why = "";
  };
  // The first loss of the replica at that offset of which `is` says so; null: there is none.
  template <class Is>
  const Unsynced* find_lost(model::TopicPartition, NodeId replica, std::int64_t offset, Is is) const;
  void elected(const model::BecameLeader&, const FactContext&, ReplicaLogs&);
  void keep_what_leaders_held(model::TopicPartition, std::int64_t from, const ReplicaLogs& logs);
  void acknowledged(const model::RecordAcknowledged&, const FactContext&, const ReplicaLogs&);
  void lose(model::TopicPartition, std::int64_t offset, const Acked&, const Election&, const FactContext&,
            const ReplicaLogs&);
  void lost(model::TopicPartition, std::int64_t from, std::int64_t to, const char* why, const FactContext&,
            const ReplicaLogs&);
  void appended(const model::BatchAppended&, const FactContext&);
  void committed(const model::HighWatermarkAdvanced&, const FactContext&, const ReplicaLogs&);
  // The newest epoch in which a leader appended that value there; kNoEpoch if none did.
  model::LeaderEpoch epoch_of(model::TopicPartition, std::int64_t offset, model::ValueId) const;

  model::PartitionTable<std::map<std::int64_t, Acked>> acked_;
  model::PartitionTable<std::vector<Acked>> unplaced_;
  std::map<Replica, std::multimap<std::int64_t, Unsynced>> unsynced_;  // by offset
  // Epochs that began with an unclean election.
  model::PartitionTable<std::map<model::LeaderEpoch, UncleanElection>> unclean_;
  std::set<std::pair<model::TopicPartition, model::LeaderEpoch>> recovered_;  // that unclean recovery decided for
  model::PartitionTable<std::vector<Election>> elections_;                    // by epoch
  struct Appended {  // by one leader in one epoch, from `start` on
    std::int64_t start = 0;
    std::vector<model::ValueId> values;
  };
  model::PartitionTable<std::map<model::LeaderEpoch, Appended>> appended_;
  // Records that a leader of a later epoch than theirs committed, and the newest such epoch.
  struct Recommitted {
    Entry record;
    model::LeaderEpoch epoch;
  };
  model::PartitionTable<std::map<std::int64_t, Recommitted>> recommitted_;
  std::set<std::tuple<model::TopicPartition, NodeId, model::LeaderEpoch>> added_behind_the_leader_;
  std::vector<Loss> losses_;
  bool eligible_leader_replicas_ = false;
};

struct Shadow {
  Limits limits;
  bool eligible_leader_replicas = false;  // the cluster's eligible.leader.replicas.version is 1
  ReplicaLogs logs;
  LogChange change;  // that the fact which is being judged made
  ProducerLogs producers;
  Ledger ledger;
  OffsetsLog offsets;
};

}  // namespace ktrial::properties

// A broker's side of tiered storage: what is copied to the remote storage, deleted from it and read from it.
//
// Follows RemoteLogManager. A leader of a tiered partition has a copy task and an expiration task, a follower a task
// that learns how far the log is copied; each begins soon after the role changed and again
// remote.log.manager.task.interval.ms after its last run ended. A run is a chain of requests to the remote storage;
// what fails ends it. The answers of a run that was cancelled (another role) are not listened to, but what it asked for
// is done. Leaves out: copy and fetch quotas, remote.log.copy.disable, thread pools' limits, the removal of a deleted
// topic's segments. Always holds: one run of a task of a partition at a time; one segment is copied at a time.
#pragma once

#include <boost/container/flat_map.hpp>
#include <boost/container/flat_set.hpp>
#include <optional>
#include <utility>
#include <vector>

#include "model/described.h"
#include "model/remote/remote_log_retention.h"
#include "model/replication/partition.h"

namespace ktrial::model {

inline constexpr std::uint16_t kRemoteLogTaskTimer = 240;  // sub: the partition * 4 + the task, about: the topic
inline constexpr std::uint16_t kRemoteCallTimer = 241;     // about: the call
inline constexpr Nanos kRemoteCallTimeout = seconds(10);   // the remote storage client's own; Kafka has no say in it

class RemoteLogHost;

class RemoteLogManager {
 public:
  RemoteLogManager() = default;
  RemoteLogManager(NodeId self, const ClusterConfig& config)
      : self_(self),
        storage_(config.remote_storage),
        interval_(config.remote_log_manager_task_interval),
        variants_(config.variants) {}

  // -- onLeadershipChange and stopPartitions: keeps the tasks of a role that goes on
  void become(Step& step, TopicPartition tp, ReplicaRole role);
  void stop(Step& step, TopicPartition tp);

  // -- reads; what they come to is told by on_remote_read. `token` is the asker's own.
  enum class Reader : std::uint8_t { consumer, follower };
  void fetch(Step& step, Reader reader, std::int64_t token, const FetchLogSegmentRequest& request);
  struct Answer {
    Reader reader = Reader::consumer;
    std::int64_t token = 0;
    TopicPartition partition;
    FetchLogSegmentResponse response;
    KTRIAL_FIELDS(Answer, reader, token, partition, response)
  };
  bool owns(ConnectionId connection) const { return connection_.present() && connection == connection_; }
  void on_message(RemoteLogHost& host, Message&& message);
  void on_closed(RemoteLogHost& host);
  static bool owns(TimerId timer) { return timer.kind == kRemoteLogTaskTimer || timer.kind == kRemoteCallTimer; }
  void on_timer(RemoteLogHost& host, TimerId timer);

  KTRIAL_FIELDS(RemoteLogManager, self_, storage_, interval_, variants_, connection_, correlation_, generation_, calls_,
                tasks_, being_copied_)
  KTRIAL_COUNTERS(RemoteLogManager, correlation_, generation_)
  KTRIAL_CORRELATIONS(RemoteLogManager, calls_)

 private:
  enum class Task : std::uint16_t { copy, expiration, follower };
  enum class At : std::uint8_t {
    idle,
    listing,
    copy_started,  // COPY_SEGMENT_STARTED is being told
    copying,
    copy_finished,
    cleanup_started,  // of a segment whose copy failed
    cleanup,
    cleanup_finished,
    delete_started,
    deleting,
    delete_finished,
  };
  struct Run {
    At at = At::idle;
    RemoteLogSegmentMetadata segment;  // in work
    KTRIAL_FIELDS(Run, at, segment)
  };
  struct CopyTask : Run {
    bool log_start_found = false;
    bool copied_known = false;
    Offset copied;
    std::vector<std::pair<Offset, Offset>> candidates;  // base offsets of segments, and of the next ones; newest first
    KTRIAL_FIELDS_AND(Run, CopyTask, log_start_found, copied_known, copied, candidates)
  };
  struct ExpirationTask : Run {
    std::vector<RemoteLogSegmentMetadata> doomed;  // the next one last
    KTRIAL_FIELDS_AND(Run, ExpirationTask, doomed)
  };
  struct Tasks {
    ReplicaRole role = ReplicaRole::none;
    std::int32_t generation = 0;
    CopyTask copy;
    ExpirationTask expiration;
    Run follower;
    KTRIAL_FIELDS(Tasks, role, generation, copy, expiration, follower)
    KTRIAL_NUMBERS(Tasks, kRemoteTaskNumbers, generation)
  };
  struct Call {
    bool read = false;
    Reader reader = Reader::consumer;
    std::int64_t token = 0;
    Task task = Task::copy;
    std::int32_t generation = 0;
    TopicPartition partition;
    KTRIAL_FIELDS(Call, read, reader, token, task, generation, partition)
    KTRIAL_NUMBERS(Call, kRemoteTaskNumbers, generation)
  };
  struct Running {  // a task with what it works on
    RemoteLogHost& host;
    Step& step;
    TopicPartition tp;
    Tasks& tasks;
    Partition& partition;
  };

  static TimerId task_timer(TopicPartition tp, Task task);
  static Run& run_of(Tasks& tasks, Task task);
  void schedule(Step& step, TopicPartition tp, Task task, Nanos after);
  void send(Step& step, Call call, MessageBody body);
  void ask(Running& r, Task task, At at, MessageBody body);
  // Null: it failed.
  void read_answered(RemoteLogHost& host, const Call& call, MessageBody* body);
  void task_answered(RemoteLogHost& host, const Call& call, MessageBody* body);
  void end(Running& r, Task task);
  // Each goes on with an answer; false: the run has come to its end.
  bool go_on(Running& r, Task task, MessageBody& body);
  bool go_on_copying(Running& r, MessageBody& body);
  bool go_on_expiring(Running& r, MessageBody& body);
  bool failed_copy(Running& r);
  void clean_up_copy(Running& r);
  bool begin_copies(Running& r, const ListRemoteLogSegmentsResponse& remote);
  bool copy_next(Running& r);
  void copy_data(Running& r);
  bool begin_expiry(Running& r, const ListRemoteLogSegmentsResponse& remote);
  bool delete_next(Running& r);
  bool advance_log_start(Running& r, Offset start);
  void tell(Running& r, Task task, At at, RemoteLogSegmentState state);
  Offset highest(const ListRemoteLogSegmentsResponse& remote, const Partition& partition) const;

  NodeId self_;
  NodeId storage_;
  Nanos interval_{0};
  Variants variants_;
  ConnectionId connection_;
  std::int32_t correlation_ = 0;
  std::int32_t generation_ = 0;
  boost::container::flat_map<std::int32_t, Call> calls_;  // by correlation id
  boost::container::flat_map<TopicPartition, Tasks> tasks_;
  boost::container::flat_set<RemoteLogSegmentId> being_copied_;
};

// What the remote log manager needs of its broker.
class RemoteLogHost {
 public:
  RemoteLogHost(Step& s, Partitions& p) : step(s), partitions(p) {}
  virtual ~RemoteLogHost() = default;
  Step& step;
  Partitions& partitions;

  virtual void on_remote_log_start_moved(TopicPartition tp) = 0;
  virtual void on_remote_read(RemoteLogManager::Answer&& answer) = 0;
};

}  // namespace ktrial::model

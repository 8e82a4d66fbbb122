// A broker's logs as a whole: loading and recovery, flushing and checkpoints, retention, the cleaner, log directories.
//
// Follows LogManager, LogCleaner and LogDirFailureChannel (KIP-112, KIP-858). Logs are loaded one after the other, also
// those of several directories; those that need no recovery take no time. The first I/O error puts a directory offline:
// whatever comes after it is refused, and the handler of offline directories gets to it within 50 ms. A log itself is
// its partition's. Leaves out: more than one thread of anything, the move of a log between directories, directories
// that are added or removed. Always holds: a marker of a clean shutdown is removed before a log is touched and written
// after everything was flushed; a directory that is offline stays so while the process lives.
#pragma once

#include <boost/container/flat_set.hpp>
#include <optional>
#include <vector>

#include "model/broker/broker_machine.h"
#include "model/config.h"
#include "model/described.h"
#include "model/metadata/image.h"
#include "model/storage/log_cleaner.h"

namespace ktrial::model {

inline constexpr std::uint16_t kLogRecoveryTimer = 220;
inline constexpr std::uint16_t kLogRetentionTimer = 222;
inline constexpr std::uint16_t kRecoveryPointTimer = 223;
inline constexpr std::uint16_t kLogStartTimer = 224;
inline constexpr std::uint16_t kLogFlusherTimer = 225;
inline constexpr std::uint16_t kDirectoryFailureTimer = 227;  // about: the directory
inline constexpr std::uint16_t kLogCleanerTimer = 228;

// What the log manager needs of its broker.
class LogManagerHost {
 public:
  LogManagerHost(Step& s, const ClusterConfig& c, const MetadataImage& i, BrokerMachine& m, Partitions& p)
      : step(s), config(c), image(i), machine(m), partitions(p) {}
  virtual ~LogManagerHost() = default;
  Step& step;
  const ClusterConfig& config;
  const MetadataImage& image;
  BrokerMachine& machine;
  Partitions& partitions;

  // Old segments were deleted; who reads there next may find something else.
  virtual void on_log_start_moved(TopicPartition tp) = 0;
};

class LogManager {
 public:
  struct State {
    DirectorySet clean_shutdown;  // their logs need no recovery
    std::size_t loaded = 0;       // logs of the disk
    bool recovering = false;      // the next one
    bool all_loaded = false;
    DirectorySet offline;               // those with an I/O error: they are not used any more
    std::vector<std::int32_t> logs_in;  // how many each directory holds
    bool cleaner_started = false;       // with the first compacted log, so that others' runs are without it
    TopicPartition cleaned;             // of the cleaning that is running
    std::optional<LogCleaning> cleaning;
    boost::container::flat_set<TopicPartition> uncleanable;
    KTRIAL_FIELDS(State, clean_shutdown, loaded, recovering, all_loaded, offline, logs_in, cleaner_started, cleaned,
                  cleaning, uncleanable)
  };

  LogManager() = default;
  explicit LogManager(std::size_t directories) { s_.logs_in.resize(directories); }

  // -- loading; both tell whether all logs are loaded with that
  // `previous`: the broker epoch of the clean stop before, if each directory has the same.
  bool start(LogManagerHost& host, BrokerEpoch& previous);
  bool load(LogManagerHost& host);  // goes on, when kLogRecoveryTimer is due
  bool all_loaded() const { return s_.all_loaded; }
  void load_log(LogManagerHost& host, TopicPartition tp, LogDisk&& disk);
  // All but kLogRecoveryTimer and kDirectoryFailureTimer, which others have to hear of.
  void on_timer(LogManagerHost& host, TimerId timer);
  static bool owns(TimerId timer);
  void store_for_shutdown(LogManagerHost& host, BrokerEpoch epoch);

  // -- log directories
  static std::size_t directory_of(const Partition& partition) { return partition.log().disk().directory; }
  DirectorySet offline() const { return s_.offline; }
  bool all_offline() const { return s_.offline.size() == s_.logs_in.size(); }
  bool has_failed(const Partition& partition) const { return s_.offline.has(directory_of(partition)); }
  std::vector<DirectoryId> online(const BrokerMachine& machine) const;  // empty: there is only one
  // Where a new log begins; absent: it may stand in the assigned directory, which is offline, and is not created anew.
  std::optional<LogDisk> create_log(Step& step, BrokerMachine& machine, TopicPartition tp, DirectoryId assigned);
  void log_removed(std::size_t directory) { --s_.logs_in[directory]; }
  void directory_given_up(std::size_t directory) { s_.logs_in[directory] = 0; }

  // -- what an operation meets; true: it fails, as its directory is offline or goes offline with this
  // Then there is nothing to ask of the partitions of a request, one by one.
  bool disks_are_well(const BrokerMachine& machine) const;
  bool read_fails(Step& step, const BrokerMachine& machine, const Partition& partition);
  bool write_fails(Step& step, const BrokerMachine& machine, const Partition& partition);   // after a wait for the disk
  bool append_fails(Step& step, const BrokerMachine& machine, const Partition& partition);  // without one
  bool sync_fails(Step& step, const BrokerMachine& machine, const Partition& partition, const char* operation);
  DirectorySet syncs_fail(Step& step, const BrokerMachine& machine, const char* operation);  // one in each directory
  bool fsync_fails(Step& step, const BrokerMachine& machine, Partition& partition);
  static void wait_for_disk(Step& step, const BrokerMachine& machine, const Partition& partition);

  // -- compaction: a log has got its configs. The cleaner begins if there is reason to by now.
  void on_log_configured(LogManagerHost& host, TopicPartition tp);

  KTRIAL_FIELDS(LogManager, s_)

 private:
  BrokerEpoch take_clean_shutdown(BrokerMachine& machine);
  static void drop_duplicates(Step& step, BrokerMachine& machine);
  void keep_offline_logs(LogManagerHost& host) const;
  void run_background(LogManagerHost& host, TimerId timer);
  bool fails(Step& step, std::size_t directory, TopicPartition tp, const char* operation, bool broken);
  std::optional<std::size_t> online_directory(const BrokerMachine& machine, DirectoryId id) const;
  std::size_t directory_for_new_log(const BrokerMachine& machine, DirectoryId assigned) const;
  static bool is_compacted(const LogManagerHost& host, TopicPartition tp);
  static bool is_cleaned(const LogManagerHost& host, TopicPartition tp);
  static void delete_compacted(LogManagerHost& host);
  bool begin_cleaning(LogManagerHost& host);
  void on_cleaner_timer(LogManagerHost& host);
  void clean_further(LogManagerHost& host);

  State s_;
};

}  // namespace ktrial::model

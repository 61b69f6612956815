#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace rocketmq::store {

class BitMapSource;

/// Whether there is a topic of that name.
using TopicFilter = std::function<bool(std::string_view)>;

/// When a put counts as done (RocketMQ: FlushDiskType).
enum class FlushMode : uint8_t { kAsync, kSync };

/// Settings that may change while the store runs.
struct LiveStoreOptions {
  int32_t file_reserved_hours = 72;
  std::string delete_when = "04";           ///< Hours of the day, "04" or "04;16".
  int32_t disk_used_percent_max = 75;       ///< Above it old files go at any hour.
  double disk_warning_ratio = 0.90;         ///< Above it puts are refused.
  double disk_clean_forcibly_ratio = 0.85;  ///< Above it files go whatever their age.
  bool clean_file_forcibly = true;
  int32_t delete_files_max = 10;               ///< Log files that go in one look.
  int32_t delete_log_files_pause_ms = 100;     ///< Between one log file and the next.
  int32_t delete_queue_files_pause_ms = 100;   ///< Between files of queues.
  int32_t delete_again_interval_ms = 120'000;  ///< After a file could not be removed.
  int32_t page_cache_busy_timeout_ms = 1000;
  int32_t message_bytes_max = 4 * 1024 * 1024;  ///< Body of one message.
  /// Share of physical memory that counts as "recent enough to be cached", percent.
  int32_t in_memory_percent_max = 40;
  // What one get() returns at most, by whether the messages are recent or must come from the disk.
  int32_t transfer_bytes_max_in_memory = 262'144;
  int32_t transfer_count_max_in_memory = 32;
  int32_t transfer_bytes_max_on_disk = 65'536;
  int32_t transfer_count_max_on_disk = 8;
};

/// How a store is laid out and flushed (RocketMQ: MessageStoreConfig). File sizes and index sizes
/// must never change on an existing store.
struct StoreOptions {
  std::string root_dir;
  std::string commit_log_dir;  ///< Empty: root_dir/commitlog.

  int64_t commit_log_file_bytes = 1 << 30;
  int64_t consume_queue_file_bytes = 300'000 * 20;  ///< Rounded up to a multiple of 20.
  /// Queue entries hold addresses of units in consumequeue_ext (RocketMQ: enableConsumeQueueExt).
  /// May be switched on and off from start to start.
  bool queue_extension = false;
  int64_t queue_extension_file_bytes = 48 << 20;
  /// Files of queues and their extensions that stay mapped at once; 0: half of what the system lets
  /// a process map (vm.max_map_count).
  int64_t queue_files_mapped_max = 0;
  /// Computes the bit maps of the units; null: they have none. Borrowed for the store's life.
  const BitMapSource* bit_maps = nullptr;
  /// Asked while the store opens: consume queues that are gone are made anew only for topics that
  /// exist, the log keeps messages of those that RocketMQ deleted. Null: all do, or nobody knows.
  TopicFilter topic_exists;
  int32_t index_hash_slots = 5'000'000;
  int32_t index_entries_max = 20'000'000;
  bool message_index_enable = true;

  /// The log is a copy of a master's: puts are refused, appendReplicated() is the only writer.
  bool is_replica = false;

  FlushMode flush_mode = FlushMode::kAsync;
  int32_t flush_interval_ms = 500;
  int32_t flush_least_pages = 4;
  int32_t flush_thorough_interval_ms = 10'000;
  int32_t flush_queue_interval_ms = 1000;
  int32_t flush_queue_least_pages = 2;
  int32_t flush_queue_thorough_interval_ms = 60'000;

  int32_t clean_resource_interval_ms = 10'000;
  bool check_crc_on_recover = true;

  /// Delay of each level in ms, level 1 first: entries of SCHEDULE_TOPIC_XXXX carry their delivery
  /// time instead of a tag code.
  std::vector<int64_t> delay_level_ms;

  LiveStoreOptions live;
};

}  // namespace rocketmq::store

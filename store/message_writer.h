#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "common/clock.h"
#include "common/status.h"
#include "store/bit_map_source.h"
#include "store/dispatch/arrival_queue.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/dispatch/dispatcher.h"
#include "store/live_settings.h"
#include "store/log/commit_log.h"
#include "store/message_store.h"
#include "store/queue/queue_table.h"
#include "store/run_state.h"
#include "store/store_stats.h"

namespace rocketmq::store {

/// The way of a message into the store. Everything that needs no order is done before the append
/// mutex is taken: checks, encoding with the CRC, the tags code, room in the log and the queue.
/// Under it: store time, offsets, the copy, under async flush the queue entry, and the arrival's
/// place in line.
/// Threads: any.
class MessageWriter {
 public:
  /// Borrowed for the writer's life.
  struct Parts {
    CommitLog& log;
    QueueTable& queues;
    Dispatcher& dispatcher;
    ArrivalQueue& arrivals;
    const DispatchRules& rules;
    const LiveSettings& live;
    RunState& state;
    StoreStats& stats;
    const Clock& clock;
    FlushMode flush_mode;
    bool is_replica;
    const BitMapSource* bit_maps;  ///< Null: the queues' units have no bit maps.
    /// Called after each append, under no lock.
    std::function<void()> on_appended;
  };

  explicit MessageWriter(Parts parts) : parts_(std::move(parts)) {}

  PutResult put(const MessageRecord& message);
  PutResult putBatch(std::span<const MessageRecord> messages);

  /// How long the append mutex has been held; 0 when it is free.
  int64_t lockHeldMs() const;

 private:
  /// What is known of a put before the append mutex is taken.
  struct Prepared {
    std::span<const MessageRecord> messages;
    std::span<const TagsCode> tags_codes;
    std::string_view encoded;
    char* encoded_at = nullptr;
    std::span<const std::string_view> bit_maps;  // One per message, may be empty; or none at all.
    uint64_t bit_maps_version = 0;
    std::shared_ptr<ConsumeQueue> queue;  // Null for messages that enter no queue.
    std::chrono::steady_clock::time_point begun;
  };
  enum class Attempt : uint8_t { kDone, kNeedsLogRoom, kNeedsQueueRoom, kRefused };

  PutResult append(std::span<const MessageRecord> messages);
  /// For more than one piece: others may come in between two of them.
  PutResult appendInPieces(std::span<const MessageRecord> messages,
                           std::chrono::steady_clock::time_point begun);
  /// What one hold of the append mutex is long enough for.
  PutResult appendPiece(std::span<const MessageRecord> messages,
                        std::chrono::steady_clock::time_point begun);
  /// What they take in the log. InvalidArgument: one of them, or all together, may not be stored.
  Result<size_t> encodedBytes(std::span<const MessageRecord> messages) const;
  Status prepare(Prepared& prepared);
  void prepareBitMaps(Prepared& prepared) const;
  PutResult appendPrepared(const Prepared& prepared);
  Attempt tryAppend(const Prepared& prepared, PutResult& result);
  void place(const Prepared& prepared, const CommitLog::Claim& claim, PutResult& result);
  void enterQueue(const Prepared& prepared, const CommitLog::Claim& claim, const PutResult& result);
  PutResult refused(PutStatus status, std::string detail);

  const Parts parts_;
  std::atomic<TimestampMs> locked_since_ms_{0};  // 0: the append mutex is free.
};

}  // namespace rocketmq::store

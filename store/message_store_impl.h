#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "common/file_system.h"
#include "common/mutex.h"
#include "store/checkpoint.h"
#include "store/dispatch/arrival_queue.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/dispatch/dispatcher.h"
#include "store/flush/log_flusher.h"
#include "store/flush/queue_flusher.h"
#include "store/index/index_service.h"
#include "store/live_settings.h"
#include "store/log/commit_log.h"
#include "store/message_reader.h"
#include "store/message_store.h"
#include "store/message_writer.h"
#include "store/queue/queue_mappings.h"
#include "store/queue/queue_table.h"
#include "store/repair/queue_repair.h"
#include "store/replica/replica_appender.h"
#include "store/retention/retention.h"
#include "store/run_state.h"
#include "store/store_folder.h"
#include "store/store_stats.h"

namespace rocketmq::store {

/// Builds the parts of the store in order, recovers, starts their threads, and stops them in
/// reverse. Holds no logic of its own beside that.
///
/// Lock order: Retention::clean_mutex_, QueueMappings::trim_mutex_, Dispatcher::batch_mutex_,
/// ConsumeQueue::room_mutex_ or CommitLog::room_mutex_, CommitLog::appendMutex(), then the leaves
/// (file lists, shards, arrivals).
class MessageStoreImpl final : public MessageStore {
 public:
  static Result<std::unique_ptr<MessageStore>> open(std::unique_ptr<StoreFolder> folder,
                                                    StoreOptions options, const Clock& clock,
                                                    ArrivalListener on_arrival, FileSystem& files);
  ~MessageStoreImpl() override;

  PutResult put(const MessageRecord& message) override { return writer_->put(message); }
  PutResult putBatch(std::span<const MessageRecord> messages) override {
    return writer_->putBatch(messages);
  }
  Result<int64_t> appendReplicated(int64_t offset, std::string_view bytes) override {
    return replica_->append(offset, bytes);
  }
  Result<LogPiece> logBytes(int64_t offset, int64_t bytes_max) const override {
    return reader_->logBytes(offset, bytes_max);
  }
  void setAppendListener(std::function<void()> on_appended) override {
    append_listener_ = std::move(on_appended);
  }
  void whenFlushed(int64_t end_offset, std::chrono::steady_clock::time_point deadline,
                   FlushDone done) override {
    log_flusher_->whenFlushed(end_offset, deadline, std::move(done));
  }

  GetResult get(const GetRequest& request) override { return reader_->get(request); }
  int64_t minOffset(std::string_view topic, int32_t queue_id) const override {
    return reader_->minOffset(topic, queue_id);
  }
  int64_t maxOffset(std::string_view topic, int32_t queue_id) const override {
    return reader_->maxOffset(topic, queue_id);
  }
  Result<int64_t> offsetByTime(std::string_view topic, int32_t queue_id, TimestampMs time,
                               TimeBoundary boundary) const override {
    return reader_->offsetByTime(topic, queue_id, time, boundary);
  }
  std::optional<TimestampMs> storeTime(std::string_view topic, int32_t queue_id,
                                       int64_t queue_offset) const override {
    return reader_->storeTime(topic, queue_id, queue_offset);
  }
  std::optional<TimestampMs> earliestStoreTime() const override {
    return reader_->earliestStoreTime();
  }
  bool isInMemory(std::string_view topic, int32_t queue_id, int64_t queue_offset) const override {
    return reader_->isInMemory(topic, queue_id, queue_offset);
  }
  Result<LogSlice> recordAt(int64_t physical_offset) const override {
    return reader_->recordAt(physical_offset);
  }
  KeyQueryResult queryByKey(std::string_view topic, std::string_view key, int32_t messages_max,
                            TimestampMs begin, TimestampMs end) const override;
  std::vector<QueueEntry> queueEntries(std::string_view topic, int32_t queue_id, int64_t index,
                                       int32_t count) const override {
    return reader_->queueEntries(topic, queue_id, index, count);
  }
  std::vector<QueueEntryDetail> queueEntryDetails(std::string_view topic, int32_t queue_id,
                                                  int64_t index, int32_t count) const override {
    return reader_->queueEntryDetails(topic, queue_id, index, count);
  }

  Status deleteTopic(const std::string& topic) override;
  std::set<std::string> topics() const override { return queues_->topics(); }

  int64_t commitLogMinOffset() const override { return log_->minOffset(); }
  int64_t commitLogMaxOffset() const override { return log_->maxOffset(); }
  int64_t appendedOffset() const override { return log_->appendedTo().end; }
  int64_t flushedOffset() const override { return log_->flushedOffset(); }
  int64_t dispatchBehindBytes() const override;
  int64_t appendLockHeldMs() const override { return writer_->lockHeldMs(); }
  double diskUsedRatio() const override { return retention_->diskUsedRatio(); }
  std::string readOnlyReason() const override { return state_.reason(); }
  StoreCounters counters() const override { return stats_.snapshot(); }

  void updateOptions(const LiveStoreOptions& options) override;
  Status cleanExpiredFiles() override { return retention_->cleanNow(); }
  Status close() override;

 private:
  MessageStoreImpl(StoreOptions options, const Clock& clock, ArrivalListener on_arrival,
                   FileSystem& files);

  Status openFiles();
  Status loadLog();
  Status loadQueues();
  void buildServices();
  void onAppended();
  Status recover();
  Status start();
  Status stopServices();

  const StoreOptions options_;
  const Clock& clock_;
  FileSystem& files_;

  RunState state_;
  StoreStats stats_;
  LiveSettings live_;
  const DispatchRules rules_;
  ArrivalQueue arrivals_;
  std::function<void()> append_listener_;

  // In the order in which they are built; destroyed in reverse.
  std::unique_ptr<StoreFolder> folder_;
  std::unique_ptr<CommitLog> log_;
  std::unique_ptr<QueueTable> queues_;
  std::unique_ptr<DeletedTopics> deleted_topics_;
  std::unique_ptr<Checkpoint> checkpoint_;
  std::unique_ptr<QueueEnds> queue_ends_;
  std::unique_ptr<Dispatcher> dispatcher_;
  std::unique_ptr<QueueMappings> queue_mappings_;
  std::unique_ptr<IndexService> index_;
  std::unique_ptr<LogFlusher> log_flusher_;
  std::unique_ptr<QueueFlusher> queue_flusher_;
  std::unique_ptr<Retention> retention_;
  std::unique_ptr<QueueRepair> repair_;
  std::unique_ptr<MessageReader> reader_;
  std::unique_ptr<MessageWriter> writer_;
  std::unique_ptr<ReplicaAppender> replica_;

  bool stopped_cleanly_ = false;  // Of the life before: what open() may believe.

  Mutex close_mutex_;
  bool is_started_ ROCKETMQ_GUARDED_BY(close_mutex_) = false;
  Status close_status_ ROCKETMQ_GUARDED_BY(close_mutex_);
};

}  // namespace rocketmq::store

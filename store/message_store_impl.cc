#include "store/message_store_impl.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <utility>

#include "common/log.h"
#include "store/bit_map_source.h"
#include "store/recovery/length_repair.h"
#include "store/recovery/recovery.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kLogFileBytesMin = 1024;
constexpr int64_t kFileBytesMax = int64_t{1} << 40;

int64_t unitBytesMax(const StoreOptions& options) {
  return kUnitBytesMin + (options.bit_maps == nullptr ? 0 : options.bit_maps->bytes());
}

/// InvalidArgument names the setting that cannot be.
Status checkOptions(const StoreOptions& options) {
  if (options.root_dir.empty()) {
    return Status::invalidArgument("storePathRootDir is empty");
  }
  if (options.commit_log_file_bytes < kLogFileBytesMin ||
      options.commit_log_file_bytes > kFileBytesMax) {
    return Status::invalidArgument("mappedFileSizeCommitLog must be 1024 to 2^40");
  }
  if (options.consume_queue_file_bytes < kQueueEntryBytes ||
      options.consume_queue_file_bytes > kFileBytesMax) {
    return Status::invalidArgument("mappedFileSizeConsumeQueue must be 20 to 2^40");
  }
  if (options.queue_extension &&
      options.queue_extension_file_bytes < unitBytesMax(options) + kUnitTailBytes) {
    return Status::invalidArgument("mappedFileSizeConsumeQueueExt is too small for one unit");
  }
  if (unitBytesMax(options) > kUnitBytesMax) {
    return Status::invalidArgument(
        "expectConsumerNumUseFilter and maxErrorRateOfBloomFilter ask for bit maps above " +
        std::to_string(kUnitBytesMax - kUnitBytesMin) + " bytes");
  }
  if (options.index_hash_slots < 1 || options.index_entries_max < 2) {
    return Status::invalidArgument("maxHashSlotNum must be at least 1, maxIndexNum at least 2");
  }
  return Status::ok();
}

StoreOptions settle(StoreOptions options, const StoreFolder& folder) {
  options.commit_log_dir = folder.commitLogDir();
  const int64_t entries =
      (options.consume_queue_file_bytes + kQueueEntryBytes - 1) / kQueueEntryBytes;
  options.consume_queue_file_bytes = entries * kQueueEntryBytes;
  return options;
}

int64_t physicalMemoryBytes() {
  return int64_t{::sysconf(_SC_PHYS_PAGES)} * ::sysconf(_SC_PAGESIZE);
}

/// How many files the system lets a process map; Linux's default when it does not say.
int64_t systemMappingsMax() {
  constexpr int64_t kLinuxDefault = 65'530;
  int64_t mappings = 0;
  std::ifstream("/proc/sys/vm/max_map_count") >> mappings;
  return mappings > 0 ? mappings : kLinuxDefault;
}

}  // namespace

Result<std::unique_ptr<StoreFolder>> MessageStore::lock(const StoreOptions& options,
                                                        FileSystem& files) {
  ROCKETMQ_RETURN_IF_ERROR(checkOptions(options));
  return StoreFolder::open(files, options.root_dir, options.commit_log_dir);
}

Result<std::unique_ptr<MessageStore>> MessageStore::open(StoreOptions options, const Clock& clock,
                                                         ArrivalListener on_arrival,
                                                         FileSystem& files) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<StoreFolder> folder, lock(options, files));
  return open(std::move(folder), std::move(options), clock, std::move(on_arrival), files);
}

Result<std::unique_ptr<MessageStore>> MessageStore::open(std::unique_ptr<StoreFolder> folder,
                                                         StoreOptions options, const Clock& clock,
                                                         ArrivalListener on_arrival,
                                                         FileSystem& files) {
  return MessageStoreImpl::open(std::move(folder), std::move(options), clock, std::move(on_arrival),
                                files);
}

Result<std::unique_ptr<MessageStore>> MessageStoreImpl::open(std::unique_ptr<StoreFolder> folder,
                                                             StoreOptions options,
                                                             const Clock& clock,
                                                             ArrivalListener on_arrival,
                                                             FileSystem& files) {
  auto store = std::unique_ptr<MessageStoreImpl>(new MessageStoreImpl(
      settle(std::move(options), *folder), clock, std::move(on_arrival), files));
  store->folder_ = std::move(folder);
  ROCKETMQ_RETURN_IF_ERROR(store->openFiles());
  store->buildServices();
  ROCKETMQ_RETURN_IF_ERROR(store->recover());
  ROCKETMQ_RETURN_IF_ERROR(store->start());
  return std::unique_ptr<MessageStore>(std::move(store));
}

MessageStoreImpl::MessageStoreImpl(StoreOptions options, const Clock& clock,
                                   ArrivalListener on_arrival, FileSystem& files)
    : options_(std::move(options)),
      clock_(clock),
      files_(files),
      live_(options_.live),
      rules_(options_.delay_level_ms),
      arrivals_(std::move(on_arrival)) {}

MessageStoreImpl::~MessageStoreImpl() {
  if (const Status closed = close(); !closed.isOk()) {
    log::error("the store was not closed cleanly: {}", closed.message());
  }
}

Status MessageStoreImpl::openFiles() {
  ROCKETMQ_ASSIGN_OR_RETURN(stopped_cleanly_, folder_->wasStoppedCleanly());
  ROCKETMQ_RETURN_IF_ERROR(loadLog());
  ROCKETMQ_RETURN_IF_ERROR(loadQueues());
  ROCKETMQ_ASSIGN_OR_RETURN(
      deleted_topics_, DeletedTopics::load(files_, folder_->deletedTopicsPath(),
                                           {.min = log_->minOffset(), .max = log_->maxOffset()}));
  ROCKETMQ_ASSIGN_OR_RETURN(checkpoint_,
                            Checkpoint::load(files_, folder_->checkpointPath(), clock_.nowMs()));
  queue_ends_ = std::make_unique<QueueEnds>(files_, folder_->queueEndsPath());
  return Status::ok();
}

Status MessageStoreImpl::loadLog() {
  const CommitLog::Options log_options{
      .dir = options_.commit_log_dir,
      .file_bytes = options_.commit_log_file_bytes,
      .zeros = options_.flush_mode == FlushMode::kSync ? Zeros::kOnDisk : Zeros::kInCache};
  auto loaded = CommitLog::load(files_, log_options);
  if (loaded.status().code() == StatusCode::kCorruption && !stopped_cleanly_) {
    ROCKETMQ_ASSIGN_OR_RETURN(const bool completed,
                              completeLogFiles(files_, log_options.dir, log_options.file_bytes));
    if (completed) {
      loaded = CommitLog::load(files_, log_options);
    }
  }
  ROCKETMQ_ASSIGN_OR_RETURN(log_, std::move(loaded));
  return Status::ok();
}

Status MessageStoreImpl::loadQueues() {
  QueueTable::Options queue_options{.dir = folder_->consumeQueueDir(),
                                    .file_bytes = options_.consume_queue_file_bytes,
                                    .extension_dir = folder_->consumeQueueExtDir(),
                                    .mapped_max = options_.queue_files_mapped_max > 0
                                                      ? options_.queue_files_mapped_max
                                                      : systemMappingsMax() / 2};
  if (options_.queue_extension) {
    queue_options.extension = {.dir = {},
                               .file_bytes = options_.queue_extension_file_bytes,
                               .unit_bytes_max = unitBytesMax(options_)};
  }
  queues_ = std::make_unique<QueueTable>(files_, queue_options);
  const Status loaded = queues_->load();
  if (loaded.code() != StatusCode::kCorruption) {
    return loaded;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(
      const bool repaired, repairQueueLengths(files_, queue_options.dir, queue_options.file_bytes));
  if (!repaired) {
    return loaded;
  }
  stopped_cleanly_ = false;  // What the repaired queues lack comes from the log.
  queues_ = std::make_unique<QueueTable>(files_, queue_options);
  return queues_->load();
}

void MessageStoreImpl::buildServices() {
  const BitMapSource* const bit_maps = options_.queue_extension ? options_.bit_maps : nullptr;
  dispatcher_ = std::make_unique<Dispatcher>(
      Dispatcher::Parts{*log_, *queues_, *queue_ends_, *deleted_topics_, rules_, arrivals_,
                        bit_maps, options_.is_replica, [this] { index_->onDispatched(); }});
  queue_mappings_ = std::make_unique<QueueMappings>(
      QueueMappings::Parts{*queues_, *dispatcher_, log_->appendMutex()},
      [this] { queue_flusher_->wake(); });
  index_ = std::make_unique<IndexService>(
      IndexService::Parts{files_, *log_, *dispatcher_, *checkpoint_, state_, clock_},
      IndexService::Options{.dir = folder_->indexDir(),
                            .layout = {.hash_slots = options_.index_hash_slots,
                                       .entries_max = options_.index_entries_max}});
  log_flusher_ = std::make_unique<LogFlusher>(
      *log_, *dispatcher_, state_, clock_,
      LogFlusher::Options{.mode = options_.flush_mode,
                          .interval_ms = options_.flush_interval_ms,
                          .least_pages = options_.flush_least_pages,
                          .thorough_interval_ms = options_.flush_thorough_interval_ms});
  queue_flusher_ = std::make_unique<QueueFlusher>(
      QueueFlusher::Parts{files_, *queues_, *queue_mappings_, *dispatcher_, *log_flusher_,
                          *checkpoint_, *queue_ends_, *log_, state_},
      QueueFlusher::Options{.interval_ms = options_.flush_queue_interval_ms,
                            .least_pages = options_.flush_queue_least_pages,
                            .thorough_interval_ms = options_.flush_queue_thorough_interval_ms});
  retention_ = std::make_unique<Retention>(
      Retention::Parts{files_, *log_, *queues_, *index_, *dispatcher_, arrivals_, *queue_flusher_,
                       live_, state_, clock_},
      Retention::Options{.root_dir = options_.root_dir,
                         .interval_ms = options_.clean_resource_interval_ms});
  repair_ = std::make_unique<QueueRepair>(QueueRepair::Parts{*log_, *deleted_topics_, rules_});
  reader_ = std::make_unique<MessageReader>(MessageReader::Parts{
      *log_, *queues_, rules_, live_, stats_, clock_, *repair_, physicalMemoryBytes()});
  writer_ = std::make_unique<MessageWriter>(MessageWriter::Parts{
      *log_, *queues_, *dispatcher_, arrivals_, rules_, live_, state_, stats_, clock_,
      options_.flush_mode, options_.is_replica, bit_maps, [this] { onAppended(); }});
  replica_ = std::make_unique<ReplicaAppender>(ReplicaAppender::Parts{
      *log_, *dispatcher_, state_, options_.flush_mode, [this] { onAppended(); }});
}

void MessageStoreImpl::onAppended() {
  queue_mappings_->onAppended();
  log_flusher_->onAppended();
  if (options_.flush_mode == FlushMode::kAsync) {
    index_->onDispatched();  // Else the dispatcher tells, once it is on the disk.
  }
  retention_->onAppended(log_->maxOffset());
  if (append_listener_) {
    append_listener_();
  }
}

Status MessageStoreImpl::recover() {
  const CrcCheck crc_check = options_.check_crc_on_recover ? CrcCheck::kVerify : CrcCheck::kSkip;
  ROCKETMQ_ASSIGN_OR_RETURN(QueueEnds::Loaded ends, queue_ends_->load(*log_, *checkpoint_));
  if (ends.known) {
    checkpoint_->believe();
  }
  if (options_.is_replica) {
    ends.topics.clear();  // What topics exist is the master's to say, and the log tells deletions.
  }
  const int64_t given_to = ends.given ? ends.given->log_end : 0;
  ROCKETMQ_RETURN_IF_ERROR(Recovery({files_, *folder_, *log_, *queues_, *deleted_topics_,
                                     *dispatcher_, *checkpoint_, *queue_ends_, std::move(ends),
                                     options_.topic_exists, crc_check, options_.is_replica})
                               .run(stopped_cleanly_));
  if (log_->maxOffset() < given_to) {
    // Before the log grows to where the file ended: it would be taken for that of the file.
    ROCKETMQ_RETURN_IF_ERROR(queue_flusher_->flushAll());
    if (!queue_flusher_->areEndsSaved()) {
      ROCKETMQ_RETURN_IF_ERROR(queue_ends_->drop());
    }
  }
  ROCKETMQ_RETURN_IF_ERROR(index_->load(stopped_cleanly_));
  // Else a later clean stop would vouch for files that nobody has looked at.
  return options_.message_index_enable ? Status::ok() : index_->repair();
}

Status MessageStoreImpl::start() {
  const Status marked = folder_->markRunning();
  if (marked.code() == StatusCode::kReadOnly) {
    // Not an inode is left. Readers need no mark, and without one nothing may be appended.
    state_.fail("cannot mark the store as running: " + marked.message());
  } else {
    ROCKETMQ_RETURN_IF_ERROR(marked);
  }
  MutexLock lock(close_mutex_);
  is_started_ = true;
  log_->start();
  log_flusher_->start();
  queue_flusher_->start();
  if (options_.message_index_enable) {
    index_->start();
  }
  retention_->checkDisk();
  retention_->start();
  state_.clear(RunState::kClosed);
  return Status::ok();
}

Status MessageStoreImpl::close() {
  MutexLock lock(close_mutex_);
  if (!is_started_) {
    return close_status_;
  }
  is_started_ = false;
  const bool was_writable = state_.writable();
  state_.set(RunState::kClosed);
  close_status_ = stopServices();
  // Otherwise the next start has to look closely, and the mark tells it.
  if (close_status_.isOk() && was_writable && dispatchBehindBytes() == 0) {
    close_status_ = folder_->markStopped();
  }
  folder_->unlock();
  return close_status_;
}

Status MessageStoreImpl::stopServices() {
  // Puts that have seen the store open are through once the lock has been theirs.
  { MutexLock append_lock(log_->appendMutex()); }
  repair_->stop();
  retention_->stop();
  log_->stop();
  const Status log_flushed = log_flusher_->stop();
  queue_flusher_->stop();
  const Status index_flushed = options_.message_index_enable ? index_->stop() : Status::ok();
  arrivals_.waitUntilTold();
  ROCKETMQ_RETURN_IF_ERROR(log_flushed);
  ROCKETMQ_RETURN_IF_ERROR(queue_flusher_->flushAll());
  ROCKETMQ_RETURN_IF_ERROR(index_flushed);
  // The index may have failed while it caught up.
  return state_.has(RunState::kFailed) ? Status::readOnly(state_.reason()) : Status::ok();
}

KeyQueryResult MessageStoreImpl::queryByKey(std::string_view topic, std::string_view key,
                                            int32_t messages_max, TimestampMs begin,
                                            TimestampMs end) const {
  auto found = index_->query(topic, key, messages_max, begin, end);
  KeyQueryResult result;
  result.index_updated_ms = found.updated_ms;
  result.index_physical_offset = found.updated_offset;
  // RocketMQ parity: the answer is in the order of the log.
  std::sort(found.offsets.begin(), found.offsets.end());
  const auto last = std::unique(found.offsets.begin(), found.offsets.end());
  for (auto offset = found.offsets.begin(); offset != last; ++offset) {
    if (auto record = recordAt(*offset)) {
      result.records.push_back(std::move(*record));
    }
  }
  return result;
}

Status MessageStoreImpl::deleteTopic(const std::string& topic) {
  if (topic.size() > kTopicLengthMaxV2) {
    return Status::ok();  // Some groups' retry topics; there is nothing of them.
  }
  if (!isStorable(topic, 0)) {
    return Status::invalidArgument("'" + topic + "' is no topic");
  }
  return queues_->removeTopic(topic, [&] {
    const int64_t end = log_->appendedTo().end;
    const Status noted = deleted_topics_->add(topic, end, log_->minOffset());
    const Status forgotten = queue_ends_->forget({{topic, {}}}, end);
    dispatcher_->waitForBatch();
    arrivals_.waitUntilTold();
    return noted.isOk() ? forgotten : noted;
  });
}

int64_t MessageStoreImpl::dispatchBehindBytes() const {
  return std::max<int64_t>(0, log_->maxOffset() - dispatcher_->dispatchedTo());
}

void MessageStoreImpl::updateOptions(const LiveStoreOptions& options) {
  live_.update(options);
  retention_->checkDisk();
}

}  // namespace rocketmq::store

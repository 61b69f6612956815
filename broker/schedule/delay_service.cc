#include "broker/schedule/delay_service.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "broker/await_flushed.h"
#include "broker/config_file.h"
#include "broker/send/send_service.h"
#include "broker/transaction/topics.h"
#include "common/log.h"
#include "common/lost.h"
#include "common/message/properties.h"
#include "common/message/record.h"
#include "common/model/config_tables.h"
#include "common/number.h"

namespace rocketmq::broker {

namespace {

constexpr TimestampMs kNever = std::numeric_limits<TimestampMs>::max();
/// Entries delivered of one level before the others have their turn.
constexpr int32_t kEntriesPerTurn = 256;
/// The wall clock may be set meanwhile, so no sleep for a due message is longer.
constexpr std::chrono::milliseconds kSleepMax{1000};
/// So many levels more may messageDelayLevel have had that anybody is told of their messages.
constexpr int32_t kFormerLevels = 100;

std::optional<int32_t> parseQueueId(std::string_view text) {
  const auto id = parseNumber<int32_t>(text);
  return id && *id >= 0 ? id : std::nullopt;
}

}  // namespace

DelayService::DelayService(std::string path, const DelayLevels& levels, store::MessageStore& store,
                           const Clock& clock)
    : path_(std::move(path)),
      levels_(levels),
      store_(store),
      clock_(clock),
      next_look_ms_(kNever) {}

DelayService::~DelayService() { stop(); }

Result<std::unique_ptr<DelayService>> DelayService::open(std::string path,
                                                         const DelayLevels& levels,
                                                         store::MessageStore& store,
                                                         const Clock& clock) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto table, loadConfigFile<model::DelayOffsetTable>(path));
  auto service =
      std::unique_ptr<DelayService>(new DelayService(std::move(path), levels, store, clock));
  // A log that a power cut has shortened may end before the progress of the file. It must not be
  // taken for progress in what is stored from now on.
  for (auto& [level, offset] : table.offset_table) {
    if (level >= 1 && level <= levels.max()) {
      offset = std::clamp<int64_t>(offset, 0, store.maxOffset(kScheduleTopic, level - 1));
    }
  }
  MutexLock lock(service->mutex_);
  service->offsets_ = std::move(table.offset_table);
  return service;
}

void DelayService::start() {
  for (const auto& [level, count] : stranded()) {
    log::warn(
        "{} delayed messages wait in level {}, which messageDelayLevel does not have: they are "
        "delivered once it has {} levels",
        count, level, level);
  }
  thread_ = NamedThread("delay", [this] { run(); });
}

std::map<int32_t, int64_t> DelayService::stranded() const {
  std::map<int32_t, int64_t> waiting;
  for (int32_t level = levels_.max() + 1; level <= levels_.max() + kFormerLevels; ++level) {
    const int64_t count = store_.maxOffset(kScheduleTopic, level - 1) - startOffset(level);
    if (count > 0) {
      waiting[level] = count;
    }
  }
  return waiting;
}

void DelayService::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notifyAll();
  thread_.join();
  if (const Status saved = persist(); !saved.isOk()) {
    log::error("delay offsets are not saved: {}", saved.message());
  }
}

void DelayService::onArrival(const store::Arrival& arrival) {
  if (arrival.tags_code >= next_look_ms_.load(std::memory_order_acquire)) {
    return;
  }
  {
    MutexLock lock(mutex_);
    look_again_ = true;
  }
  changed_.notifyOne();
}

void DelayService::run() {
  for (;;) {
    next_look_ms_.store(kNever, std::memory_order_release);
    const TimestampMs next_ms = deliverDue();
    MutexLock lock(mutex_);
    if (stopping_) {
      return;
    }
    if (!look_again_) {
      next_look_ms_.store(next_ms, std::memory_order_release);
      sleepUntil(next_ms);
    }
    look_again_ = false;
  }
}

void DelayService::sleepUntil(TimestampMs next_ms) {
  while (!stopping_ && !look_again_) {
    const TimestampMs now = clock_.nowMs();
    if (now >= next_ms) {
      return;
    }
    const auto sleep = std::min(kSleepMax, std::chrono::milliseconds(next_ms - now));
    changed_.waitUntil(mutex_, std::chrono::steady_clock::now() + sleep);
  }
}

TimestampMs DelayService::deliverDue() {
  TimestampMs next_ms = kNever;
  for (int32_t level = 1; level <= levels_.max(); ++level) {
    next_ms = std::min(next_ms, deliverLevel(level));
  }
  return next_ms;
}

TimestampMs DelayService::deliverLevel(int32_t level) {
  int64_t offset = startOffset(level);
  const TimestampMs now = clock_.nowMs();
  const auto entries = store_.queueEntries(kScheduleTopic, level - 1, offset, kEntriesPerTurn);
  for (const store::QueueEntry& entry : entries) {
    const TimestampMs due_ms = dueTime(entry, level, now);
    if (due_ms > now) {
      return due_ms;
    }
    if (!deliver(entry)) {
      return now + kRetryDelay.count();
    }
    setOffset(level, ++offset);
  }
  if (!entries.empty()) {
    return now;
  }
  // Entries that cannot be read come when the store has repaired them.
  const bool has_more = offset < store_.maxOffset(kScheduleTopic, level - 1);
  return has_more ? now + kRetryDelay.count() : kNever;
}

TimestampMs DelayService::dueTime(const store::QueueEntry& entry, int32_t level,
                                  TimestampMs now) const {
  // After a step of the clock or a change of the table nobody waits longer than the level says.
  return entry.tags_code > now + levels_.delayMs(level) ? now : entry.tags_code;
}

bool DelayService::deliver(const store::QueueEntry& entry) {
  const Result<store::LogSlice> slice = store_.recordAt(entry.physical_offset);
  if (!slice.ok() && !isLost(slice.status())) {
    log::warn("a delayed message at log offset {} waits: {}", entry.physical_offset,
              slice.status().message());
    return false;
  }
  Result<MessageRecord> record =
      slice.ok() ? decodeRecord(slice->bytes) : Result<MessageRecord>(slice.status());
  // Also the place of a message that is lost names an offset.
  if (!record.ok() || record->total_size != entry.record_bytes) {
    log::error("a delayed message at log offset {} cannot be read and is left out: {}",
               entry.physical_offset,
               record.ok() ? "its queue's entry names another record" : record.status().message());
    return true;
  }
  const std::string_view topic = findProperty(record->properties, property::kRealTopic);
  const auto queue_id = parseQueueId(findProperty(record->properties, property::kRealQueueId));
  if (topic.empty() || topic == kHalfTopic || !queue_id) {
    log::error("a delayed message at log offset {} has no topic to go to and is left out",
               entry.physical_offset);
    return true;
  }
  // RocketMQ parity: the properties stay as they are. DELAY in them does not delay again, because
  // only what clients send is looked at.
  record->topic = topic;
  record->queue_id = *queue_id;
  const store::PutResult put = store_.put(*record);
  if (put.status == store::PutStatus::kMessageIllegal) {
    log::error("a delayed message for topic {} is refused and left out: {}", topic, put.detail);
    return true;
  }
  if (!put.ok()) {
    log::warn("a delayed message for topic {} waits: {}", topic, put.detail);
  }
  return put.ok();
}

int64_t DelayService::startOffset(int32_t level) const {
  const int64_t min = store_.minOffset(kScheduleTopic, level - 1);
  const int64_t max = store_.maxOffset(kScheduleTopic, level - 1);
  MutexLock lock(mutex_);
  const auto offset = offsets_.find(level);
  return std::clamp(offset == offsets_.end() ? 0 : offset->second, min, std::max(min, max));
}

void DelayService::setOffset(int32_t level, int64_t offset) {
  MutexLock lock(mutex_);
  offsets_[level] = offset;
  has_unsaved_ = true;
}

void DelayService::takeOver(std::map<int32_t, int64_t> offsets) {
  MutexLock lock(mutex_);
  if (offsets != offsets_) {
    offsets_ = std::move(offsets);
    has_unsaved_ = true;
  }
}

Status DelayService::persist() {
  MutexLock one_writer(persist_mutex_);
  model::DelayOffsetTable table;
  {
    MutexLock lock(mutex_);
    if (!has_unsaved_) {
      return Status::ok();
    }
    table.offset_table = offsets_;
    has_unsaved_ = false;
  }
  // A power cut would else leave messages that count as delivered and are nowhere.
  Status saved = awaitFlushed(store_);
  if (saved.isOk()) {
    saved = saveConfigFile(path_, table);
  }
  if (!saved.isOk()) {
    MutexLock lock(mutex_);
    has_unsaved_ = true;
  }
  return saved;
}

std::map<int32_t, int64_t> DelayService::offsets() const {
  MutexLock lock(mutex_);
  return offsets_;
}

std::string DelayService::encode() const {
  return json::encode(model::DelayOffsetTable{.offset_table = offsets()});
}

}  // namespace rocketmq::broker

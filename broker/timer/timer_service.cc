#include "broker/timer/timer_service.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "common/log.h"
#include "common/lost.h"

namespace rocketmq::broker {

namespace {

constexpr TimestampMs kNever = std::numeric_limits<TimestampMs>::max();
constexpr int32_t kEntriesPerRead = 512;
/// Units of a slot that are gathered at a time.
constexpr size_t kGatherMax = 65'536;
/// The wall clock may be set meanwhile, so no sleep is longer.
constexpr std::chrono::milliseconds kSleepMax{1000};
/// Messages that arrive one after the other are taken together.
constexpr std::chrono::milliseconds kCollect{10};

}  // namespace

TimerService::TimerService(const Parts& parts, TimerCheckpointFile checkpoint_file)
    : parts_(parts), checkpoint_file_(std::move(checkpoint_file)) {}

TimerService::~TimerService() { stop(); }

void TimerService::start() {
  thread_ = NamedThread("timer", [this] { run(); });
}

void TimerService::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notifyAll();
  thread_.join();
}

void TimerService::onArrival() {
  if (!is_quiet_.load(std::memory_order_acquire)) {
    return;
  }
  {
    MutexLock lock(mutex_);
    is_quiet_.store(false, std::memory_order_release);
  }
  changed_.notifyOne();
}

void TimerService::run() {
  for (;;) {
    is_quiet_.store(true, std::memory_order_release);
    const TimestampMs next_ms = turn();
    {
      MutexLock lock(mutex_);
      if (stopping_) {
        return;
      }
    }
    sleepUntil(next_ms);
  }
}

void TimerService::sleepUntil(TimestampMs next_ms) {
  const TimestampMs now = parts_.clock.nowMs();
  if (next_ms <= now) {
    return;
  }
  const auto begin = std::chrono::steady_clock::now();
  const auto until = begin + std::min(kSleepMax, std::chrono::milliseconds(std::min<int64_t>(
                                                     next_ms - now, kSleepMax.count())));
  MutexLock lock(mutex_);
  while (!stopping_) {
    const bool is_quiet = is_quiet_.load(std::memory_order_acquire);
    const auto end = is_quiet ? until : std::min(until, begin + kCollect);
    if (std::chrono::steady_clock::now() >= end) {
      return;
    }
    changed_.waitUntil(mutex_, end);
  }
}

TimestampMs TimerService::turn() {
  const TimestampMs now = parts_.clock.nowMs();
  const auto settings = parts_.settings.load();
  followClock(now);
  turn_left_ = kTurnMessages;
  // What a turn before could not write comes first: no more than one turn's units wait in memory.
  if (!writeLog()) {
    return now + kRetryDelay.count();
  }
  TimestampMs next_ms = settings->timer_stop_enqueue ? kNever : takeArrived(now);
  // A slot must be whole in the log before it is read.
  if (!writeLog()) {
    return now + kRetryDelay.count();
  }
  progress_.timer_log_end = log_->end();
  if (!settings->timer_stop_dequeue) {
    next_ms = std::min(next_ms, deliverDue(now));
  }
  saveProgress(now);
  return next_ms;
}

bool TimerService::writeLog() {
  const Status written = log_->flush();
  if (!written.isOk()) {
    log::error("timers wait, because the timer log cannot be written: {}", written.message());
  }
  return written.isOk();
}

void TimerService::followClock(TimestampMs now) {
  const int64_t precision = parts_.settings.load()->timer_precision_ms;
  if (now / precision * precision < progress_.read_ms - precision && due_.empty()) {
    log::warn("the clock went back by {} ms; timers follow it", progress_.read_ms - now);
    progress_.read_ms = now / precision * precision;
    progress_.done_offset = -1;
  }
}

Result<TimestampMs> TimerService::plan(const TimerAsk& ask, TimestampMs now) const {
  const auto settings = parts_.settings.load();
  ROCKETMQ_ASSIGN_OR_RETURN(const TimestampMs slot_ms, timerSlot(ask, *settings, now));
  const int64_t units_max = settings->timer_congest_slot_max;
  if (slot_ms > 0 && units_max < std::numeric_limits<int32_t>::max() &&
      slots_.unitsOf(slot_ms) > units_max) {
    return Status::busy("timer message is under flow control: more than " +
                        std::to_string(units_max) +
                        " messages are due at the same time (timerCongestNumEachSlot)");
  }
  return slot_ms;
}

TimestampMs TimerService::takeArrived(TimestampMs now) {
  const int64_t max = parts_.store.maxOffset(kTimerTopic, kTimerQueue);
  const int64_t end = std::min(max, progress_.queue_offset + kTurnArrivals);
  while (progress_.queue_offset < end) {
    const auto entries = parts_.store.queueEntries(kTimerTopic, kTimerQueue, progress_.queue_offset,
                                                   kEntriesPerRead);
    if (entries.empty()) {
      // Retention has taken them.
      const int64_t min = parts_.store.minOffset(kTimerTopic, kTimerQueue);
      if (min <= progress_.queue_offset) {
        return now + kRetryDelay.count();
      }
      progress_.queue_offset = min;
    }
    for (const store::QueueEntry& entry : entries) {
      if (!take(entry, now)) {
        return now + kRetryDelay.count();
      }
      ++progress_.queue_offset;
      queue_offset_.store(progress_.queue_offset, std::memory_order_relaxed);
      if (turn_left_ == 0) {
        return now;
      }
    }
  }
  return progress_.queue_offset < max ? now : kNever;
}

bool TimerService::take(const store::QueueEntry& entry, TimestampMs now) {
  const Result<TimerMessage> message = readTimerMessage(parts_.store, entry.physical_offset);
  if (!message.ok()) {
    return isLeftOut("a timer", message.status());
  }
  if (progress_.queue_offset < known_queue_offset_ && wasDelivered(*message)) {
    return true;
  }
  const auto settings = parts_.settings.load();
  const RollPlan roll = planRoll(message->out_ms, *settings, now);
  TimerUnit unit{.slot_ms = roll.slot_ms,
                 .written_ms = now,
                 .physical_offset = entry.physical_offset,
                 .record_bytes = message->record.total_size,
                 .topic_hash = javaHash(message->real_topic),
                 .rolls = roll.rolls,
                 .deletes = !message->delete_key.empty()};
  enqueued_.fetch_add(1, std::memory_order_relaxed);
  topics_.add(unit.topic_hash, {.enqueued = 1}, now);
  if (unit.slot_ms < progress_.read_ms) {
    if (unit.slot_ms + settings->timer_precision_ms <= now) {
      // Its slot has gone by.
      return unit.deletes || deliver(*message, unit, now);
    }
    unit.slot_ms = progress_.read_ms;
  }
  // The timer log can say only so much about how late a slot is; it is due anyhow.
  unit.slot_ms = std::max(unit.slot_ms, now - std::numeric_limits<int32_t>::max());
  unit.previous = slots_.lastOf(unit.slot_ms);
  slots_.add(unit.slot_ms, log_->append(unit));
  topics_.add(unit.topic_hash, {.waiting = unit.deletes ? 0 : 1}, now);
  return true;
}

bool TimerService::wasDelivered(const TimerMessage& message) const {
  const auto settings = parts_.settings.load();
  const RollPlan roll = planRoll(message.out_ms, *settings, message.record.store_timestamp_ms);
  // When it was put into its slot is not known to the millisecond: in doubt it is delivered twice.
  const int64_t margin_ms = roll.rolls ? 60'000 : 2 * settings->timer_precision_ms;
  return roll.slot_ms + margin_ms < progress_.read_ms;
}

TimestampMs TimerService::deliverDue(TimestampMs now) {
  const int64_t precision = parts_.settings.load()->timer_precision_ms;
  const auto slot = slots_.first();
  if (!slot || slot->at_ms + precision > now) {
    progress_.read_ms = std::max(progress_.read_ms, now / precision * precision);
    return slot ? slot->at_ms + precision : kNever;
  }
  if (slot->at_ms != progress_.read_ms) {
    progress_.read_ms = slot->at_ms;
    progress_.done_offset = -1;
  }
  if (due_next_ == due_.size()) {
    if (const Status gathered = gather(*slot); !gathered.isOk()) {
      log::error("the timers of slot {} cannot all be found: {}", slot->at_ms, gathered.message());
      if (gathered.code() != StatusCode::kCorruption) {
        due_.clear();
        return now + kRetryDelay.count();
      }
    }
  }
  for (int32_t i = 0; i < kTurnMessages && turn_left_ > 0 && due_next_ < due_.size(); ++i) {
    const Due& due = due_[due_next_];
    if (!deliver(due, now)) {
      return now + kRetryDelay.count();
    }
    progress_.done_offset = due.physical_offset;
    done_position_ = due.position;
    ++due_next_;
    slots_.takeOne();
    topics_.add(due.topic_hash, {.waiting = due.deletes ? 0 : -1}, now);
  }
  if (due_next_ == due_.size() && (due_.empty() || done_position_ == slot->last)) {
    finishSlot(slot->at_ms);
  }
  return now;
}

Status TimerService::gather(const TimerSlots::Slot& slot) {
  due_.clear();
  due_next_ = 0;
  // From the last to the first; what does not fit are the later ones, which come with the next
  // round.
  std::vector<Due> ring;
  size_t next = 0;
  Status status;
  for (int64_t position = slot.last; position >= 0;) {
    const Result<TimerUnit> unit = log_->at(position);
    if (!unit.ok()) {
      status = unit.status();
      break;
    }
    if (unit->physical_offset <= progress_.done_offset) {
      break;
    }
    if (unit->deletes && !unit->rolls) {
      ROCKETMQ_RETURN_IF_ERROR(noteRecall(unit->physical_offset));
    }
    const Due due{.position = position,
                  .physical_offset = unit->physical_offset,
                  .written_ms = unit->written_ms,
                  .topic_hash = unit->topic_hash,
                  .rolls = unit->rolls,
                  .deletes = unit->deletes};
    if (ring.size() < kGatherMax) {
      ring.push_back(due);
    } else {
      ring[next] = due;
      next = (next + 1) % kGatherMax;
    }
    position = unit->previous;
  }
  std::rotate(ring.begin(), ring.begin() + static_cast<int64_t>(next), ring.end());
  due_.assign(ring.rbegin(), ring.rend());
  return status;
}

Status TimerService::noteRecall(int64_t physical_offset) {
  const Result<TimerMessage> message = readTimerMessage(parts_.store, physical_offset);
  if (!message.ok()) {
    return isLeftOut("a recall", message.status()) ? Status::ok() : message.status();
  }
  if (recalled_.size() >= kRecallsPerSlotMax) {
    log::warn("message {} is not recalled: more than {} of its time are", message->delete_key,
              kRecallsPerSlotMax);
    return Status::ok();
  }
  recalled_.emplace(message->delete_key);
  return Status::ok();
}

bool TimerService::isLeftOut(std::string_view what, const Status& unread) {
  if (isLost(unread)) {
    log::error("{} is left out: {}", what, unread.message());
  } else {
    log::warn("{} waits: {}", what, unread.message());
  }
  return isLost(unread);
}

bool TimerService::deliver(const Due& due, TimestampMs now) {
  if (due.deletes && !due.rolls) {
    return true;
  }
  const Result<TimerMessage> message = readTimerMessage(parts_.store, due.physical_offset);
  if (!message.ok()) {
    return isLeftOut("a timer", message.status());
  }
  return deliver(*message, {.written_ms = due.written_ms, .rolls = due.rolls}, now);
}

bool TimerService::deliver(const TimerMessage& message, const TimerUnit& unit, TimestampMs now) {
  if (!unit.rolls && !recalled_.empty() && recalled_.contains(message.recallKey())) {
    log::info("message {} has been recalled", message.recallKey());
    return true;
  }
  const store::PutResult put = parts_.store.put(deliveryOf(message, unit, now, properties_));
  if (put.status == store::PutStatus::kMessageIllegal) {
    log::error("a timer for topic {} is refused and left out: {}", message.real_topic, put.detail);
    return true;
  }
  if (!put.ok()) {
    log::warn("a timer for topic {} waits: {}", message.real_topic, put.detail);
    return false;
  }
  progress_.log_end = put.end_offset;
  --turn_left_;
  dequeued_.fetch_add(1, std::memory_order_relaxed);
  topics_.add(javaHash(message.real_topic), {.dequeued = 1}, now);
  return true;
}

void TimerService::finishSlot(TimestampMs slot_ms) {
  slots_.removeFirst();
  progress_.read_ms = slot_ms + 1;
  progress_.done_offset = -1;
  due_.clear();
  due_next_ = 0;
  done_position_ = -1;
  recalled_.clear();
}

void TimerService::saveProgress(TimestampMs now) {
  const auto settings = parts_.settings.load();
  read_ms_.store(progress_.read_ms, std::memory_order_relaxed);
  if (now - rotated_ms_ >= settings->timer_flush_interval_ms || now < rotated_ms_) {
    rotated_ms_ = now;
    if (parts_.store.flushedOffset() >= candidate_.log_end) {
      safe_ = candidate_;
      candidate_ = progress_;
    }
    // Up to there nothing is ever delivered again, whatever a power cut takes.
    const TimestampMs done_ms = std::min(safe_.read_ms, progress_.read_ms);
    if (const Status removed = log_->removeFiles(done_ms); !removed.isOk()) {
      log::error("an old file of the timer log stays: {}", removed.message());
    }
  }
  // A clock that only went on is no news.
  TimerProgress saved = saved_;
  saved.read_ms = progress_.read_ms;
  if (saved == progress_ && progress_.read_ms - saved_.read_ms < kSleepMax.count()) {
    return;
  }
  const TimerCheckpoint checkpoint{.newest = progress_, .safe = safe_};
  const Status status = checkpoint_file_.save(checkpoint, settings->timer_precision_ms);
  if (!status.isOk()) {
    log::error("the progress of timers is not saved: {}", status.message());
    return;
  }
  saved_ = progress_;
  publish(checkpoint);
}

void TimerService::publish(const TimerCheckpoint& checkpoint) {
  MutexLock lock(mutex_);
  published_ = checkpoint;
}

TimerCheckpoint TimerService::checkpoint() const {
  MutexLock lock(mutex_);
  return published_;
}

TimerService::Numbers TimerService::numbers() const {
  Numbers numbers;
  const auto slot = slots_.first();
  if (slot) {
    const int64_t precision = parts_.settings.load()->timer_precision_ms;
    numbers.read_behind_ms = std::max<int64_t>(0, parts_.clock.nowMs() - slot->at_ms - precision);
  }
  numbers.offset_behind = std::max<int64_t>(0, parts_.store.maxOffset(kTimerTopic, kTimerQueue) -
                                                   queue_offset_.load(std::memory_order_relaxed));
  numbers.pending = slots_.pending();
  numbers.enqueued = enqueued_.load(std::memory_order_relaxed);
  numbers.dequeued = dequeued_.load(std::memory_order_relaxed);
  return numbers;
}

}  // namespace rocketmq::broker

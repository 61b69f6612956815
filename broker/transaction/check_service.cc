#include "broker/transaction/check_service.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "broker/transaction/topics.h"
#include "common/log.h"
#include "common/log_limiter.h"
#include "common/lost.h"
#include "common/message/message_id.h"
#include "remoting/protocol/commands/transaction.h"

namespace rocketmq::broker {

using std::chrono::milliseconds;

namespace {

/// transactionCheckInterval may be changed meanwhile.
constexpr milliseconds kSleepMax{1000};

}  // namespace

CheckService::CheckService(const Parts& parts, const HostAddress& store_host, size_t renewed_max)
    : parts_(parts),
      store_host_(store_host),
      renewed_max_(renewed_max),
      round_start_ms_(parts.clock.nowMs()) {}

void CheckService::start() {
  thread_ = NamedThread("transaction", [this] { run(); });
}

void CheckService::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notifyAll();
  thread_.join();
}

void CheckService::run() {
  while (waitFor(step())) {
  }
}

bool CheckService::waitFor(milliseconds pause) {
  const auto until = std::chrono::steady_clock::now() + std::min(pause, kSleepMax);
  MutexLock lock(mutex_);
  while (!stopping_ && changed_.waitUntil(mutex_, until)) {
  }
  return !stopping_;
}

milliseconds CheckService::step() {
  if (next_ >= end_) {
    const milliseconds interval(parts_.settings.load()->transaction_check_interval_ms);
    const milliseconds since(std::max<int64_t>(0, parts_.clock.nowMs() - round_start_ms_));
    if (since < interval) {
      return interval - since;
    }
    beginRound();
  }
  stored_in_step_ = 0;
  while ((next_ = parts_.ledger.nextOpen(next_, end_)) < end_) {
    const Result<HalfMessage> half = parts_.messages.at(next_);
    if (!half.ok() && !isLost(half.status())) {
      log::warn("transactions are not checked: {}", half.status().message());
      return kStepPause;
    }
    if (!half.ok()) {
      log::error("a half message is given up: {}", half.status().message());
      parts_.ledger.close(next_);
    } else if (handle(*half) == Outcome::kFailed) {
      return kStepPause;
    }
    ++next_;
    if (stored_in_step_ >= kChecksPerStep) {
      return kStepPause;
    }
  }
  return milliseconds(0);
}

void CheckService::beginRound() {
  round_start_ms_ = parts_.clock.nowMs();
  const HalfMessages::Range range = parts_.messages.halves();
  parts_.ledger.forgetBefore(range.begin);
  next_ = parts_.ledger.progress().half;
  end_ = range.end;
}

CheckService::Plan CheckService::plan(const HalfMessage& half) const {
  const auto settings = parts_.settings.load();
  const TimestampMs now = parts_.clock.nowMs();
  // The clock of a producer that is ahead is not believed.
  const TimestampMs born_ms = half.record.born_timestamp_ms > now ? half.record.store_timestamp_ms
                                                                  : half.record.born_timestamp_ms;
  const int64_t age_ms = now - born_ms;
  if (half.check_times >= settings->transaction_check_max ||
      age_ms >
          std::chrono::milliseconds(std::chrono::hours(settings->file_reserved_hours)).count()) {
    return Plan::kGiveUp;
  }
  const milliseconds patience =
      half.immunity.value_or(milliseconds(settings->transaction_timeout_ms));
  if (age_ms > patience.count()) {
    return Plan::kCheck;
  }
  const bool is_far_back = end_ - half.copy.offset > kCarryDistance ||
                           parts_.store.commitLogMaxOffset() - half.record.physical_offset >
                               settings->commit_log_file_bytes / 2;
  return is_far_back ? Plan::kCarry : Plan::kLeave;
}

CheckService::Outcome CheckService::handle(const HalfMessage& half) {
  store::PutResult put;
  switch (plan(half)) {
    case Plan::kLeave:
      return Outcome::kDone;
    case Plan::kCarry:
      return renew(half, half.check_times, put);
    case Plan::kCheck:
      return check(half);
    case Plan::kGiveUp:
      return giveUp(half);
  }
  return Outcome::kDone;
}

CheckService::Outcome CheckService::check(const HalfMessage& half) {
  const remoting::ConnectionPtr producer =
      parts_.clients.producers().pickConnection(half.producer_group);
  if (producer != nullptr && producer->isCongested()) {
    return Outcome::kLater;
  }
  // RocketMQ parity: a check is counted also when nobody of the group is there to be asked.
  const int32_t check_times = half.check_times + 1;
  store::PutResult put;
  const Outcome outcome = renew(half, check_times, put);
  if (outcome == Outcome::kRenewed && producer != nullptr) {
    ask(producer, half, check_times, put);
  }
  return outcome;
}

CheckService::Outcome CheckService::renew(const HalfMessage& half, int32_t check_times,
                                          store::PutResult& put) {
  if (half.copy.isFirst() && parts_.ledger.renewedCount() >= renewed_max_) {
    static LogLimiter limiter(1);
    limiter.warn("{} transactions wait for an answer of their producers; no others are checked now",
                 renewed_max_);
    return Outcome::kLater;  // Behind it are copies of those that wait.
  }
  if (parts_.ledger.claim(half.copy).claim != HalfLedger::Claim::kTaken) {
    return Outcome::kLater;  // It is being ended, or has been since we looked.
  }
  put = parts_.messages.putCopy(half, check_times);
  if (put.ok()) {
    ++stored_in_step_;
    parts_.ledger.renew(half.copy, put.queue_offset);
    return Outcome::kRenewed;
  }
  parts_.ledger.release(half.copy);
  if (put.status == store::PutStatus::kMessageIllegal) {
    log::error("transaction {} cannot be checked: {}", half.unique_key, put.detail);
    return giveUp(half);
  }
  log::warn("transactions are not checked: {}", put.detail);
  return Outcome::kFailed;
}

CheckService::Outcome CheckService::giveUp(const HalfMessage& half) {
  const auto topic = parts_.topics.createInternal(kCheckMaxTopic, 1);
  if (!topic.ok()) {
    log::error("topic {} cannot be made: {}", kCheckMaxTopic, topic.status().message());
    return Outcome::kFailed;
  }
  const HalfLedger::Claimed claimed = parts_.ledger.claim(half.copy);
  if (claimed.claim != HalfLedger::Claim::kTaken) {
    return Outcome::kLater;
  }
  const store::PutResult put = parts_.messages.putGivenUp(half);
  if (!put.ok() && put.status != store::PutStatus::kMessageIllegal) {
    parts_.ledger.release(half.copy);
    log::warn("transaction {} waits to be given up: {}", half.unique_key, put.detail);
    return Outcome::kFailed;
  }
  ++stored_in_step_;
  log::warn("transaction {} of producer group {} is given up after {} checks{}", half.unique_key,
            half.producer_group, half.check_times,
            put.ok() ? "; its message is in " + std::string(kCheckMaxTopic) : "");
  const store::PutResult op = parts_.messages.putOp(claimed.newest);
  parts_.ledger.end(half.copy, op.ok() ? std::optional(op.queue_offset) : std::nullopt);
  return Outcome::kDone;
}

void CheckService::ask(const remoting::ConnectionPtr& producer, const HalfMessage& half,
                       int32_t check_times, const store::PutResult& put) const {
  remoting::CheckTransactionState request;
  request.topic = std::string(kHalfTopic);
  request.transaction_state_table_offset = put.queue_offset;
  request.commit_log_offset = put.physical_offsets.front();
  request.message_id = std::string(half.unique_key);
  request.transaction_id = std::string(half.unique_key);
  request.offset_message_id =
      OffsetMessageId{.store_host = store_host_, .physical_offset = request.commit_log_offset}
          .toString();
  request.broker_name = parts_.settings.load()->broker_name;
  std::string body = HalfMessages::checkBody(half, check_times, put);
  // The answer names the new copy, which can be read only once it is on the disk, and is as good as
  // lost while a master that may die has it alone. A slave that is missing keeps nobody from ending
  // a transaction, though: the copy is stored. On a failed disk there may be no copy.
  parts_.guarantee.whenSafe(
      put.end_offset, [producer, request = std::move(request),
                       body = std::move(body)](const StoreGuarantee::Outcome& outcome) {
        if (outcome.isStored() && outcome.code != remoting::ResponseCode::kFlushDiskTimeout) {
          producer->oneway(request, remoting::Payload(std::string(body)));
        }
      });
}

Status CheckService::resume(int64_t physical_offset) {
  ROCKETMQ_ASSIGN_OR_RETURN(store::LogSlice slice, parts_.store.recordAt(physical_offset));
  ROCKETMQ_ASSIGN_OR_RETURN(HalfMessage half, HalfMessages::decode(std::move(slice)));
  const std::string_view topic = half.record.topic;
  // What looks like a record may be the body of one; the queue knows.
  const auto entries =
      parts_.store.queueEntries(topic, half.record.queue_id, half.record.queue_offset, 1);
  if ((topic != kHalfTopic && topic != kCheckMaxTopic) || entries.empty() ||
      entries[0].physical_offset != physical_offset || !half.hasTarget()) {
    return Status::notFound("no half message is at commit-log offset " +
                            std::to_string(physical_offset));
  }
  if (topic == kCheckMaxTopic) {
    const store::PutResult put = parts_.messages.putResumed(half);
    return put.ok() ? Status::ok() : Status::busy(put.detail);
  }
  const HalfLedger::Claim claim = parts_.ledger.claim(half.copy).claim;
  if (claim == HalfLedger::Claim::kOver) {
    return Status::invalidArgument("the transaction of this half message is over");
  }
  if (claim == HalfLedger::Claim::kBusy) {
    return Status::busy("the transaction of this half message is being checked or ended just now");
  }
  const store::PutResult put = parts_.messages.putCopy(half, 0);
  if (!put.ok()) {
    parts_.ledger.release(half.copy);
    return Status::busy(put.detail);
  }
  parts_.ledger.renew(half.copy, put.queue_offset);
  return Status::ok();
}

}  // namespace rocketmq::broker

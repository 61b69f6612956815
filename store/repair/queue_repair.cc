#include "store/repair/queue_repair.h"

#include <algorithm>
#include <chrono>

#include "common/log.h"
#include "common/scheduling.h"
#include "store/repair/repair_pass.h"

namespace rocketmq::store {
namespace {

constexpr std::chrono::seconds kRetryPause{1};
constexpr std::chrono::hours kUntilWoken{1};

}  // namespace

bool QueueRepair::request(const std::shared_ptr<ConsumeQueue>& queue, State before, int64_t index) {
  if (before == State::kDone || before == State::kDamagedAgain) {
    if (queue->advanceRepair(State::kDone, State::kDamagedAgain)) {
      log::error(
          "consume queue {}/{} is damaged at offset {} although it has been repaired; what is "
          "damaged is passed over until the next start",
          queue->topic(), queue->queueId(), index);
    }
    return true;
  }
  if (stopping_.load() || !queue->advanceRepair(State::kNone, State::kUnderWay)) {
    return false;
  }
  log::error("consume queue {}/{} is damaged at offset {}; it is being repaired from the log",
             queue->topic(), queue->queueId(), index);
  {
    MutexLock lock(mutex_);
    waiting_.push_back(queue);
    if (!is_started_ && !stopping_.load()) {
      is_started_ = true;
      worker_.start("StoreRepair", [this] { loop(); });
    }
  }
  worker_.wake();
  return false;
}

void QueueRepair::stop() {
  {
    MutexLock lock(mutex_);
    stopping_.store(true);
  }
  worker_.stop();
}

std::shared_ptr<ConsumeQueue> QueueRepair::next() {
  MutexLock lock(mutex_);
  if (waiting_.empty() || stopping_.load()) {
    return nullptr;
  }
  auto queue = std::move(waiting_.front());
  waiting_.pop_front();
  return queue;
}

void QueueRepair::loop() {
  takeTurns(Turns::kShort);
  do {
    while (const auto queue = next()) {
      repair(*queue);
    }
  } while (worker_.pause(kUntilWoken));
}

void QueueRepair::repair(ConsumeQueue& queue) {
  bool failure_logged = false;
  while (!stopping_.load()) {
    RepairPass pass({parts_.log, parts_.deleted, parts_.rules, stopping_}, queue);
    const Status done = pass.run();
    if (done.code() == StatusCode::kClosed) {
      return;
    }
    if (done.isOk()) {
      queue.advanceRepair(State::kUnderWay, State::kDone);
      log::warn("consume queue {}/{} has been repaired: {} of {} entries written again, {} lost",
                queue.topic(), queue.queueId(), pass.rewritten(), pass.entries(), pass.lost());
      return;
    }
    if (!failure_logged) {
      log::error("cannot repair consume queue {}/{}, trying again: {}", queue.topic(),
                 queue.queueId(), done.message());
    }
    failure_logged = true;
    // A request for another queue may end the pause early: that is one more try.
    worker_.pause(kRetryPause);
  }
}

}  // namespace rocketmq::store

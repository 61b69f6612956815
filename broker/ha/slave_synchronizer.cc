#include "broker/ha/slave_synchronizer.h"

#include <chrono>
#include <utility>

#include "common/json/decode.h"
#include "common/log.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

constexpr std::chrono::milliseconds kTimeout{3000};

}  // namespace

void SlaveSynchronizer::setMasterAddress(const std::string& address) {
  {
    MutexLock lock(mutex_);
    if (address == master_) {
      return;
    }
    master_ = address;
  }
  log::info("the master is {}", address);
  run();
  copyTimerCheckpoint();
}

std::string SlaveSynchronizer::masterAddress() const {
  MutexLock lock(mutex_);
  return master_;
}

void SlaveSynchronizer::run() {
  const std::string master = masterAddress();
  if (master.empty()) {
    return;
  }
  copyTable<remoting::GetAllTopicConfig, remoting::AllTopicConfig>(
      master, "topics", [this](auto table) { parts_.topics.takeOver(std::move(table)); });
  copyTable<remoting::GetAllSubscriptionGroupConfig, remoting::AllSubscriptionGroups>(
      master, "consumer groups", [this](auto table) { parts_.groups.takeOver(std::move(table)); });
  copyTable<remoting::GetAllConsumerOffset, remoting::AllConsumerOffset>(
      master, "consumer offsets", [this, master](auto table) {
        for (const ConsumerOffsets::Position& ahead : parts_.offsets.takeOver(table)) {
          giveBack(master, ahead);
        }
      });
  copyTable<remoting::GetAllDelayOffset, remoting::AllDelayOffset>(
      master, "delay offsets",
      [this](auto table) { parts_.delays.takeOver(std::move(table.offset_table)); });
  if (parts_.timers != nullptr) {
    copyTable<remoting::GetTimerMetrics, remoting::TimerMetricsTable>(
        master, "numbers of timers",
        [this](auto table) { parts_.timers->takeMetrics(std::move(table)); });
  }
}

void SlaveSynchronizer::copyTimerCheckpoint() {
  const std::string master = masterAddress();
  if (master.empty() || parts_.timers == nullptr) {
    return;
  }
  copy<remoting::GetTimerCheckPoint>(master, "timer checkpoint", [this](std::string_view body) {
    return parts_.timers->takeCheckpoint(body);
  });
}

void SlaveSynchronizer::giveBack(const std::string& master,
                                 const ConsumerOffsets::Position& position) {
  parts_.client.call(master,
                     remoting::UpdateConsumerOffset{.consumer_group = position.group,
                                                    .topic = position.topic,
                                                    .queue_id = position.queue_id,
                                                    .commit_offset = position.offset},
                     remoting::Payload(), remoting::deadlineAfter(kTimeout),
                     [this, position](const auto& result) {
                       // Else it is still ahead in the next round.
                       if (result.ok() && result->success()) {
                         parts_.offsets.unmark(position);
                       }
                     });
}

template <class C, class Table, class TakeOver>
void SlaveSynchronizer::copyTable(const std::string& master, std::string_view what,
                                  TakeOver take_over) {
  copy<C>(master, what, [take_over](std::string_view body) {
    auto table = json::decode<Table>(body);
    if (table.ok()) {
      take_over(std::move(*table));
    }
    return table.status();
  });
}

template <class C, class TakeOver>
void SlaveSynchronizer::copy(const std::string& master, std::string_view what, TakeOver take_over) {
  parts_.client.call(master, C{}, remoting::Payload(), remoting::deadlineAfter(kTimeout),
                     [this, what, take_over](remoting::CallResult<C> result) {
                       if (!result.ok() || !result->success()) {
                         logOutcome(what, result.ok() ? result->remark : result.status().message());
                         return;
                       }
                       const size_t bytes = result->body.size();
                       const bool accepted = parts_.lanes.run(
                           remoting::Lane::kAdmin,
                           [this, what, take_over, body = std::move(result->body)] {
                             logOutcome(what, take_over(body).message());
                           },
                           bytes);
                       if (!accepted) {
                         logOutcome(what, "the admin lane is full");
                       }
                     });
}

void SlaveSynchronizer::logOutcome(std::string_view what, const std::string& failure) {
  MutexLock lock(mutex_);
  auto last = failures_.find(what);
  if (last == failures_.end()) {
    last = failures_.emplace(what, "").first;
  }
  if (failure != last->second) {
    if (failure.empty()) {
      log::info("the {} come from {} again", what, master_);
    } else {
      log::warn("the {} cannot be copied from {}: {}", what, master_, failure);
    }
    last->second = failure;
  }
}

}  // namespace rocketmq::broker

#include "broker/ha/slave_synchronizer.h"

#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "common/json/decode.h"
#include "common/log.h"
#include "common/number.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

constexpr std::chrono::milliseconds kTimeout{3000};
/// Between two copies of the topics for messages of unknown ones.
constexpr std::chrono::seconds kTopicsPause{1};
constexpr std::string_view kConsumerOffsets = "consumer offsets";
constexpr std::string_view kDelayOffsets = "delay offsets";

Result<int64_t> numberIn(std::string_view runtime_info, const std::string& name) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto info, json::decode<remoting::KvTable>(runtime_info));
  const auto number = parseNumber<int64_t>(info.table[name]);
  if (!number) {
    return Status::corruption("no " + name + " in the runtime info");
  }
  return *number;
}

}  // namespace

void SlaveSynchronizer::setMasterAddress(const std::string& address) {
  {
    MutexLock lock(mutex_);
    if (address == master_) {
      return;
    }
    master_ = address;
    waiting_.clear();  // The logs of two masters have nothing to do with each other.
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
  copyLogBegin(master);
  copyTopics(master);
  copyTable<remoting::GetAllSubscriptionGroupConfig, remoting::AllSubscriptionGroups>(
      master, "consumer groups", [this](auto table) { parts_.groups.takeOver(std::move(table)); });
  copyPositions<remoting::GetAllConsumerOffset, remoting::AllConsumerOffset>(
      master, kConsumerOffsets, [this, master](auto table) {
        for (const ConsumerOffsets::Position& ahead : parts_.offsets.raiseToMarked(table)) {
          giveBack(master, ahead);
        }
        // Shared, as it may be large.
        applyOnceCovered(master, kConsumerOffsets,
                         [this, shared = std::make_shared<const remoting::AllConsumerOffset>(
                                    std::move(table))] { parts_.offsets.takeOver(*shared); });
      });
  copyPositions<remoting::GetAllDelayOffset, remoting::AllDelayOffset>(
      master, kDelayOffsets, [this, master](auto table) {
        applyOnceCovered(master, kDelayOffsets, [this, table = std::move(table.offset_table)] {
          parts_.delays.takeOver(table);
        });
      });
  if (parts_.timers != nullptr) {
    copyTable<remoting::GetTimerMetrics, remoting::TimerMetricsTable>(
        master, "numbers of timers",
        [this](auto table) { parts_.timers->takeMetrics(std::move(table)); });
  }
}

void SlaveSynchronizer::copyTopics(const std::string& master) {
  copyTable<remoting::GetAllTopicConfig, remoting::AllTopicConfig>(
      master, "topics", [this](auto table) { parts_.topics.takeOver(std::move(table)); });
}

void SlaveSynchronizer::noteUnknownTopic() {
  {
    MutexLock lock(mutex_);
    lacks_topic_ = true;
  }
  copyUnknownTopics();
}

void SlaveSynchronizer::copyUnknownTopics() {
  std::string master;
  {
    MutexLock lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    if (!lacks_topic_ || master_.empty() || now - topics_copied_at_ < kTopicsPause) {
      return;
    }
    lacks_topic_ = false;
    topics_copied_at_ = now;
    master = master_;
  }
  copyTopics(master);
}

void SlaveSynchronizer::copyLogBegin(const std::string& master) {
  copy<remoting::GetBrokerRuntimeInfo>(
      master, "runtime info", [this, master](std::string_view body) {
        ROCKETMQ_ASSIGN_OR_RETURN(const int64_t begin, numberIn(body, "commitLogMinOffset"));
        if (master == masterAddress()) {
          log_.setMasterLogBegin(begin);
        }
        return Status::ok();
      });
}

void SlaveSynchronizer::runIfBegunToFollow() {
  const bool is_following = follows();
  {
    MutexLock lock(mutex_);
    if (std::exchange(was_following_, is_following) || !is_following) {
      return;
    }
  }
  run();
}

void SlaveSynchronizer::copyTimerCheckpoint() {
  const std::string master = masterAddress();
  if (master.empty() || parts_.timers == nullptr) {
    return;
  }
  copy<remoting::GetTimerCheckPoint>(master, "timer checkpoint", [this](std::string_view body) {
    return follows() ? parts_.timers->takeCheckpoint(body) : Status::ok();
  });
}

void SlaveSynchronizer::applyOnceCovered(const std::string& master, std::string_view what,
                                         std::function<void()> apply) {
  // The end of the log is asked for after the table is here, so that it cannot be too low.
  copy<remoting::GetBrokerRuntimeInfo>(
      master, "runtime info",
      [this, master, what, apply = std::move(apply)](std::string_view body) {
        ROCKETMQ_ASSIGN_OR_RETURN(const int64_t log_end, numberIn(body, "commitLogMaxOffset"));
        applyCovered();
        addWaiting(master, what, {.log_end = log_end, .apply = apply});
        applyCovered();
        return Status::ok();
      });
}

void SlaveSynchronizer::addWaiting(const std::string& master, std::string_view what,
                                   Waiting waiting) {
  if (!follows()) {
    return;
  }
  MutexLock lock(mutex_);
  if (master == master_) {
    waiting_.try_emplace(std::string(what), std::move(waiting));
  }
}

bool SlaveSynchronizer::follows() const {
  // Without a connection the master may have become another: started again without its log's end.
  const HaClient::State log = log_.state();
  return log.is_connected && log.is_following;
}

void SlaveSynchronizer::applyCovered() {
  // When the master has gone, what it said before still holds.
  if (!log_.state().is_following) {
    return;
  }
  const int64_t log_end = parts_.store.commitLogMaxOffset();
  std::vector<Waiting> covered;
  {
    MutexLock lock(mutex_);
    std::erase_if(waiting_, [&](auto& entry) {
      if (entry.second.log_end > log_end) {
        return false;
      }
      covered.push_back(std::move(entry.second));
      return true;
    });
  }
  for (const Waiting& copy : covered) {
    copy.apply();
  }
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

template <class C, class Table, class TakeOver>
void SlaveSynchronizer::copyPositions(const std::string& master, std::string_view what,
                                      TakeOver take_over) {
  copyTable<C, Table>(master, what, [this, take_over](Table table) {
    if (follows()) {
      take_over(std::move(table));
    }
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
                           {.bytes = bytes});
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

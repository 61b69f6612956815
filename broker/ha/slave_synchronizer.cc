#include "broker/ha/slave_synchronizer.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "common/json/decode.h"
#include "common/log.h"
#include "common/number.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/consume_queue.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

constexpr std::chrono::milliseconds kTimeout{3000};
/// Between two copies of the topics for messages of unknown ones.
constexpr std::chrono::seconds kTopicsPause{1};

Result<int64_t> numberIn(std::string_view runtime_info, const std::string& name) {
  ROCKETMQ_ASSIGN_OR_RETURN(auto info, json::decode<remoting::KvTable>(runtime_info));
  const auto number = parseNumber<int64_t>(info.table[name]);
  if (!number) {
    return Status::corruption("no " + name + " in the runtime info");
  }
  return *number;
}

}  // namespace

SlaveSynchronizer::SlaveSynchronizer(const Parts& parts, HaClient& log)
    : parts_(parts), log_(log), copies_(std::chrono::steady_clock::now()) {
  parts_.offsets.markForMaster(
      [&store = parts.store](std::string_view topic, int32_t queue_id, int64_t offset) -> int64_t {
        const auto last = offset > 0 ? store.queueEntries(topic, queue_id, offset - 1, 1)
                                     : std::vector<store::QueueEntry>();
        return last.empty() ? -1 : last[0].physical_offset;
      });
}

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
      master, TableCopies::kGroups, [this, master](auto table) {
        takeGroups(std::move(table));
        copyOffsets(master);  // Afterwards, as what it gives back is up to the groups.
      });
  copyPositions<remoting::GetAllDelayOffset, remoting::AllDelayOffset>(
      master, TableCopies::kDelayOffsets, [this, master](auto table) {
        applyOnceCovered(
            master, TableCopies::kDelayOffsets,
            [this, table = std::move(table.offset_table)] { parts_.delays.takeOver(table); });
      });
  if (parts_.timers != nullptr) {
    copyTable<remoting::GetTimerMetrics, remoting::TimerMetricsTable>(
        master, "numbers of timers",
        [this](auto table) { parts_.timers->takeMetrics(std::move(table)); });
  }
}

void SlaveSynchronizer::takeGroups(remoting::AllSubscriptionGroups groups) {
  std::set<std::string> removed;
  {
    MutexLock lock(mutex_);
    removed = std::exchange(groups_, {});
    for (const auto& [group, config] : groups.subscription_group_table) {
      removed.erase(group);
      groups_.insert(group);
    }
  }
  for (const std::string& group : removed) {
    parts_.offsets.unmarkGroup(group);
  }
  parts_.groups.takeOver(std::move(groups));
  noteTakenOver(TableCopies::kGroups);
}

void SlaveSynchronizer::copyOffsets(const std::string& master) {
  copyPositions<remoting::GetAllConsumerOffset, remoting::AllConsumerOffset>(
      master, TableCopies::kConsumerOffsets, [this, master](auto table) {
        auto copy = std::make_shared<OffsetsCopy>();
        copy->ahead = parts_.offsets.aheadOf(table);
        copy->table = std::move(table);
        settleMarks(master, std::move(copy));
      });
}

void SlaveSynchronizer::settleMarks(const std::string& master, std::shared_ptr<OffsetsCopy> copy) {
  if (copy->ahead.empty()) {
    applyOnceCovered(master, TableCopies::kConsumerOffsets,
                     [this, copy] { parts_.offsets.takeOver(copy->table); });
    return;
  }
  ConsumerOffsets::Position position = std::move(copy->ahead.back());
  copy->ahead.pop_back();
  remoting::QueryConsumeQueue request{.topic = position.topic,
                                      .queue_id = position.queue_id,
                                      .index = std::max<int64_t>(position.offset - 1, 0),
                                      .count = 1};
  parts_.client.call(master, std::move(request), remoting::Payload(),
                     remoting::deadlineAfter(kTimeout),
                     [this, master, copy, position = std::move(position)](const auto& answer) {
                       if (!answer.ok()) {
                         return;  // All of it comes again with the next round.
                       }
                       const Verdict verdict = judge(position, answer);
                       if (verdict == Verdict::kGiveBack) {
                         ConsumerOffsets::raise(copy->table, position);
                         giveBack(master, position);
                       } else if (verdict == Verdict::kForget) {
                         parts_.offsets.unmark(position);
                       }
                       settleMarks(master, copy);
                     });
}

SlaveSynchronizer::Verdict SlaveSynchronizer::judge(
    const ConsumerOffsets::Position& position,
    const remoting::CallResult<remoting::QueryConsumeQueue>& answer) {
  if (answer->code == remoting::ResponseCode::kTopicNotExist) {
    return Verdict::kForget;
  }
  const auto queue = answer->success()
                         ? json::decode<remoting::QueryConsumeQueueBody>(answer->body)
                         : Result<remoting::QueryConsumeQueueBody>(Status::notFound("no queue"));
  if (!queue.ok()) {
    return Verdict::kLater;
  }
  const bool is_other_message = position.last_consumed >= 0 && !queue->queue_data.empty() &&
                                queue->queue_data[0].physic_offset != position.last_consumed;
  return position.offset > queue->max_queue_index || is_other_message ? Verdict::kForget
                                                                      : Verdict::kGiveBack;
}

void SlaveSynchronizer::copyTopics(const std::string& master) {
  copyTable<remoting::GetAllTopicConfig, remoting::AllTopicConfig>(
      master, TableCopies::kTopics, [this](auto table) {
        parts_.topics.takeOver(std::move(table));
        noteTakenOver(TableCopies::kTopics);
      });
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
  std::vector<std::pair<std::string, Waiting>> covered;
  {
    MutexLock lock(mutex_);
    std::erase_if(waiting_, [&](auto& entry) {
      if (entry.second.log_end > log_end) {
        return false;
      }
      covered.emplace_back(entry.first, std::move(entry.second));
      return true;
    });
  }
  for (const auto& [what, copy] : covered) {
    copy.apply();
    noteTakenOver(what);
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
  parts_.client.call(
      master, C{}, remoting::Payload(), remoting::deadlineAfter(kTimeout),
      [this, what, take_over](remoting::CallResult<C> result) {
        if (!result.ok() || !result->success()) {
          noteOutcome(what, result.ok() ? result->remark : result.status().message());
          return;
        }
        const size_t bytes = result->body.size();
        const bool accepted =
            parts_.lanes.run(remoting::Lane::kAdmin,
                             [this, what, take_over, body = std::move(result->body)] {
                               noteOutcome(what, take_over(body).message());
                             },
                             {.bytes = bytes});
        if (!accepted) {
          noteOutcome(what, "the admin lane is full");
        }
      });
}

void SlaveSynchronizer::noteOutcome(std::string_view what, const std::string& failure) {
  copies_.noteOutcome(what, failure, masterAddress(), std::chrono::steady_clock::now());
}

void SlaveSynchronizer::noteTakenOver(std::string_view table) {
  copies_.noteTakenOver(table, std::chrono::steady_clock::now());
}

}  // namespace rocketmq::broker

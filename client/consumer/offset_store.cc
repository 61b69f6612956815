#include "client/consumer/offset_store.h"

#include <atomic>
#include <memory>
#include <utility>

#include "common/log.h"
#include "remoting/protocol/commands/offsets.h"

namespace rocketmq::client {
namespace {

constexpr int32_t kSendsPerValue = 2;

remoting::UpdateConsumerOffset updateRequest(const std::string& group, const MessageQueue& queue,
                                             int64_t offset) {
  remoting::UpdateConsumerOffset request;
  request.consumer_group = group;
  request.topic = queue.topic;
  request.queue_id = queue.queue_id;
  request.commit_offset = offset;
  return request;
}

}  // namespace

void OffsetStore::update(const MessageQueue& queue, int64_t offset, bool increase_only) {
  if (offset < 0) {
    return;
  }
  MutexLock lock(mutex_);
  Entry& entry = entries_[queue];
  if (offset == entry.offset || (increase_only && offset < entry.offset)) {
    return;
  }
  entry.offset = offset;
  entry.sends_left = kSendsPerValue;
}

std::optional<int64_t> OffsetStore::cached(const MessageQueue& queue) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  return found == entries_.end() ? std::nullopt : std::optional(found->second.offset);
}

std::map<MessageQueue, int64_t> OffsetStore::all() const {
  std::map<MessageQueue, int64_t> offsets;
  MutexLock lock(mutex_);
  for (const auto& [queue, entry] : entries_) {
    offsets.emplace(queue, entry.offset);
  }
  return offsets;
}

void OffsetStore::remove(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  entries_.erase(queue);
}

std::vector<std::pair<MessageQueue, int64_t>> OffsetStore::takeUnsent() {
  std::vector<std::pair<MessageQueue, int64_t>> unsent;
  MutexLock lock(mutex_);
  for (auto& [queue, entry] : entries_) {
    if (entry.sends_left > 0) {
      --entry.sends_left;
      unsent.emplace_back(queue, entry.offset);
    }
  }
  return unsent;
}

void OffsetStore::markUnsent(const MessageQueue& queue, int64_t offset) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  if (found != entries_.end() && found->second.offset == offset) {
    found->second.sends_left = kSendsPerValue;
  }
}

StoredOffset RemoteOffsetStore::load(const MessageQueue& queue) {
  const std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
  if (!broker) {
    return {};
  }
  remoting::QueryConsumerOffset request;
  request.consumer_group = group_;
  request.topic = queue.topic;
  request.queue_id = queue.queue_id;
  const auto result = calls_.call(instance_.remoting(), broker->address, std::move(request), {},
                                  remoting::deadlineAfter(instance_.config().api_timeout));
  if (result.ok() && result->success()) {
    // RocketMQ parity: Node clients commit -1, which is no position.
    return result->header.offset < 0
               ? StoredOffset{StoredOffset::Kind::kNone, -1}
               : StoredOffset{StoredOffset::Kind::kFound, result->header.offset};
  }
  if (result.ok() && result->code == remoting::ResponseCode::kQueryNotFound) {
    return {StoredOffset::Kind::kNone, -1};
  }
  const bool stopping = !result.ok() && result.status().code() == StatusCode::kClosed;
  if (!stopping) {
    log::warn("offset of group {} in {} is not known: {}", group_, queue.toString(),
              result.ok() ? result->remark : result.status().message());
  }
  return {};
}

void RemoteOffsetStore::send(const MessageQueue& queue, int64_t offset) {
  if (const auto broker = instance_.routes().reader(queue.broker_name, 0)) {
    instance_.remoting().oneway(broker->address, updateRequest(group_, queue, offset), {},
                                remoting::deadlineAfter(instance_.config().api_timeout));
  }
}

void RemoteOffsetStore::persist(const MessageQueue& queue) {
  if (const std::optional<int64_t> offset = cached(queue); offset && *offset >= 0) {
    send(queue, *offset);
  }
}

bool RemoteOffsetStore::persistNow(const std::vector<MessageQueue>& queues) {
  struct Progress {
    std::atomic<size_t> outstanding{1};
    std::atomic<bool> all_arrived{true};
  };
  const remoting::Deadline deadline = remoting::deadlineAfter(instance_.config().api_timeout);
  const std::optional<bool> arrived = calls_.await<bool>([&](auto done) {
    // One more than there are answers, so that `done` waits for the loop to have ended.
    auto progress = std::make_shared<Progress>();
    progress->outstanding += queues.size();
    const auto countDown = [progress, done](bool ok) {
      if (!ok) {
        progress->all_arrived.store(false);
      }
      if (progress->outstanding.fetch_sub(1) == 1) {
        done(progress->all_arrived.load());
      }
    };
    for (const MessageQueue& queue : queues) {
      const std::optional<int64_t> offset = cached(queue);
      const std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
      if (!offset || !broker) {
        countDown(!offset.has_value());
        continue;
      }
      instance_.remoting().call(
          broker->address, updateRequest(group_, queue, *offset), {}, deadline,
          [countDown](const remoting::CallResult<remoting::UpdateConsumerOffset>& result) {
            countDown(result.ok() && result->success());
          });
    }
    countDown(true);
  });
  return arrived.value_or(false);
}

void RemoteOffsetStore::persistAll() {
  for (const auto& [queue, offset] : takeUnsent()) {
    send(queue, offset);
  }
}

bool RemoteOffsetStore::persistFinally(std::chrono::steady_clock::time_point deadline) {
  struct Waiting {
    Mutex mutex;
    CondVar changed;
    std::map<MessageQueue, int64_t> unconfirmed ROCKETMQ_GUARDED_BY(mutex);
    size_t outstanding ROCKETMQ_GUARDED_BY(mutex) = 0;
  };
  auto waiting = std::make_shared<Waiting>();
  for (const auto& [queue, offset] : takeUnsent()) {
    const std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
    {
      MutexLock lock(waiting->mutex);
      waiting->unconfirmed.emplace(queue, offset);
      waiting->outstanding += broker ? size_t{1} : size_t{0};
    }
    if (!broker) {
      continue;
    }
    instance_.remoting().call(
        broker->address, updateRequest(group_, queue, offset), {}, deadline,
        [waiting,
         queue = queue](const remoting::CallResult<remoting::UpdateConsumerOffset>& result) {
          MutexLock lock(waiting->mutex);
          if (result.ok() && result->success()) {
            waiting->unconfirmed.erase(queue);
          }
          --waiting->outstanding;
          waiting->changed.notifyAll();
        });
  }
  MutexLock lock(waiting->mutex);
  while (waiting->outstanding > 0 && waiting->changed.waitUntil(waiting->mutex, deadline)) {
  }
  for (const auto& [queue, offset] : waiting->unconfirmed) {
    log::warn("the offset {} of group {} in {} may not have arrived", offset, group_,
              queue.toString());
    markUnsent(queue, offset);
  }
  return waiting->unconfirmed.empty();
}

}  // namespace rocketmq::client

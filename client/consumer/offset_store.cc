#include "client/consumer/offset_store.h"

#include <atomic>
#include <future>
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
  log::warn("offset of group {} in {} is not known: {}", group_, queue.toString(),
            result.ok() ? result->remark : result.status().message());
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

bool RemoteOffsetStore::persistNow(const MessageQueue& queue) {
  const std::optional<int64_t> offset = cached(queue);
  const std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
  if (!offset || !broker) {
    return false;
  }
  const auto result = calls_.call(instance_.remoting(), broker->address,
                                  updateRequest(group_, queue, *offset), {},
                                  remoting::deadlineAfter(instance_.config().api_timeout));
  return result.ok() && result->success();
}

void RemoteOffsetStore::persistAll() {
  for (const auto& [queue, offset] : takeUnsent()) {
    send(queue, offset);
  }
}

void RemoteOffsetStore::persistFinally(std::chrono::steady_clock::time_point deadline) {
  struct Waiting {
    std::atomic<size_t> left{1};
    std::promise<void> done;

    void countDown() {
      if (left.fetch_sub(1) == 1) {
        done.set_value();
      }
    }
  };
  auto waiting = std::make_shared<Waiting>();
  for (const auto& [queue, offset] : takeUnsent()) {
    const std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
    if (!broker) {
      continue;
    }
    waiting->left.fetch_add(1);
    instance_.remoting().call(
        broker->address, updateRequest(group_, queue, offset), {}, deadline,
        [waiting](const remoting::CallResult<remoting::UpdateConsumerOffset>& result) {
          if (!result.ok()) {
            log::warn("a last offset did not arrive: {}", result.status().message());
          }
          waiting->countDown();
        });
  }
  waiting->countDown();
  waiting->done.get_future().wait_until(deadline);
}

}  // namespace rocketmq::client

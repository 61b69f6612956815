#include "client/consumer/offset_store.h"

#include <memory>
#include <utility>

#include "client/instance/countdown.h"
#include "common/log.h"
#include "remoting/protocol/commands/offsets.h"

namespace rocketmq::client {
namespace {

// A minute by default: brokers write offsets every 5 s, slaves fetch them every 10 s.
constexpr int32_t kSendsPerValue = 13;

remoting::UpdateConsumerOffset updateRequest(const std::string& group, const MessageQueue& queue,
                                             int64_t offset) {
  remoting::UpdateConsumerOffset request;
  request.consumer_group = group;
  request.topic = queue.topic;
  request.queue_id = queue.queue_id;
  request.commit_offset = offset;
  return request;
}

/// Of several answers. Threads: any.
class FirstError {
 public:
  void note(const std::optional<ClientError>& error) {
    MutexLock lock(mutex_);
    if (!error_) {
      error_ = error;
    }
  }
  std::optional<ClientError> get() const {
    MutexLock lock(mutex_);
    return error_;
  }

 private:
  mutable Mutex mutex_;
  std::optional<ClientError> error_ ROCKETMQ_GUARDED_BY(mutex_);
};

ClientError brokerNotFound(const MessageQueue& queue) {
  return ClientError::client("The broker[" + queue.broker_name + "] not exist",
                             ClientErrorCode::kBrokerNotExist);
}

/// Of a call that failed or was refused.
template <remoting::Command C>
ClientError errorOf(const ClientInstance& instance, const remoting::CallResult<C>& result,
                    const std::string& address) {
  return result.ok() ? ClientError::broker(result->code, result->remark, address)
                     : instance.describe(result.status(), address);
}

}  // namespace

void OffsetStore::add(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  entries_.try_emplace(queue, Entry{.has_arrived = true});
}

void OffsetStore::update(const MessageQueue& queue, int64_t offset, bool increase_only) {
  if (offset < 0) {
    return;
  }
  MutexLock lock(mutex_);
  Entry& entry = entries_[queue];
  if (entry.is_moved || offset == entry.offset || (increase_only && offset < entry.offset)) {
    return;
  }
  entry = {.offset = offset, .sends_left = kSendsPerValue, .version = ++last_version_};
}

void OffsetStore::begin(const MessageQueue& queue, int64_t offset) {
  MutexLock lock(mutex_);
  Entry& entry = entries_[queue];
  if (!entry.is_moved) {
    entry = {.offset = offset, .version = ++last_version_};
  }
}

void OffsetStore::move(const MessageQueue& queue, int64_t offset) {
  MutexLock lock(mutex_);
  if (const auto found = entries_.find(queue); found != entries_.end() && offset >= 0) {
    found->second = {.offset = offset,
                     .sends_left = kSendsPerValue,
                     .is_moved = true,
                     .version = ++last_version_};
  }
}

bool OffsetStore::isMoved(const MessageQueue& queue) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  return found != entries_.end() && found->second.is_moved;
}

void OffsetStore::remember(const MessageQueue& queue, int64_t offset) {
  MutexLock lock(mutex_);
  Entry& entry = entries_.try_emplace(queue, Entry{.has_arrived = true}).first->second;
  if (entry.has_arrived && entry.offset != offset) {
    entry.offset = offset;
    entry.sends_left = 0;
  }
}

std::optional<int64_t> OffsetStore::cached(const MessageQueue& queue) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  return found == entries_.end() || found->second.offset < 0 ? std::nullopt
                                                             : std::optional(found->second.offset);
}

std::map<MessageQueue, int64_t> OffsetStore::all() const {
  std::map<MessageQueue, int64_t> offsets;
  MutexLock lock(mutex_);
  for (const auto& [queue, entry] : entries_) {
    if (entry.offset >= 0) {
      offsets.emplace(queue, entry.offset);
    }
  }
  return offsets;
}

void OffsetStore::remove(const MessageQueue& queue) {
  MutexLock lock(mutex_);
  entries_.erase(queue);
}

std::vector<OffsetStore::Unsent> OffsetStore::takeUnsent() {
  std::vector<Unsent> unsent;
  MutexLock lock(mutex_);
  for (auto& [queue, entry] : entries_) {
    if (entry.sends_left > 0) {
      unsent.push_back({queue, entry.offset, entry.version, entry.sends_left < kSendsPerValue});
      --entry.sends_left;
    }
  }
  return unsent;
}

std::vector<OffsetStore::Unsent> OffsetStore::unconfirmed() const {
  std::vector<Unsent> values;
  MutexLock lock(mutex_);
  for (const auto& [queue, entry] : entries_) {
    if (!entry.has_arrived) {
      values.push_back({queue, entry.offset, entry.version, true});
    }
  }
  return values;
}

std::optional<OffsetStore::Unsent> OffsetStore::known(const MessageQueue& queue) const {
  MutexLock lock(mutex_);
  const auto found = entries_.find(queue);
  return found == entries_.end() || found->second.offset < 0
             ? std::nullopt
             : std::optional(Unsent{queue, found->second.offset, found->second.version, true});
}

// The offset alone would not do: a consumer may go on and seek back before the answer for the
// first time arrives, and then the broker holds what was sent between.
void OffsetStore::confirm(const Unsent& sent, bool has_arrived) {
  MutexLock lock(mutex_);
  const auto found = entries_.find(sent.queue);
  if (found == entries_.end() || found->second.version != sent.version) {
    return;
  }
  Entry& entry = found->second;
  entry.has_arrived = has_arrived;
  if (!has_arrived) {
    entry.sends_left = kSendsPerValue - 1;
  }
}

StoredOffset RemoteOffsetStore::load(const MessageQueue& queue) {
  const std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
  if (!broker) {
    return {.error = brokerNotFound(queue)};
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
  ClientError error = errorOf(instance_, result, broker->address);
  if (!stopping) {
    log::warn("offset of group {} in {} is not known: {}", group_, queue.toString(), error.message);
  }
  return {.error = std::move(error)};
}

void RemoteOffsetStore::send(const MessageQueue& queue, int64_t offset) {
  if (const auto broker = instance_.routes().reader(queue.broker_name, 0)) {
    instance_.remoting().oneway(broker->address, updateRequest(group_, queue, offset), {},
                                remoting::deadlineAfter(instance_.config().api_timeout));
    tellMoveAfter(queue, offset);
  }
}

void RemoteOffsetStore::tellMoveAfter(const MessageQueue& queue, int64_t sent) {
  if (isMoved(queue) && cached(queue) != sent) {
    persist(queue);
  }
}

void RemoteOffsetStore::sendAndConfirm(const Unsent& value, remoting::Deadline deadline,
                                       std::function<void(std::optional<ClientError>)> done) {
  const std::optional<BrokerAddress> broker = instance_.routes().reader(value.queue.broker_name, 0);
  if (!broker) {
    confirm(value, false);
    done(brokerNotFound(value.queue));
    return;
  }
  instance_.remoting().call(
      broker->address, updateRequest(group_, value.queue, value.offset), {}, deadline,
      [&instance = instance_, store = weak_from_this(), value, address = broker->address,
       done = std::move(done)](const remoting::CallResult<remoting::UpdateConsumerOffset>& result) {
        const bool has_arrived = result.ok() && result->success();
        if (const auto self = store.lock()) {
          self->confirm(value, has_arrived);
        }
        done(has_arrived ? std::nullopt : std::optional(errorOf(instance, result, address)));
      });
  tellMoveAfter(value.queue, value.offset);
}

void RemoteOffsetStore::move(const MessageQueue& queue, int64_t offset) {
  OffsetStore::move(queue, offset);
  persist(queue);
}

void RemoteOffsetStore::persist(const MessageQueue& queue) {
  if (const std::optional<int64_t> offset = cached(queue)) {
    send(queue, *offset);
  }
}

std::optional<ClientError> RemoteOffsetStore::persistNow(const std::vector<MessageQueue>& queues) {
  const remoting::Deadline deadline = remoting::deadlineAfter(instance_.config().api_timeout);
  const auto outcome = calls_.await<std::optional<ClientError>>([&](auto done) {
    const auto first_error = std::make_shared<FirstError>();
    const auto countdown =
        std::make_shared<Countdown>([first_error, done] { done(first_error->get()); });
    for (const MessageQueue& queue : queues) {
      if (const std::optional<Unsent> value = known(queue)) {
        countdown->expect();
        sendAndConfirm(*value, deadline, [first_error, countdown](const auto& error) {
          first_error->note(error);
          countdown->countDown();
        });
      }
    }
    countdown->countDown();
  });
  return outcome ? *outcome : ClientError::client("the client is shutting down");
}

void RemoteOffsetStore::persistAll() {
  const remoting::Deadline deadline = remoting::deadlineAfter(instance_.config().api_timeout);
  for (const Unsent& unsent : takeUnsent()) {
    if (unsent.is_repeated) {
      sendAndConfirm(unsent, deadline, [](const auto&) {});
    } else {
      send(unsent.queue, unsent.offset);
    }
  }
}

std::optional<ClientError> RemoteOffsetStore::persistFinally(
    std::chrono::steady_clock::time_point deadline) {
  struct Waiting {
    Mutex mutex;
    CondVar changed;
    std::map<MessageQueue, int64_t> unconfirmed ROCKETMQ_GUARDED_BY(mutex);
    std::optional<ClientError> error ROCKETMQ_GUARDED_BY(mutex);
    size_t outstanding ROCKETMQ_GUARDED_BY(mutex) = 0;
  };
  auto waiting = std::make_shared<Waiting>();
  for (const Unsent& value : unconfirmed()) {
    {
      MutexLock lock(waiting->mutex);
      waiting->unconfirmed.emplace(value.queue, value.offset);
      ++waiting->outstanding;
    }
    sendAndConfirm(value, deadline,
                   [waiting, queue = value.queue](std::optional<ClientError> error) {
                     MutexLock lock(waiting->mutex);
                     if (error) {
                       waiting->error = std::move(error);
                     } else {
                       waiting->unconfirmed.erase(queue);
                     }
                     --waiting->outstanding;
                     waiting->changed.notifyAll();
                   });
  }
  MutexLock lock(waiting->mutex);
  while (waiting->outstanding > 0 && waiting->changed.waitUntil(waiting->mutex, deadline)) {
  }
  if (!waiting->unconfirmed.empty() && !waiting->error) {
    waiting->error = ClientError{ClientError::Kind::kTimeout,
                                 ClientErrorCode::kAccessBrokerTimeout,
                                 "no answer in time",
                                 {}};
  }
  for (const auto& [queue, offset] : waiting->unconfirmed) {
    log::warn("the offset {} of group {} in {} may not have arrived: {}", offset, group_,
              queue.toString(), waiting->error->message);
  }
  return waiting->error;
}

}  // namespace rocketmq::client

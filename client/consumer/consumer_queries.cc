#include "client/consumer/consumer_queries.h"

#include <algorithm>
#include <map>
#include <utility>

#include "client/consumer/allocate_within.h"
#include "client/consumer/start_offset.h"
#include "common/clock.h"
#include "common/json/decode.h"
#include "common/log.h"
#include "common/validate.h"
#include "remoting/protocol/bodies/membership.h"
#include "remoting/protocol/commands/client_membership.h"
#include "remoting/protocol/commands/offsets.h"

namespace rocketmq::client {
namespace {

constexpr int kBrokersAsked = 3;

}  // namespace

Outcome<TopicRoutePtr> ConsumerQueries::route(const std::string& topic) {
  if (TopicRoutePtr known = instance_.routes().find(topic)) {
    return known;
  }
  auto outcome = calls_.await<Outcome<TopicRoutePtr>>([&](auto done) {
    instance_.fetchRoute(topic, remoting::deadlineAfter(instance_.config().api_timeout),
                         std::move(done));
  });
  return outcome ? std::move(*outcome) : ClientError::client("the client is shutting down");
}

Outcome<std::vector<MessageQueue>> ConsumerQueries::readableQueues(const std::string& topic,
                                                                   const std::string& shown) {
  if (!isRetryTopic(topic)) {  // That of a long group name is longer than others may be.
    if (const Status status = validateTopic(topic); !status.isOk()) {
      return ClientError::client(status.message());
    }
  }
  const Outcome<TopicRoutePtr> route =
      instance_.fetchRouteSync(topic, remoting::deadlineAfter(instance_.config().api_timeout));
  if (!route.ok()) {
    return route.error();
  }
  std::vector<MessageQueue> queues = route.value()->subscribe_queues;
  for (MessageQueue& queue : queues) {
    queue.topic = shown;
  }
  return queues;
}

void ConsumerQueries::beginRun() { silent_before_ = std::exchange(silent_, {}); }

void ConsumerQueries::noteFailure(const std::string& broker_name, const ClientError& error) {
  if (error.kind == ClientError::Kind::kTimeout || error.kind == ClientError::Kind::kRemoting) {
    silent_.insert(broker_name);
  }
}

std::optional<std::vector<std::string>> ConsumerQueries::members(const std::string& topic) {
  std::vector<BrokerAddress> brokers = instance_.routes().brokersOf(topic);
  std::stable_partition(brokers.begin(), brokers.end(), [this](const BrokerAddress& broker) {
    return !silent_before_.contains(broker.broker_name);
  });
  std::set<std::string> members;
  int answers = 0;
  for (const BrokerAddress& broker : brokers) {
    if (answers == kBrokersAsked) {
      break;
    }
    if (isSilent(broker.broker_name)) {
      continue;
    }
    const std::optional<std::vector<std::string>> known = membersAt(broker);
    if (known) {
      members.insert(known->begin(), known->end());
      ++answers;
    }
  }
  if (!members.contains(instance_.clientId())) {
    return std::nullopt;
  }
  return std::vector<std::string>(members.begin(), members.end());
}

std::optional<std::vector<std::string>> ConsumerQueries::membersAt(const BrokerAddress& broker) {
  remoting::GetConsumerListByGroup request;
  request.consumer_group = setting_.group;
  const auto result = calls_.call(instance_.remoting(), broker.address, std::move(request), {},
                                  remoting::deadlineAfter(instance_.config().api_timeout));
  if (calls_.cancelled()) {
    return std::nullopt;  // This client stops: the broker is not at fault.
  }
  if (!result.ok() || !result->success()) {
    log::warn("broker {} does not tell the members of group {}: {}", broker.address, setting_.group,
              result.ok() ? result->remark : result.status().message());
    if (!result.ok()) {
      noteFailure(broker.broker_name, instance_.describe(result.status(), broker.address));
    }
    return std::nullopt;
  }
  Result<remoting::ConsumerIdList> ids = json::decode<remoting::ConsumerIdList>(result->body);
  if (!ids.ok()) {
    log::warn("members of group {} from broker {}: {}", setting_.group, broker.address,
              ids.status().message());
    return std::nullopt;
  }
  return std::move(ids->consumer_id_list);
}

std::optional<std::vector<MessageQueue>> ConsumerQueries::allocate(
    const std::string& topic, const std::vector<MessageQueue>& all) {
  const std::optional<std::vector<std::string>> clients = members(topic);
  if (!clients) {
    return std::nullopt;
  }
  try {
    return allocateWithin(setting_.name_space, setting_.allocate, setting_.group,
                          instance_.clientId(), all, *clients);
  } catch (const std::exception& failure) {
    log::error("the allocation strategy of group {} threw: {}", setting_.group, failure.what());
  } catch (...) {
    log::error("the allocation strategy of group {} threw", setting_.group);
  }
  return std::nullopt;
}

std::vector<std::vector<MessageQueue>> ConsumerQueries::byBroker(
    const std::vector<MessageQueue>& queues) const {
  std::map<std::pair<bool, std::string>, std::vector<MessageQueue>> groups;
  for (const MessageQueue& queue : queues) {
    groups[{silent_before_.contains(queue.broker_name), queue.broker_name}].push_back(queue);
  }
  std::vector<std::vector<MessageQueue>> result;
  for (auto& [broker, group] : groups) {
    result.push_back(std::move(group));
  }
  return result;
}

bool ConsumerQueries::startQueues(OffsetStore& offsets, const std::vector<MessageQueue>& queues,
                                  const Start& start) {
  bool all_started = true;
  for (const std::vector<MessageQueue>& group : byBroker(queues)) {
    all_started = startQueuesOfBroker(offsets, group, start) && all_started;
  }
  return all_started;
}

bool ConsumerQueries::startQueuesOfBroker(OffsetStore& offsets,
                                          const std::vector<MessageQueue>& queues,
                                          const Start& start) {
  std::vector<std::pair<MessageQueue, int64_t>> known;
  std::vector<MessageQueue> begun;
  for (const MessageQueue& queue : queues) {
    if (isSilent(queue.broker_name)) {
      break;
    }
    bool is_new = false;
    if (const std::optional<int64_t> offset = firstOffset(offsets, queue, is_new)) {
      known.emplace_back(queue, *offset);
      if (is_new) {
        begun.push_back(queue);
      }
    }
  }
  if (!begun.empty()) {
    // What has not arrived is sent again with the other offsets.
    if (const auto error = offsets.persistNow(begun); error && !calls_.cancelled()) {
      log::warn("where group {} begins in {} queues may not be stored yet: {}", setting_.group,
                begun.size(), error->message);
    }
  }
  for (const auto& [queue, offset] : known) {
    start(queue, offset);
  }
  return known.size() == queues.size();
}

std::optional<int64_t> ConsumerQueries::firstOffset(OffsetStore& offsets, const MessageQueue& queue,
                                                    bool& is_new) {
  StoredOffset stored = offsets.load(queue);
  if (stored.kind == StoredOffset::Kind::kNone) {
    const std::optional<int64_t> begin = offsetOfNewGroup(queue);
    if (!begin) {
      return std::nullopt;
    }
    // Another member may have begun meanwhile: what it has stored counts.
    stored = offsets.load(queue);
    if (stored.kind == StoredOffset::Kind::kNone) {
      offsets.begin(queue, *begin);
      is_new = true;
      return begin;
    }
  }
  if (stored.error) {
    noteFailure(queue.broker_name, *stored.error);
  }
  return stored.kind == StoredOffset::Kind::kFound ? std::optional(stored.offset) : std::nullopt;
}

std::optional<int64_t> ConsumerQueries::offsetOfNewGroup(const MessageQueue& queue) {
  const int64_t now_ms = SystemClock::instance().nowMs();
  Outcome<int64_t> offset = int64_t{0};
  switch (startAt(setting_.from_where, isRetryTopic(queue.topic))) {
    case StartAt::kZero:
      return 0;
    case StartAt::kEnd:
      offset = maxOffset(queue);
      break;
    case StartAt::kTimestamp: {
      const Result<int64_t> time = parseConsumeTimestamp(setting_.consume_timestamp, now_ms);
      offset = searchOffset(queue, time.ok() ? *time : now_ms);
      break;
    }
  }
  if (!offset.ok() && calls_.cancelled()) {
    return std::nullopt;
  }
  if (!offset.ok()) {
    log::warn("where group {} begins in {} is not known: {}", setting_.group, queue.toString(),
              offset.error().message);
    noteFailure(queue.broker_name, offset.error());
    return std::nullopt;
  }
  return offset.value();
}

template <remoting::Command C>
Outcome<int64_t> ConsumerQueries::askOffset(const MessageQueue& queue, C request) {
  std::optional<BrokerAddress> broker = instance_.routes().reader(queue.broker_name, 0);
  if (!broker) {
    if (Outcome<TopicRoutePtr> known = route(queue.topic); !known.ok()) {
      return known.error();
    }
    broker = instance_.routes().reader(queue.broker_name, 0);
  }
  if (!broker) {
    return ClientError::client("The broker[" + queue.broker_name + "] not exist",
                               ClientErrorCode::kBrokerNotExist);
  }
  request.topic = queue.topic;
  request.queue_id = queue.queue_id;
  const auto result = calls_.call(instance_.remoting(), broker->address, std::move(request), {},
                                  remoting::deadlineAfter(instance_.config().api_timeout));
  if (!result.ok()) {
    return instance_.describe(result.status(), broker->address);
  }
  if (!result->success()) {
    return ClientError::broker(result->code, result->remark, broker->address);
  }
  return result->header.offset;
}

Outcome<int64_t> ConsumerQueries::maxOffset(const MessageQueue& queue) {
  return askOffset(queue, remoting::GetMaxOffset{});
}

Outcome<int64_t> ConsumerQueries::minOffset(const MessageQueue& queue) {
  return askOffset(queue, remoting::GetMinOffset{});
}

Outcome<int64_t> ConsumerQueries::searchOffset(const MessageQueue& queue, int64_t timestamp_ms) {
  remoting::SearchOffsetByTimestamp request;
  request.timestamp_ms = timestamp_ms;
  return askOffset(queue, std::move(request));
}

}  // namespace rocketmq::client

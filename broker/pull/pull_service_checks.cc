#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "broker/bracketed.h"
#include "broker/pull/expression_support.h"
#include "broker/pull/pull_draft.h"
#include "broker/pull/pull_header.h"
#include "broker/pull/tag_filter.h"
#include "common/excerpt.h"
#include "common/message/sys_flag.h"
#include "common/model/permission.h"

// The checks of PullService, and what they leave to a lane.

namespace rocketmq::broker {

using remoting::ResponseCode;

namespace {

/// What a filter takes for each character that it was made of, about.
constexpr size_t kTagFilterFactor = 4;
constexpr size_t kExpressionFactor = 32;
/// Filters of so many characters are not counted: every client may wait with one.
constexpr size_t kSmallFilterCharacters = 128;

size_t filterBytes(std::string_view text, size_t factor) {
  return text.size() <= kSmallFilterCharacters ? 0 : text.size() * factor;
}

}  // namespace

bool PullService::checkBroker(Draft& draft) const {
  const std::string& ip = draft.settings->advertised_ip;
  if (draft.settings->isSlave() && !draft.settings->slave_read) {
    return draft.refuse(ResponseCode::kSystemBusy,
                        "[REJECTREQUEST]system busy, start flow control for a while: this broker "
                        "is a slave with slaveReadEnable=false");
  }
  if (!model::isReadable(draft.settings->broker_permission)) {
    return draft.refuse(ResponseCode::kNoPermission,
                        "the broker" + bracketed(ip) + " pulling message is forbidden");
  }
  if (draft.is_lite && !draft.settings->lite_pull_message) {
    return draft.refuse(ResponseCode::kNoPermission,
                        "the broker" + bracketed(ip) + " for lite pull consumer is forbidden");
  }
  return true;
}

bool PullService::checkGroup(Draft& draft) const {
  const std::string_view name = draft.request.consumer_group;
  draft.group = parts_.groups.find(name);
  if (draft.group == nullptr) {
    draft.needs_group = parts_.groups.canCreate(name);
    return draft.refuse(ResponseCode::kSubscriptionGroupNotExist,
                        "subscription group " + bracketed(name) + " does not exist");
  }
  if (!draft.group->consume_enable) {
    return draft.refuse(ResponseCode::kNoPermission,
                        "subscription group no permission, " + excerpt(name));
  }
  return true;
}

bool PullService::checkTopic(Draft& draft) const {
  const std::string_view name = draft.request.topic;
  const TopicConfigPtr topic = parts_.topics.find(name);
  if (topic == nullptr) {
    return draft.refuse(ResponseCode::kTopicNotExist,
                        "topic" + bracketed(name) + " not exist, apply first please!");
  }
  if (!model::isReadable(topic->perm)) {
    return draft.refuse(ResponseCode::kNoPermission,
                        "the topic" + bracketed(name) + " pulling message is forbidden");
  }
  if (draft.request.queue_id < 0 || draft.request.queue_id >= topic->read_queue_nums) {
    return draft.refuse(
        ResponseCode::kSystemError,
        "queueId" + bracketed(std::to_string(draft.request.queue_id)) +
            " is illegal, topic:" + bracketed(name) +
            " topicConfig.readQueueNums:" + bracketed(std::to_string(topic->read_queue_nums)));
  }
  return true;
}

bool PullService::checkSubscription(Draft& draft) {
  return (draft.request.sys_flag & pull_sys_flag::kSubscription) != 0 ? useOwnSubscription(draft)
                                                                      : useGroupSubscription(draft);
}

bool PullService::useOwnSubscription(Draft& draft) {
  const std::string_view type = draft.request.expression_type.value_or(std::string_view());
  const std::string_view text = draft.request.subscription.value_or(std::string_view());
  if (!model::isTagExpression(type)) {
    return useOwnExpression(draft);
  }
  if (text.empty() || text == model::kSubscribeAll) {
    return true;
  }
  // Most clients repeat what they have subscribed to in their heartbeat: that is parsed already.
  const auto known =
      parts_.clients.findSubscription(draft.request.consumer_group, draft.request.topic);
  if (known.subscription != nullptr && known.subscription->data.sub_string == text &&
      model::isTagExpression(known.subscription->data.expression_type)) {
    draft.filter = known.subscription->filter;
    return true;
  }
  if (!draft.mayParse(text)) {
    return false;
  }
  const auto parsed =
      model::parseSubscription(draft.request.topic, text, type, draft.request.subscription_version);
  if (!parsed.ok()) {
    return draft.refuse(ResponseCode::kSubscriptionParseFailed,
                        "parse the consumer's subscription failed: " + parsed.status().message());
  }
  draft.filter = TagFilter::of(*parsed);
  draft.own_filter_bytes = filterBytes(text, kTagFilterFactor);
  return true;
}

bool PullService::useOwnExpression(Draft& draft) {
  const std::string_view type = draft.request.expression_type.value_or(std::string_view());
  if (!draft.settings->property_filter) {
    return draft.refuse(ResponseCode::kSystemError, expressionRefusal(type));
  }
  const std::string_view text = draft.request.subscription.value_or(std::string_view());
  auto known = expressions_.find(type, text);
  if (!known && !draft.mayParse(text)) {
    return false;
  }
  auto compiled = known ? std::move(*known) : expressions_.get(type, text);
  if (!compiled.ok()) {
    return draft.refuse(ResponseCode::kSubscriptionParseFailed,
                        "parse the consumer's subscription failed: " + compiled.status().message());
  }
  draft.filter = std::move(*compiled);
  draft.own_filter_bytes = filterBytes(text, kExpressionFactor);
  draft.filters_properties = true;
  return true;
}

bool PullService::useGroupSubscription(Draft& draft) const {
  const auto known =
      parts_.clients.findSubscription(draft.request.consumer_group, draft.request.topic);
  if (known.state == ClientRegistry::SubscriptionState::kNoGroup) {
    return draft.refuse(ResponseCode::kSubscriptionNotExist, "the consumer's group info not exist");
  }
  if (!draft.group->consume_broadcast_enable &&
      known.message_model == model::MessageModel::kBroadcasting) {
    return draft.refuse(ResponseCode::kNoPermission, "the consumer group" +
                                                         bracketed(draft.request.consumer_group) +
                                                         " can not consume by broadcast way");
  }
  if (known.state == ClientRegistry::SubscriptionState::kNoTopic) {
    return draft.refuse(ResponseCode::kSubscriptionNotExist,
                        "the consumer's subscription not exist");
  }
  const model::SubscriptionData& data = known.subscription->data;
  if (data.sub_version < draft.request.subscription_version) {
    return draft.refuse(ResponseCode::kSubscriptionNotLatest,
                        "the consumer's subscription not latest");
  }
  draft.filter = known.subscription->filter;
  return model::isTagExpression(data.expression_type) ||
         useGroupExpression(draft, *known.subscription);
}

bool PullService::useGroupExpression(Draft& draft, const ActiveSubscription& known) const {
  if (known.filter == nullptr) {
    return draft.refuse(ResponseCode::kFilterDataNotExist,
                        "The broker's consumer filter data is not exist!Your expression may be "
                        "wrong! " +
                            known.filter_fault);
  }
  if (known.filter_version < draft.request.subscription_version) {
    return draft.refuse(ResponseCode::kFilterDataNotLatest,
                        "The broker's consumer filter data is not latest: " + known.filter_fault);
  }
  if (!draft.settings->property_filter) {
    return draft.refuse(ResponseCode::kSystemError, expressionRefusal(known.data.expression_type));
  }
  draft.filters_properties = true;
  return true;
}

void PullService::createGroupThenPull(const Header& request, bool is_lite,
                                      std::unique_ptr<PullResponder> responder) {
  const remoting::LaneLoad load{.source = responder->connection().get()};
  const auto shared = std::make_shared<std::unique_ptr<PullResponder>>(std::move(responder));
  const bool accepted = parts_.lanes.run(
      remoting::Lane::kClient,
      [this, is_lite, shared, owned = convertPullHeader<std::string>(request)] {
        if (parts_.groups.findOrCreate(owned.consumer_group) == nullptr) {
          (*shared)->answer(
              {ResponseCode::kSubscriptionGroupNotExist,
               "subscription group " + bracketed(owned.consumer_group) + " cannot be created"});
          return;
        }
        pull(convertPullHeader<std::string_view>(owned), is_lite, std::move(*shared));
      },
      load);
  if (!accepted) {
    (*shared)->answer({ResponseCode::kSystemBusy,
                       "[OVERLOAD]system busy, start flow control for a while: too many topics and "
                       "groups wait to be created"});
  }
}

void PullService::parseOnLane(const Header& request, bool is_lite,
                              std::unique_ptr<PullResponder> responder) {
  // Counted by what they become, which bounds how long others wait behind them, too.
  const remoting::LaneLoad load{
      .bytes = request.subscription.value_or("").size() * kExpressionFactor,
      .source = responder->connection().get()};
  const auto shared = std::make_shared<std::unique_ptr<PullResponder>>(std::move(responder));
  const bool accepted = parts_.lanes.run(
      remoting::Lane::kQuery,
      [this, is_lite, shared, owned = convertPullHeader<std::string>(request)] {
        pull(convertPullHeader<std::string_view>(owned), is_lite, std::move(*shared),
             /*may_parse_long=*/true);
      },
      load);
  if (!accepted) {
    (*shared)->answer({ResponseCode::kSystemBusy,
                       "[OVERLOAD]system busy, start flow control for a while: too many long "
                       "filters wait to be parsed"});
  }
}

}  // namespace rocketmq::broker

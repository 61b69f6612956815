#include "broker/handlers/admin_topic_handlers.h"

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "broker/handler_options.h"
#include "common/excerpt.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "remoting/protocol/bodies/config_tables.h"
#include "remoting/protocol/bodies/lists.h"
#include "remoting/protocol/bodies/stats.h"
#include "remoting/protocol/commands/commands.h"

namespace rocketmq::broker {
namespace {

using remoting::Answer;
using remoting::NoFields;
using remoting::RequestContext;
using remoting::Responder;
using remoting::ResponseCode;

constexpr std::chrono::milliseconds kRegistrationWait{1000};

/// "+key=value,-key" of RocketMQ 5 applied to what a topic has; a key without sign is set as well.
std::map<std::string, std::string> changedAttributes(std::map<std::string, std::string> attributes,
                                                     const std::string& changes) {
  size_t at = 0;
  while (at < changes.size()) {
    const size_t end = std::min(changes.find(',', at), changes.size());
    std::string change = changes.substr(at, end - at);
    at = end + 1;
    const bool removes = change.starts_with("-");
    if (removes || change.starts_with("+")) {
      change.erase(0, 1);
    }
    const size_t equals = change.find('=');
    if (removes) {
      attributes.erase(change);
    } else if (equals != std::string::npos && equals > 0) {
      attributes[change.substr(0, equals)] = change.substr(equals + 1);
    }
  }
  return attributes;
}

class AdminTopicHandlers {
 public:
  explicit AdminTopicHandlers(const AdminTopicParts& parts) : parts_(parts) {}

  void update(const remoting::UpdateAndCreateTopic& request,
              Responder<remoting::UpdateAndCreateTopic> respond) const {
    const auto filter_type = json::enumFromName<model::TopicFilterType>(request.topic_filter_type);
    if (!filter_type) {
      respond({ResponseCode::kSystemError, "topicFilterType \"" +
                                               excerpt(request.topic_filter_type) +
                                               "\" is unknown; give SINGLE_TAG or MULTI_TAG"});
      return;
    }
    const Result<bool> changed = parts_.topics.update(configOf(request, *filter_type));
    if (!changed.ok()) {
      respond(changed.status());
    } else if (*changed) {
      answerWhenRegistered(std::move(respond));
    } else {
      respond(NoFields{});
    }
  }

  void updateList(const RequestContext& context,
                  Responder<remoting::UpdateAndCreateTopicList> respond) const {
    const auto list = json::decode<remoting::TopicConfigList>(context.body());
    if (!list.ok()) {
      respond(list.status());
      return;
    }
    for (const model::TopicConfig& config : list->topic_config_list) {
      const Result<bool> changed = parts_.topics.update(config);
      if (!changed.ok()) {
        respond(changed.status());
        return;
      }
    }
    answerWhenRegistered(std::move(respond));
  }

  Answer<NoFields> remove(const remoting::DeleteTopicInBroker& request) const {
    const Result<bool> removed = parts_.topics.remove(request.topic);
    if (!removed.ok()) {
      return removed.status();
    }
    // RocketMQ parity: what is not there has been deleted. The store would keep in mind every name.
    if (!*removed && !parts_.store.topics().contains(request.topic)) {
      return NoFields{};
    }
    const Status deleted = parts_.store.deleteTopic(request.topic);
    if (!deleted.isOk()) {
      return deleted;
    }
    parts_.offsets.removeTopic(request.topic);
    parts_.held_pulls.wakeTopic(request.topic);
    parts_.stats.forgetTopic(request.topic);
    return NoFields{};
  }

  Answer<NoFields> stats(const remoting::GetTopicStatsInfo& request) const {
    const TopicConfigPtr config = parts_.topics.find(request.topic);
    if (config == nullptr) {
      return unknownTopic(request.topic);
    }
    const std::string broker_name = parts_.settings.load()->broker_name;
    remoting::TopicStats stats;
    const int32_t queues = std::max(config->read_queue_nums, config->write_queue_nums);
    for (int32_t queue = 0; queue < queues; ++queue) {
      remoting::TopicOffset& offset = stats.offset_table[{
          .topic = request.topic, .broker_name = broker_name, .queue_id = queue}];
      offset.min_offset = parts_.store.minOffset(request.topic, queue);
      offset.max_offset = parts_.store.maxOffset(request.topic, queue);
      if (offset.max_offset > offset.min_offset) {
        offset.last_update_timestamp =
            parts_.store.storeTime(request.topic, queue, offset.max_offset - 1).value_or(0);
      }
    }
    const auto put = parts_.stats.view("TOPIC_PUT_NUMS", request.topic);
    stats.topic_put_tps = put ? put->minute.tps : 0.0;
    return Answer<NoFields>::ofBody(json::encode(stats));
  }

  Answer<NoFields> consumers(const remoting::QueryTopicConsumeByWho& request) const {
    std::set<std::string> groups = parts_.clients.groupsSubscribedTo(request.topic);
    groups.merge(parts_.offsets.groupsOf(request.topic));
    return Answer<NoFields>::ofBody(
        json::encode(remoting::GroupList{.group_list = {groups.begin(), groups.end()}}));
  }

  Answer<NoFields> systemTopics() const {
    const std::set<std::string> topics = parts_.topics.systemTopics();
    return Answer<NoFields>::ofBody(json::encode(remoting::TopicList{
        .broker_addr = std::nullopt, .topic_list = {topics.begin(), topics.end()}}));
  }

  Answer<NoFields> one(const remoting::GetTopicConfig& request) const {
    const TopicConfigPtr config = parts_.topics.find(request.topic);
    if (config == nullptr) {
      return unknownTopic(request.topic);
    }
    return Answer<NoFields>::ofBody(json::encode(*config));
  }

  /// A slave keeps what it has, as its table may lack a topic of the master's for a while. It
  /// answers success: RocketMQ's mqadmin asks all brokers of a cluster and stops at a failure.
  Answer<NoFields> cleanUnused() const {
    if (parts_.settings.load()->isSlave()) {
      return NoFields{};
    }
    for (const std::string& topic : parts_.store.topics()) {
      if (parts_.topics.find(topic) == nullptr) {
        const Status deleted = parts_.store.deleteTopic(topic);
        if (!deleted.isOk()) {
          return deleted;
        }
      }
    }
    return NoFields{};
  }

  Answer<NoFields> cleanExpired() const {
    const Status cleaned = parts_.store.cleanExpiredFiles();
    return cleaned.isOk() ? Answer<NoFields>(NoFields{}) : Answer<NoFields>(cleaned);
  }

  Answer<NoFields> all() const {
    return Answer<NoFields>::ofBody(json::encode(*parts_.topics.snapshot()));
  }

 private:
  model::TopicConfig configOf(const remoting::UpdateAndCreateTopic& request,
                              model::TopicFilterType filter_type) const {
    model::TopicConfig config{.topic_name = request.topic,
                              .read_queue_nums = request.read_queue_nums,
                              .write_queue_nums = request.write_queue_nums,
                              .perm = request.perm,
                              .topic_filter_type = filter_type,
                              .topic_sys_flag = request.topic_sys_flag.value_or(0),
                              .order = request.order,
                              .attributes = std::nullopt};
    if (const TopicConfigPtr known = parts_.topics.find(request.topic)) {
      config.attributes = known->attributes;
    }
    if (request.attributes && !request.attributes->empty()) {
      config.attributes = changedAttributes(
          config.attributes.value_or(std::map<std::string, std::string>()), *request.attributes);
    }
    return config;
  }

  /// Off the lane: a name server that does not answer would keep all administration waiting.
  template <remoting::Command C>
  void answerWhenRegistered(Responder<C> respond) const {
    parts_.registrar.whenRegistered(
        kRegistrationWait, [respond = std::move(respond)]() mutable { respond(NoFields{}); });
  }

  static Answer<NoFields> unknownTopic(const std::string& topic) {
    return {ResponseCode::kTopicNotExist, "topic[" + excerpt(topic) + "] not exist"};
  }

  const AdminTopicParts parts_;
};

}  // namespace

void registerAdminTopicHandlers(remoting::Router& router, const AdminTopicParts& parts) {
  const auto handlers = std::make_shared<const AdminTopicHandlers>(parts);
  router.handleLater<remoting::UpdateAndCreateTopic>(
      kAdmin, [handlers](const auto& request, const auto&, auto respond) {
        handlers->update(request, std::move(respond));
      });
  router.handleLater<remoting::UpdateAndCreateTopicList>(
      kAdminAnyBody, [handlers](const auto&, const auto& context, auto respond) {
        handlers->updateList(context, std::move(respond));
      });
  router.handle<remoting::DeleteTopicInBroker>(
      kAdmin, [handlers](const auto& request, const auto&) { return handlers->remove(request); });
  router.handle<remoting::GetTopicStatsInfo>(
      kAdminRead,
      [handlers](const auto& request, const auto&) { return handlers->stats(request); });
  router.handle<remoting::QueryTopicConsumeByWho>(
      kAdminRead,
      [handlers](const auto& request, const auto&) { return handlers->consumers(request); });
  router.handle<remoting::GetSystemTopicListFromBroker>(
      kAdminRead, [handlers](const auto&, const auto&) { return handlers->systemTopics(); });
  router.handle<remoting::GetTopicConfig>(
      kAdminRead, [handlers](const auto& request, const auto&) { return handlers->one(request); });
  router.handle<remoting::GetAllTopicConfig>(
      kAdminTable, [handlers](const auto&, const auto&) { return handlers->all(); });
  router.handle<remoting::CleanUnusedTopic>(
      kAdmin, [handlers](const auto&, const auto&) { return handlers->cleanUnused(); });
  router.handle<remoting::CleanExpiredConsumeQueue>(
      kAdmin, [handlers](const auto&, const auto&) { return handlers->cleanExpired(); });
  router.handle<remoting::DeleteExpiredCommitLog>(
      kAdmin, [handlers](const auto&, const auto&) { return handlers->cleanExpired(); });
}

}  // namespace rocketmq::broker

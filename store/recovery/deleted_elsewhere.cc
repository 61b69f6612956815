// Recovery of deletions by a broker that does not note them.

#include <algorithm>

#include "common/log.h"
#include "common/validate.h"
#include "store/recovery/recovery.h"

namespace rocketmq::store {
namespace {

constexpr size_t kNamesInLog = 20;

std::string listOf(const std::vector<std::string>& topics) {
  std::string list;
  for (size_t i = 0; i < std::min(topics.size(), kNamesInLog); ++i) {
    list += (i == 0 ? "" : ", ") + topics[i];
  }
  return topics.size() <= kNamesInLog
             ? list
             : list + " and " + std::to_string(topics.size() - kNamesInLog) + " more";
}

/// RocketMQ keeps them whatever topics.json says.
bool isNeverDeleted(const std::string& topic) {
  return isSystemTopic(topic) || topic.starts_with(kLightTopicPrefix);
}

}  // namespace

Status Recovery::noteDeletedElsewhere() {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::vector<std::string> topics, deletedElsewhere());
  if (topics.empty()) {
    return Status::ok();
  }
  log::warn(
      "{} topics that queueends names are neither in topics.json nor in {} any more: they have "
      "been "
      "deleted, and their messages stay out: {}",
      topics.size(), parts_.queues.dir(), listOf(topics));
  return parts_.deleted.add(topics, parts_.log.maxOffset(), parts_.log.minOffset());
}

/// RocketMQ parity: a deletion takes the topic out of topics.json and removes its queues; 4.9
/// leaves the topic's empty folder. To take a topic for deleted that was not would be worse than to
/// bring one back: where the queues' own folder is gone, too, they have been lost.
Result<std::vector<std::string>> Recovery::deletedElsewhere() const {
  std::vector<std::string> topics;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto folder, parts_.files.info(parts_.queues.dir()));
  if (!parts_.topic_exists || !folder) {
    return topics;
  }
  for (const std::string& topic : parts_.ends.topics) {
    if (isNeverDeleted(topic) || parts_.topic_exists(topic)) {
      continue;
    }
    const auto inside = parts_.files.list(parts_.queues.dir() + "/" + topic);
    const bool is_gone =
        inside.ok() ? inside->empty() : inside.status().code() == StatusCode::kNotFound;
    if (is_gone) {
      topics.push_back(topic);
    }
  }
  return topics;
}

}  // namespace rocketmq::store

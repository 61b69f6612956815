#include "common/validate.h"

#include <algorithm>
#include <array>
#include <string>

#include "common/excerpt.h"

namespace rocketmq {
namespace {

constexpr std::string_view kSystemTopicPrefix = "rmq_sys_";
constexpr std::string_view kSystemGroupPrefix = "CID_RMQ_SYS_";

constexpr std::array<std::string_view, 10> kSystemTopics = {
    "TBW102",
    "SCHEDULE_TOPIC_XXXX",
    "BenchmarkTest",
    "RMQ_SYS_TRANS_HALF_TOPIC",
    "RMQ_SYS_TRACE_TOPIC",
    "RMQ_SYS_TRANS_OP_HALF_TOPIC",
    "TRANS_CHECK_MAX_TIME_TOPIC",
    "SELF_TEST_TOPIC",
    "OFFSET_MOVED_EVENT",
    "CHECKPOINT_TOPIC",
};

constexpr std::array<std::string_view, 7> kForbiddenToSend = {
    "SCHEDULE_TOPIC_XXXX",        "RMQ_SYS_TRANS_HALF_TOPIC", "RMQ_SYS_TRANS_OP_HALF_TOPIC",
    "TRANS_CHECK_MAX_TIME_TOPIC", "SELF_TEST_TOPIC",          "OFFSET_MOVED_EVENT",
    "rmq_sys_wheel_timer",
};

constexpr std::array<std::string_view, 13> kSystemGroups = {
    "DEFAULT_PRODUCER",   "DEFAULT_CONSUMER",   "TOOLS_CONSUMER",    "CLIENT_INNER_PRODUCER",
    "SELF_TEST_P_GROUP",  "SELF_TEST_C_GROUP",  "SCHEDULE_CONSUMER", "FILTERSRV_CONSUMER",
    "__MONITOR_CONSUMER", "CID_ONS-HTTP-PROXY", "CID_ONSAPI_PULL",   "CID_ONSAPI_PERMISSION",
    "CID_ONSAPI_OWNER",
};

template <size_t kSize>
bool contains(const std::array<std::string_view, kSize>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool isNameCharacter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '-' || c == '%' || c == '|';
}

Status validateName(std::string_view kind, std::string_view name, size_t length_max) {
  if (std::ranges::all_of(name, [](char c) { return c == ' ' || c == '\t'; })) {
    return Status::invalidArgument("The specified " + std::string(kind) + " is blank.");
  }
  if (name.size() > length_max) {
    return Status::invalidArgument("The specified " + std::string(kind) + " has " +
                                   std::to_string(name.size()) + " characters, allowed are " +
                                   std::to_string(length_max) + ".");
  }
  if (!std::ranges::all_of(name, isNameCharacter)) {
    return Status::invalidArgument("The specified " + std::string(kind) + "[" + excerpt(name) +
                                   "] contains illegal characters, allowing only " +
                                   "^[%|a-zA-Z0-9_-]+$");
  }
  return Status::ok();
}

}  // namespace

Status validateTopic(std::string_view topic) {
  return validateName("topic", topic, kTopicLengthMax);
}

Status validateGroup(std::string_view group) {
  return validateName("group", group, kGroupLengthMax);
}

bool isSystemTopic(std::string_view topic) {
  return contains(kSystemTopics, topic) || topic.starts_with(kSystemTopicPrefix);
}

bool isForbiddenToSend(std::string_view topic) { return contains(kForbiddenToSend, topic); }

bool isSystemGroup(std::string_view group) {
  return contains(kSystemGroups, group) || group.starts_with(kSystemGroupPrefix);
}

}  // namespace rocketmq

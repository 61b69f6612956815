#pragma once

#include <string_view>

#include "common/status.h"

namespace rocketmq {

inline constexpr size_t kTopicLengthMax = 127;
inline constexpr size_t kGroupLengthMax = 255;

// RocketMQ's rules for names (Validators, TopicValidator): 1 to 127 (255) of % | a-z A-Z 0-9 _ -.
// The message of InvalidArgument names the rule that was broken.
Status validateTopic(std::string_view topic);
Status validateGroup(std::string_view group);

/// Topics that a broker keeps for itself; nobody may create, change or delete them by request.
bool isSystemTopic(std::string_view topic);

/// System topics to which clients may not send (RocketMQ: TopicValidator.isNotAllowedSendTopic).
bool isForbiddenToSend(std::string_view topic);

/// Groups that exist without being created (TOOLS_CONSUMER, CID_RMQ_SYS_..., ...).
bool isSystemGroup(std::string_view group);

inline constexpr std::string_view kRetryTopicPrefix = "%RETRY%";
inline constexpr std::string_view kDlqTopicPrefix = "%DLQ%";

inline bool isRetryTopic(std::string_view topic) { return topic.starts_with(kRetryTopicPrefix); }
inline bool isDlqTopic(std::string_view topic) { return topic.starts_with(kDlqTopicPrefix); }

}  // namespace rocketmq

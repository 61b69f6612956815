#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "common/fields.h"
#include "common/json/enum_names.h"
#include "common/model/permission.h"

namespace rocketmq::model {

/// Whether messages of a topic have one tag or several; no broker looks at it.
enum class TopicFilterType : uint8_t { kSingleTag, kMultiTag };

// Bits of a topic's sysFlag (RocketMQ: TopicSysFlag).
inline constexpr int32_t kTopicUnit = 1;
inline constexpr int32_t kTopicUnitSubscription = 2;

/// What a broker knows of a topic. The same JSON goes to config/topics.json, to name servers and to
/// administrators.
struct TopicConfig {
  std::string topic_name;
  int32_t read_queue_nums = 16;
  int32_t write_queue_nums = 16;
  int32_t perm = kPermissionRead | kPermissionWrite;
  TopicFilterType topic_filter_type = TopicFilterType::kSingleTag;
  int32_t topic_sys_flag = 0;
  bool order = false;
  /// 5.x, for instance message.type=FIFO; absent in what 4.9 has written.
  std::optional<std::map<std::string, std::string>> attributes = {};

  friend bool operator==(const TopicConfig&, const TopicConfig&) = default;

  static constexpr auto fields() {
    return std::tuple{optional("attributes", &TopicConfig::attributes),
                      optional("order", &TopicConfig::order),
                      optional("perm", &TopicConfig::perm),
                      optional("readQueueNums", &TopicConfig::read_queue_nums),
                      optional("topicFilterType", &TopicConfig::topic_filter_type),
                      optional("topicName", &TopicConfig::topic_name),
                      optional("topicSysFlag", &TopicConfig::topic_sys_flag),
                      optional("writeQueueNums", &TopicConfig::write_queue_nums)};
  }
};

}  // namespace rocketmq::model

namespace rocketmq::json {

template <>
struct EnumNames<model::TopicFilterType> {
  static constexpr std::array<std::string_view, 2> kNames = {"SINGLE_TAG", "MULTI_TAG"};
};

}  // namespace rocketmq::json

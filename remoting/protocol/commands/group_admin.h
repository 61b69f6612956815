#pragma once

#include <optional>
#include <string>
#include <tuple>

#include "remoting/protocol/codes.h"
#include "remoting/protocol/field_codec.h"

namespace rocketmq::remoting {

/// Creates a consumer group or changes its settings; the body is SubscriptionGroupConfig. Admin
/// tools send it. (RocketMQ: UPDATE_AND_CREATE_SUBSCRIPTIONGROUP)
struct UpdateAndCreateSubscriptionGroup : NoFields {
  static constexpr RequestCode kCode = RequestCode::kUpdateAndCreateSubscriptionGroup;
  using Reply = NoFields;
};

/// The same for many groups; the body is {"groupConfigList":[...]}. Admin tools of 5.x send it.
/// (RocketMQ: UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST)
struct UpdateAndCreateSubscriptionGroupList : NoFields {
  static constexpr RequestCode kCode = RequestCode::kUpdateAndCreateSubscriptionGroupList;
  using Reply = NoFields;
};

/// Asks for all consumer groups of a broker; the answer's body is SubscriptionGroupWrapper. Admin
/// tools and slaves send it. (RocketMQ: GET_ALL_SUBSCRIPTIONGROUP_CONFIG)
struct GetAllSubscriptionGroupConfig : NoFields {
  static constexpr RequestCode kCode = RequestCode::kGetAllSubscriptionGroupConfig;
  using Reply = NoFields;
};

/// Asks for one consumer group; the answer's body is SubscriptionGroupConfig. Admin tools of 5.x
/// send it. (RocketMQ: GetSubscriptionGroupConfigRequestHeader)
struct GetSubscriptionGroupConfig {
  static constexpr RequestCode kCode = RequestCode::kGetSubscriptionGroupConfig;
  using Reply = NoFields;

  std::string group;

  static constexpr auto fields() {
    return std::tuple{required("group", &GetSubscriptionGroupConfig::group)};
  }
};

/// Deletes a consumer group. Admin tools send it. The wish to delete its offsets too has another
/// name in each release. (RocketMQ: DeleteSubscriptionGroupRequestHeader)
struct DeleteSubscriptionGroup {
  static constexpr RequestCode kCode = RequestCode::kDeleteSubscriptionGroup;
  using Reply = NoFields;

  std::string group_name;
  bool clean_offset = false;   ///< 5.x.
  bool remove_offset = false;  ///< 4.x. A client sets both.

  /// True when the group's offsets shall go too, by either name.
  bool wantsOffsetsRemoved() const { return clean_offset || remove_offset; }

  static constexpr auto fields() {
    return std::tuple{required("groupName", &DeleteSubscriptionGroup::group_name),
                      optional("cleanOffset", &DeleteSubscriptionGroup::clean_offset),
                      optional("removeOffset", &DeleteSubscriptionGroup::remove_offset)};
  }
};

/// Copies the offsets of one group to another. Admin tools send it.
/// (RocketMQ: CloneGroupOffsetRequestHeader)
struct CloneGroupOffset {
  static constexpr RequestCode kCode = RequestCode::kCloneGroupOffset;
  using Reply = NoFields;

  std::string source_group;
  std::string destination_group;
  std::optional<std::string> topic{};  ///< Absent: all topics of the source.
  std::optional<bool> offline{};

  static constexpr auto fields() {
    return std::tuple{required("srcGroup", &CloneGroupOffset::source_group),
                      required("destGroup", &CloneGroupOffset::destination_group),
                      optional("topic", &CloneGroupOffset::topic),
                      optional("offline", &CloneGroupOffset::offline)};
  }
};

}  // namespace rocketmq::remoting

#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "broker/acl/permission.h"
#include "common/status.h"
#include "remoting/protocol/bodies/heartbeat.h"
#include "remoting/protocol/command.h"

namespace rocketmq::broker {

/// One thing that a request is about, and what it does with it.
struct AccessNeed {
  enum class Kind : uint8_t { kTopic, kGroup };
  Kind kind = Kind::kTopic;
  std::string_view name;
  AclPermission permission = AclPermission::kPub;
};

/// What an account must be allowed so that it may make a request (RocketMQ: PlainAccessResource).
/// A retry topic counts as its group. Views point into the request, or into this.
class AccessNeeds {
 public:
  AccessNeeds() = default;
  AccessNeeds(const AccessNeeds&) = delete;
  AccessNeeds& operator=(const AccessNeeds&) = delete;

  /// Call once. The error says what of the request cannot be read.
  Status readFrom(const remoting::CommandView& request);

  const std::vector<AccessNeed>& list() const { return list_; }
  /// The request is for administrators.
  static bool isForAdmins(remoting::RequestCode code);

 private:
  void needTopic(const std::string_view* name, AclPermission permission);
  void needGroup(const std::string_view* name);
  Status readHeartbeat(std::string_view body);

  std::vector<AccessNeed> list_;
  std::optional<remoting::HeartbeatData> heartbeat_;
};

}  // namespace rocketmq::broker

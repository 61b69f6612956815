#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "client/instance/group_member.h"
#include "common/log.h"

namespace rocketmq::client {

/// The part of GroupMember that consumers without a listener have in common: there is nothing to
/// run a message through, and nobody moves the application's own position.
class PassiveMember : public GroupMember {
 public:
  void resetOffsets(const std::string& topic, std::map<model::MessageQueue, int64_t>) override {
    log::info("offsets of topic {} are not reset: only push consumers follow such a request",
              topic);
  }

  void consumeDirectly(MessageExt,
                       std::function<void(remoting::ConsumeMessageDirectlyResult)> done) override {
    remoting::ConsumeMessageDirectlyResult result;
    result.consume_result = remoting::DirectConsumeResult::kReturnNull;
    result.remark = "this consumer pulls, it has no listener";
    done(std::move(result));
  }

  remoting::ConsumerRunningInfo runningInfo() const override {
    using Info = remoting::ConsumerRunningInfo;
    Info info;
    info.properties[std::string(Info::kConsumeType)] = "CONSUME_ACTIVELY";
    info.properties[std::string(Info::kClientVersion)] =
        remoting::versionName(remoting::kAnnouncedVersion);
    info.properties[std::string(Info::kStartTimestamp)] = std::to_string(startedMs());
    info.subscription_set = heartbeatData().subscription_data_set;
    return info;
  }

 protected:
  virtual int64_t startedMs() const = 0;
};

}  // namespace rocketmq::client

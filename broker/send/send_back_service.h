#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "broker/group/subscription_groups.h"
#include "broker/schedule/delay_levels.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "broker/traffic_observer.h"
#include "common/message/host_address.h"
#include "common/message/record.h"
#include "remoting/answer.h"
#include "remoting/protocol/commands/send_back.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// What became of a message that was sent back; `safe_up_to` as in SendOutcome.
struct SendBackOutcome {
  remoting::Answer<remoting::NoFields> answer;
  int64_t safe_up_to = 0;
};

/// Takes back messages that a consumer could not handle (RocketMQ: CONSUMER_SEND_MSG_BACK): they
/// are stored again for the group's retry topic, each time with a longer delay, and in its
/// dead-letter topic in the end. Blocks (reads the old message, may create topics): belongs on a
/// lane. Threads: any.
class SendBackService {
 public:
  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    TopicTable& topics;
    SubscriptionGroups& groups;
    store::MessageStore& store;
    const DelayLevels& delay_levels;
    TrafficObserver& traffic;
  };

  SendBackService(Parts parts, const HostAddress& store_host);

  /// `client_version` decides whether the client may say how often is enough.
  SendBackOutcome sendBack(const remoting::ConsumerSendMessageBack& request,
                           int32_t client_version) const;

 private:
  struct Target {
    TopicConfigPtr topic;
    int32_t queue_id = 0;
    int32_t delay_level = 0;  ///< 0: deliver at once.
    bool is_dead_letter = false;
    std::string properties = {};
  };

  Result<Target> retryTarget(const remoting::ConsumerSendMessageBack& request,
                             const model::SubscriptionGroupConfig& group,
                             int32_t reconsume_times) const;
  Result<Target> deadLetterTarget(const std::string& group) const;
  /// What the message has there. Where there is no room for all that a retry adds, what nobody
  /// needs is left out, of a dead letter at last where it was sent to. False: that does not help.
  static bool setProperties(Target& target, const MessageRecord& original);
  /// The dead letters, too, for a message to which a retry cannot be added.
  Result<Target> targetOf(const remoting::ConsumerSendMessageBack& request,
                          const model::SubscriptionGroupConfig& group,
                          const MessageRecord& original, bool is_dead) const;
  SendBackOutcome storeAgain(const std::string& group, const MessageRecord& original,
                             const Target& target) const;

  const Parts parts_;
  const HostAddress store_host_;
};

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "broker/group/subscription_groups.h"
#include "broker/schedule/delay_levels.h"
#include "broker/send/store_guarantee.h"
#include "broker/settings.h"
#include "broker/timer/timer_service.h"
#include "broker/topic/topic_table.h"
#include "broker/traffic_observer.h"
#include "common/clock.h"
#include "common/message/host_address.h"
#include "common/message/record.h"
#include "remoting/answer.h"
#include "remoting/protocol/commands/send_message.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// The topic whose queue `level - 1` holds messages of a delay level until they are due.
inline constexpr std::string_view kScheduleTopic = "SCHEDULE_TOPIC_XXXX";

/// A decoded send; everything in it is a view.
struct SendRequest {
  const remoting::SendMessageHeader<std::string_view>& header;
  std::string_view body;
  const HostAddress& born_host;
  int32_t client_version = 0;
  /// Whether topics and groups may be created now, which blocks: true on the admin lane only.
  bool may_block = false;
};

/// What became of a send.
struct SendOutcome {
  /// True: nothing was done, because a topic or group has to be created first. Send again with
  /// may_block set, from a thread that may.
  bool needs_blocking = false;
  /// True: the send has made its topic, which must be on the disk before the answer goes; see
  /// TopicTable::whenSaved().
  bool made_topic = false;
  /// The answer; for a stored message valid once everything up to `safe_up_to` is safe.
  remoting::Answer<remoting::SendMessageReply> answer;
  /// Log offset up to which StoreGuarantee must hold before success is answered; 0: answer now.
  int64_t safe_up_to = 0;
};

/// Checks and stores messages from producers (RocketMQ: SendMessageProcessor): single ones and
/// batches, to be delivered at once or after a delay, with the rules for retry topics. Messages
/// of transactions (TRAN_MSG) become half messages, which consumers do not see.
///
/// Threads: any; without may_block nothing here waits for a disk or a lock that somebody holds
/// while waiting. Memory: properties are built in a buffer per thread; a send allocates only for
/// its answer.
class SendService {
 public:
  /// Everything is borrowed.
  struct Parts {
    const LiveSettings& settings;
    TopicTable& topics;
    SubscriptionGroups& groups;
    store::MessageStore& store;
    const StoreGuarantee& guarantee;
    const DelayLevels& delay_levels;
    TrafficObserver& traffic;
    const Clock& clock;
    /// Null where timerWheelEnable is false.
    const TimerService* timers = nullptr;
  };

  /// `store_host`: the advertised address, which message ids name.
  SendService(Parts parts, const HostAddress& store_host);

  /// Checks in RocketMQ's order, then stores. The header's `batch` field, not the request code,
  /// tells whether the body is a batch.
  SendOutcome send(const SendRequest& request);

 private:
  /// A send on its way through the checks.
  struct Draft;

  // The checks, in this order. False: the send ends here, the outcome is filled in.
  static bool scanProperties(Draft& draft);
  static bool refuseLongProperties(Draft& draft, size_t bytes);
  bool checkBroker(Draft& draft) const;
  bool checkTopic(Draft& draft) const;
  bool findTopic(Draft& draft) const;
  bool checkQueue(Draft& draft) const;
  bool checkKind(Draft& draft) const;
  bool checkRetry(Draft& draft) const;
  bool redirectToDeadLetters(Draft& draft, std::string_view group) const;

  void storeSingle(Draft& draft) const;
  /// Sends a message that asks for a delay or a time to where it waits. False: it must not.
  bool delay(Draft& draft, MessageRecord& record, std::string& properties) const;
  bool setTimer(Draft& draft, MessageRecord& record, std::string& properties) const;
  /// Turns the message into a half message. False: its properties leave no room for that.
  bool hide(Draft& draft, MessageRecord& record, std::string& properties) const;
  void storeBatch(Draft& draft) const;
  /// Makes the records of a batch, whose properties are views of what is built in `properties`.
  bool splitBatch(Draft& draft, std::string& properties, std::vector<MessageRecord>& records) const;
  MessageRecord recordOf(const Draft& draft) const;
  void appendBrokerProperties(const Draft& draft, std::string& properties) const;
  void answer(Draft& draft, const store::PutResult& put) const;

  const Parts parts_;
  const HostAddress store_host_;
  const bool waits_for_safety_;
};

/// The answer to a put that failed, with RocketMQ's codes and remarks.
remoting::Answer<remoting::SendMessageReply> refusalOf(const store::PutResult& put);

}  // namespace rocketmq::broker

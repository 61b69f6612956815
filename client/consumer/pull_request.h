#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "client/consumer/subscription_table.h"
#include "client/instance/client_error.h"
#include "client/instance/client_instance.h"
#include "rocketmq/pull_result.h"

namespace rocketmq::client {

/// One pull, as all kinds of consumers make it.
struct PullRequest {
  MessageQueue queue;  ///< Topic as brokers know it.
  std::string group;
  SubscriptionPtr subscription;
  /// Push consumers leave the expression out: the broker has it from their heartbeats.
  bool with_expression = true;
  bool lite = false;
  int64_t offset = 0;
  int32_t messages_max = 32;
  /// Lets the broker hold the request; zero: it answers at once.
  std::chrono::milliseconds suspend{0};
  std::chrono::milliseconds timeout{10'000};
  /// Below zero: none. Stored by the broker on the way.
  int64_t commit_offset = -1;
  /// The broker that the last answer suggested.
  int64_t broker_id = 0;
};

/// What came of it.
struct PullAnswer {
  PullStatus status = PullStatus::kNoNewMessage;
  int64_t next_offset = 0;
  int64_t min_offset = 0;
  int64_t max_offset = 0;
  int64_t suggested_broker_id = 0;
  std::string remark;  ///< Of the broker, with kOffsetIllegal.
  /// Nothing came, nothing changed, and the broker did not wait either: a slave that has got less
  /// than its reader, for instance. Whoever asks again waits kPullAgainDelay first.
  bool in_vain = false;
  /// Packed: whoever hands them out unpacks them, off the event loop.
  std::vector<MessageExt> messages;
};

inline constexpr std::chrono::milliseconds kPullAgainDelay{100};

using PullCallback = std::function<void(Outcome<PullAnswer>)>;

/// Pulls; the callback comes on the event loop, once, within the request's timeout. Messages whose
/// tag is not wanted are left out; the others carry MIN_OFFSET and MAX_OFFSET.
void pullMessages(ClientInstance& instance, const PullRequest& request, PullCallback callback);

/// The status that a response code stands for; nullopt for a refusal.
std::optional<PullStatus> pullStatusOf(remoting::ResponseCode code);

}  // namespace rocketmq::client

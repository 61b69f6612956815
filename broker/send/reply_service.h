#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "broker/group/client_registry.h"
#include "broker/send/send_service.h"
#include "broker/settings.h"
#include "common/clock.h"
#include "common/message/host_address.h"
#include "common/status.h"
#include "remoting/answer.h"
#include "remoting/protocol/commands/send_message.h"

namespace rocketmq::broker {

/// Brings replies of request-reply exchanges to the client that waits for them (RocketMQ:
/// ReplyMessageProcessor), and stores them as well when storeReplyMessageEnable is set.
///
/// Bound:   replies that their clients have not confirmed yet, 64 MiB of all; what comes then is
///          refused as SYSTEM_BUSY.
/// Threads: any; never blocks.
class ReplyService {
 public:
  using Answer = remoting::Answer<remoting::SendMessageReply>;
  using Done = std::function<void(Answer)>;

  /// Everything is borrowed and must outlive the connections that replies are pushed to.
  struct Parts {
    const LiveSettings& settings;
    const ClientRegistry& clients;
    SendService& sends;
    const Clock& clock;
  };

  /// `advertised_address`: what pushed replies name as store host.
  ReplyService(Parts parts, std::string advertised_address);

  /// A reply as it came from the client that answers.
  struct Reply {
    remoting::SendMessageHeader<std::string> header;
    std::string body;
    HostAddress born_host;
    int32_t client_version = 0;
  };

  /// Pushes the reply and calls `done` once, here or on the waiting client's connection thread.
  void push(Reply reply, Done done) const;

 private:
  static constexpr size_t kUnconfirmedBytesMax = 64u << 20;

  /// False when there is no room for so much.
  bool reserve(size_t bytes) const;
  Answer store(const Reply& reply) const;

  const Parts parts_;
  const std::string advertised_address_;
  mutable std::atomic<size_t> unconfirmed_bytes_{0};
};

}  // namespace rocketmq::broker

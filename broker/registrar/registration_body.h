#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "common/model/config_tables.h"
#include "common/status.h"
#include "remoting/protocol/bodies/register_broker.h"
#include "remoting/protocol/frame.h"

namespace rocketmq::broker {

/// The body of a registration as it is sent.
struct RegistrationBody {
  struct Limits {
    /// A longer one is compressed, whatever the settings say.
    size_t plain_bytes_max = 8u << 20;
    /// Name servers close the connection when a frame is longer; the header needs some of it.
    size_t bytes_max = remoting::kFrameBytesMax - (64u << 10);
    /// Of a compressed one; our name servers refuse what unpacks to more.
    size_t unpacked_bytes_max = remoting::kRegisterBodyBytesMax;
  };

  std::string bytes;
  bool compressed = false;

  /// With the topics as name servers may give them to clients: with no more than `permission`.
  /// `compress`: in any case. The compressed form has no attributes of topics: name servers do not
  /// keep them, and those of 4.9 do not understand a topic that has some. Unsupported: it is too
  /// long even so; the message says how long, and what can be done.
  static Result<RegistrationBody> encode(const model::TopicConfigTable& topics, int32_t permission,
                                         bool compress, const Limits& limits);
};

}  // namespace rocketmq::broker

#pragma once

#include <atomic>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

#include "common/clock.h"
#include "remoting/connection.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::broker {

/// When a heartbeat came last. All memberships that one heartbeat makes or refreshes share it, so
/// that its repetitions refresh them together, wherever they are. Threads: any.
class LastHeard {
 public:
  explicit LastHeard(TimestampMs now_ms) : at_ms_(now_ms) {}
  void set(TimestampMs now_ms) { at_ms_.store(now_ms, std::memory_order_relaxed); }
  TimestampMs atMs() const { return at_ms_.load(std::memory_order_relaxed); }

 private:
  std::atomic<TimestampMs> at_ms_;
};

/// One client as a group knows it (RocketMQ: ClientChannelInfo).
struct ClientInfo {
  remoting::ConnectionPtr connection;
  std::string client_id;
  remoting::Language language = remoting::Language::kJava;
  int32_t version = 0;
  std::shared_ptr<LastHeard> heard = {};  ///< Never null in what the registry gives.

  TimestampMs updatedMs() const { return heard->atMs(); }
};

/// One client of a group. Several clients may share a connection, and a client that reconnects has
/// two for a moment.
struct MemberKey {
  uint64_t connection_id = 0;
  std::string client_id;
  auto operator<=>(const MemberKey&) const = default;
};

/// For lines of a kind about members: who joins and leaves again and again must not fill the disk.
inline constexpr int64_t kMemberLinesPerSecond = 100;

}  // namespace rocketmq::broker

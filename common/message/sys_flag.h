#pragma once

#include <cstdint>

namespace rocketmq::sys_flag {

// Bits of a message's sysFlag (RocketMQ: MessageSysFlag).

inline constexpr int32_t kCompressed = 0x1;
inline constexpr int32_t kMultiTags = 0x2;

inline constexpr int32_t kTransactionMask = 0xC;
inline constexpr int32_t kTransactionNone = 0x0;
inline constexpr int32_t kTransactionPrepared = 0x4;
inline constexpr int32_t kTransactionCommit = 0x8;
inline constexpr int32_t kTransactionRollback = 0xC;

inline constexpr int32_t kBornHostV6 = 0x10;
inline constexpr int32_t kStoreHostV6 = 0x20;

inline constexpr int32_t kCompressionMask = 0x700;
inline constexpr int32_t kCompressionUnnamed = 0x000;  ///< Old clients; means zlib.
inline constexpr int32_t kCompressionLz4 = 0x100;
inline constexpr int32_t kCompressionZstd = 0x200;
inline constexpr int32_t kCompressionZlib = 0x300;

/// One of the kTransaction... values.
constexpr int32_t transactionType(int32_t flag) { return flag & kTransactionMask; }

constexpr int32_t withTransactionType(int32_t flag, int32_t type) {
  return (flag & ~kTransactionMask) | type;
}

}  // namespace rocketmq::sys_flag

namespace rocketmq::pull_sys_flag {

// Bits of a pull request's sysFlag (RocketMQ: PullSysFlag).

inline constexpr int32_t kCommitOffset = 0x1;  ///< commitOffset is valid: store it.
inline constexpr int32_t kSuspend = 0x2;       ///< The broker may hold the pull.
inline constexpr int32_t kSubscription = 0x4;  ///< The subscription text is in this request.
inline constexpr int32_t kClassFilter = 0x8;
inline constexpr int32_t kLitePull = 0x10;

}  // namespace rocketmq::pull_sys_flag

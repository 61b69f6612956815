#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/message/record.h"
#include "common/status.h"
#include "rocketmq/message.h"

namespace rocketmq {

/// The records of one answer, and what their messages have in common.
struct PackedMessages {
  std::string records;
  std::string broker_name;
  // Properties that each message gets; empty: it does not.
  std::string min_offset{};
  std::string max_offset{};
};

/// The only writer of MessageExt's fields: makes the application's message from a stored record.
class MessageExtBuilder {
 public:
  /// A body is at most 4 MiB as stored; what it may grow to is bounded too, so that one small
  /// message cannot take all memory.
  static constexpr size_t kPlainBodyBytesMax = 256u << 20;

  /// A message that has nothing but its offset and size, until unpack(). `record` begins `bytes`,
  /// which lie in `packed_in`.
  static MessageExt packed(const MessageRecord& record, std::string_view bytes,
                           std::shared_ptr<const PackedMessages> packed_in);

  /// Gives the message everything that is in its record, once. The id is the unique one when it has
  /// one, else the broker's. The body is decompressed if need be; sysFlag keeps saying how it was
  /// stored. Corruption when it does not decompress; the body is then as it was stored.
  static Status unpack(MessageExt& message);

  static void setReconsumeTimes(MessageExt& message, int32_t times) {
    message.reconsume_times_ = times;
  }

 private:
  static void fill(MessageExt& message, const MessageRecord& record, const PackedMessages& packed);
  static void fillProperties(MessageExt& message, std::string_view stored,
                             const PackedMessages& packed);
  static Status fillBody(MessageExt& message, std::string_view stored);
};

}  // namespace rocketmq

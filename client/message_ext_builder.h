#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "common/message/record.h"
#include "common/status.h"
#include "rocketmq/message.h"

namespace rocketmq {

/// The only writer of MessageExt's fields: makes the application's message from a stored record.
class MessageExtBuilder {
 public:
  /// A body is at most 4 MiB as stored; what it may grow to is bounded too, so that one small
  /// message cannot take all memory.
  static constexpr size_t kPlainBodyBytesMax = 256u << 20;

  /// Copies everything out of `record` but the body, which lies in `packed_in` with the record; see
  /// unpackBody(). The id is the unique one when the message has one, else the broker's.
  static MessageExt fromRecord(const MessageRecord& record, std::string_view broker_name,
                               std::shared_ptr<const std::string> packed_in);

  /// Gives the message its body, once, decompressed if need be; sysFlag keeps saying how it was
  /// stored. Corruption when it does not decompress; the body is then as it was stored.
  static Status unpackBody(MessageExt& message);

  static void setReconsumeTimes(MessageExt& message, int32_t times) {
    message.reconsume_times_ = times;
  }
  static void setBrokerName(MessageExt& message, std::string_view broker_name) {
    message.broker_name_ = broker_name;
  }
};

}  // namespace rocketmq

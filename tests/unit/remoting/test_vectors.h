#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/bytes.h"
#include "common/status.h"
#include "remoting/protocol/command.h"
#include "remoting/protocol/frame.h"
#include "tests/unit/common/hex.h"

namespace rocketmq::remoting {

// Frames that Java peers accept or wrote, as hex.

/// GET_ROUTEINFO_BY_TOPIC of topic TopicTest in JSON, as a Java client sends it.
inline constexpr std::string_view kRouteRequestJson =
    "00000087000000837b22636f6465223a"
    "3130352c226578744669656c6473223a"
    "7b22746f706963223a22546f70696354"
    "657374227d2c22666c6167223a302c22"
    "6c616e6775616765223a224a41564122"
    "2c226f7061717565223a312c22736572"
    "69616c697a655479706543757272656e"
    "74525043223a224a534f4e222c227665"
    "7273696f6e223a3430397d";

/// QUERY_CONSUMER_OFFSET of group CG, topic TopicTest, queue 0 of broker-a, in the ROCKETMQ codec.
inline constexpr std::string_view kQueryOffsetRequestBinary =
    "000000630100005f000e000199000000"
    "0200000000000000000000004a000d63"
    "6f6e73756d657247726f757000000002"
    "43470005746f70696300000009546f70"
    "69635465737400077175657565496400"
    "000001300005626e616d650000000862"
    "726f6b65722d61";

/// Its answer: offset 42.
inline constexpr std::string_view kOffsetReplyBinary =
    "00000027010000230000000199000000"
    "0200000001000000000000000e00066f"
    "6666736574000000023432";

/// The answer to a GET_MAX_OFFSET with opaque 7, captured from a Java 4.9.8 broker.
inline constexpr std::string_view kMaxOffsetReplyJson =
    "0000007f0000007b7b22636f6465223a"
    "302c226578744669656c6473223a7b22"
    "6f6666736574223a223132227d2c2266"
    "6c6167223a312c226c616e6775616765"
    "223a224a415641222c226f7061717565"
    "223a372c2273657269616c697a655479"
    "706543757272656e74525043223a224a"
    "534f4e222c2276657273696f6e223a34"
    "30397d";

using test::fromHex;

/// A frame around any header and body.
inline std::string makeFrame(SerializeType type, std::string_view header,
                             std::string_view body = {}) {
  std::string frame;
  ByteWriter writer(frame);
  writer.write(static_cast<int32_t>(4 + header.size() + body.size()));
  writer.write(static_cast<uint32_t>(type) << 24 | static_cast<uint32_t>(header.size()));
  writer.writeBytes(header);
  writer.writeBytes(body);
  return frame;
}

/// The same with a JSON header.
inline std::string jsonFrame(std::string_view header, std::string_view body = {}) {
  return makeFrame(SerializeType::kJson, header, body);
}

/// A decoded frame with its bytes, which are a heap block of exactly their size, so that a
/// sanitizer sees the first byte that is read past the end.
class DecodedFrame {
 public:
  explicit DecodedFrame(std::string_view frame)
      : bytes_(std::make_unique<char[]>(frame.size())), size_(frame.size()) {
    std::ranges::copy(frame, bytes_.get());
    status_ = decodeFrame(bytes_.get(), size_, view_);
  }

  const Status& status() const { return status_; }
  bool isOk() const { return status_.isOk(); }
  bool isCorrupt() const { return status_.code() == StatusCode::kCorruption; }
  const CommandView& operator*() const { return view_; }
  const CommandView* operator->() const { return &view_; }

  /// The field's text, "(absent)" when there is none.
  std::string_view field(std::string_view name) const {
    const std::string_view* text = view_.ext_fields.find(name);
    return text == nullptr ? "(absent)" : *text;
  }

  /// True when `text` lies inside the frame's bytes.
  bool contains(std::string_view text) const {
    return text.empty() ||
           (text.data() >= bytes_.get() && text.data() + text.size() <= bytes_.get() + size_);
  }

 private:
  std::unique_ptr<char[]> bytes_;
  size_t size_;
  CommandView view_;
  Status status_;
};

}  // namespace rocketmq::remoting

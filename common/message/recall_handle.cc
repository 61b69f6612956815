#include "common/message/recall_handle.h"

#include <algorithm>
#include <array>

#include "common/base64.h"
#include "common/number.h"

namespace rocketmq {

namespace {

constexpr std::string_view kVersion = "v1";

Status notAHandle(std::string_view why) {
  return Status::invalidArgument("recall handle is invalid: " + std::string(why) +
                                 "; pass the recallHandle of the send's answer as it came");
}

/// Splits at single spaces. False unless there are exactly as many parts as `parts` has, none of
/// them empty.
template <size_t kParts>
bool split(std::string_view text, std::array<std::string_view, kParts>& parts) {
  for (size_t i = 0; i < kParts; ++i) {
    const size_t end = i + 1 < kParts ? text.find(' ') : text.size();
    if (end == std::string_view::npos || end == 0) {
      return false;
    }
    parts[i] = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts.back().find(' ') == std::string_view::npos;
}

}  // namespace

std::string RecallHandle::encode() const {
  return base64Url(std::string(kVersion) + " " + topic + " " + broker_name + " " +
                   std::to_string(deliver_ms) + " " + unique_key);
}

Result<RecallHandle> RecallHandle::parse(std::string_view text) {
  const Result<std::string> plain = decodeBase64Url(text);
  if (!plain.ok()) {
    return notAHandle(plain.status().message());
  }
  // The key becomes a property of the recall, which control characters would cut in two.
  if (std::ranges::any_of(*plain, [](unsigned char c) { return c < 0x20 || c == 0x7F; })) {
    return notAHandle("it has control characters");
  }
  std::array<std::string_view, 5> parts;
  if (!split(*plain, parts) || parts[0] != kVersion) {
    return notAHandle("it does not say v1, topic, broker, time and key");
  }
  RecallHandle handle{.topic = std::string(parts[1]),
                      .broker_name = std::string(parts[2]),
                      .unique_key = std::string(parts[4])};
  const auto deliver_ms = parseNumber<int64_t>(parts[3]);
  if (!deliver_ms) {
    return notAHandle("its time is no number");
  }
  handle.deliver_ms = *deliver_ms;
  return handle;
}

}  // namespace rocketmq

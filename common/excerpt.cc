#include "common/excerpt.h"

#include <spdlog/fmt/fmt.h>

#include <iterator>

namespace rocketmq {
namespace {

/// The front of `text`, without a part of a UTF-8 character at its end.
std::string_view frontOf(std::string_view text, size_t bytes_max) {
  constexpr unsigned kContinuationMask = 0xc0;
  constexpr unsigned kContinuation = 0x80;
  size_t end = bytes_max;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & kContinuationMask) == kContinuation) {
    --end;
  }
  return text.substr(0, end);
}

}  // namespace

std::string excerpt(std::string_view text, size_t bytes_max) {
  const bool is_cut = text.size() > bytes_max;
  std::string result;
  for (const char byte : is_cut ? frontOf(text, bytes_max) : text) {
    if (isControlCharacter(byte)) {
      fmt::format_to(std::back_inserter(result), "\\x{:02x}", static_cast<unsigned char>(byte));
    } else {
      result += byte;
    }
  }
  return is_cut ? result + "..." : result;
}

}  // namespace rocketmq

#include "common/hash.h"

#include <libdeflate.h>

#include "common/utf8.h"

namespace rocketmq {

int32_t javaStringHash(std::string_view utf8_text) {
  uint32_t hash = 0;
  while (!utf8_text.empty()) {
    const auto first = static_cast<unsigned char>(utf8_text.front());
    if (first < 0x80) {
      hash = 31 * hash + first;
      utf8_text.remove_prefix(1);
      continue;
    }
    const utf8::CodePoint point = utf8::next(utf8_text);
    utf8_text.remove_prefix(point.bytes);
    if (point.value < utf8::kFirstAboveOneUnit) {
      hash = 31 * hash + point.value;
    } else {
      hash = 31 * hash + utf8::highSurrogate(point.value);
      hash = 31 * hash + utf8::lowSurrogate(point.value);
    }
  }
  return static_cast<int32_t>(hash);
}

uint32_t crc32(std::string_view bytes) {
  // Several times as fast as zlib's for the body of a message.
  return ::libdeflate_crc32(0, bytes.data(), bytes.size());
}

}  // namespace rocketmq

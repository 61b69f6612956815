#include <string>

#include "common/check.h"
#include "common/compress.h"
#include "tests/fuzz/fuzz_target.h"

// A compressed body: a byte for the type, then the bytes.

namespace rocketmq {

ROCKETMQ_FUZZ_TARGET(compressed, input) {
  constexpr size_t kPlainBytesMax = 1u << 20;
  fuzz::Input parts(input);
  const auto type = static_cast<CompressionType>(parts.byte() % 3);
  const std::string_view bytes = parts.rest();
  const Result<std::string> plain = decompress(type, bytes, kPlainBytesMax);
  ROCKETMQ_CHECK(!plain.ok() || plain->size() <= kPlainBytesMax);

  const Result<std::string> packed = compress(type, bytes);
  ROCKETMQ_CHECK(packed.ok());
  const Result<std::string> unpacked = decompress(type, *packed, bytes.size());
  ROCKETMQ_CHECK(unpacked.ok() && *unpacked == bytes);
}

}  // namespace rocketmq

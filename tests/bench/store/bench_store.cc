#include "tests/bench/store/bench_store.h"

#include <string>

namespace rocketmq::bench {

MessageRecord sampleMessage() {
  constexpr size_t kBodyBytes = 1024;
  static const std::string body(kBodyBytes, 'b');
  MessageRecord message;
  message.topic = "Bench";
  message.body = body;
  message.born_timestamp_ms = 1'700'000'000'000;
  return message;
}

size_t recordBytes() {
  static const size_t bytes = encodedSize(sampleMessage());
  return bytes;
}

}  // namespace rocketmq::bench

#include <iterator>

#include "rocketmq/default_mq_producer.h"

namespace rocketmq {
namespace {

// Size word, magic, CRC, flag, body length and properties length of one element.
constexpr size_t kElementBytes = 22;
// The producer adds a unique id to each message: "UNIQ_KEY", 32 digits (56 on IPv6), 2 separators.
constexpr size_t kUniqueKeyBytes = 8 + 56 + 2;

size_t encodedBytes(const Message& message) {
  size_t bytes = kElementBytes + message.body().size();
  for (const auto& [name, value] : message.properties()) {
    bytes += name.size() + value.size() + 2;
  }
  return message.uniqueKey().empty() ? bytes + kUniqueKeyBytes : bytes;
}

}  // namespace

MessageBatchSplitter::MessageBatchSplitter(std::vector<Message> messages, size_t batch_bytes_max)
    : messages_(std::move(messages)), batch_bytes_max_(batch_bytes_max) {}

std::vector<Message> MessageBatchSplitter::next() {
  std::vector<Message> batch;
  size_t bytes = 0;
  while (hasNext()) {
    const size_t more = encodedBytes(messages_[position_]);
    if (!batch.empty() && bytes + more > batch_bytes_max_) {
      break;
    }
    bytes += more;
    batch.push_back(std::move(messages_[position_++]));
  }
  return batch;
}

}  // namespace rocketmq

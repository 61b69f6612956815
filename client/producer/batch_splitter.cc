#include <iterator>

#include "rocketmq/default_mq_producer.h"

namespace rocketmq {
namespace {

// Size word, magic, CRC, flag, body length and properties length of one element.
constexpr size_t kElementBytes = 22;
// The producer adds to each message what it lacks: "UNIQ_KEY" with 32 digits (56 on IPv6) and
// "WAIT" with "true", each with two separators.
constexpr size_t kUniqueKeyBytes = 8 + 56 + 2;
constexpr size_t kWaitBytes = 4 + 4 + 2;
// "INSTANCE_ID" and its separators.
constexpr size_t kInstanceIdBytes = 11 + 2;

size_t encodedBytes(const Message& message, const std::string& name_space) {
  size_t bytes = kElementBytes + message.body().size();
  for (const auto& [name, value] : message.properties()) {
    bytes += name.size() + value.size() + 2;
  }
  bytes += message.uniqueKey().empty() ? kUniqueKeyBytes : 0;
  bytes += message.property("WAIT").empty() ? kWaitBytes : 0;
  if (!name_space.empty()) {
    bytes += kInstanceIdBytes + name_space.size();
  }
  return bytes;
}

}  // namespace

MessageBatchSplitter::MessageBatchSplitter(std::vector<Message> messages, size_t batch_bytes_max,
                                           std::string name_space)
    : messages_(std::move(messages)),
      batch_bytes_max_(batch_bytes_max),
      name_space_(std::move(name_space)) {}

std::vector<Message> MessageBatchSplitter::next() {
  std::vector<Message> batch;
  size_t bytes = 0;
  while (hasNext()) {
    const size_t more = encodedBytes(messages_[position_], name_space_);
    if (!batch.empty() && bytes + more > batch_bytes_max_) {
      break;
    }
    bytes += more;
    batch.push_back(std::move(messages_[position_++]));
  }
  return batch;
}

}  // namespace rocketmq

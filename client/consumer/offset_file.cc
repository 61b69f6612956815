#include "client/consumer/offset_store.h"
#include "client/consumer/queue_convert.h"
#include "common/json/decode.h"
#include "common/json/encode.h"

namespace rocketmq::client {
namespace {

/// offsets.json (RocketMQ: OffsetSerializeWrapper).
struct OffsetFile {
  std::map<model::MessageQueue, int64_t> offset_table;

  static constexpr auto fields() {
    return std::tuple{optional("offsetTable", &OffsetFile::offset_table)};
  }
};

}  // namespace

std::string formatOffsetFile(const std::map<MessageQueue, int64_t>& offsets) {
  OffsetFile file;
  for (const auto& [queue, offset] : offsets) {
    file.offset_table.emplace(toModel(queue), offset);
  }
  return json::encode(file, json::Style::kPretty);
}

Result<std::map<MessageQueue, int64_t>> parseOffsetFile(std::string_view text) {
  ROCKETMQ_ASSIGN_OR_RETURN(const OffsetFile file, json::decode<OffsetFile>(text));
  std::map<MessageQueue, int64_t> offsets;
  for (const auto& [queue, offset] : file.offset_table) {
    offsets.emplace(fromModel(queue), offset);
  }
  return offsets;
}

}  // namespace rocketmq::client

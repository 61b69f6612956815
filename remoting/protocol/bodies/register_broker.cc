#include "remoting/protocol/bodies/register_broker.h"

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "common/compress.h"
#include "common/json/decode.h"
#include "common/json/encode.h"
#include "common/json/enum_names.h"
#include "common/number.h"
#include "remoting/protocol/codes.h"

namespace rocketmq::remoting {
namespace {

constexpr int kCompressionLevel = 9;

void writeSized(ByteWriter& writer, std::string_view text) {
  writer.write(static_cast<int32_t>(text.size()));
  writer.writeBytes(text);
}

std::string_view readSized(ByteReader& reader) {
  const auto size = reader.read<int32_t>();
  return reader.readBytes(size);
}

/// "name readQueues writeQueues perm filterType", from 5.x also " {attributes}".
std::string topicLine(const model::TopicConfig& topic) {
  std::string line = topic.topic_name;
  for (const int32_t number : {topic.read_queue_nums, topic.write_queue_nums, topic.perm}) {
    line += ' ';
    line += std::to_string(number);
  }
  line += ' ';
  line += json::nameOf(topic.topic_filter_type);
  if (topic.attributes && !topic.attributes->empty()) {
    line += ' ';
    json::encodeTo(line, *topic.attributes);
  }
  return line;
}

/// The text before the next blank, which is taken away from `line`.
std::string_view takeWord(std::string_view& line) {
  const size_t blank = line.find(' ');
  const std::string_view word = line.substr(0, blank);
  line.remove_prefix(blank == std::string_view::npos ? line.size() : blank + 1);
  return word;
}

bool takeNumber(std::string_view& line, int32_t& out) {
  const auto number = parseNumber<int32_t>(takeWord(line));
  out = number.value_or(out);
  return number.has_value();
}

Result<model::TopicConfig> parseTopicLine(std::string_view line) {
  const std::string_view whole = line;
  model::TopicConfig topic;
  topic.topic_name = takeWord(line);
  if (topic.topic_name.empty() || !takeNumber(line, topic.read_queue_nums) ||
      !takeNumber(line, topic.write_queue_nums) || !takeNumber(line, topic.perm)) {
    return Status::corruption("a topic of a registration does not parse: " + std::string(whole));
  }
  const auto type = json::enumFromName<model::TopicFilterType>(takeWord(line));
  topic.topic_filter_type = type.value_or(model::TopicFilterType::kSingleTag);
  if (!line.empty()) {
    using Attributes = std::map<std::string, std::string>;
    ROCKETMQ_ASSIGN_OR_RETURN(topic.attributes, json::decode<Attributes>(line));
  }
  return topic;
}

Result<RegisterBrokerBody> decodeBinary(std::string_view plain) {
  ByteReader reader(plain);
  RegisterBrokerBody body;
  model::TopicConfigTable& table = body.topic_config_serialize_wrapper;
  const std::string_view version = readSized(reader);
  if (reader.failed()) {
    return Status::corruption("a compressed registration is cut short");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(table.data_version, json::decode<model::DataVersion>(version));

  const auto topics = reader.read<int32_t>();
  for (int32_t i = 0; i < topics && !reader.failed(); ++i) {
    const std::string_view line = readSized(reader);
    if (reader.failed()) {
      break;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(model::TopicConfig topic, parseTopicLine(line));
    std::string name = topic.topic_name;
    table.topic_config_table.insert_or_assign(std::move(name), std::move(topic));
  }
  const std::string_view filters = readSized(reader);
  if (reader.failed()) {
    return Status::corruption("a compressed registration is cut short");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(body.filter_server_list,
                            json::decode<std::vector<std::string>>(filters));
  return body;
}

}  // namespace

std::string unpackedRegisterBrokerBody(const RegisterBrokerBody& body, int32_t version) {
  const model::TopicConfigTable& table = body.topic_config_serialize_wrapper;
  std::string plain;
  ByteWriter writer(plain);
  writeSized(writer, json::encode(table.data_version));
  writer.write(static_cast<int32_t>(table.topic_config_table.size()));
  for (const auto& [name, topic] : table.topic_config_table) {
    writeSized(writer, topicLine(topic));
  }
  writeSized(writer, json::encode(body.filter_server_list));
  if (version >= kVersion5_0_0) {
    writer.write(int32_t{0});
  }
  return plain;
}

Result<std::string> packRegisterBrokerBody(std::string_view unpacked) {
  return compress(CompressionType::kZlib, unpacked, kCompressionLevel);
}

Result<std::string> encodeRegisterBrokerBody(const RegisterBrokerBody& body, bool compressed,
                                             int32_t version) {
  if (!compressed) {
    return json::encode(body);
  }
  return packRegisterBrokerBody(unpackedRegisterBrokerBody(body, version));
}

Result<RegisterBrokerBody> decodeRegisterBrokerBody(std::string_view bytes, bool compressed,
                                                    int32_t version) {
  if (version < kVersion3_0_11) {
    ROCKETMQ_ASSIGN_OR_RETURN(model::TopicConfigTable table,
                              json::decode<model::TopicConfigTable>(bytes));
    return RegisterBrokerBody{.filter_server_list = {},
                              .topic_config_serialize_wrapper = std::move(table)};
  }
  if (!compressed) {
    return json::decode<RegisterBrokerBody>(bytes);
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const std::string plain,
                            decompress(CompressionType::kZlib, bytes, kRegisterBodyBytesMax));
  return decodeBinary(plain);
}

}  // namespace rocketmq::remoting

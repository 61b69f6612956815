#include "tests/support/raw_client.h"

#include <arpa/inet.h>
#include <poll.h>
#include <rapidjson/document.h>
#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "common/check.h"

namespace rocketmq::test {
namespace {

constexpr int kWaitMs = 10'000;

uint32_t bigEndian32(const char* at) {
  uint32_t value = 0;
  std::memcpy(&value, at, sizeof(value));
  return ntohl(value);
}

int64_t bigEndian64(const char* at) {
  return static_cast<int64_t>((static_cast<uint64_t>(bigEndian32(at)) << 32) | bigEndian32(at + 4));
}

std::string word(uint32_t value) {
  const uint32_t swapped = htonl(value);
  return {reinterpret_cast<const char*>(&swapped), sizeof(swapped)};
}

std::string textOf(const rapidjson::Value& value) {
  if (value.IsString()) {
    return {value.GetString(), value.GetStringLength()};
  }
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  value.Accept(writer);
  return buffer.GetString();
}

int intOf(const rapidjson::Document& header, const char* name) {
  const auto member = header.FindMember(name);
  return member != header.MemberEnd() && member->value.IsInt() ? member->value.GetInt() : 0;
}

std::string stringOf(const rapidjson::Document& header, const char* name) {
  const auto member = header.FindMember(name);
  return member != header.MemberEnd() && member->value.IsString() ? member->value.GetString() : "";
}

void parseHeader(const std::string& text, RawClient::Frame& frame) {
  rapidjson::Document header;
  header.Parse(text.data(), text.size());
  ROCKETMQ_CHECK(!header.HasParseError() && header.IsObject());
  frame.header_text = text;
  frame.code = intOf(header, "code");
  frame.opaque = intOf(header, "opaque");
  frame.flag = intOf(header, "flag");
  frame.version = intOf(header, "version");
  frame.language = stringOf(header, "language");
  frame.remark = stringOf(header, "remark");
  const auto ext = header.FindMember("extFields");
  if (ext != header.MemberEnd() && ext->value.IsObject()) {
    for (const auto& entry : ext->value.GetObject()) {
      frame.ext_all_strings = frame.ext_all_strings && entry.value.IsString();
      frame.ext[entry.name.GetString()] = textOf(entry.value);
    }
  }
}

void parseBinaryHeader(std::string_view header, RawClient::Frame& frame) {
  ROCKETMQ_CHECK(header.size() >= 21);
  frame.code = static_cast<int16_t>(bigEndian32(header.data()) >> 16);
  frame.version = static_cast<int16_t>(bigEndian32(header.data() + 3) >> 16);
  frame.opaque = static_cast<int>(bigEndian32(header.data() + 5));
  frame.flag = static_cast<int>(bigEndian32(header.data() + 9));
  const uint32_t remark_size = bigEndian32(header.data() + 13);
  frame.remark = header.substr(17, remark_size);
  std::string_view entries = header.substr(17 + remark_size + 4);
  ROCKETMQ_CHECK(entries.size() == bigEndian32(header.data() + 17 + remark_size));
  const auto take = [&entries](size_t size) {
    const std::string_view taken = entries.substr(0, size);
    entries.remove_prefix(size);
    return std::string(taken);
  };
  while (!entries.empty()) {
    const size_t name_size = bigEndian32(entries.data()) >> 16;
    take(2);
    const std::string name = take(name_size);
    const size_t value_size = bigEndian32(entries.data());
    take(4);
    frame.ext[name] = take(value_size);
  }
}

}  // namespace

RawClient::RawClient(uint16_t port) : socket_(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ROCKETMQ_CHECK(connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
}

RawClient::~RawClient() { close(socket_); }

void RawClient::write(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (written <= 0) {
      return;  // The server has closed; reading will show it.
    }
    bytes.remove_prefix(static_cast<size_t>(written));
  }
}

void RawClient::requestHeader(std::string_view header, std::string_view body, int serialize_type) {
  std::string frame = word(static_cast<uint32_t>(4 + header.size() + body.size()));
  frame +=
      word((static_cast<uint32_t>(serialize_type) << 24) | static_cast<uint32_t>(header.size()));
  frame += header;
  frame += body;
  write(frame);
}

int RawClient::request(int code, const std::string& fields, std::string_view body,
                       const std::string& language, int version, int flag) {
  const int opaque = next_opaque_++;
  std::string header = "{\"code\":" + std::to_string(code);
  if (!fields.empty()) {
    header += ",\"extFields\":" + fields;
  }
  header += ",\"flag\":" + std::to_string(flag) + ",\"language\":\"" + language +
            "\",\"opaque\":" + std::to_string(opaque) + ",\"version\":" + std::to_string(version) +
            "}";
  requestHeader(header, body);
  return opaque;
}

bool RawClient::readable(int timeout_ms) const {
  pollfd waited{.fd = socket_, .events = POLLIN, .revents = 0};
  return poll(&waited, 1, timeout_ms) == 1;
}

bool RawClient::readExactly(char* out, size_t size) const {
  while (size > 0) {
    if (!readable(kWaitMs)) {
      return false;
    }
    const ssize_t got = recv(socket_, out, size, 0);
    if (got <= 0) {
      return false;
    }
    out += got;
    size -= static_cast<size_t>(got);
  }
  return true;
}

std::optional<RawClient::Frame> RawClient::readFrame() {
  char prefix[8];
  if (!readExactly(prefix, sizeof(prefix))) {
    return std::nullopt;
  }
  const uint32_t total = bigEndian32(prefix);
  const uint32_t header_word = bigEndian32(prefix + 4);
  const uint32_t header_size = header_word & 0xFFFFFF;
  std::string rest(total - 4, '\0');
  if (!readExactly(rest.data(), rest.size())) {
    return std::nullopt;
  }
  Frame frame;
  frame.serialize_type = static_cast<int>(header_word >> 24);
  frame.body = rest.substr(header_size);
  if (frame.serialize_type == 0) {
    parseHeader(rest.substr(0, header_size), frame);
  } else {
    parseBinaryHeader(rest.substr(0, header_size), frame);
  }
  arrived_.push_back(frame);
  return frame;
}

std::optional<RawClient::Frame> RawClient::answer(int opaque) {
  while (true) {
    std::optional<Frame> frame = readFrame();
    if (!frame || (frame->isResponse() && frame->opaque == opaque)) {
      return frame;
    }
    waiting_.push_back(std::move(*frame));
  }
}

RawClient::Frame RawClient::call(int code, const std::string& fields, std::string_view body,
                                 const std::string& language, int version) {
  const std::optional<Frame> frame = answer(request(code, fields, body, language, version));
  ROCKETMQ_CHECK(frame.has_value());
  return *frame;
}

std::optional<RawClient::Frame> RawClient::takeRequest() {
  const auto kept = std::find_if(waiting_.begin(), waiting_.end(),
                                 [](const Frame& frame) { return !frame.isResponse(); });
  if (kept != waiting_.end()) {
    Frame frame = std::move(*kept);
    waiting_.erase(kept);
    return frame;
  }
  while (true) {
    std::optional<Frame> frame = readFrame();
    if (!frame || !frame->isResponse()) {
      return frame;
    }
    waiting_.push_back(std::move(*frame));
  }
}

bool RawClient::closedByServer() {
  char byte = 0;
  while (readable(kWaitMs)) {
    if (recv(socket_, &byte, 1, 0) <= 0) {
      return true;
    }
  }
  return false;
}

std::vector<RawMessage> decodeMessages(std::string_view body) {
  std::vector<RawMessage> messages;
  while (!body.empty()) {
    const char* at = body.data();
    const uint32_t total = bigEndian32(at);
    ROCKETMQ_CHECK(total <= body.size());
    RawMessage message;
    message.magic = bigEndian32(at + 4);
    message.queue_id = static_cast<int32_t>(bigEndian32(at + 12));
    message.queue_offset = bigEndian64(at + 20);
    message.physical_offset = bigEndian64(at + 28);
    message.sys_flag = static_cast<int32_t>(bigEndian32(at + 36));
    message.born_timestamp = bigEndian64(at + 40);
    ROCKETMQ_CHECK((message.sys_flag & 0x30) == 0);  // IPv4 hosts: fixed offsets.
    message.reconsume_times = static_cast<int32_t>(bigEndian32(at + 72));
    const uint32_t body_size = bigEndian32(at + 84);
    message.body.assign(at + 88, body_size);
    at += 88 + body_size;
    const auto topic_size = static_cast<uint8_t>(*at);
    message.topic.assign(at + 1, topic_size);
    at += 1 + topic_size;
    const auto properties_size =
        static_cast<size_t>((static_cast<uint8_t>(at[0]) << 8) | static_cast<uint8_t>(at[1]));
    std::string_view properties(at + 2, properties_size);
    while (!properties.empty()) {
      const std::string_view entry = properties.substr(0, properties.find('\x02'));
      const size_t split = entry.find('\x01');
      if (split != std::string_view::npos) {
        message.properties[std::string(entry.substr(0, split))] = entry.substr(split + 1);
      }
      properties.remove_prefix(std::min(properties.size(), entry.size() + 1));
    }
    messages.push_back(std::move(message));
    body.remove_prefix(total);
  }
  return messages;
}

std::string propertyString(const std::map<std::string, std::string>& properties) {
  std::string text;
  for (const auto& [name, value] : properties) {
    text += name + '\x01' + value + '\x02';
  }
  return text;
}

std::string jsonEscape(std::string_view text) {
  rapidjson::StringBuffer buffer;
  rapidjson::Writer<rapidjson::StringBuffer> writer(buffer);
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
  const std::string quoted = buffer.GetString();
  return quoted.substr(1, quoted.size() - 2);
}

}  // namespace rocketmq::test

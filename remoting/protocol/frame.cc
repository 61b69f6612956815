#include "remoting/protocol/frame.h"

#include <algorithm>
#include <charconv>
#include <concepts>
#include <cstring>
#include <limits>
#include <utility>

#include "common/bytes.h"
#include "remoting/protocol/header_binary.h"
#include "remoting/protocol/header_json.h"

namespace rocketmq::remoting {
namespace {

constexpr size_t kLengthWordBytes = 4;
/// Of all that the length word can say; a header fits beside it.
constexpr size_t kBodyBytesMax = (size_t{1} << 31) - kHeaderBytesMax - kFramePrefixBytes;
/// The header length shares its word with the serialize type and has 24 bits.
constexpr size_t kHeaderLengthMask = kHeaderBytesMax;
/// Room that a head takes at a time, so that a usual one does it once.
constexpr size_t kRoomStepBytes = 512;
/// The digits and the sign of an int64.
constexpr size_t kNumberBytesMax = 20;
/// More than the keys and numbers of a JSON header's fixed part have, and the names of languages.
constexpr size_t kJsonFixedBytesMax = 256;

template <size_t size>
char* putText(char* to, const char (&text)[size]) {
  std::memcpy(to, text, size - 1);
  return to + size - 1;
}

char* putText(char* to, std::string_view text) { return to + text.copy(to, text.size()); }

char* putNumber(char* to, int64_t number) {
  return std::to_chars(to, to + kNumberBytesMax, number).ptr;
}

template <std::integral T>
char* putBinary(char* to, T value) {
  storeBigEndian(to, value);
  return to + sizeof(value);
}

void resetKeepingCapacity(CommandView& view) {
  ExtFields fields = std::move(view.ext_fields);
  fields.clear();
  view = {};
  view.ext_fields = std::move(fields);
}

}  // namespace

Result<std::optional<size_t>> peekFrameSize(std::string_view bytes, size_t frame_bytes_max) {
  if (bytes.size() < kLengthWordBytes) {
    return std::optional<size_t>();
  }
  const auto total = loadBigEndian<int32_t>(bytes.data());
  constexpr size_t kTotalMin = kFramePrefixBytes - kLengthWordBytes;
  if (total < 0 || static_cast<size_t>(total) < kTotalMin ||
      static_cast<size_t>(total) > frame_bytes_max) {
    return Status::corruption("frame length " + std::to_string(total) + " is not between " +
                              std::to_string(kTotalMin) + " and " +
                              std::to_string(frame_bytes_max));
  }
  return std::optional<size_t>(kLengthWordBytes + static_cast<size_t>(total));
}

Status decodeFrame(char* frame, size_t size, CommandView& out, size_t header_bytes_max) {
  resetKeepingCapacity(out);
  ByteReader prefix(frame, size);
  const auto total = prefix.read<int32_t>();
  const auto header_word = prefix.read<uint32_t>();
  const size_t header_bytes = header_word & kHeaderLengthMask;
  if (prefix.failed() || total < 0 || static_cast<size_t>(total) + kLengthWordBytes != size ||
      header_bytes > prefix.remaining()) {
    return Status::corruption("frame of " + std::to_string(size) +
                              " bytes does not fit its lengths");
  }
  if (header_bytes > header_bytes_max) {
    return Status::corruption("header of " + std::to_string(header_bytes) +
                              " bytes is longer than " + std::to_string(header_bytes_max));
  }
  const uint32_t type = header_word >> 24;
  char* const header = frame + kFramePrefixBytes;
  out.body = {header + header_bytes, prefix.remaining() - header_bytes};
  switch (type) {
    case static_cast<uint32_t>(SerializeType::kJson):
      out.serialize_type = SerializeType::kJson;
      return decodeJsonHeader(header, header_bytes, out);
    case static_cast<uint32_t>(SerializeType::kBinary):
      out.serialize_type = SerializeType::kBinary;
      return decodeBinaryHeader({header, header_bytes}, out);
    default:
      return Status::corruption("unknown serialize type " + std::to_string(type));
  }
}

HeaderWriter::HeaderWriter(std::string& out, const CommandHead& head)
    : out_(out), head_(head), frame_start_(out.size()), size_(frame_start_ + kFramePrefixBytes) {
  if (head_.serialize_type == SerializeType::kBinary) {
    writeBinaryHead();
    return;
  }
  char* to = room(kJsonFixedBytesMax);
  to = putText(to, "{\"code\":");
  written(putNumber(to, head_.code));
}

void HeaderWriter::makeRoom(size_t bytes) { out_.resize(size_ + std::max(bytes, kRoomStepBytes)); }

void HeaderWriter::writeBinaryHead() {
  constexpr size_t kFixedBytes = 2 + 1 + 2 + 4 + 4 + 4 + 4;
  char* to = room(kFixedBytes + head_.remark.size());
  // RocketMQ parity: codes and versions beyond 16 bits are cut off; they need JSON.
  to = putBinary(to, static_cast<int16_t>(head_.code));
  to = putBinary(to, static_cast<uint8_t>(head_.language));
  to = putBinary(to, static_cast<int16_t>(head_.version));
  to = putBinary(to, head_.opaque);
  to = putBinary(to, head_.flag);
  to = putBinary(to, static_cast<int32_t>(head_.remark.size()));
  to = putText(to, head_.remark);
  written(to);
  ext_start_ = size_;
  written(putBinary(to, int32_t{0}));
}

void HeaderWriter::add(std::string_view name, std::string_view value) {
  if (kept_ != nullptr) {
    kept_->emplace_back(name, value);
  }
  if (head_.serialize_type == SerializeType::kBinary) {
    addBinary(name, value);
  } else {
    addJson(name, value);
  }
}

void HeaderWriter::addNumber(std::string_view name, int64_t value) {
  if (kept_ != nullptr) {
    char text[kNumberBytesMax];
    add(name, {text, static_cast<size_t>(putNumber(text, value) - text)});
  } else if (head_.serialize_type == SerializeType::kBinary) {
    char* to = room(sizeof(int16_t) + name.size() + sizeof(int32_t) + kNumberBytesMax);
    to = putBinary(to, static_cast<int16_t>(name.size()));
    to = putText(to, name);
    char* const digits = to + sizeof(int32_t);
    char* const end = putNumber(digits, value);
    putBinary(to, static_cast<int32_t>(end - digits));
    written(end);
  } else {
    char* to = putJsonSeparator(room(kJsonFixedBytesMax + name.size()));
    *to++ = '"';
    to = putText(to, name);
    to = putText(to, "\":\"");
    to = putNumber(to, value);
    *to++ = '"';
    written(to);
  }
}

void HeaderWriter::addBinary(std::string_view name, std::string_view value) {
  // A name that a relayed request brought along may be too long for this codec, whose peers could
  // not have sent it.
  if (name.size() > static_cast<size_t>(std::numeric_limits<int16_t>::max())) {
    return;
  }
  char* to = room(sizeof(int16_t) + name.size() + sizeof(int32_t) + value.size());
  to = putBinary(to, static_cast<int16_t>(name.size()));
  to = putText(to, name);
  to = putBinary(to, static_cast<int32_t>(value.size()));
  written(putText(to, value));
}

char* HeaderWriter::putJsonSeparator(char* to) {
  return fields_++ == 0 ? putText(to, ",\"extFields\":{") : putText(to, ",");
}

void HeaderWriter::addJson(std::string_view name, std::string_view value) {
  char* const to_name = putJsonSeparator(room(kJsonFixedBytesMax + name.size() + value.size()));
  written(to_name);
  if (char* after_name = JsonString::writePlain(name, to_name); after_name != nullptr) {
    *after_name++ = ':';
    if (const char* end = JsonString::writePlain(value, after_name); end != nullptr) {
      written(end);
      return;
    }
  }
  const JsonString key(name);
  const JsonString text(value);
  char* to = room(key.room() + 1 + text.room());
  to = key.write(to);
  *to++ = ':';
  written(text.write(to));
}

/// The keys in the order in which Java writes them, for peers that compare texts.
void HeaderWriter::writeJsonTail() {
  const JsonString remark(head_.remark);
  char* to = room(kJsonFixedBytesMax + remark.room());
  if (fields_ > 0) {
    *to++ = '}';
  }
  to = putText(to, ",\"flag\":");
  to = putNumber(to, head_.flag);
  to = putText(to, ",\"language\":\"");
  to = putText(to, toString(head_.language));
  to = putText(to, "\",\"opaque\":");
  to = putNumber(to, head_.opaque);
  if (!head_.remark.empty()) {
    to = putText(to, ",\"remark\":");
    to = remark.write(to);
  }
  to = putText(to, ",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
  to = putNumber(to, head_.version);
  *to++ = '}';
  written(to);
}

bool HeaderWriter::finish(size_t body_bytes) {
  if (body_bytes > kBodyBytesMax) {
    replaceByRefusal("body is longer than " + std::to_string(kBodyBytesMax) + " bytes", 0);
    return false;
  }
  if (head_.serialize_type == SerializeType::kBinary) {
    const size_t entry_bytes = size_ - ext_start_ - sizeof(int32_t);
    storeBigEndian(out_.data() + ext_start_, static_cast<int32_t>(entry_bytes));
  } else {
    writeJsonTail();
  }
  out_.resize(size_);
  const size_t header_bytes = size_ - frame_start_ - kFramePrefixBytes;
  const size_t header_bytes_max = isAnswer() ? kHeaderBytesMax : kRequestHeaderBytesMax;
  if (header_bytes > header_bytes_max) {
    replaceByRefusal("header is longer than " + std::to_string(header_bytes_max) + " bytes",
                     body_bytes);
    return true;
  }
  const auto type = static_cast<uint32_t>(head_.serialize_type);
  const size_t total = kFramePrefixBytes - kLengthWordBytes + header_bytes + body_bytes;
  char* const prefix = out_.data() + frame_start_;
  storeBigEndian(prefix, static_cast<int32_t>(total));
  storeBigEndian(prefix + kLengthWordBytes, type << 24 | static_cast<uint32_t>(header_bytes));
  return true;
}

/// A header echoes texts of peers, so that one can grow past what its length word can say. The
/// answer then says so, and a request goes out without fields and is refused. A body that is too
/// long is the same.
void HeaderWriter::replaceByRefusal(const std::string& remark, size_t body_bytes) {
  CommandHead head = head_;
  head.remark = remark;
  if (isAnswer()) {
    head.code = static_cast<int32_t>(ResponseCode::kSystemError);
  }
  out_.resize(frame_start_);
  HeaderWriter(out_, head).finish(body_bytes);
}

}  // namespace rocketmq::remoting

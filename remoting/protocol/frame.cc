#include "remoting/protocol/frame.h"

#include <charconv>
#include <limits>
#include <utility>

#include "common/bytes.h"
#include "remoting/protocol/header_binary.h"
#include "remoting/protocol/header_json.h"

namespace rocketmq::remoting {
namespace {

constexpr size_t kLengthWordBytes = 4;
/// The header length shares its word with the serialize type and has 24 bits.
constexpr size_t kHeaderBytesMax = 0xFFFFFF;
/// Room for the head of a usual answer, so that a new string grows once.
constexpr size_t kUsualHeadBytes = 256;

void appendNumber(std::string& out, int32_t number) {
  char text[16];
  const auto end = std::to_chars(text, text + sizeof(text), number).ptr;
  out.append(text, static_cast<size_t>(end - text));
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

Status decodeFrame(char* frame, size_t size, CommandView& out) {
  resetKeepingCapacity(out);
  ByteReader prefix(frame, size);
  const auto total = prefix.read<int32_t>();
  const auto header_word = prefix.read<uint32_t>();
  const size_t header_bytes = header_word & kHeaderBytesMax;
  if (prefix.failed() || total < 0 || static_cast<size_t>(total) + kLengthWordBytes != size ||
      header_bytes > prefix.remaining()) {
    return Status::corruption("frame of " + std::to_string(size) +
                              " bytes does not fit its lengths");
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
    : out_(out), head_(head), frame_start_(out.size()) {
  if (out_.empty()) {
    out_.reserve(kUsualHeadBytes + head_.remark.size());
  }
  out_.append(kFramePrefixBytes, '\0');
  if (head_.serialize_type == SerializeType::kBinary) {
    writeBinaryHead();
  } else {
    out_.append("{\"code\":");
    appendNumber(out_, head_.code);
  }
}

void HeaderWriter::writeBinaryHead() {
  ByteWriter writer(out_);
  // RocketMQ parity: codes and versions beyond 16 bits are cut off; they need JSON.
  writer.write(static_cast<int16_t>(head_.code));
  writer.write(static_cast<uint8_t>(head_.language));
  writer.write(static_cast<int16_t>(head_.version));
  writer.write(head_.opaque);
  writer.write(head_.flag);
  writer.write(static_cast<int32_t>(head_.remark.size()));
  writer.writeBytes(head_.remark);
  ext_start_ = out_.size();
  writer.write(int32_t{0});
}

void HeaderWriter::add(std::string_view name, std::string_view value) {
  if (kept_ != nullptr) {
    kept_->emplace_back(name, value);
  }
  if (head_.serialize_type == SerializeType::kBinary) {
    // A name that a relayed request brought along may be too long for this codec, whose peers could
    // not have sent it.
    if (name.size() <= static_cast<size_t>(std::numeric_limits<int16_t>::max())) {
      ByteWriter writer(out_);
      writer.write(static_cast<int16_t>(name.size()));
      writer.writeBytes(name);
      writer.write(static_cast<int32_t>(value.size()));
      writer.writeBytes(value);
    }
    return;
  }
  out_.append(fields_ == 0 ? ",\"extFields\":{" : ",");
  ++fields_;
  appendJsonString(out_, name);
  out_.push_back(':');
  appendJsonString(out_, value);
}

/// The keys in the order in which Java writes them, for peers that compare texts.
void HeaderWriter::writeJsonTail() {
  if (fields_ > 0) {
    out_.push_back('}');
  }
  out_.append(",\"flag\":");
  appendNumber(out_, head_.flag);
  out_.append(",\"language\":\"");
  out_.append(toString(head_.language));
  out_.append("\",\"opaque\":");
  appendNumber(out_, head_.opaque);
  if (!head_.remark.empty()) {
    out_.append(",\"remark\":");
    appendJsonString(out_, head_.remark);
  }
  out_.append(",\"serializeTypeCurrentRPC\":\"JSON\",\"version\":");
  appendNumber(out_, head_.version);
  out_.push_back('}');
}

void HeaderWriter::finish(size_t body_bytes) {
  ByteWriter writer(out_);
  if (head_.serialize_type == SerializeType::kBinary) {
    const size_t entry_bytes = out_.size() - ext_start_ - sizeof(int32_t);
    writer.overwrite(ext_start_, static_cast<int32_t>(entry_bytes));
  } else {
    writeJsonTail();
  }
  const size_t header_bytes = out_.size() - frame_start_ - kFramePrefixBytes;
  if (header_bytes > kHeaderBytesMax) {
    replaceByRefusal(body_bytes);
    return;
  }
  const auto type = static_cast<uint32_t>(head_.serialize_type);
  const size_t total = kFramePrefixBytes - kLengthWordBytes + header_bytes + body_bytes;
  writer.overwrite(frame_start_, static_cast<int32_t>(total));
  writer.overwrite(frame_start_ + kLengthWordBytes,
                   type << 24 | static_cast<uint32_t>(header_bytes));
}

/// A header echoes texts of peers, so that one can grow past what its length word can say. The
/// answer then says so, and a request goes out without fields and is refused.
void HeaderWriter::replaceByRefusal(size_t body_bytes) {
  CommandHead head = head_;
  head.remark = "header is longer than 16777215 bytes";
  if ((head.flag & kFlagResponse) != 0) {
    head.code = static_cast<int32_t>(ResponseCode::kSystemError);
  }
  out_.resize(frame_start_);
  HeaderWriter(out_, head).finish(body_bytes);
}

}  // namespace rocketmq::remoting

#include "remoting/protocol/header_binary.h"

#include <cstdint>
#include <string>

#include "common/bytes.h"

namespace rocketmq::remoting {

Status decodeBinaryHeader(std::string_view header, CommandView& out) {
  ByteReader reader(header);
  out.code = reader.read<int16_t>();
  out.language = languageFromOrdinal(reader.read<int8_t>());
  out.version = reader.read<int16_t>();
  out.opaque = reader.read<int32_t>();
  out.flag = reader.read<int32_t>();
  out.remark = reader.readBytes(reader.read<int32_t>());
  ByteReader entries(reader.readBytes(reader.read<int32_t>()));
  while (entries.remaining() > 0) {
    const std::string_view name = entries.readBytes(entries.read<int16_t>());
    const std::string_view value = entries.readBytes(entries.read<int32_t>());
    if (!entries.failed() && !name.empty() && !value.empty()) {
      if (out.ext_fields.isFull()) {
        return Status::corruption("ROCKETMQ header has more than " +
                                  std::to_string(ExtFields::kEntriesMax) + " extFields");
      }
      out.ext_fields.add(name, value);
    }
  }
  if (reader.failed() || entries.failed()) {
    return Status::corruption("ROCKETMQ header of " + std::to_string(header.size()) +
                              " bytes ends inside a field");
  }
  return Status::ok();
}

}  // namespace rocketmq::remoting

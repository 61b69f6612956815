#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "common/file_system.h"

namespace rocketmq::store {

/// The readable bytes of one log file, kept alive by `owner`. Empty without one.
struct LogView {
  std::shared_ptr<const MappedFile> owner;
  int64_t base = 0;        ///< Log offset of the first byte.
  int64_t file_end = 0;    ///< Log offset at which the file ends.
  std::string_view bytes;  ///< From the start of the file to its end or the log's readable end.

  bool contains(int64_t offset, int64_t size) const {
    return size >= 0 && offset >= base &&
           offset - base <= static_cast<int64_t>(bytes.size()) - size;
  }

  /// Precondition: contains(offset, 0).
  std::string_view from(int64_t offset) const {
    return bytes.substr(static_cast<size_t>(offset - base));
  }
};

}  // namespace rocketmq::store

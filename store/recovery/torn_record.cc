#include "store/recovery/torn_record.h"

#include <array>

#include "store/log/commit_log.h"

namespace rocketmq::store {
namespace {

constexpr std::array<char, kSectorBytes> kZeros{};

bool isZero(std::string_view bytes) {
  return bytes == std::string_view(kZeros.data(), bytes.size());
}

/// Where a part of the view's bytes begins.
size_t positionIn(const LogView& view, std::string_view part) {
  return static_cast<size_t>(part.data() - view.bytes.data());
}

bool lacksSector(const LogView& view, const MessageRecord& record) {
  // The two bytes in front of the properties count only where there are some: without, they are
  // zero in a whole record too.
  const std::string_view last = record.properties.empty() ? record.topic : record.properties;
  const size_t end = positionIn(view, last) + last.size();
  size_t sector = positionIn(view, record.topic);
  sector = (sector + kSectorBytes - 1) / kSectorBytes * kSectorBytes;
  for (; sector < end; sector += kSectorBytes) {
    if (isZero(view.bytes.substr(sector, kSectorBytes))) {
      return true;
    }
  }
  return false;
}

/// The first eight bytes behind a record say whether there is another.
bool lacksEnd(const LogView& view, const MessageRecord& record) {
  const bool ends_in_zero = record.topic.find('\0') != std::string_view::npos ||
                            (!record.properties.empty() && record.properties.back() == '\0');
  return ends_in_zero &&
         isZero(view.from(record.physical_offset + record.total_size).substr(0, kBlankBytes));
}

}  // namespace

bool isTorn(const LogView& view, const MessageRecord& record) {
  return lacksSector(view, record) || lacksEnd(view, record);
}

bool holdsZeroSector(std::string_view properties) {
  return properties.size() >= kSectorBytes &&
         properties.find(std::string_view(kZeros.data(), kSectorBytes)) != std::string_view::npos;
}

}  // namespace rocketmq::store

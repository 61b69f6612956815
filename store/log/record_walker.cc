#include "store/log/record_walker.h"

#include <utility>

#include "common/bytes.h"

namespace rocketmq::store {
namespace {

bool isBlank(std::string_view bytes) {
  return bytes.size() >= kBlankBytes && loadBigEndian<uint32_t>(bytes.data() + 4) == kBlankMagic;
}

}  // namespace

Result<MessageRecord> recordIn(const LogView& view, int64_t physical_offset, CrcCheck crc_check) {
  if (!view.contains(physical_offset, kBlankBytes)) {
    return Status::notFound("the commit log has nothing at " + std::to_string(physical_offset));
  }
  auto record = decodeRecord(view.from(physical_offset), crc_check);
  if (record && (record->physical_offset != physical_offset ||
                 physical_offset + record->total_size + kBlankBytes > view.file_end)) {
    return Status::corruption("no record begins at " + std::to_string(physical_offset));
  }
  return record;
}

RecordWalker::Step RecordWalker::next(int64_t limit) {
  while (position_ < limit) {
    if (view_.owner == nullptr || !view_.contains(position_, kBlankBytes)) {
      view_ = log_.view(position_);
    }
    if (view_.owner == nullptr) {
      return Step::kEnd;
    }
    auto record = recordIn(view_, position_, crc_check_);
    if (record) {
      record_ = std::move(*record);
      position_ += record_.total_size;
      return Step::kRecord;
    }
    if (!isBlank(view_.from(position_))) {
      return Step::kBad;
    }
    if (view_.file_end >= log_.maxOffset()) {
      return Step::kEnd;
    }
    position_ = view_.file_end;
  }
  return Step::kEnd;
}

void RecordWalker::skipDamage() {
  // Both magics begin like this, behind the record's size.
  constexpr std::string_view kMagicFront = "\xDA\xA3\x20";
  constexpr size_t kMagicAt = 4;
  size_t at = view_.owner == nullptr ? std::string_view::npos
                                     : static_cast<size_t>(position_ - view_.base) + kMagicAt;
  while ((at = view_.bytes.find(kMagicFront, at + 1)) != std::string_view::npos) {
    const int64_t candidate = view_.base + static_cast<int64_t>(at - kMagicAt);
    if (recordIn(view_, candidate, crc_check_)) {
      position_ = candidate;
      return;
    }
  }
  skipFile();
}

}  // namespace rocketmq::store

#include "store/log/record_walker.h"

#include <algorithm>
#include <utility>

#include "common/bytes.h"

namespace rocketmq::store {
namespace {

constexpr size_t kMagicAt = 4;
/// What the magic numbers of both versions begin with.
constexpr std::string_view kRecordMagicFront = "\xDA\xA3\x20";

}  // namespace

std::optional<int64_t> findRecord(const LogView& view, int64_t from, int64_t limit) {
  const std::string_view bytes =
      view.bytes.substr(0, static_cast<size_t>(std::max<int64_t>(0, limit - view.base)));
  size_t at = static_cast<size_t>(from - view.base) + kMagicAt;
  while ((at = bytes.find(kRecordMagicFront, at)) != std::string_view::npos) {
    const int64_t candidate = view.base + static_cast<int64_t>(at - kMagicAt);
    if (recordIn(view, candidate, CrcCheck::kVerify).ok()) {
      return candidate;
    }
    ++at;
  }
  return std::nullopt;
}

bool isBlank(std::string_view bytes) {
  return bytes.size() >= kBlankBytes &&
         loadBigEndian<uint32_t>(bytes.data() + kMagicAt) == kBlankMagic;
}

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
      auto view = log_.read(position_);
      status_ = view.status();
      view_ = view ? std::move(*view) : LogView{};
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
    if (!view_.contains(position_, kBlankBytes) || !isBlank(view_.from(position_))) {
      return Step::kBad;
    }
    if (view_.file_end >= log_.maxOffset()) {
      return Step::kEnd;
    }
    position_ = view_.file_end;
  }
  return Step::kEnd;
}

void RecordWalker::skipDamage(int64_t limit) {
  for (int64_t at = position_; at < limit;) {
    const auto view = log_.read(at);
    if (!view) {
      position_ = at;
      return;
    }
    if (view->owner == nullptr) {
      break;
    }
    if (const auto found = findRecord(*view, at, limit)) {
      position_ = *found;
      return;
    }
    at = view->file_end;
  }
  position_ = std::max(position_, limit);
}

}  // namespace rocketmq::store

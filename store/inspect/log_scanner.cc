#include "store/inspect/log_scanner.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "common/bytes.h"
#include "store/log/commit_log.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kSearchBytes = 1 << 20;
constexpr int64_t kMagicAt = 4;
constexpr std::string_view kRecordMagicFront = "\xDA\xA3\x20";
constexpr std::string_view kBlankMagicBytes = "\xCB\xD4\x31\x94";

/// Finds the next place of either magic in a text, each byte looked at once per magic.
class MagicFinder {
 public:
  explicit MagicFinder(std::string_view text) : text_(text) {}

  size_t next(size_t from) {
    record_ = advance(kRecordMagicFront, record_, from);
    blank_ = advance(kBlankMagicBytes, blank_, from);
    return std::min(record_, blank_);
  }

 private:
  size_t advance(std::string_view magic, size_t known, size_t from) const {
    return known >= from && known != kUnknown ? known : text_.find(magic, from);
  }

  static constexpr size_t kUnknown = std::string_view::npos - 1;
  const std::string_view text_;
  size_t record_ = kUnknown;
  size_t blank_ = kUnknown;
};

}  // namespace

LogScanner::LogScanner(FileSystem& files, const StoreLayout& layout, int64_t from)
    : reader_(files, layout), position_(std::max(from, reader_.begin())) {}

bool LogScanner::isBlank(int64_t offset) {
  const std::string_view head = reader_.read(offset, kBlankBytes);
  return static_cast<int64_t>(head.size()) == kBlankBytes &&
         loadBigEndian<uint32_t>(head.data() + kMagicAt) == kBlankMagic &&
         loadBigEndian<int32_t>(head.data()) == reader_.fileEnd(offset) - offset;
}

LogScanner::Place LogScanner::look(int64_t offset) {
  auto record = reader_.recordAt(offset, CrcCheck::kVerify);
  if (record) {
    record_ = std::move(*record);
    return Place::kRecord;
  }
  if (isBlank(offset)) {
    return Place::kBlank;
  }
  reason_ = describeWrong(offset, record.status());
  return Place::kNothing;
}

std::string LogScanner::describeWrong(int64_t offset, const Status& wrong) {
  const auto record = reader_.recordAt(offset, CrcCheck::kSkip);
  if (!record) {
    return wrong.message();
  }
  return fmt::format("{} (topic {}, queue {}, offset {})", wrong.message(), record->topic,
                     record->queue_id, record->queue_offset);
}

LogItem LogScanner::next() {
  for (;;) {
    const int64_t here = position_;
    if (reader_.fileEnd(here) == here) {
      const int64_t base = reader_.nextBase(here);
      const int64_t found = base < 0 ? -1 : search(base);
      reason_ = base < 0 ? "" : kFileMissing;
      return damageUpTo(found);
    }
    Place place = look(here);
    if (place == Place::kNothing) {
      reader_.refresh();  // A live store may just have been writing it.
      place = look(here);
    }
    if (place == Place::kRecord) {
      position_ = here + record_.total_size;
      return {.kind = LogItem::Kind::kRecord,
              .begin = here,
              .end = position_,
              .record = record_,
              .bytes = reader_.read(here, record_.total_size),
              .reason = {}};
    }
    if (place == Place::kNothing && reader_.isGone(here)) {
      position_ = reader_.fileEnd(here);  // Not the last: that one stays.
      continue;
    }
    if (place == Place::kNothing) {
      const std::string wrong = reason_;
      const int64_t found = search(here + 1);
      reason_ = wrong;
      return damageUpTo(found);
    }
    // RocketMQ parity: a blank in the last file is no part of the log, the next append repeats it.
    const int64_t next = reader_.fileEnd(here);
    if (reader_.nextBase(next) < 0) {
      return {.kind = LogItem::Kind::kEnd,
              .begin = here,
              .end = here,
              .record = {},
              .bytes = {},
              .reason = {}};
    }
    position_ = next;
  }
}

/// `end` < 0: nothing comes any more.
LogItem LogScanner::damageUpTo(int64_t end) {
  const int64_t begin = position_;
  LogItem item{.kind = end < 0 ? LogItem::Kind::kEnd : LogItem::Kind::kDamage,
               .begin = begin,
               .end = end < 0 ? begin : end,
               .record = {},
               .bytes = {},
               .reason = reason_};
  if (end >= 0) {
    position_ = end;
    return item;
  }
  const std::string_view head = reader_.read(begin, kBlankBytes);
  if (reason_ != kFileMissing && head.find_first_not_of('\0') == std::string_view::npos) {
    item.reason.clear();
  }
  return item;
}

int64_t LogScanner::search(int64_t from) {
  while (from >= 0) {
    const int64_t end = reader_.readableEnd(from);
    if (const int64_t found = end > from ? searchFile(from, end) : -1; found >= 0) {
      return found;
    }
    from = reader_.nextBase(std::max(from + 1, reader_.fileEnd(from)));
  }
  return -1;
}

int64_t LogScanner::searchFile(int64_t from, int64_t end) {
  while (from + kBlankBytes <= end) {
    // look() may move the reader's window, so the part that is searched is a copy.
    const std::string part(reader_.read(from, kSearchBytes));
    MagicFinder finder(part);
    for (size_t at = finder.next(kMagicAt); at < part.size(); at = finder.next(at + 1)) {
      const int64_t candidate = from + static_cast<int64_t>(at) - kMagicAt;
      if (look(candidate) != Place::kNothing) {
        return candidate;
      }
    }
    if (from + static_cast<int64_t>(part.size()) >= end) {
      return -1;
    }
    from += static_cast<int64_t>(part.size()) - kBlankBytes;
  }
  return -1;
}

}  // namespace rocketmq::store::inspect

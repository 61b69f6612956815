#include "store/recovery/cut_tail.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "common/message/record.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kZeroRunBytes = 8 << 20;
constexpr int64_t kPieceBytes = 256 << 10;

/// How far behind `from` the last byte of the file ends that is not zero, as far as it is looked
/// at.
Result<int64_t> writtenBytes(FileSystem& files, const std::string& path, int64_t from) {
  ROCKETMQ_ASSIGN_OR_RETURN(const bool is_zero, files.isZeroFrom(path, from));
  if (is_zero) {
    return 0;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto file, files.open(path));
  int64_t written = 0;
  for (int64_t at = 0; at < written + kZeroRunBytes; at += kPieceBytes) {
    ROCKETMQ_ASSIGN_OR_RETURN(const std::string piece, file->read(from + at, kPieceBytes));
    if (const size_t last = piece.find_last_not_of('\0'); last != std::string::npos) {
      written = at + static_cast<int64_t>(last) + 1;
    }
    if (std::ssize(piece) < kPieceBytes) {
      break;
    }
  }
  return written;
}

/// A blank end record alone is no loss: it is written again.
bool isBlankAlone(const LogView& view, int64_t offset, int64_t written) {
  return written <= kBlankBytes && view.contains(offset, kBlankBytes) && isBlank(view.from(offset));
}

}  // namespace

Result<CutTail> tailBehind(FileSystem& files, const CommitLog& log, int64_t log_end) {
  CutTail tail{.end = log_end, .records = 0};
  for (const auto& segment : log.segments()) {
    const int64_t at = std::max(log_end, segment->base());
    if (segment->end() <= at) {
      continue;
    }
    ROCKETMQ_ASSIGN_OR_RETURN(const int64_t written,
                              writtenBytes(files, segment->path(), at - segment->base()));
    if (written > 0) {
      ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, log.read(at));
      tail.end = isBlankAlone(view, at, written) ? tail.end : at + written;
    }
  }
  RecordWalker walker(log, log_end, CrcCheck::kVerify);
  for (;;) {
    const RecordWalker::Step step = walker.next(tail.end);
    if (step == RecordWalker::Step::kEnd) {
      ROCKETMQ_RETURN_IF_ERROR(walker.status());
      return tail;
    }
    if (step == RecordWalker::Step::kBad) {
      walker.skipDamage(tail.end);
    } else {
      ++tail.records;
      tail.end = std::max(tail.end, walker.position());  // It may end in zeros.
    }
  }
}

}  // namespace rocketmq::store

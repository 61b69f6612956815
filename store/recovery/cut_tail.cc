#include "store/recovery/cut_tail.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "common/bytes.h"
#include "common/message/record.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {
namespace {

constexpr int64_t kZeroRunBytes = 8 << 20;
constexpr std::array<char, kPageBytes> kZeroPage{};

/// Behind the last byte of `bytes` that is not zero, as far as it is looked at.
int64_t writtenBytes(std::string_view bytes) {
  size_t written = 0;
  for (size_t at = 0; at < bytes.size() && at < written + kZeroRunBytes; at += kPageBytes) {
    const std::string_view page = bytes.substr(at, kPageBytes);
    if (page != std::string_view(kZeroPage.data(), page.size())) {
      written = at + page.find_last_not_of('\0') + 1;
    }
  }
  return static_cast<int64_t>(written);
}

/// A blank end record alone is no loss: it is written again.
bool isBlankAlone(const LogView& view, int64_t offset, int64_t written) {
  return written <= kBlankBytes && view.contains(offset, kBlankBytes) &&
         loadBigEndian<uint32_t>(view.from(offset).data() + sizeof(uint32_t)) == kBlankMagic;
}

}  // namespace

Result<CutTail> tailBehind(const CommitLog& log, int64_t log_end) {
  CutTail tail{.end = log_end, .records = 0};
  for (int64_t at = log_end; at < log.maxOffset();) {
    ROCKETMQ_ASSIGN_OR_RETURN(const LogView view, log.read(at));
    if (view.owner == nullptr) {
      break;
    }
    const int64_t written = writtenBytes(view.from(at));
    if (written > 0 && !isBlankAlone(view, at, written)) {
      tail.end = at + written;
    }
    at = view.file_end;
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

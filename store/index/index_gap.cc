#include "store/index/index_gap.h"

#include <algorithm>

#include "common/lost.h"
#include "common/scheduling.h"
#include "store/index/index_keys.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {
namespace {

using IndexFiles = std::vector<std::shared_ptr<IndexFile>>;

/// Offset of the first record that begins in [begin, last] and has a key that no file knows.
Result<std::optional<int64_t>> firstMissing(const CommitLog& log, const IndexFiles& files,
                                            int64_t begin, int64_t last,
                                            const std::function<bool()>& go_on) {
  RecordWalker walker(log, begin, CrcCheck::kSkip);
  while (go_on()) {
    const RecordWalker::Step step = walker.next(last + 1);
    if (step == RecordWalker::Step::kEnd) {
      ROCKETMQ_RETURN_IF_ERROR(walker.status());
      break;
    }
    if (step == RecordWalker::Step::kBad) {
      walker.skipDamage(last + 1);
      continue;
    }
    const int64_t at = walker.record().physical_offset;
    bool is_missing = false;
    forEachKeyHash(walker.record(),
                   [&](int32_t hash) { is_missing = is_missing || !anyHas(files, hash, at); });
    if (is_missing) {
      return std::optional(at);
    }
    giveWay();
  }
  return std::optional<int64_t>();
}

}  // namespace

Result<bool> endsAtRecord(const CommitLog& log, const IndexFile& file) {
  if (file.isEmpty()) {
    return true;
  }
  const int64_t end_offset = file.header().end_offset;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto found, unlessLost(storeTimeIn(log, end_offset)));
  // The log's begin is looked at last: retention may have taken the record a moment ago.
  return found || end_offset < log.minOffset();
}

bool anyHas(const IndexFiles& files, int32_t key_hash, int64_t physical_offset) {
  return std::any_of(files.begin(), files.end(),
                     [&](const auto& file) { return file->has(key_hash, physical_offset); });
}

Result<std::optional<IndexGap>> findIndexGap(const CommitLog& log, const IndexFiles& files,
                                             const std::function<bool()>& go_on) {
  int64_t begin = 0;
  std::string last_path;
  for (const auto& file : files) {
    if (file->isEmpty()) {
      continue;
    }
    const IndexHeader header = file->header();
    ROCKETMQ_ASSIGN_OR_RETURN(
        const auto at,
        firstMissing(log, files, std::max(begin, log.minOffset()), header.begin_offset, go_on));
    if (at) {
      return std::optional(IndexGap{.physical_offset = *at, .last_path = std::move(last_path)});
    }
    begin = header.end_offset;
    last_path = file->path();
  }
  return std::optional<IndexGap>();
}

}  // namespace rocketmq::store

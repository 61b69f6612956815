#include "store/index/index_gap.h"

#include <algorithm>

#include "common/scheduling.h"
#include "store/index/index_keys.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {
namespace {

using IndexFiles = std::vector<std::shared_ptr<IndexFile>>;

/// Offset of the first record that begins in [begin, last] and has a key that no file knows.
std::optional<int64_t> firstMissing(const CommitLog& log, const IndexFiles& files, int64_t begin,
                                    int64_t last, const std::function<bool()>& go_on) {
  RecordWalker walker(log, begin, CrcCheck::kSkip);
  while (go_on()) {
    const RecordWalker::Step step = walker.next(last + 1);
    if (step == RecordWalker::Step::kEnd) {
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
      return at;
    }
    giveWay();
  }
  return std::nullopt;
}

}  // namespace

bool endsAtRecord(const CommitLog& log, const IndexFile& file) {
  const int64_t end_offset = file.header().end_offset;
  // The log's begin is looked at last: retention may have taken the record a moment ago.
  return file.isEmpty() || storeTimeIn(log, end_offset) || end_offset < log.minOffset();
}

bool anyHas(const IndexFiles& files, int32_t key_hash, int64_t physical_offset) {
  return std::any_of(files.begin(), files.end(),
                     [&](const auto& file) { return file->has(key_hash, physical_offset); });
}

std::optional<IndexGap> findIndexGap(const CommitLog& log, const IndexFiles& files,
                                     const std::function<bool()>& go_on) {
  int64_t begin = 0;
  std::string last_path;
  for (const auto& file : files) {
    if (file->isEmpty()) {
      continue;
    }
    const IndexHeader header = file->header();
    if (const auto at = firstMissing(log, files, std::max(begin, log.minOffset()),
                                     header.begin_offset, go_on)) {
      return IndexGap{.physical_offset = *at, .last_path = std::move(last_path)};
    }
    begin = header.end_offset;
    last_path = file->path();
  }
  return std::nullopt;
}

}  // namespace rocketmq::store

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include "common/check.h"
#include "store/index/index_file.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_test_support.h"

// A damaged index file: queried, repaired, queried again and written to.

namespace rocketmq::store {

ROCKETMQ_FUZZ_TARGET(index_file, input) {
  constexpr IndexLayout kLayout{.hash_slots = 8, .entries_max = 16};
  static const rocketmq::test::TempDir dir;
  static test::HookedFileSystem files;
  std::string content(input.substr(0, static_cast<size_t>(kLayout.fileBytes())));
  content.resize(static_cast<size_t>(kLayout.fileBytes()));
  const std::string path = dir / "20260101000000000";
  test::writeFile(path, content);

  const auto file = IndexFile::open(files, path, kLayout);
  ROCKETMQ_CHECK(file.ok());
  const auto query = [&] {
    std::vector<int64_t> offsets;
    for (int32_t hash = 0; hash < 2 * kLayout.hash_slots; ++hash) {
      (*file)->query(hash, 0, std::numeric_limits<int64_t>::max(), 64, offsets);
    }
    ROCKETMQ_CHECK(offsets.size() <= 64);
  };
  query();
  ROCKETMQ_CHECK((*file)->put(3, 1000, 1'700'000'000'000).ok());
  int32_t next_entry = (*file)->countBelievable(5000);
  if (input.size() % 2 == 0) {
    next_entry = (*file)->firstOfRecordBefore(next_entry);
  }
  ROCKETMQ_CHECK(
      (*file)
          ->rebuild(next_entry, [](int64_t offset) { return Result<TimestampMs>(offset); })
          .isOk());
  query();
  ROCKETMQ_CHECK((*file)->put(3, 6000, 1'700'000'000'000).ok());
}

}  // namespace rocketmq::store

#include <algorithm>
#include <string>

#include "broker/table/versioned_table.h"
#include "common/check.h"
#include "common/clock.h"
#include "common/model/config_tables.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_test_support.h"

// A table below config/ and the changes that a kill has left beside it. The input is how many bytes
// the table's file has, the file, and the changes: what was read is read again after a stop.

namespace rocketmq::broker {
namespace {

using Groups = VersionedTable<model::SubscriptionGroupTable, model::SubscriptionGroupConfig,
                              &model::SubscriptionGroupTable::subscription_group_table>;

Result<std::unique_ptr<Groups>> openAt(const std::string& path) {
  static const ManualClock clock;
  return Groups::open({.path = path, .what = "groups", .complete = [](auto&) {}}, clock);
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(table_file, input) {
  static_cast<void>(log::setLevel("off"));
  static const rocketmq::test::TempDir dir;
  const std::string path = dir / "subscriptionGroup.json";
  ROCKETMQ_CHECK(posixFileSystem().remove(path + ".bak").isOk());
  fuzz::Input parts(input);
  const size_t table_bytes = parts.word();
  store::test::writeFile(path, std::string(parts.bytes(table_bytes)));
  store::test::writeFile(path + ".changes", std::string(parts.rest()));
  size_t count = 0;
  {
    const auto groups = openAt(path);
    if (!groups.ok()) {
      return;
    }
    count = (*groups)->size();
  }
  const auto again = openAt(path);
  ROCKETMQ_CHECK(again.ok());
  ROCKETMQ_CHECK((*again)->size() == count);
}

}  // namespace rocketmq::broker

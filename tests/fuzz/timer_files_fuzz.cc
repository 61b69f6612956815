#include <algorithm>
#include <string>

#include "broker/timer/timer_checkpoint.h"
#include "broker/timer/timer_log.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_test_support.h"

// config/timercheck and a file of the timer log, each with any content.

namespace rocketmq::broker {
namespace {

constexpr int64_t kFileBytes = 1024;

void checkCheckpoint(std::string_view bytes) {
  const Result<TimerCheckpoint> checkpoint = TimerCheckpoint::decode(bytes);
  if (!checkpoint.ok()) {
    return;
  }
  const Result<TimerCheckpoint> again = TimerCheckpoint::decode(checkpoint->encode(1000));
  ROCKETMQ_CHECK(again.ok());
}

void checkLog(std::string_view bytes) {
  static const rocketmq::test::TempDir dir;
  static store::test::HookedFileSystem files;
  std::string content(bytes.substr(0, kFileBytes));
  content.resize(kFileBytes);
  const std::string folder = dir / "timerlog";
  ROCKETMQ_CHECK(files.removeTree(folder).isOk() && files.createDirectories(folder).isOk());
  store::test::writeFile(folder + "/00000000000000000000", content);

  const auto log = TimerLog::open(files, folder, kFileBytes);
  ROCKETMQ_CHECK(log.ok());
  int64_t last = -1;
  ROCKETMQ_CHECK((*log)
                     ->scan([&](int64_t position, const TimerUnit& unit) {
                       ROCKETMQ_CHECK(unit.previous < position);
                       last = position;
                       return true;
                     })
                     .isOk());
  for (int64_t position = last; position >= 0;) {
    const Result<TimerUnit> unit = (*log)->at(position);
    if (!unit.ok()) {
      break;
    }
    ROCKETMQ_CHECK(unit->previous < position);
    position = unit->previous;
  }
  (*log)->append({.slot_ms = 2000, .written_ms = 1000, .physical_offset = 1, .record_bytes = 1});
  ROCKETMQ_CHECK((*log)->flush().isOk());
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(timer_files, input) {
  checkCheckpoint(input);
  checkLog(input);
}

}  // namespace rocketmq::broker

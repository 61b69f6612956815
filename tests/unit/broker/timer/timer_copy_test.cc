#include "broker/timer/timer_copy.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/eventually.h"
#include "tests/unit/broker/timer/timer_path.h"

namespace rocketmq::broker {
namespace {

using std::chrono::seconds;
using Bodies = std::vector<std::string>;

/// A master with timers and its slave's copy of what it says of them. One store stands for both
/// logs.
class TimerCopyTest : public TimerPath {
 protected:
  TimerCopyTest() { openCopy(); }

  void openCopy() {
    BrokerSettings settings = *settings_.load();
    settings.store_root = dir_ / "slave";
    slave_settings_.store(std::make_shared<const BrokerSettings>(settings));
    auto opened = TimerCopy::open(
        {.settings = slave_settings_, .store = *store_, .files = posixFileSystem()});
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    copy_ = std::move(*opened);
  }
  std::string said() const {
    return timers_->checkpoint().encode(settings_.load()->timer_precision_ms);
  }
  bool has(const TimerProgress& progress) {
    TimerProgress expected = progress;
    expected.timer_log_end = -1;
    const auto checkpoint = copy_->checkpoint();
    return checkpoint && checkpoint->newest == expected;
  }
  /// The slave is started as a master: the log is the same, the rest its own.
  void promote() {
    timers_.reset();
    std::filesystem::remove_all(dir_ / "store/timerlog");
    std::filesystem::copy_file(dir_ / "slave/config/timercheck", dir_ / "store/config/timercheck",
                               std::filesystem::copy_options::overwrite_existing);
    closeAll();
    openAll();
    openTimers();
  }

  LiveSettings slave_settings_{std::make_shared<const BrokerSettings>()};
  std::unique_ptr<TimerCopy> copy_;
};

TEST_F(TimerCopyTest, ASlaveThatBecomesMasterDeliversWhatWaitsAndNothingAgain) {
  sendAt(clock_.nowMs() + 2000, "before");
  sendAt(clock_.nowMs() + 60'000, "after");
  run();
  clock_.advance(seconds(10));
  run();
  ASSERT_EQ(bodies(), (Bodies{"before"}));
  const TimerProgress progress = timers_->checkpoint().newest;
  ASSERT_TRUE(test::eventually([&] {
    EXPECT_TRUE(copy_->takeCheckpoint(said()).isOk());
    return has(progress);
  }));
  promote();
  run();
  EXPECT_EQ(bodies(), (Bodies{"before"}));
  clock_.advance(seconds(60));
  run();
  EXPECT_EQ(bodies(), (Bodies{"before", "after"}));
}

// Promise: a slave never believes in deliveries that its log lacks.
TEST_F(TimerCopyTest, ACheckpointCountsOnceTheLogHasWhatItSpeaksOf) {
  const int64_t log_end = store_->commitLogMaxOffset();
  const TimerProgress early{.read_ms = 1000, .queue_offset = 1, .log_end = log_end};
  const TimerProgress ahead{.read_ms = 2000, .queue_offset = 2, .log_end = log_end + 1};
  const TimerProgress later{.read_ms = 3000, .queue_offset = 3, .log_end = log_end + (1 << 20)};
  const auto take = [this](const TimerProgress& progress) {
    EXPECT_TRUE(
        copy_->takeCheckpoint(TimerCheckpoint{.newest = progress, .safe = {}}.encode(1000)).isOk());
  };
  ASSERT_TRUE(test::eventually([&] {
    take(early);
    return has(early);
  }));
  take(ahead);
  take(later);
  EXPECT_TRUE(has(early));
  send({.body = "longer"});
  // The one that the log has reached counts, although there is a later one.
  EXPECT_TRUE(test::eventually([&] {
    take(later);
    return has(ahead);
  }));
  openCopy();
  EXPECT_TRUE(has(ahead));
}

TEST_F(TimerCopyTest, AJavaMastersCheckpointCountsAtOnceAndNonsenseIsRefused) {
  const std::string java = said().substr(0, 56);
  EXPECT_TRUE(copy_->takeCheckpoint(java).isOk());
  EXPECT_TRUE(copy_->checkpoint().has_value());
  const auto before = copy_->checkpoint()->newest;
  EXPECT_EQ(copy_->takeCheckpoint(java.substr(0, 55)).code(), StatusCode::kCorruption);
  EXPECT_EQ(copy_->checkpoint()->newest, before);
}

}  // namespace
}  // namespace rocketmq::broker

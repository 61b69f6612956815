#include "remoting/host_lookup.h"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "remoting/connect_attempt.h"
#include "remoting/io_pool.h"
#include "tests/support/eventually.h"

namespace rocketmq::remoting {
namespace {

using test::eventually;

/// Look-ups that hang for names that begin with "slow", until go(); other names are found at once.
/// Shared with the threads, which outlive a test that does not wait for them.
class SlowNames {
 public:
  Result<HostLookup::Addresses> resolve(const std::string& host) {
    ++begun;
    if (host.starts_with("slow")) {
      may_go_.wait();
    }
    ++ended;
    return HostLookup::Addresses{asio::ip::make_address("127.0.0.1")};
  }
  void go() {
    if (!went_.exchange(true)) {
      go_.set_value();
    }
  }

  std::atomic<size_t> begun{0};
  std::atomic<size_t> ended{0};

 private:
  std::atomic<bool> went_{false};
  std::promise<void> go_;
  const std::shared_future<void> may_go_ = go_.get_future().share();
};

class HostLookupTest : public testing::Test {
 protected:
  ~HostLookupTest() override {
    names_->go();
    EXPECT_TRUE(eventually([this] { return names_->ended == names_->begun; }));
  }

  [[nodiscard]] HostLookup::Ticket find(const std::string& host) {
    return lookup_.find(
        host, [this](const Result<HostLookup::Addresses>& found) { told_ += found.ok(); });
  }

  const std::shared_ptr<SlowNames> names_ = std::make_shared<SlowNames>();
  std::atomic<size_t> told_{0};
  HostLookup lookup_{[names = names_](const std::string& host) { return names->resolve(host); }};
};

TEST_F(HostLookupTest, ANameThatHangsHoldsUpNoOther) {
  const auto slow = find("slow");
  const auto quick = find("quick");
  EXPECT_TRUE(eventually([&] { return told_ == 1; }));
}

TEST_F(HostLookupTest, ANameIsLookedUpOnceForAllWhoAsk) {
  std::vector<HostLookup::Ticket> tickets;
  for (int i = 0; i < 10; ++i) {
    tickets.push_back(find("slow"));
  }
  tickets.pop_back();  // Who lets go hears nothing.
  EXPECT_TRUE(eventually([&] { return names_->begun == 1; }));
  const auto quick = find("quick");
  EXPECT_TRUE(eventually([&] { return told_ == 1; }));
  EXPECT_EQ(names_->begun, 2u);
  names_->go();
  EXPECT_TRUE(eventually([&] { return told_ == 10; }));
}

TEST_F(HostLookupTest, FurtherNamesWaitTheirTurnAsLongAsTheyAreWanted) {
  std::vector<HostLookup::Ticket> tickets;
  for (size_t i = 0; i < HostLookup::kLookupsMax; ++i) {
    tickets.push_back(find("slow" + std::to_string(i)));
  }
  EXPECT_TRUE(eventually([&] { return names_->begun == HostLookup::kLookupsMax; }));
  const auto next = find("quick");
  find("unwanted").cancel();
  EXPECT_EQ(told_, 0u);
  names_->go();
  EXPECT_TRUE(eventually([&] { return told_ == HostLookup::kLookupsMax + 1; }));
  EXPECT_EQ(names_->begun, HostLookup::kLookupsMax + 1);
}

// Promise: neither a caller nor the end of the loop waits for the system.
TEST_F(HostLookupTest, AnAttemptAndItsLoopEndWhileTheLookupHangs) {
  std::optional<Status> told;
  {
    IoPool pool("lookup", 1);
    const auto attempt = std::make_shared<ConnectAttempt>(
        pool.context(0), lookup_, "slow:1", *HostAndPort::parse("slow:1"), nullptr,
        ConnectAttempt::Limits{.timeout = std::chrono::milliseconds(50), .waiters_max = 10},
        [](const Result<ConnectedSocket>& outcome) {
          return Result<ConnectionPtr>(outcome.status());
        });
    attempt->start();
    std::promise<Status> ended;
    Client::ConnectCallback callback = [&](const Result<ConnectionPtr>& connection) {
      ended.set_value(connection.status());
    };
    ASSERT_TRUE(attempt->join(deadlineAfter(std::chrono::seconds(10)), callback));
    told = ended.get_future().get();
  }
  EXPECT_EQ(told->message(), "no answer within 50 ms");
  EXPECT_EQ(names_->begun, 1u);
  EXPECT_EQ(names_->ended, 0u) << "the loop has ended before";
}

}  // namespace
}  // namespace rocketmq::remoting

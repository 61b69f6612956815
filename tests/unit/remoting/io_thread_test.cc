#include "remoting/io_thread.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/post.hpp>

namespace rocketmq::remoting {
namespace {

using std::chrono::milliseconds;

class Expiring final : public IdleTracker {
 public:
  Expiring(asio::io_context& context, std::vector<int>& expired_before_others, int& expired)
      : IdleTracker(milliseconds(5)),
        context_(context),
        expired_before_others_(expired_before_others),
        expired_(expired) {}

 private:
  void onIdle() override {
    IoThread::of(context_).unwatch(*this);
    if (expired_++ == 0) {
      asio::post(context_, [this] { expired_before_others_.push_back(expired_); });
    }
  }

  asio::io_context& context_;
  std::vector<int>& expired_before_others_;
  int& expired_;
};

TEST(IoThreadTest, OthersHaveTheirTurnWhenThousandsExpireTogether) {
  constexpr int kTrackers = 1000;
  asio::io_context context;
  std::vector<int> expired_before_others;
  int expired = 0;
  std::vector<std::unique_ptr<Expiring>> trackers;
  for (int i = 0; i < kTrackers; ++i) {
    trackers.push_back(std::make_unique<Expiring>(context, expired_before_others, expired));
    IoThread::of(context).watch(*trackers.back());
  }
  context.run();  // Until nobody is watched any more.
  EXPECT_EQ(expired, kTrackers);
  ASSERT_EQ(expired_before_others.size(), 1u);
  EXPECT_LT(expired_before_others.front(), kTrackers / 10);
}

}  // namespace
}  // namespace rocketmq::remoting

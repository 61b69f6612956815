#include "remoting/refusal_pause.h"

#include <gtest/gtest.h>

namespace rocketmq::remoting {
namespace {

using std::chrono::milliseconds;

milliseconds turn(RefusalPause& pause, int requests, int refusals) {
  for (int i = 0; i < requests; ++i) {
    pause.countRequest();
  }
  for (int i = 0; i < refusals; ++i) {
    pause.countRefusal();
  }
  return pause.endTurn();
}

TEST(RefusalPauseTest, DoublesWhileMostIsRefusedUpToItsLongest) {
  RefusalPause pause;
  for (const int expected : {1, 2, 4, 8, 16, 32, 64, 128, 128}) {
    EXPECT_EQ(turn(pause, 16, 16), milliseconds(expected));
  }
}

TEST(RefusalPauseTest, EndsWithATurnOfWhichHalfIsTaken) {
  RefusalPause pause;
  EXPECT_EQ(turn(pause, 3, 2), milliseconds(1));
  EXPECT_EQ(turn(pause, 3, 3), milliseconds(2));
  EXPECT_EQ(turn(pause, 4, 2), milliseconds(0));
  EXPECT_EQ(turn(pause, 4, 3), milliseconds(1));
}

TEST(RefusalPauseTest, OneRefusalInEightIsNoReason) {
  RefusalPause pause;
  EXPECT_EQ(turn(pause, 800, 100), milliseconds(0));
}

TEST(RefusalPauseTest, ATurnWithoutRequestsChangesNothing) {
  RefusalPause pause;
  turn(pause, 1, 1);
  EXPECT_EQ(turn(pause, 0, 0), milliseconds(0));
  EXPECT_EQ(turn(pause, 1, 1), milliseconds(2));
}

}  // namespace
}  // namespace rocketmq::remoting

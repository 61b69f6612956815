#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/timer/timer_service.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {

/// A message path with timers, whose turns the test takes.
class TimerPath : public MessagePath {
 protected:
  TimerPath() { openTimers(); }
  ~TimerPath() override { timers_.reset(); }

  void openTimers() {
    auto opened = TimerService::open(
        {.settings = settings_, .store = *store_, .clock = clock_, .files = posixFileSystem()});
    ASSERT_TRUE(opened.ok()) << opened.status().message();
    timers_ = std::move(*opened);
    makeSends(timers_.get());
  }
  /// Without a word of farewell: nothing is written that is not there already.
  void restart() {
    timers_.reset();
    closeAll();
    openAll();
    openTimers();
  }
  void run() {
    while (timers_->turn() <= clock_.nowMs()) {
    }
  }
  remoting::SendMessageReply sendAt(TimestampMs deliver_ms, std::string body = "b",
                                    PropertyMap more = {}) {
    more["TIMER_DELIVER_MS"] = std::to_string(deliver_ms);
    return send({.body = std::move(body), .properties = std::move(more)});
  }
  std::vector<std::string> bodies() {
    std::vector<std::string> texts;
    for (const Stored& message : stored("T")) {
      texts.emplace_back(message.record.body);
    }
    return texts;
  }

  std::unique_ptr<TimerService> timers_;
};

}  // namespace rocketmq::broker

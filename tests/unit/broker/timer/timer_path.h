#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "broker/timer/timer_service.h"
#include "tests/support/forwarding_file_system.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {

/// The operating system's files; none can be written while `is_failing`.
class FailingFileSystem final : public test::ForwardingFileSystem {
 public:
  bool is_failing = false;

  Result<std::unique_ptr<RandomFile>> open(const std::string& path) override {
    ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> real, ForwardingFileSystem::open(path));
    return std::unique_ptr<RandomFile>(std::make_unique<File>(std::move(real), is_failing));
  }

 private:
  class File final : public test::ForwardingRandomFile {
   public:
    File(std::unique_ptr<RandomFile> real, const bool& is_failing)
        : ForwardingRandomFile(std::move(real)), is_failing_(is_failing) {}
    Status write(int64_t offset, std::string_view content) override {
      return is_failing_ ? Status::io("no space left")
                         : ForwardingRandomFile::write(offset, content);
    }

   private:
    const bool& is_failing_;
  };
};

/// A message path with timers, whose turns the test takes.
class TimerPath : public MessagePath {
 protected:
  TimerPath() { openTimers(); }
  ~TimerPath() override { timers_.reset(); }

  void openTimers() {
    auto opened = TimerService::open(
        {.settings = settings_, .store = *store_, .clock = clock_, .files = timer_files_});
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

  FailingFileSystem timer_files_;
  std::unique_ptr<TimerService> timers_;
};

}  // namespace rocketmq::broker

// A group whose members come and go as processes while four producers send. Promise: every message
// is seen; with orderly listeners no queue is ever consumed in two places at once or out of order;
// messages are repeated only where a process was killed. ROCKETMQ_CHURN_MESSAGES sets the size.

#include <gtest/gtest.h>
#include <signal.h>
#include <time.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "rocketmq/default_mq_producer.h"
#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::seconds;

constexpr const char* kTopic = "Churn";
constexpr int kQueues = 8;
constexpr int kProducers = 4;
constexpr size_t kMembers = 4;
constexpr int kMessagesPerStep = 1000;

int64_t nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

/// One listener call of one member.
struct Call {
  int64_t begin_ns = 0;
  int64_t end_ns = 0;
  int member = 0;
  int64_t offset = 0;
};

/// The files of all members, read as they grow.
class Diary {
 public:
  void addMember(const std::string& file) { files_.push_back({file, 0, -1}); }
  /// The member that writes `file` is killed, not before now.
  void killed(const std::string& file) {
    std::find_if(files_.begin(), files_.end(), [&](const File& f) {
      return f.path == file;
    })->killed_ns = nowNs();
  }

  void readOn() {
    for (size_t i = 0; i < files_.size(); ++i) {
      std::ifstream in(files_[i].path);
      in.seekg(files_[i].position);
      for (std::string line; std::getline(in, line) && !in.eof();) {
        files_[i].position += static_cast<std::streamoff>(line.size()) + 1;
        take(static_cast<int>(i), line);
      }
    }
  }

  size_t bodiesSeen() const { return bodies_.size(); }
  size_t duplicates() const { return finished_ - places_.size(); }

  /// Fails when two calls of a queue overlap, or when one comes out of order: each goes on behind
  /// the one before it, or earlier if the member that made that one had been killed by then.
  void expectOrder() {
    for (auto& [queue, calls] : calls_) {
      SCOPED_TRACE("queue " + std::to_string(queue));
      std::sort(calls.begin(), calls.end(),
                [](const Call& a, const Call& b) { return a.begin_ns < b.begin_ns; });
      const Call* before = nullptr;
      for (const Call& call : calls) {
        const int64_t next = before == nullptr ? 0 : before->offset + 1;
        ASSERT_LE(call.offset, next) << "messages were passed over";
        if (before != nullptr) {
          ASSERT_GE(call.begin_ns, endOf(*before)) << "two members at once, offset " << call.offset;
          ASSERT_TRUE(call.offset == next || killedBefore(*before, call.begin_ns))
              << "member " << call.member << " went back to " << call.offset << " from "
              << before->offset << " of member " << before->member << ", which was not killed";
        }
        before = &call;
      }
    }
  }

 private:
  struct File {
    std::string path;
    std::streamoff position;
    int64_t killed_ns;
  };

  // A call without an end ended with its process.
  int64_t endOf(const Call& call) const {
    return call.end_ns > 0 ? call.end_ns : files_[static_cast<size_t>(call.member)].killed_ns;
  }

  bool killedBefore(const Call& call, int64_t time_ns) const {
    const int64_t killed_ns = files_[static_cast<size_t>(call.member)].killed_ns;
    return killed_ns >= 0 && killed_ns <= time_ns;
  }

  void take(int member, const std::string& line) {
    std::istringstream in(line);
    char what = 0;
    int queue = 0;
    Call call{.member = member};
    std::string body;
    in >> what >> call.begin_ns >> queue >> call.offset >> body;
    std::vector<Call>& calls = calls_[queue];
    if (what == 'B') {
      calls.push_back(call);
      return;
    }
    const auto begun = std::find_if(calls.rbegin(), calls.rend(), [&](const Call& c) {
      return c.member == member && c.offset == call.offset;
    });
    ASSERT_NE(begun, calls.rend()) << line;
    begun->end_ns = call.begin_ns;
    bodies_.insert(body);
    places_.insert({queue, call.offset});
    ++finished_;
  }

  std::vector<File> files_;
  std::map<int, std::vector<Call>> calls_;
  std::set<std::string> bodies_;
  std::set<std::pair<int, int64_t>> places_;
  size_t finished_ = 0;
};

struct Kind {
  const char* name;
  bool orderly;
  bool kills;
};

class ChurnTest : public ::testing::TestWithParam<Kind> {
 protected:
  // Locks that outlive their killed owner by a minute would make this test as slow: five seconds at
  // the broker, and clients that trust them for two.
  ChurnTest()
      : cluster_(folder_.path().string(), {{"rocketmq.broker.rebalance.lockMaxLiveTime", "5000"}}),
        random_(faultSeed()) {
    const char* text = std::getenv("ROCKETMQ_CHURN_MESSAGES");
    messages_ = text == nullptr ? 20'000 : std::atoi(text);
  }

  void startMember(size_t slot) {
    const std::string file = folder_.path() / ("member" + std::to_string(started_++));
    diary_.addMember(file);
    std::ofstream(file).flush();
    members_[slot].emplace(
        Member{std::make_unique<Daemon>(
                   CHURN_MEMBER,
                   std::vector<std::string>{"-Drocketmq.client.rebalance.lockMaxLiveTime=2000",
                                            "-Drocketmq.client.rebalance.lockInterval=500",
                                            cluster_.namesrvAddr(), kTopic, "churn_group",
                                            GetParam().orderly ? "orderly" : "concurrent", file},
                   file + ".out"),
               file});
    ASSERT_TRUE(members_[slot]->process->awaitOutput("started", seconds(20)))
        << members_[slot]->process->output();
  }

  void endMember(size_t slot, bool kill) {
    Member& member = *members_[slot];
    if (kill) {
      diary_.killed(member.file);
      member.process->stop(SIGKILL, seconds(10));
      ++killed_;
    } else {
      EXPECT_EQ(member.process->stop(SIGTERM, seconds(10)), 0) << member.process->output();
      ++left_;
    }
    members_[slot].reset();
  }

  int running() const {
    return static_cast<int>(std::count_if(members_.begin(), members_.end(),
                                          [](const auto& member) { return member.has_value(); }));
  }

  /// One member joins or leaves; the last one stays.
  void changeMembership() {
    const size_t slot = random_() % kMembers;
    if (!members_[slot]) {
      startMember(slot);
    } else if (running() > 1) {
      // The first one is killed, so that no run of the kind goes without.
      endMember(slot, GetParam().kills && (killed_ == 0 || random_() % 2 == 0));
    }
  }

  void startProducers() {
    for (int i = 0; i < kProducers; ++i) {
      producers_.emplace_back([this, i] {
        ProducerConfig config;
        config.namesrv_addr = cluster_.namesrvAddr();
        config.producer_group = "churn_producer_" + std::to_string(i);
        DefaultMQProducer producer(config);
        producer.start();
        for (int number = taken_++; number < messages_; number = taken_++) {
          eventually([&] { return number < allowed_; }, seconds(600));
          Message message(kTopic, std::to_string(number));
          producer.send(message);
          ++sent_;
        }
      });
    }
  }

  struct Member {
    std::unique_ptr<Daemon> process;
    std::string file;
  };

  TempDir folder_;
  Cluster cluster_;
  std::mt19937_64 random_;
  int messages_ = 0;
  std::array<std::optional<Member>, kMembers> members_;
  Diary diary_;
  int started_ = 0;
  int left_ = 0;
  int killed_ = 0;
  std::vector<std::thread> producers_;
  std::atomic<int> taken_{0};
  std::atomic<int> allowed_{0};
  std::atomic<int> sent_{0};
};

TEST_P(ChurnTest, EveryMessageIsSeenWhateverMembersDo) {
  ASSERT_NO_FATAL_FAILURE(cluster_.start());
  ASSERT_NO_FATAL_FAILURE(cluster_.createTopic(kTopic, kQueues));
  startMember(0);
  startMember(1);
  startProducers();
  while (allowed_ < messages_ && !HasFatalFailure()) {
    allowed_ = std::min(allowed_ + kMessagesPerStep, messages_);
    changeMembership();
    ASSERT_TRUE(eventually([&] { return sent_ == allowed_; }, seconds(60)));
  }
  for (std::thread& producer : producers_) {
    producer.join();
  }
  const bool all_seen = eventually(
      [&] {
        diary_.readOn();
        return diary_.bodiesSeen() == static_cast<size_t>(messages_);
      },
      seconds(60));
  for (size_t slot = 0; slot < kMembers; ++slot) {
    if (members_[slot]) {
      endMember(slot, false);
    }
  }
  diary_.readOn();
  EXPECT_TRUE(all_seen) << diary_.bodiesSeen() << " of " << messages_;
  std::printf("%s: %d messages, %d members started, %d left, %d killed: %zu duplicates\n",
              GetParam().name, messages_, started_, left_, killed_, diary_.duplicates());
  if (GetParam().orderly) {
    diary_.expectOrder();
  }
  if (killed_ == 0) {
    EXPECT_EQ(diary_.duplicates(), 0u);
  }
}

INSTANTIATE_TEST_SUITE_P(Groups, ChurnTest,
                         ::testing::Values(Kind{"OrderlyInOrder", true, false},
                                           Kind{"OrderlyKilled", true, true},
                                           Kind{"ConcurrentInOrder", false, false},
                                           Kind{"ConcurrentKilled", false, true}),
                         [](const auto& kind) { return std::string(kind.param.name); });

}  // namespace
}  // namespace rocketmq::test

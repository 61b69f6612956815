// Ten times the senders that the broker needs to be busy. Promise: some are refused with
// SYSTEM_BUSY, the broker still stores at least 0.8 of what it stored at its best, its memory is
// bounded, and right after it serves as before. ROCKETMQ_HOSTILE_SECONDS sets the time of each
// phase.

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <iostream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "common/check.h"
#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/sanitizers.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kSendMessageV2 = 310;
constexpr int kSuccess = 0;
constexpr int kSystemBusy = 2;
/// How long senders wait after a refusal: patient ones, and those that try again at once.
constexpr milliseconds kPatient{100};
constexpr milliseconds kAtOnce{0};

std::string sendFields() {
  return R"({"a":"overload","b":"Overload","c":"TBW102","d":"4","e":"0","f":"0",)"
         R"("g":"1700000000000","h":"0","i":"","j":"0","k":"false","l":"0","m":"false"})";
}

/// Connections that each keep `window` sends on their way, driven by one thread: sends are made
/// once and copied, answers are only looked at for their code, so that the load costs little of the
/// machine that the broker needs.
class Senders {
 public:
  Senders(uint16_t port, size_t count, size_t window, milliseconds refused_pause)
      : frame_(hostileFrame(kSendMessageV2, sendFields(), std::string(256, 'x'))),
        window_(window),
        refused_pause_(refused_pause) {
    for (size_t i = 0; i < window_; ++i) {
      burst_ += frame_;
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < count; ++i) {
      const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
      ROCKETMQ_CHECK(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)) ==
                     0);
      senders_.emplace_back().socket = socket;
      polls_.push_back({.fd = socket, .events = POLLIN | POLLOUT, .revents = 0});
    }
  }
  ~Senders() {
    for (const Sender& sender : senders_) {
      ::close(sender.socket);
    }
  }
  Senders(const Senders&) = delete;
  Senders& operator=(const Senders&) = delete;

  struct Seen {
    int64_t stored = 0;
    int64_t busy = 0;
    int64_t others = 0;
    double per_second = 0;  ///< Stored.
  };

  /// Sends for `time`.
  Seen run(milliseconds time) {
    seen_ = {};
    const auto begin = steady_clock::now();
    while (steady_clock::now() - begin < time) {
      ROCKETMQ_CHECK(::poll(polls_.data(), polls_.size(), 10) >= 0);
      for (size_t i = 0; i < senders_.size(); ++i) {
        if ((polls_[i].revents & POLLIN) != 0) {
          read(senders_[i]);
        }
        write(senders_[i]);
        const bool has_to_write = senders_[i].unwritten > 0;
        polls_[i].events = static_cast<short>(POLLIN | (has_to_write ? POLLOUT : 0));
      }
    }
    seen_.per_second = static_cast<double>(seen_.stored) /
                       std::chrono::duration<double>(steady_clock::now() - begin).count();
    return seen_;
  }

 private:
  struct Sender {
    int socket = -1;
    size_t on_their_way = 0;  ///< Sends without an answer.
    size_t unwritten = 0;     ///< Bytes of them that the socket has not taken.
    size_t refused = 0;       ///< Of those on their way: answered SYSTEM_BUSY.
    steady_clock::time_point refused_at;
    std::string received;
  };

  void write(Sender& sender) {
    giveBackRefused(sender);
    if (sender.unwritten == 0) {
      const size_t more = window_ - sender.on_their_way;
      if (more < window_ / 4) {
        return;
      }
      sender.on_their_way = window_;
      sender.unwritten = more * frame_.size();
    }
    // The end of the burst, so that what is left always ends with whole frames.
    const ssize_t sent = ::send(sender.socket, burst_.data() + burst_.size() - sender.unwritten,
                                sender.unwritten, MSG_NOSIGNAL | MSG_DONTWAIT);
    sender.unwritten -= static_cast<size_t>(std::max<ssize_t>(sent, 0));
  }

  void read(Sender& sender) {
    char bytes[64 * 1024];
    const ssize_t got = ::recv(sender.socket, bytes, sizeof(bytes), MSG_DONTWAIT);
    ROCKETMQ_CHECK(got != 0);
    sender.received.append(bytes, static_cast<size_t>(std::max<ssize_t>(got, 0)));
    size_t at = 0;
    while (sender.received.size() - at >= 4) {
      uint32_t length = 0;
      std::memcpy(&length, sender.received.data() + at, sizeof(length));
      length = ntohl(length);
      if (sender.received.size() - at < 4 + length) {
        break;
      }
      if (count(std::string_view(sender.received).substr(at + 8, length - 4))) {
        --sender.on_their_way;
      } else if (sender.refused++ == 0) {
        sender.refused_at = steady_clock::now();
      }
      at += 4 + length;
    }
    sender.received.erase(0, at);
  }

  /// A send that was refused is made again when its pause is over.
  void giveBackRefused(Sender& sender) {
    const auto now = steady_clock::now();
    if (sender.refused > 0 && now - sender.refused_at >= refused_pause_) {
      sender.on_their_way -= std::exchange(sender.refused, 0);
    }
  }

  bool count(std::string_view header) {
    constexpr std::string_view kCode = R"("code":)";
    const size_t at = header.find(kCode);
    const int code = at == std::string_view::npos
                         ? -1
                         : std::atoi(std::string(header.substr(at + kCode.size(), 6)).c_str());
    ++(code == kSuccess ? seen_.stored : code == kSystemBusy ? seen_.busy : seen_.others);
    return code != kSystemBusy;
  }

  const std::string frame_;
  const size_t window_;
  const milliseconds refused_pause_;
  std::string burst_;
  std::vector<Sender> senders_;
  std::vector<pollfd> polls_;
  Seen seen_;
};

void print(const char* phase, const Senders::Seen& seen) {
  std::cout << phase << ": " << static_cast<int64_t>(seen.per_second) << " stored a second, "
            << seen.stored << " stored, " << seen.busy << " busy, " << seen.others << " others"
            << std::endl;
}

/// A moderate number of senders, and ten times as many.
struct Load {
  size_t senders = 16;
  size_t window = 64;
  size_t overload_window = 64;
  milliseconds refused_pause = kPatient;
};

class Overload : public ::testing::Test {
 protected:
  void start(const Cluster::Settings& settings) {
    cluster_.emplace(dir_.path().string(), settings);
    cluster_->start();
    cluster_->createTopic("Overload");
  }

  Senders::Seen measure(const char* phase, size_t senders, size_t window,
                        milliseconds refused_pause = kPatient) {
    Senders load(cluster_->brokerPort(), senders, window, refused_pause);
    load.run(milliseconds(500));
    const Senders::Seen seen = load.run(attackTime());
    print(phase, seen);
    EXPECT_EQ(seen.others, 0);
    return seen;
  }

  /// The best, overload, and the best again; the stored messages of the overload as a part of the
  /// smaller one of these: what else the machine does changes both.
  double goodput(const Load& load) {
    const Senders::Seen before = measure("before", load.senders, load.window);
    const int64_t memory_before = anonymousKib(cluster_->broker());
    const Senders::Seen overload =
        measure("overload", 10 * load.senders, load.overload_window, load.refused_pause);
    const int64_t growth = anonymousKib(cluster_->broker()) - memory_before;
    EXPECT_GT(overload.busy, 0);
    EXPECT_LT(growth, 256 * 1024 * memoryFactor());
    const auto end = steady_clock::now();
    RawClient client(cluster_->brokerPort());
    EXPECT_TRUE(eventually(
        [&] { return client.call(kSendMessageV2, sendFields(), "body").code == kSuccess; },
        std::chrono::seconds(5) * timeFactor()));
    const auto pause = std::chrono::duration_cast<milliseconds>(steady_clock::now() - end);
    const Senders::Seen after = measure("after", load.senders, load.window);
    const double part =
        overload.per_second / std::max(1.0, std::min(before.per_second, after.per_second));
    std::cout << "goodput " << part << ", memory +" << growth / 1024 << " MiB, served again after "
              << pause.count() << " ms" << std::endl;
    return part;
  }

  /// Other processes take what they want of two cores: one of three rounds has to show it. A
  /// sanitizer changes what a refusal costs beside a send: there one round only has to go well.
  void expectGoodput(const Load& load) {
    double best = 0;
    const int rounds = isSanitized() ? 1 : 3;
    for (int round = 0; round < rounds && best < 0.8; ++round) {
      best = std::max(best, goodput(load));
    }
    if (!isSanitized()) {
      EXPECT_GE(best, 0.8);
    }
    expectGoodEnd(*cluster_);
  }

  TempDir dir_;
  std::optional<Cluster> cluster_;
};

/// The processor is the bottleneck: what arrives waits in the sockets.
TEST_F(Overload, OfTheProcessor) {
  start({{"ioThreads", "1"}, {"waitTimeMillsInSendQueue", "50"}});
  expectGoodput({.senders = 16, .window = 64, .overload_window = 1000});
}

TEST_F(Overload, OfTheProcessorBySendersThatTryAgainAtOnce) {
  start({{"ioThreads", "1"}, {"waitTimeMillsInSendQueue", "50"}});
  expectGoodput({.senders = 16, .window = 64, .overload_window = 1000, .refused_pause = kAtOnce});
}

/// The disk is: sends that are stored wait for it.
TEST_F(Overload, OfTheDisk) {
  start({{"flushDiskType", "SYNC_FLUSH"}, {"sendThreadPoolQueueCapacity", "500"}});
  expectGoodput({.senders = 16, .window = 16, .overload_window = 16});
}

TEST_F(Overload, OfTheDiskBySendersThatTryAgainAtOnce) {
  start({{"flushDiskType", "SYNC_FLUSH"}, {"sendThreadPoolQueueCapacity", "500"}});
  expectGoodput({.senders = 16, .window = 16, .overload_window = 16, .refused_pause = kAtOnce});
}

}  // namespace
}  // namespace rocketmq::test

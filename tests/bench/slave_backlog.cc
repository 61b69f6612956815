// How fast a new slave copies a long log, against a plain TCP copy of the same files over loopback,
// and what either does to the latency of sends.
//
//   slave_backlog [--gib=5] [--turns=3]
//
// The two copy in turns, the plain copy first in one and the slave in the next: each into new files
// after the earlier ones were removed, with nothing left to be written to the disk, and with the
// latency of sends beside no copy just before. What a copy pays for memory that the system has
// given back to a hypervisor, and for the disk, is then the same for both. Ratios are taken within
// a turn, and the median of the turns counts. A turn before the first one does not: it brings the
// log into memory. In the end two threads use both processors without a copy, first as threads do,
// then so that they give way (common/scheduling.h): what of the latency is the system's doing.
//
// Needs three times the log's size on the disk of TMPDIR, and memory for two.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "client/admin/admin_client.h"
#include "common/check.h"
#include "common/file_system.h"
#include "common/scheduling.h"
#include "rocketmq/default_mq_producer.h"
#include "tests/bench/plain_copy.h"
#include "tests/bench/steps.h"
#include "tests/support/cpu_time.h"
#include "tests/support/daemon.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"
#include "tools/mqbench/histogram.h"

namespace rocketmq::bench {
namespace {

using test::Cluster;
using test::CpuTime;
using test::cpuTimeOf;
using test::Slave;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kBodyBytes = 1024;
constexpr size_t kBatch = 32;
/// No divisor of the system's tick: sends that always came at the same time of it had a p99 of
/// either 0.4 or 2 ms beside no copy, from run to run.
constexpr auto kSendPeriod = std::chrono::microseconds(1900);
/// How long sends are measured beside no copy in each turn.
constexpr auto kQuietTime = std::chrono::seconds(5);
constexpr auto kCopyTimeMax = std::chrono::minutes(10);

double gib = 5;
double turns = 3;

double secondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

double medianOf(std::vector<double> values) {
  ROCKETMQ_CHECK(!values.empty());
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

void fill(const std::string& root) {
  const auto bytes = static_cast<int64_t>(gib * (1 << 30));
  const std::string body(kBodyBytes, 'b');
  MessageRecord message;
  message.topic = "Backlog";
  message.body = body;
  const std::vector<MessageRecord> batch(kBatch, message);
  const auto store = openStore(root);
  while (store->commitLogMaxOffset() < bytes) {
    ROCKETMQ_CHECK(store->putBatch(batch).ok());
  }
}

/// Sends at a steady rate; a latency counts from when the message was due.
class SteadySender {
 public:
  explicit SteadySender(const Cluster& cluster) : producer_(configFor(cluster)) {
    producer_.start();
    thread_ = std::thread([this] { run(); });
  }
  ~SteadySender() {
    over_ = true;
    thread_.join();
  }
  /// What was recorded since the last call.
  Histogram take() {
    std::lock_guard lock(mutex_);
    return std::exchange(latencies_, Histogram());
  }

 private:
  static ProducerConfig configFor(const Cluster& cluster) {
    ProducerConfig config;
    config.namesrv_addr = cluster.namesrvAddr();
    config.producer_group = "bench";
    return config;
  }

  void run() {
    const std::string body(kBodyBytes, 's');
    for (auto due = SteadyClock::now(); !over_; due += kSendPeriod) {
      std::this_thread::sleep_until(due);
      Message message("Steady", body);
      producer_.send(message);
      std::lock_guard lock(mutex_);
      latencies_.record((SteadyClock::now() - due).count());
    }
  }

  DefaultMQProducer producer_;
  std::atomic<bool> over_{false};
  std::mutex mutex_;
  Histogram latencies_;
  std::thread thread_;
};

/// What the system has written to its disks since it started.
double diskMb() {
  std::ifstream file("/proc/vmstat");
  std::string name;
  double value = 0;
  while (file >> name >> value) {
    if (name == "pgpgout") {
      return value * 1024 / 1e6;
    }
  }
  return 0;
}

/// One of the two copies, a value for each turn.
struct Copies {
  std::vector<double> mb_per_second;
  std::vector<double> p99_ms;
  /// To that of sends beside no copy just before.
  std::vector<double> p99_ratio;
};

double millis(const Histogram& latencies, double percent) {
  return static_cast<double>(latencies.percentile(percent)) / 1e6;
}

void printSends(const Histogram& sends) {
  std::printf("sends p50 %.2f, p99 %.2f, p99.9 %.2f, max %.1f ms", millis(sends, 50),
              millis(sends, 99), millis(sends, 99.9), static_cast<double>(sends.max()) / 1e6);
}

class Backlog {
 public:
  Backlog() : store_(master_dir_ / "store") {
    timed("a log of " + std::to_string(gib) + " GiB made",
          [&] { inProcess([&] { fill(store_); }); });
    cluster_ = std::make_unique<Cluster>(master_dir_.path().string(),
                                         Cluster::Settings{{"haNewSlaveGetsAll", "true"}});
    cluster_->start();
    cluster_->createTopic("Steady");
    auto admin = client::AdminClient::create({.name_servers = cluster_->namesrvAddr()});
    ROCKETMQ_CHECK(admin.ok());
    admin_ = std::move(*admin);
    sender_ = std::make_unique<SteadySender>(*cluster_);
  }

  void run() {
    std::printf("not counted:\n");
    Copies plain;
    Copies slave;
    for (int turn = 0; turn <= static_cast<int>(turns); ++turn) {
      if (turn == 1) {
        std::printf("turns:\n");
        plain = {};
        slave = {};
        quiet_p99_ms_.clear();
      }
      const bool is_plain_first = turn % 2 == 0;
      for (const bool is_plain : {is_plain_first, !is_plain_first}) {
        beQuiet();
        is_plain ? copyPlain(plain) : copyToSlave(slave);
      }
    }
    std::printf("controls:\n");
    besideBusyThreads("busy threads", Turns::kUsual);
    besideBusyThreads("that give way", Turns::kShort);
    printSummary(plain, slave);
  }

 private:
  /// What threads do to the sends that do nothing but use both processors.
  void besideBusyThreads(const char* what, Turns how) {
    writeEverything();
    std::atomic<bool> over{false};
    std::vector<std::thread> threads(2);
    for (std::thread& thread : threads) {
      thread = std::thread([&over, how] {
        takeTurns(how);
        while (!over) {
          giveWay();
        }
      });
    }
    measureSends(what);
    over = true;
    for (std::thread& thread : threads) {
      thread.join();
    }
  }

  /// To the disk, whatever waits for it.
  void writeEverything() {
    ROCKETMQ_CHECK(posixFileSystem().syncAll(master_dir_.path().string()).isOk());
  }

  Histogram measureSends(const char* what) {
    sender_->take();
    std::this_thread::sleep_for(kQuietTime);
    Histogram sends = sender_->take();
    std::printf("%-25s", what);
    printSends(sends);
    std::printf("\n");
    std::fflush(stdout);
    return sends;
  }

  /// Brings everything that waits to be written to the disk there, and measures sends alone.
  void beQuiet() {
    writeEverything();
    quiet_p99_ms_.push_back(millis(measureSends("no copy"), 99));
  }

  int64_t logEnd() const {
    const auto status = admin_->brokerHaStatus(cluster_->brokerAddr());
    ROCKETMQ_CHECK(status.ok());
    return status->master_commit_log_max_offset;
  }

  /// Begins to measure a copy of so many bytes.
  void begin() {
    bytes_ = logEnd();
    sender_->take();
    disk_mb_ = diskMb();
    begun_ = SteadyClock::now();
  }

  void end(const char* what, Copies& copies) {
    const double seconds = secondsSince(begun_);
    const Histogram sends = sender_->take();
    copies.mb_per_second.push_back(static_cast<double>(bytes_) / seconds / 1e6);
    copies.p99_ms.push_back(millis(sends, 99));
    copies.p99_ratio.push_back(millis(sends, 99) / quiet_p99_ms_.back());
    std::printf("%-12s %6.0f MB/s  ", what, copies.mb_per_second.back());
    printSends(sends);
    std::printf("; %.0f MB to the disk", diskMb() - disk_mb_);
  }

  void copyPlain(Copies& copies) {
    const test::TempDir folder;
    begin();
    const double receiver = copyPlainly(store_ + "/commitlog", bytes_, folder / "copy");
    end("plain copy", copies);
    std::printf(", processor: receiver %.1f s\n", receiver);
    std::fflush(stdout);
  }

  /// Starts a new slave and waits until it has what the master had then.
  void copyToSlave(Copies& copies) {
    const test::TempDir folder;
    Slave slave(*cluster_, folder.path().string());
    slave.start();
    const pid_t master_pid = cluster_->broker().pid();
    const double master_before = cpuTimeOf(master_pid).all();
    begin();
    const auto has_all = [&] {
      const auto status = admin_->brokerHaStatus(slave.address());
      return status.ok() && status->ha_client_runtime_info.max_offset >= bytes_;
    };
    // Asked seldom: each question takes processor time from what is measured.
    while (!has_all()) {
      ROCKETMQ_CHECK(SteadyClock::now() - begun_ < kCopyTimeMax);
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    end("new slave", copies);
    const pid_t pid = slave.broker().pid();
    const CpuTime ha = cpuTimeOf(pid, "broker-ha-0");
    std::printf(", processor: appending thread %.1f s (kernel %.1f), slave %.1f s, master %.1f s\n",
                ha.all(), ha.system, cpuTimeOf(pid).all(),
                cpuTimeOf(master_pid).all() - master_before);
    std::fflush(stdout);
    slave.kill();
  }

  void printSummary(const Copies& plain, const Copies& slave) const {
    std::printf("\nmedians                   speed        p99 of sends\n");
    std::printf("no copy                              %7.2f ms\n", medianOf(quiet_p99_ms_));
    const auto print = [](const char* what, const Copies& copies) {
      std::printf("%-20s %6.0f MB/s   %7.2f ms, %.1f x\n", what, medianOf(copies.mb_per_second),
                  medianOf(copies.p99_ms), medianOf(copies.p99_ratio));
    };
    print("plain copy", plain);
    print("new slave", slave);
    std::vector<double> ratios;
    for (size_t turn = 0; turn < slave.mb_per_second.size(); ++turn) {
      ratios.push_back(slave.mb_per_second[turn] / plain.mb_per_second[turn]);
    }
    std::printf("slave / plain copy %.2f (bar 0.7), p99 of sends %.1f x (bar 2)\n",
                medianOf(ratios), medianOf(slave.p99_ratio));
  }

  const test::TempDir master_dir_;
  const std::string store_;
  std::unique_ptr<Cluster> cluster_;
  std::unique_ptr<client::AdminClient> admin_;
  std::unique_ptr<SteadySender> sender_;

  std::vector<double> quiet_p99_ms_;
  // Of the copy that is being measured.
  int64_t bytes_ = 0;
  double disk_mb_ = 0;
  SteadyClock::time_point begun_;
};

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  rocketmq::bench::readOptions(
      argc, argv, {{"--gib", &rocketmq::bench::gib}, {"--turns", &rocketmq::bench::turns}},
      "slave_backlog [--gib=5] [--turns=3]");
  rocketmq::bench::Backlog().run();
  return 0;
}

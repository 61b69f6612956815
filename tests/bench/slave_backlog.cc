// How fast a new slave copies a long log, against a plain TCP copy of the same files over loopback,
// and what that does to the latency of sends.
//
//   slave_backlog [--gib=5]
//
// Needs three times the log's size on the disk of TMPDIR.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "common/check.h"
#include "rocketmq/default_mq_producer.h"
#include "tests/bench/steps.h"
#include "tests/support/daemon.h"
#include "tests/support/slave.h"
#include "tests/support/temp_dir.h"
#include "tools/mqbench/histogram.h"

namespace rocketmq::bench {
namespace {

namespace fs = std::filesystem;
using test::Cluster;
using test::Slave;
using SteadyClock = std::chrono::steady_clock;

constexpr size_t kBodyBytes = 1024;
constexpr size_t kBatch = 32;
constexpr auto kSendPeriod = std::chrono::milliseconds(2);
constexpr auto kBefore = std::chrono::seconds(5);
constexpr size_t kPieceBytes = 1 << 20;

double gib = 5;

double secondsSince(SteadyClock::time_point begin) {
  return std::chrono::duration<double>(SteadyClock::now() - begin).count();
}

void fill(const std::string& root) {
  const auto messages = static_cast<int64_t>(gib * (1 << 20));
  const std::string body(kBodyBytes, 'b');
  MessageRecord message;
  message.topic = "Backlog";
  message.body = body;
  const std::vector<MessageRecord> batch(kBatch, message);
  const auto store = openStore(root);
  for (int64_t sent = 0; sent < messages; sent += static_cast<int64_t>(kBatch)) {
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
  /// What was recorded since the last call, in ms.
  void print(const std::string& when) {
    std::lock_guard lock(mutex_);
    const auto ms = [this](double percent) {
      return static_cast<double>(latencies_.percentile(percent)) / 1e6;
    };
    std::printf("sends %-28s %8lld, p50 %.2f ms, p99 %.2f ms, max %.1f ms\n", when.c_str(),
                static_cast<long long>(latencies_.count()), ms(50), ms(99),
                static_cast<double>(latencies_.max()) / 1e6);
    latencies_ = Histogram();
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

/// Takes bytes from one connection into a file until it is closed.
void receiveInto(int listener, const std::string& path) {
  const int socket = ::accept(listener, nullptr, nullptr);
  const int file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600);
  ROCKETMQ_CHECK(socket >= 0 && file >= 0);
  std::vector<char> piece(kPieceBytes);
  for (ssize_t got = 0; (got = ::recv(socket, piece.data(), piece.size(), 0)) > 0;) {
    ROCKETMQ_CHECK(::write(file, piece.data(), static_cast<size_t>(got)) == got);
  }
  ::close(file);
  ::close(socket);
}

void sendFile(int socket, const fs::path& path) {
  const int file = ::open(path.c_str(), O_RDONLY);
  ROCKETMQ_CHECK(file >= 0);
  while (::sendfile(socket, file, nullptr, kPieceBytes) > 0) {
  }
  ::close(file);
}

/// Copies the files of a folder over a loopback connection; the bytes per second.
double copyPlainly(const std::string& from, const std::string& to) {
  const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  ROCKETMQ_CHECK(::bind(listener, plain, length) == 0 && ::listen(listener, 1) == 0);
  ROCKETMQ_CHECK(::getsockname(listener, plain, &length) == 0);
  const auto begin = SteadyClock::now();
  std::thread receiver([&] { receiveInto(listener, to); });
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  ROCKETMQ_CHECK(::connect(socket, plain, length) == 0);
  for (const auto& entry : fs::directory_iterator(from)) {
    sendFile(socket, entry.path());
  }
  ::close(socket);
  receiver.join();
  const double seconds = secondsSince(begin);
  ::close(listener);
  return static_cast<double>(fs::file_size(to)) / seconds;
}

int64_t logEnd(const Cluster& cluster, const std::string& address) {
  const std::string text = test::runtimeInfo(cluster, address, "commitLogMaxOffset");
  return text.empty() ? 0 : std::stoll(text);
}

/// Starts a new slave and waits until it has what the master had then; the bytes per second.
double copyToSlave(const Cluster& cluster, Slave& slave) {
  const int64_t backlog = logEnd(cluster, cluster.brokerAddr());
  slave.start();
  const auto begin = SteadyClock::now();
  while (logEnd(cluster, slave.address()) < backlog) {
    ROCKETMQ_CHECK(secondsSince(begin) < 600);
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  return static_cast<double>(backlog) / secondsSince(begin);
}

void printSpeed(const char* what, double bytes_per_second) {
  std::printf("%-34s %8.0f MB/s\n", what, bytes_per_second / 1e6);
  std::fflush(stdout);
}

void run() {
  const test::TempDir master_dir;
  const test::TempDir slave_dir;
  const test::TempDir copy_dir;
  const std::string store = master_dir.path().string() + "/store";
  timed("a log of " + std::to_string(gib) + " GiB made", [&] { inProcess([&] { fill(store); }); });
  Cluster cluster(master_dir.path().string(), {{"haNewSlaveGetsAll", "true"}});
  cluster.start();
  cluster.createTopic("Steady");
  SteadySender sender(cluster);
  std::this_thread::sleep_for(kBefore);
  sender.print("with no slave");
  const double plain = copyPlainly(store + "/commitlog", copy_dir / "copy");
  printSpeed("plain TCP copy of the files", plain);
  sender.print("during that copy");
  Slave slave(cluster, slave_dir.path().string());
  const double replicated = copyToSlave(cluster, slave);
  printSpeed("copy to a new slave", replicated);
  sender.print("during that copy");
  std::printf("slave / plain copy (bar 0.7): %.2f\n", replicated / plain);
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  rocketmq::bench::readOptions(argc, argv, {{"--gib", &rocketmq::bench::gib}},
                               "slave_backlog [--gib=5]");
  rocketmq::bench::run();
  return 0;
}

// Promise: on a disk that fills up sends are refused with SERVICE_NOT_AVAILABLE before it is full,
// reads go on, and sends are taken again by themselves when there is space. A disk that is really
// full, from one moment to the next, kills no broker: mapped files are written only where blocks
// are reserved. Nothing acknowledged is lost.
//
// Each test runs on a tmpfs of its own in a private mount namespace.

#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "rocketmq/default_mq_producer.h"
#include "tests/fault/load.h"
#include "tests/fault/rounds.h"
#include "tests/support/daemon.h"
#include "tests/support/private_mounts.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int64_t kDiskBytes = 48 << 20;
constexpr int kServiceNotAvailable = 14;

class FullDiskTest : public ::testing::Test {
 protected:
  void SetUp() override {
    const std::string size = "size=" + std::to_string(kDiskBytes);
    if (!enterPrivateMounts() ||
        ::mount("tmpfs", folder().c_str(), "tmpfs", 0, size.c_str()) != 0) {
      GTEST_SKIP() << "no tmpfs can be mounted here: " << std::strerror(errno)
                   << "; run as root, or where user namespaces are allowed";
    }
    is_mounted_ = true;
  }
  void TearDown() override {
    if (is_mounted_) {
      ::umount2(folder().c_str(), MNT_DETACH);
    }
  }

  std::string folder() const { return dir_.path().string(); }

  static Cluster::Settings settings() {
    return {{"mappedFileSizeCommitLog", "1048576"},
            {"mappedFileSizeConsumeQueue", "4000"},
            {"maxHashSlotNum", "500"},
            {"maxIndexNum", "5000"},
            {"maxMessageSize", "65536"},
            {"maxTransferCountOnMessageInMemory", "1000"},
            {"cleanFileForciblyEnable", "false"},
            {"flushDiskType", "SYNC_FLUSH"}};
  }

  int64_t freeBytes() const {
    struct statvfs raw {};
    EXPECT_EQ(0, ::statvfs(folder().c_str(), &raw));
    return static_cast<int64_t>(raw.f_bavail * raw.f_frsize);
  }
  /// Takes space away until `left` bytes are free; 0: all.
  void fillDisk(int64_t left) {
    std::ofstream ballast(folder() + "/ballast", std::ios::app);
    const std::string block(4096, 'x');
    while (ballast.good() && freeBytes() > left) {
      ballast << block << std::flush;
    }
  }
  void freeDisk() { ASSERT_EQ(0, ::unlink((folder() + "/ballast").c_str())); }

  /// The code that the broker answers a send with; 0 when it takes the message.
  static int sendCode(DefaultMQProducer& producer, const std::string& topic) {
    Message message(topic, "t", "k", std::string(20'000, 'b'));
    try {
      producer.send(message);
      return 0;
    } catch (const MQException& refused) {
      return refused.code();
    }
  }

  TempDir dir_;
  bool is_mounted_ = false;
};

/// A producer that tries once, so that a refusal is seen.
ProducerConfig onceOnly(const Cluster& cluster) {
  ProducerConfig config;
  config.namesrv_addr = cluster.namesrvAddr();
  config.producer_group = "full_disk";
  config.retry_times_when_send_failed = 0;
  return config;
}

TEST_F(FullDiskTest, SendsAreRefusedInTimeAndTakenAgainWhenThereIsSpace) {
  auto quick = settings();
  quick["cleanResourceInterval"] = "20";
  Cluster cluster(folder(), quick);
  cluster.start();
  Load load(cluster, "FullDisk", faultSeed());
  load.send(300);
  cluster.createTopic("Probe");
  DefaultMQProducer producer(onceOnly(cluster));
  producer.start();

  fillDisk(kDiskBytes / 20);
  ASSERT_TRUE(eventually([&] { return sendCode(producer, "Probe") == kServiceNotAvailable; }));
  EXPECT_GT(freeBytes(), kDiskBytes / 50) << "refused only when it was full";
  load.expectEverythingThere();
  const auto status = cluster.admin({"brokerStatus", "-b", cluster.brokerAddr()});
  EXPECT_NE(std::string::npos, status.output.find("disk is too full")) << status.output;

  freeDisk();
  EXPECT_TRUE(eventually([&] { return sendCode(producer, "Probe") == 0; }));
  load.send(300);
  cluster.stopBroker();
  cluster.startBroker();
  load.expectEverythingThere();
}

// The settings that everybody has: files of a gigabyte, a look every ten seconds.
TEST_F(FullDiskTest, SendsAreRefusedInTimeHoweverFastTheDiskFillsUp) {
  Cluster cluster(folder());
  cluster.start();
  cluster.createTopic("Probe");
  ProducerConfig plain = onceOnly(cluster);
  plain.compress_msg_body_over_howmuch = 1 << 20;  // Bodies take their place.
  DefaultMQProducer producer(plain);
  producer.start();
  std::string refusal;
  const Message message("Probe", "t", "k", std::string(100'000, 'b'));
  for (int64_t sent = 0; refusal.empty() && sent < 2 * kDiskBytes; sent += 100'000) {
    try {
      Message copy = message;
      producer.send(copy);
    } catch (const MQException& refused) {
      EXPECT_EQ(kServiceNotAvailable, refused.code());
      refusal = refused.what();
    }
  }
  EXPECT_NE(std::string::npos, refusal.find("disk is too full")) << refusal;
  EXPECT_GT(freeBytes(), kDiskBytes / 50) << "refused only when it was full";
  // What a stop writes has room.
  cluster.stopBroker();
  for (const auto& log : std::filesystem::recursive_directory_iterator(folder() + "/logs")) {
    std::ifstream lines(log.path());
    for (std::string line; std::getline(lines, line);) {
      EXPECT_EQ(std::string::npos, line.find("No space left")) << line;
    }
  }
  cluster.startBroker();
}

TEST_F(FullDiskTest, ADiskThatIsFullAtOnceKillsNoBroker) {
  auto slow = settings();
  slow["cleanResourceInterval"] = "3000";  // It is full before anybody looks.
  Cluster cluster(folder(), slow);
  cluster.start();
  Load load(cluster, "FullDisk", faultSeed());
  load.send(300);
  for (int queue = 0; queue < 3; ++queue) {
    cluster.createTopic("Probe" + std::to_string(queue));
  }
  DefaultMQProducer producer(onceOnly(cluster));
  producer.start();

  fillDisk(0);
  // What has been reserved ahead is used up first; new queues get no file.
  for (int i = 0; i < 400; ++i) {
    const int code = sendCode(producer, "Probe" + std::to_string(i % 3));
    ASSERT_TRUE(code == 0 || code == kServiceNotAvailable) << code;
  }
  EXPECT_EQ(kServiceNotAvailable, sendCode(producer, "Probe0"));
  ASSERT_TRUE(cluster.broker().running()) << cluster.broker().output();
  load.expectEverythingThere();

  freeDisk();
  EXPECT_TRUE(eventually([&] { return sendCode(producer, "Probe0") == 0; }));
  load.send(300);
  load.sendUntilKilled(100);
  cluster.startBroker();
  load.expectEverythingThere();
}

}  // namespace
}  // namespace rocketmq::test

// One store with very many queues: what making, filling, stopping and starting it again costs.
//
//   many_queues [--queues=20000] [--messages_each=5] [--extension=0]
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <memory>
#include <string>

#include "common/check.h"
#include "common/clock.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/bench/steps.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

constexpr int kQueuesPerTopic = 4;

int queues = 20'000;
int messages_each = 5;
bool has_extension = false;

std::unique_ptr<store::MessageStore> openQueues(const std::string& root) {
  return openStore(root, has_extension);
}

void putRound(store::MessageStore& store) {
  static const std::string body(1024, 'b');
  for (int i = 0; i < queues; ++i) {
    MessageRecord message;
    const std::string topic = "Topic" + std::to_string(i / kQueuesPerTopic);
    message.topic = topic;
    message.queue_id = i % kQueuesPerTopic;
    message.body = body;
    const store::PutResult put = store.put(message);
    if (!put.ok()) {
      std::fprintf(stderr, "put: %s\n", put.detail.c_str());
      std::exit(1);
    }
  }
}

void checkEnds(const store::MessageStore& store, int64_t expected) {
  for (int i = 0; i < queues; ++i) {
    const std::string topic = "Topic" + std::to_string(i / kQueuesPerTopic);
    ROCKETMQ_CHECK(store.maxOffset(topic, i % kQueuesPerTopic) == expected);
  }
}

void printProcess() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("VmRSS")) {
      std::printf("  %s\n", line.c_str());
    }
  }
  std::ifstream maps("/proc/self/maps");
  int count = 0;
  for (std::string line; std::getline(maps, line);) {
    ++count;
  }
  std::printf("  mappings: %d\n", count);
}

void restart(const std::string& root, const std::string& name, int64_t expected) {
  inProcess([&] {
    std::unique_ptr<store::MessageStore> store;
    timed(name, [&] { store = openQueues(root); });
    checkEnds(*store, expected);
    printProcess();
    timed("stop without new messages", [&] { store.reset(); });
  });
}

void run(const std::string& root) {
  std::printf("%d queues%s, %d messages of 1 KiB each\n", queues,
              has_extension ? " with extension" : "", messages_each);
  inProcess([&] {
    auto store = openQueues(root);
    timed("first message of every queue", [&] { putRound(*store); });
    for (int i = 1; i < messages_each; ++i) {
      timed("one more for every queue", [&] { putRound(*store); });
    }
    printProcess();
    timed("stop", [&] { store.reset(); });
  });
  restart(root, "start after a clean stop", messages_each);
  inProcess([&] {
    auto store = openQueues(root);
    putRound(*store);
    (void)store.release();  // Ends as if killed.
  });
  restart(root, "start after a kill", messages_each + 1);
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  double queues = rocketmq::bench::queues;
  double each = rocketmq::bench::messages_each;
  double extension = 0;
  rocketmq::bench::readOptions(
      argc, argv, {{"--queues", &queues}, {"--messages_each", &each}, {"--extension", &extension}},
      "many_queues [--queues=20000] [--messages_each=5] [--extension=0]");
  rocketmq::bench::queues = static_cast<int>(queues);
  rocketmq::bench::messages_each = static_cast<int>(each);
  rocketmq::bench::has_extension = extension != 0;
  const rocketmq::test::TempDir dir;
  rocketmq::bench::run(dir / "store");
  return 0;
}

// One store with very many queues: what making, filling, stopping and starting it again costs.
//
//   many_queues [--queues=20000] [--messages_each=5]
//
// Each step runs in a process of its own, so that memory and mappings are those of the step, and so
// that one can end as if it had been killed.
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <memory>
#include <string>

#include "common/check.h"
#include "common/clock.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

constexpr int kQueuesPerTopic = 4;

int queues = 20'000;
int messages_each = 5;

struct Step {
  std::string name;
  std::chrono::steady_clock::time_point begin = std::chrono::steady_clock::now();

  ~Step() {
    const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
    std::printf("%-44s %8.2f s\n", name.c_str(), took.count());
    std::fflush(stdout);
  }
};

std::unique_ptr<store::MessageStore> openStore(const std::string& root) {
  store::StoreOptions options;
  options.root_dir = root;
  auto opened = store::MessageStore::open(options, SystemClock::instance(), nullptr);
  if (!opened.ok()) {
    std::fprintf(stderr, "%s\n", opened.status().message().c_str());
    std::exit(1);
  }
  return std::move(*opened);
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

void inProcess(const std::function<void()>& step) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  ROCKETMQ_CHECK(child >= 0);
  if (child == 0) {
    step();
    std::fflush(stdout);
    ::_exit(0);
  }
  int status = 0;
  ROCKETMQ_CHECK(::waitpid(child, &status, 0) == child && status == 0);
}

void restart(const std::string& root, const std::string& name, int64_t expected) {
  inProcess([&] {
    std::unique_ptr<store::MessageStore> store;
    {
      const Step step{name};
      store = openStore(root);
    }
    checkEnds(*store, expected);
    printProcess();
    const Step step{"stop without new messages"};
    store.reset();
  });
}

void run(const std::string& root) {
  std::printf("%d queues, %d messages of 1 KiB each\n", queues, messages_each);
  inProcess([&] {
    auto store = openStore(root);
    {
      const Step step{"first message of every queue"};
      putRound(*store);
    }
    for (int i = 1; i < messages_each; ++i) {
      const Step step{"one more for every queue"};
      putRound(*store);
    }
    printProcess();
    const Step step{"stop"};
    store.reset();
  });
  restart(root, "start after a clean stop", messages_each);
  inProcess([&] {
    auto store = openStore(root);
    putRound(*store);
    (void)store.release();  // Ends as if killed.
  });
  restart(root, "start after a kill", messages_each + 1);
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const std::string queues_option = "--queues=";
    const std::string each_option = "--messages_each=";
    if (argument.starts_with(queues_option)) {
      rocketmq::bench::queues = std::atoi(argument.c_str() + queues_option.size());
    } else if (argument.starts_with(each_option)) {
      rocketmq::bench::messages_each = std::atoi(argument.c_str() + each_option.size());
    } else {
      std::fprintf(stderr, "usage: many_queues [--queues=20000] [--messages_each=5]\n");
      return 1;
    }
  }
  const rocketmq::test::TempDir dir;
  rocketmq::bench::run(dir / "store");
  return 0;
}

// One member of a consumer group, as a process of its own that a test may kill: it writes down what
// its listener is given, and leaves in order on SIGTERM.
//   churn_member [-Dproperty=value...] NAME_SERVERS TOPIC GROUP concurrent|orderly FILE
// Each line of FILE: "B|E nanoseconds queue offset body": begin and end of a listener call, by the
// clock that all processes of the machine share.

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <string>
#include <thread>
#include <vector>

#include "common/check.h"
#include "rocketmq/default_mq_push_consumer.h"

namespace {

int64_t nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * int64_t{1'000'000'000} + now.tv_nsec;
}

/// One write per line: a kill leaves whole lines only.
void note(int file, char what, const rocketmq::MessageExt& message) {
  const std::string line = std::string(1, what) + " " + std::to_string(nowNs()) + " " +
                           std::to_string(message.queueId()) + " " +
                           std::to_string(message.queueOffset()) + " " + message.body() + "\n";
  ROCKETMQ_CHECK(::write(file, line.data(), line.size()) == static_cast<ssize_t>(line.size()));
}

// Some calls last, so that two members that have one queue at once are seen at it.
void consume(int file, const std::vector<rocketmq::MessageExt>& messages) {
  for (const rocketmq::MessageExt& message : messages) {
    note(file, 'B', message);
    if (message.queueOffset() % 16 == 0) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    note(file, 'E', message);
  }
}

}  // namespace

int main(int argc, char** argv) {
  rocketmq::takeProperties(argc, argv);
  ROCKETMQ_CHECK(argc == 6);
  // Before the library starts its threads, so that none of them takes the signal.
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  const int file = ::open(argv[5], O_CREAT | O_WRONLY | O_APPEND | O_CLOEXEC, 0644);
  ROCKETMQ_CHECK(file >= 0);

  rocketmq::PushConsumerConfig config;
  config.namesrv_addr = argv[1];
  config.consumer_group = argv[3];
  config.consume_from_where = rocketmq::ConsumeFromWhere::kFirstOffset;
  config.consume_thread_max = 4;
  rocketmq::DefaultMQPushConsumer consumer(config);
  consumer.subscribe(argv[2]);
  if (std::string(argv[4]) == "orderly") {
    consumer.registerMessageListener([file](const std::vector<rocketmq::MessageExt>& messages,
                                            rocketmq::ConsumeOrderlyContext&) {
      consume(file, messages);
      return rocketmq::ConsumeOrderlyStatus::kSuccess;
    });
  } else {
    consumer.registerMessageListener([file](const std::vector<rocketmq::MessageExt>& messages,
                                            rocketmq::ConsumeConcurrentlyContext&) {
      consume(file, messages);
      return rocketmq::ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
  }
  consumer.start();
  std::puts("started");
  std::fflush(stdout);
  int signal_number = 0;
  sigwait(&term, &signal_number);
  consumer.shutdown();
  return 0;
}

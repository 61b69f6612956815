// An application whose clients last as long as its program, or one of its threads:
//   lasting_clients [-Dproperty=value...] static|local|main-thread|thread END
// END is how it ends, once it has sent and consumed: "return" of main(), exit() in main ("exit"),
// in a listener ("listener") or in the callback of a send ("callback").

#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <optional>
#include <string>
#include <thread>

#include "common/check.h"
#include "rocketmq/default_lite_pull_consumer.h"
#include "rocketmq/default_mq_producer.h"
#include "rocketmq/default_mq_pull_consumer.h"
#include "rocketmq/default_mq_push_consumer.h"

#if defined(__SANITIZE_THREAD__)
// A listener that ends the program does so on its own thread, which nobody can join then.
extern "C" const char* __tsan_default_options() { return "report_thread_leaks=0"; }
#endif

namespace {

using namespace rocketmq;

/// Set first, and never destroyed.
std::string& endWish() {
  static std::string& wish = *new std::string;
  return wish;
}

std::atomic<int> consumed{0};
std::atomic<bool> made{false};  // What is not wholly there, the end of a program does not destroy.

template <class Config>
Config settings(const std::string& group) {
  Config config;
  config.credentials.access_key = "key";
  config.credentials.secret_key = "12345678";
  if constexpr (std::is_same_v<Config, ProducerConfig>) {
    config.producer_group = group;
  } else {
    config.consumer_group = group;
  }
  if constexpr (requires { config.consume_from_where; }) {
    config.consume_from_where = ConsumeFromWhere::kFirstOffset;
  }
  return config;
}

void endOnceMade() {
  while (!made) {
    std::this_thread::yield();
  }
  std::exit(0);
}

void noteConsumed() {
  if (endWish() == "listener") {
    endOnceMade();
  }
  ++consumed;
}

/// One client of every kind, at work.
class Clients {
 public:
  Clients() {
    producer_.start();
    for (int i = 0; i < 20; ++i) {
      Message message("T", "x");
      message.setKeys("key");
      producer_.send(message);
    }
    if (endWish() != "callback") {
      consume();
    } else {
      producer_.send(Message("T", "x"), {[](const SendResult&) { endOnceMade(); }, nullptr});
    }
  }

 private:
  void consume() {
    concurrent_.config().consume_thread_max = 1;  // Only one may call exit().
    concurrent_.subscribe("T");
    concurrent_.registerMessageListener([](const auto&, ConsumeConcurrentlyContext&) {
      noteConsumed();
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    concurrent_.start();
    if (endWish() == "listener") {
      return;
    }
    orderly_.subscribe("T");
    orderly_.registerMessageListener([](const auto&, ConsumeOrderlyContext&) {
      noteConsumed();
      return ConsumeOrderlyStatus::kSuccess;
    });
    orderly_.start();
    broadcasting_.config().message_model = MessageModel::kBroadcasting;
    broadcasting_.subscribe("T");
    broadcasting_.registerMessageListener([](const auto&, ConsumeConcurrentlyContext&) {
      noteConsumed();
      return ConsumeConcurrentlyStatus::kConsumeSuccess;
    });
    broadcasting_.start();
    lite_pull_.subscribe("T");
    lite_pull_.start();
    while (lite_pull_.poll().empty()) {
    }
    pull_.start();
    for (const MessageQueue& queue : pull_.fetchSubscribeMessageQueues("T")) {
      pull_.pull(queue, "*", 0, 8);
      pull_.updateConsumeOffset(queue, 1);
    }
    while (consumed < 3) {
      std::this_thread::yield();
    }
  }

  DefaultMQProducer producer_{settings<ProducerConfig>("PG")};
  DefaultMQPushConsumer concurrent_{settings<PushConsumerConfig>("concurrent")};
  DefaultMQPushConsumer orderly_{settings<PushConsumerConfig>("orderly")};
  DefaultMQPushConsumer broadcasting_{settings<PushConsumerConfig>("broadcasting")};
  DefaultLitePullConsumer lite_pull_{settings<LitePullConsumerConfig>("lite_pull")};
  DefaultMQPullConsumer pull_{settings<PullConsumerConfig>("pull")};
};

std::optional<Clients> static_clients;

void make(const std::string& life) {
  if (life == "static") {
    static_clients.emplace();
  } else if (life == "local") {
    static const Clients clients;
  } else if (life == "main-thread") {
    thread_local const Clients clients;
    static_cast<void>(&clients);
  } else if (life == "thread") {
    std::thread([] {
      thread_local const Clients clients;
      static_cast<void>(&clients);
    }).join();
  } else {
    ROCKETMQ_CHECK(false);
  }
}

}  // namespace

int main(int argc, char** argv) {
  takeProperties(argc, argv);
  ROCKETMQ_CHECK(argc == 3);
  endWish() = argv[2];
  make(argv[1]);
  made = true;
  if (endWish() == "return") {
    return 0;
  }
  if (endWish() == "exit") {
    std::exit(0);
  }
  for (;;) {
    ::pause();
  }
}

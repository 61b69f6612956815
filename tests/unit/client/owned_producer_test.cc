// Applications' functions that keep the producer's owner alive, so that its destructor runs
// wherever the last of them ends: never on the event loop, which it waits for.

#include <gtest/gtest.h>
#include <pthread.h>

#include <array>
#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "tests/unit/client/producer_fixture.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;

std::string threadName() {
  std::array<char, 16> name{};
  pthread_getname_np(pthread_self(), name.data(), name.size());
  return name.data();
}

/// Part of an application: it has a producer, and whatever it gives the producer keeps it.
class Service : public std::enable_shared_from_this<Service> {
 public:
  struct Fate {
    std::atomic<bool> told{false};
    std::atomic<bool> gone{false};
    std::atomic<bool> on_loop{false};
  };

  Service(const FakeCluster& cluster, Fate& fate) : fate_(fate), producer_(configFor(cluster)) {
    producer_.start();
  }
  ~Service() {
    fate_.on_loop = threadName().starts_with("rmq-client-io");
    if (!fate_.on_loop) {  // Else it would never end.
      producer_.shutdown();
    }
    fate_.gone = true;
  }

  MessageQueueSelector selector() {
    return [self = shared_from_this()](const std::vector<MessageQueue>& queues, const Message&) {
      return queues.front();
    };
  }
  template <class Callback>
  Callback callback(bool keeps) {
    const auto told = [self = keeps ? shared_from_this() : nullptr, &fate = fate_](const auto&) {
      fate.told = true;
    };
    return {.on_success = told, .on_exception = told};
  }
  void tell() { fate_.told = true; }
  DefaultMQProducer& producer() { return producer_; }

 private:
  Fate& fate_;
  DefaultMQProducer producer_;
};

using Act = std::function<void(Service&, const std::string& topic)>;

class OwnedProducerTest : public testing::Test {
 protected:
  /// Has a service do `act`, which may fail, and leaves it alone.
  void expectServiceEnds(const Act& act, const std::string& topic) {
    Service::Fate fate;
    cluster_.swallowRoutes(topic == kSilent);
    {
      const auto service = std::make_shared<Service>(cluster_, fate);
      try {
        act(*service, topic);
      } catch (const MQException&) {
        fate.told = true;
      }
    }
    ASSERT_TRUE(eventually([&] { return fate.told && fate.gone; }));
    ASSERT_FALSE(fate.on_loop);
    // The clients of the process still work.
    cluster_.swallowRoutes(false);
    DefaultMQProducer other(configFor(cluster_));
    other.start();
    Message message("T", "x");
    EXPECT_EQ(other.send(message).status, SendStatus::kSendOk);
  }

  void expectServiceEndsWhateverHappens(const Act& act) {
    cluster_.createTopic("T");
    cluster_.broker().replyWith("reply");
    for (int i = 0; i < 20; ++i) {
      ASSERT_NO_FATAL_FAILURE(expectServiceEnds(act, "T"));
      ASSERT_NO_FATAL_FAILURE(expectServiceEnds(act, "NoSuchTopic"));
    }
    ASSERT_NO_FATAL_FAILURE(expectServiceEnds(act, kSilent));
  }

  static constexpr milliseconds kTimeout{200};
  /// The topic about which no name server answers.
  static constexpr const char* kSilent = "Silent";
  FakeCluster cluster_;
};

TEST_F(OwnedProducerTest, ASelectorOfASend) {
  expectServiceEndsWhateverHappens([](Service& service, const std::string& topic) {
    Message message(topic, "x");
    service.producer().send(message, service.selector(), kTimeout);
    service.tell();
  });
}

TEST_F(OwnedProducerTest, ASelectorOfAnAsynchronousSend) {
  expectServiceEndsWhateverHappens([](Service& service, const std::string& topic) {
    service.producer().send(Message(topic, "x"), service.selector(),
                            service.callback<SendCallback>(false), kTimeout);
  });
}

TEST_F(OwnedProducerTest, ACallbackOfASend) {
  expectServiceEndsWhateverHappens([](Service& service, const std::string& topic) {
    service.producer().send(Message(topic, "x"), service.callback<SendCallback>(true), kTimeout);
  });
}

TEST_F(OwnedProducerTest, ASelectorOfARequest) {
  expectServiceEndsWhateverHappens([](Service& service, const std::string& topic) {
    Message message(topic, "x");
    service.producer().request(message, service.selector(), kTimeout);
    service.tell();
  });
}

TEST_F(OwnedProducerTest, ASelectorOfAnAsynchronousRequest) {
  expectServiceEndsWhateverHappens([](Service& service, const std::string& topic) {
    service.producer().request(Message(topic, "x"), service.selector(),
                               service.callback<RequestCallback>(false), kTimeout);
  });
}

TEST_F(OwnedProducerTest, ACallbackOfARequest) {
  expectServiceEndsWhateverHappens([](Service& service, const std::string& topic) {
    service.producer().request(Message(topic, "x"), service.callback<RequestCallback>(true),
                               kTimeout);
  });
}

}  // namespace
}  // namespace rocketmq::client

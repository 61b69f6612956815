#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>

#include "client/instance/client_instance.h"
#include "client/instance/event_loop.h"
#include "client/instance/guard.h"
#include "client/instance/life_cycle.h"
#include "client/instance/name_servers.h"
#include "client/instance/name_space.h"
#include "client/instance/serialize_type.h"
#include "client/instance/system_properties.h"
#include "client/instance/timers.h"
#include "client/instance/worker_pool.h"
#include "client/producer/pending_requests.h"
#include "common/mutex.h"
#include "tests/support/eventually.h"

namespace rocketmq::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

const auto kNever = steady_clock::time_point::max();

TEST(WorkerPoolTest, RunsAllTasksWithAtMostItsThreads) {
  WorkerPool pool("test", 3);
  std::atomic<int> inside{0};
  std::atomic<int> most{0};
  std::atomic<int> ran{0};
  for (int i = 0; i < 200; ++i) {
    pool.post([&] {
      const int now = ++inside;
      int seen = most.load();
      while (now > seen && !most.compare_exchange_weak(seen, now)) {
      }
      std::this_thread::yield();
      --inside;
      ++ran;
    });
  }
  EXPECT_TRUE(pool.stop(true, kNever));
  EXPECT_EQ(ran, 200);
  EXPECT_LE(most, 3);
}

TEST(WorkerPoolTest, SlowTasksGetAllThreads) {
  std::atomic<int> arrived{0};
  std::promise<void> all;
  const std::shared_future<void> all_here = all.get_future().share();
  WorkerPool pool("test", 4);  // Goes first: its tasks use the others.
  for (int i = 0; i < 4; ++i) {
    pool.post([&] {
      if (++arrived == 4) {
        all.set_value();
      }
      all_here.wait();
    });
  }
  EXPECT_EQ(all_here.wait_for(std::chrono::seconds(10)), std::future_status::ready);
}

TEST(WorkerPoolTest, GrowsAndShrinksWhileItWorks) {
  WorkerPool pool("test", 1);
  for (int round = 0; round < 20; ++round) {
    const size_t size = round % 2 == 0 ? 4 : 1;
    pool.resize(size);
    // As many tasks as there may be threads, each of which waits for all the others. What they
    // share is theirs: one may still be on its way out when the next round begins.
    struct Meeting {
      std::atomic<size_t> arrived{0};
      std::promise<void> all;
    };
    const auto meeting = std::make_shared<Meeting>();
    const std::shared_future<void> all_here = meeting->all.get_future().share();
    for (size_t i = 0; i < size; ++i) {
      pool.post([meeting, all_here, size] {
        if (++meeting->arrived == size) {
          meeting->all.set_value();
        }
        all_here.wait();
      });
    }
    ASSERT_EQ(all_here.wait_for(std::chrono::seconds(10)), std::future_status::ready) << round;
    ASSERT_TRUE(test::eventually([&] { return pool.threads() <= size; })) << round;
    std::atomic<int> ran{0};
    for (int i = 0; i < 50; ++i) {
      pool.post([&] { ++ran; });
    }
    ASSERT_TRUE(test::eventually([&] { return ran == 50; })) << round;
  }
}

TEST(WorkerPoolTest, StopDropsWhatHasNotStartedAndRefusesMore) {
  WorkerPool pool("test", 1);
  std::promise<void> started;
  std::promise<void> go_on;
  std::atomic<int> ran{0};
  pool.post([&] {
    started.set_value();
    go_on.get_future().wait();
    ++ran;
  });
  started.get_future().wait();
  pool.post([&] { ++ran; });
  EXPECT_FALSE(pool.stop(false, steady_clock::now())) << "one is still running";
  EXPECT_FALSE(pool.post([&] { ++ran; }));
  go_on.set_value();
  EXPECT_TRUE(pool.stop(false, kNever));
  EXPECT_EQ(ran, 1);
}

// Promise: where a stop cannot wait for what is queued, it is done all the same.
TEST(WorkerPoolTest, WhatAStopThatDrainsDoesNotWaitForIsDoneLater) {
  WorkerPool pool("test", 1);
  std::promise<void> stopped;
  std::atomic<int> ran{0};
  pool.post([&] {
    stopped.get_future().wait();
    EXPECT_FALSE(pool.stop(true, WorkerPool::patience()));
    EXPECT_EQ(ran, 0) << "a task of a pool waits for nothing";
  });
  pool.post([&] { ++ran; });
  pool.post([&] { ++ran; });
  EXPECT_FALSE(pool.stop(true, steady_clock::now()));
  stopped.set_value();
  EXPECT_TRUE(pool.stop(true, WorkerPool::patience()));
  EXPECT_EQ(ran, 2);
}

TEST(WorkerPoolTest, ATaskThatThrowsHurtsNobody) {
  WorkerPool pool("test", 1);
  std::atomic<bool> ran{false};
  pool.post([] { throw std::runtime_error("on purpose"); });
  pool.post([&] { ran = true; });
  pool.stop(true, kNever);
  EXPECT_TRUE(ran);
}

TEST(WorkerPoolTest, MayBeDestroyedByItsOwnTask) {
  for (int i = 0; i < 50; ++i) {
    auto pool = std::make_shared<WorkerPool>("test", 2);
    std::promise<void> gone;
    WorkerPool& by_name = *pool;
    by_name.post([pool = std::move(pool), &gone]() mutable {
      pool->stop(true, kNever);
      pool.reset();
      gone.set_value();
    });
    gone.get_future().wait();
  }
}

// Promise: a function of the application's may destroy what it belongs to.
TEST(WorkerPoolTest, WhatATaskDestroysCanBeKeptUntilItHasEnded) {
  auto object = std::make_shared<int>(7);
  const std::weak_ptr<int> watch = object;
  std::atomic<bool> alive_inside{false};
  WorkerPool pool("pool", 1);
  pool.post([&alive_inside, watch, kept = std::move(object)]() mutable {
    WorkerPool::keepUntilTaskEnds(std::move(kept));
    alive_inside = !watch.expired();
  });
  EXPECT_TRUE(test::eventually([&] { return watch.expired(); }));
  EXPECT_TRUE(alive_inside);
}

class TimersTest : public testing::Test {
 protected:
  EventLoop loop_;
  Timers timers_{loop_.pool()};
};

TEST_F(TimersTest, TasksRunOnTheLoopInTheOrderOfTheirDelays) {
  std::promise<std::string> done;
  std::string order;
  timers_.after(milliseconds(20), [&] {
    order += 'b';
    done.set_value(order);
  });
  timers_.after(milliseconds(1), [&] { order += 'a'; });
  EXPECT_EQ(done.get_future().get(), "ab");
}

TEST_F(TimersTest, PeriodicTasksComeAgain) {
  std::promise<void> thrice;
  int count = 0;
  timers_.every(milliseconds(1), milliseconds(1), [&] {
    if (++count == 3) {
      thrice.set_value();
    }
  });
  thrice.get_future().wait();
}

TEST_F(TimersTest, StopCancelsAndFreesWhatTasksHold) {
  auto held = std::make_shared<int>(1);
  timers_.after(std::chrono::hours(1), [held] {});
  timers_.every(std::chrono::hours(1), std::chrono::hours(1), [held] {});
  timers_.stop();
  EXPECT_EQ(held.use_count(), 1);
  timers_.after(milliseconds(0), [held] { FAIL(); });
  EXPECT_EQ(held.use_count(), 1);
  timers_.stop();
}

/// Requests that wait for a reply.
class PendingRequestsTest : public TimersTest {
 protected:
  PendingRequestsTest() { requests_.useTimers(timers_); }
  ~PendingRequestsTest() override { timers_.stop(); }

  /// Its outcome goes to outcomes_; `held` is what it keeps alive.
  void add(const std::string& id, milliseconds timeout, std::shared_ptr<int> held = nullptr) {
    const auto deadline = std::chrono::steady_clock::now() + timeout;
    ASSERT_TRUE(requests_.add(
        id, this, guard_,
        {deadline, [id, held] { return ClientError::client(id + " took too long"); }},
        [this, id, held](const Outcome<Message>& outcome) {
          MutexLock lock(mutex_);
          outcomes_.push_back(outcome.ok() ? id + " answered" : outcome.error().message);
        }));
  }
  std::vector<std::string> outcomes() {
    MutexLock lock(mutex_);
    return outcomes_;
  }

  PendingRequests requests_;
  Guard guard_;
  Mutex mutex_;
  std::vector<std::string> outcomes_;
};

TEST_F(PendingRequestsTest, EachEndsInItsTimeWhateverTheOthersDo) {
  add("hour", std::chrono::hours(1));
  add("late", milliseconds(40));
  add("early", milliseconds(10));
  add("answered", milliseconds(5'000));
  requests_.finish("answered", Message("T", "reply"));
  ASSERT_TRUE(test::eventually([this] { return outcomes().size() == 3; }));
  EXPECT_EQ(outcomes(), (std::vector<std::string>{"answered answered", "early took too long",
                                                  "late took too long"}));
  requests_.finishAll(this, ClientError::client("shut down"));
  EXPECT_EQ(outcomes().back(), "shut down");
}

// Promise: memory is for what is open, not for what might have taken an hour.
TEST_F(PendingRequestsTest, NothingOfAnAnsweredRequestStays) {
  const auto held = std::make_shared<int>(0);
  for (const char* id : {"a", "b", "c"}) {
    add(id, std::chrono::hours(1), held);
    requests_.finish(id, Message("T", "reply"));
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST_F(TimersTest, StopFromATaskDoesNotWaitForItself) {
  std::promise<void> done;
  timers_.soon([&] {
    timers_.stop();
    done.set_value();
  });
  done.get_future().wait();
}

TEST(EventLoopTest, ClientsOfAProcessShareOneLoopWhileThereAreAny) {
  auto first = EventLoop::shared();
  EXPECT_EQ(EventLoop::shared(), first);
}

/// Runs `work` on the loop once this has returned: until then the caller uses the pool.
void postAndLeave(remoting::IoPool& pool, remoting::UniqueFunction<void()> work) {
  std::promise<void> left;
  pool.post(0, [work = std::move(work), left = left.get_future()]() mutable {
    left.wait();
    work();
  });
  left.set_value();
}

/// Threads of this process with that name.
int threadsNamed(const std::string& name) {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::string found;
    std::getline(std::ifstream(task.path() / "comm"), found);
    count += found == name ? 1 : 0;
  }
  return count;
}

/// Nobody has the loop any more, and its thread has ended.
bool loopEnds(const std::function<bool()>& is_let_go) {
  return test::eventually([&] { return is_let_go() && threadsNamed("rmq-client-io-0") == 0; });
}

// Promise: who lets go last may be the loop itself, on which nobody could wait for its end.
TEST(EventLoopTest, MayBeLetGoOnItsOwnThread) {
  auto loop = std::make_shared<EventLoop>();
  const std::weak_ptr<EventLoop> watch = loop;
  EventLoop& by_name = *loop;
  postAndLeave(by_name.pool(), [loop = std::move(loop)]() mutable { loop.reset(); });
  EXPECT_TRUE(loopEnds([&] { return watch.expired(); }));
}

TEST(ClientInstanceTest, MayBeReleasedOnTheEventLoop) {
  ClientConfig config;
  config.namesrv_addr = "127.0.0.1:1";
  for (const bool released_before : {false, true}) {
    std::shared_ptr<ClientInstance> instance = ClientInstance::acquire(config, "id").value();
    const std::weak_ptr<ClientInstance> watch = instance;
    // The loop goes with it only if the instance is the last to have it.
    remoting::IoPool& pool = instance->pool();
    if (released_before) {
      ClientInstance::release(instance);
    }
    postAndLeave(pool, [instance = std::move(instance), released_before]() mutable {
      if (!released_before) {
        ClientInstance::release(instance);
      }
      instance.reset();
    });
    EXPECT_TRUE(loopEnds([&] { return watch.expired(); }));
  }
}

TEST(GuardTest, NothingRunsAfterCloseAndCloseWaits) {
  Guard guard;
  std::promise<void> inside;
  std::promise<void> go_on;
  std::atomic<bool> ended{false};
  auto callback = guard.wrap([&] {
    inside.set_value();
    go_on.get_future().wait();
    ended = true;
  });
  std::thread running([&] { callback(); });
  inside.get_future().wait();
  std::thread closing([&] {
    guard.close();
    EXPECT_TRUE(ended);
  });
  go_on.set_value();
  running.join();
  closing.join();
  int calls = 0;
  guard.wrap([&] { ++calls; })();
  guard.run([&] { ++calls; });
  EXPECT_EQ(calls, 0);
}

struct FakeCore {
  std::optional<ClientError> error;
  int* shutdowns = nullptr;
  std::optional<ClientError> start() { return error; }
  void shutdown() { ++*shutdowns; }
};

TEST(LifeCycleTest, StartsOnceAndShutsDownOnceInEveryState) {
  int shutdowns = 0;
  const auto make = [&](std::optional<ClientError> error) {
    return [&shutdowns, error] { return std::make_shared<FakeCore>(FakeCore{error, &shutdowns}); };
  };
  LifeCycle<FakeCore> never_started;
  never_started.shutdown();
  never_started.shutdown();
  EXPECT_EQ(shutdowns, 0);
  try {
    never_started.start("thing", make({}));
    ADD_FAILURE() << "it was shut down";
  } catch (const MQClientException& failure) {
    EXPECT_NE(std::string(failure.what()).find("was shut down"), std::string::npos)
        << failure.what();
  }

  LifeCycle<FakeCore> life;
  EXPECT_THROW(life.running("thing"), MQClientException);
  EXPECT_THROW(life.start("thing", make(ClientError::client("no"))), MQClientException);
  life.start("thing", make({}));
  EXPECT_THROW(life.start("thing", make({})), MQClientException);
  EXPECT_NE(life.running("thing"), nullptr);
  life.shutdown();
  life.shutdown();
  EXPECT_EQ(shutdowns, 1);
  EXPECT_THROW(life.running("thing"), MQClientException);
}

TEST(NameSpaceTest, PrefixIsPutOnceBehindRetryAndDlq) {
  EXPECT_EQ(wrapNamespace("ns", "T"), "ns%T");
  EXPECT_EQ(wrapNamespace("ns", "ns%T"), "ns%T");
  EXPECT_EQ(wrapNamespace("ns", "%RETRY%G"), "%RETRY%ns%G");
  EXPECT_EQ(wrapNamespace("ns", "%DLQ%G"), "%DLQ%ns%G");
  EXPECT_EQ(wrapNamespace("", "T"), "T");
  EXPECT_EQ(wrapNamespace("ns", "TBW102"), "TBW102");
  EXPECT_EQ(withoutNamespace("ns", "ns%T"), "T");
  EXPECT_EQ(withoutNamespace("ns", "%RETRY%ns%G"), "%RETRY%G");
  EXPECT_EQ(withoutNamespace("ns", "other%T"), "other%T");
}

TEST(NameSpaceTest, ACloudEndpointNamesItsInstance) {
  const auto found = [](const std::string& address, const std::string& set = {}) {
    ClientConfig config;
    config.namesrv_addr = address;
    config.name_space = set;
    return namespaceOf(config);
  };
  EXPECT_EQ(found("http://MQ_INST_1973_BXyz.region.example.com:80"), "MQ_INST_1973_BXyz");
  EXPECT_EQ(found(" MQ_INST_1_a.example.com:80 "), "MQ_INST_1_a");
  EXPECT_EQ(found("http://MQ_INST_1_a.example.com:80", "own"), "own");
  for (const char* other :
       {"", "127.0.0.1:9876", "http://ns.example.com:80", "MQ_INST_1.example.com:80",
        "MQ_INST__a.example.com:80", "MQ_INST_1_a:80", "MQ_INST_1_a-b.example.com:80"}) {
    EXPECT_EQ(found(other), "") << other;
  }
  ::setenv("NAMESRV_ADDR", "http://MQ_INST_1_env.example.com:80", 1);
  EXPECT_EQ(found(""), "MQ_INST_1_env");
  ::unsetenv("NAMESRV_ADDR");
}

TEST(NameServersTest, ListsAreParsedAndMistakesNamed) {
  EXPECT_EQ(*parseAddressList(" a:1 ;;b:9876;"), (std::vector<std::string>{"a:1", "b:9876"}));
  EXPECT_TRUE(parseAddressList("[::1]:9876").ok());
  EXPECT_EQ(*parseAddressList("http://a:1"), (std::vector<std::string>{"a:1"}));
  for (const char* bad :
       {"a", "a:", ":1", "a:x", "a:123456", "http://a", "http://a:1/", "http://:1", "https://a:1",
        "http://a/b:1", "a:0", "a:00000", "a:65536", "a:1;b:99999", ";", " ; ", ""}) {
    EXPECT_FALSE(parseAddressList(bad).ok()) << bad;
  }
}

TEST(NameServersTest, AnEndpointThatGivesNoAddressesIsSaidToBeDeadOrSilent) {
  const auto failure = [](uint16_t port) {
    return fetchNameServerAddresses("http://127.0.0.1:" + std::to_string(port) + "/rocketmq/nsaddr")
        .status()
        .message();
  };
  const int silent = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(silent, reinterpret_cast<sockaddr*>(&address), size), 0);
  ASSERT_EQ(::listen(silent, 1), 0);  // And nobody accepts.
  ASSERT_EQ(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &size), 0);
  const uint16_t port = ntohs(address.sin_port);
  EXPECT_EQ(failure(port), "name server addresses from http://127.0.0.1:" + std::to_string(port) +
                               "/rocketmq/nsaddr: no answer within 2 s");
  EXPECT_EQ(failure(1),
            "name server addresses from http://127.0.0.1:1/rocketmq/nsaddr: cannot connect");
  ::close(silent);
}

TEST(NameServersTest, SourcesHaveRocketMqsPrecedence) {
  ClientConfig config;
  ::unsetenv("NAMESRV_ADDR");
  EXPECT_FALSE(findNameServerSource(config).ok());
  setProperty("rocketmq.namesrv.domain", "ns.example");
  EXPECT_EQ(findNameServerSource(config)->url, "http://ns.example:8080/rocketmq/nsaddr");
  setProperty("rocketmq.namesrv.domain", "ns.example:81");
  setProperty("rocketmq.namesrv.domain.subgroup", "other");
  config.unit_name = "u";
  EXPECT_EQ(findNameServerSource(config)->url, "http://ns.example:81/rocketmq/other-u?nofix=1");
  ::setenv("NAMESRV_ADDR", "env:1", 1);
  EXPECT_EQ(findNameServerSource(config)->addresses, "env:1");
  setProperty("rocketmq.namesrv.addr", "property:1");
  EXPECT_EQ(findNameServerSource(config)->addresses, "property:1");
  config.namesrv_addr = "code:1";
  EXPECT_EQ(findNameServerSource(config)->addresses, "code:1");
  for (const char* name :
       {"rocketmq.namesrv.domain", "rocketmq.namesrv.domain.subgroup", "rocketmq.namesrv.addr"}) {
    setProperty(name, "");
  }
  ::unsetenv("NAMESRV_ADDR");
}

TEST(NameServersTest, AFailedServerIsLeftForTheNextOne) {
  NameServers servers;
  servers.set({"a:1", "b:1", "c:1"});
  const std::string first = servers.inOrder().front();
  const std::string second = servers.inOrder()[1];
  servers.reportFailure("not in use:1");
  EXPECT_EQ(servers.inOrder().front(), first);
  servers.reportFailure(first);
  EXPECT_EQ(servers.inOrder().front(), second);
  servers.set({"d:1", second});
  EXPECT_EQ(servers.inOrder().front(), second) << "the one in use stays in use";
}

TEST(SerializeTypeTest, PropertyComesBeforeEnvironmentAndMistakesAreNamed) {
  ::unsetenv("ROCKETMQ_SERIALIZE_TYPE");
  EXPECT_EQ(*wantedSerializeType(), std::nullopt);
  ::setenv("ROCKETMQ_SERIALIZE_TYPE", "ROCKETMQ", 1);
  EXPECT_EQ(*wantedSerializeType(), remoting::SerializeType::kBinary);
  setProperty("rocketmq.serialize.type", "JSON");
  EXPECT_EQ(*wantedSerializeType(), remoting::SerializeType::kJson);
  setProperty("rocketmq.serialize.type", "protobuf");
  EXPECT_NE(wantedSerializeType().status().message().find("\"protobuf\"; set JSON or ROCKETMQ"),
            std::string::npos);
  setProperty("rocketmq.serialize.type", "");
  ::unsetenv("ROCKETMQ_SERIALIZE_TYPE");
}

TEST(PropertiesTest, CommandLinePropertiesAreTakenOut) {
  char program[] = "program";
  char property[] = "-Dclient.test=some=value";
  char other[] = "-n";
  char* argv[] = {program, property, other, nullptr};
  int argc = 3;
  takeProperties(argc, argv);
  EXPECT_EQ(argc, 2);
  EXPECT_STREQ(argv[1], "-n");
  EXPECT_EQ(argv[2], nullptr);
  EXPECT_EQ(systemProperty("client.test"), "some=value");
}

}  // namespace
}  // namespace rocketmq::client

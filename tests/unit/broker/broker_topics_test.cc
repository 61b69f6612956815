// Administration of topics while name servers do not answer.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "remoting/protocol/commands/broker_admin.h"
#include "remoting/protocol/commands/namesrv_registration.h"
#include "remoting/protocol/commands/topic_admin.h"
#include "remoting/router.h"
#include "remoting/server.h"
#include "tests/support/eventually.h"
#include "tests/unit/broker/broker_fixture.h"

namespace rocketmq::broker {
namespace {

using remoting::RegisterBroker;
using remoting::RegisterBrokerReply;
using test::eventually;

/// A name server that answers a broker's first registration, and the others when it is told to.
class HesitantNameServer {
 public:
  HesitantNameServer() {
    router_.handleLater<RegisterBroker>(
        {}, [this](const RegisterBroker&, const remoting::RequestContext&,
                   remoting::Responder<RegisterBroker> respond) {
          MutexLock lock(mutex_);
          if (answers_) {
            respond(RegisterBrokerReply{});
          } else {
            held_.push_back(std::move(respond));
          }
          answers_ = false;
        });
    server_ = std::move(*remoting::Server::start(pool_, router_, {.bind_address = "127.0.0.1"}));
  }
  ~HesitantNameServer() { server_->stop(milliseconds(0)); }

  std::string address() const { return "127.0.0.1:" + std::to_string(server_->port()); }

  size_t held() const {
    MutexLock lock(mutex_);
    return held_.size();
  }
  void answer() {
    MutexLock lock(mutex_);
    for (auto& respond : held_) {
      respond(RegisterBrokerReply{});
    }
    held_.clear();
    answers_ = true;
  }

 private:
  remoting::IoPool pool_{"namesrv", 1};
  remoting::Router router_{nullptr};
  mutable Mutex mutex_;
  bool answers_ ROCKETMQ_GUARDED_BY(mutex_) = true;
  std::vector<remoting::Responder<RegisterBroker>> held_ ROCKETMQ_GUARDED_BY(mutex_);
  std::unique_ptr<remoting::Server> server_;
};

class BrokerTopicsTest : public BrokerTest {
 protected:
  BrokerTopicsTest() {
    stop();
    settings_.namesrv_addr = name_server_.address();
    start();
  }
  ~BrokerTopicsTest() override { stop(); }

  HesitantNameServer name_server_;
};

// Promise: each change waits for the name servers, at most a second, and all other administration
// for none of them. The three come first on their one connection, and so would be answered first.
TEST_F(BrokerTopicsTest, AChangeThatNameServersDoNotAnswerKeepsNobodyElseWaiting) {
  constexpr int kChanges = 3;
  std::atomic<int> changed = 0;
  for (int i = 0; i < kChanges; ++i) {
    peer_->callLater(topicOf("T" + std::to_string(i), 1),
                     [&](const CallResult<remoting::UpdateAndCreateTopic>& result) {
                       EXPECT_TRUE(result.ok() && result->success());
                       ++changed;
                     });
  }
  EXPECT_TRUE(peer_->call(remoting::GetBrokerConfig{})->success());
  EXPECT_LT(changed, kChanges);
  ASSERT_TRUE(eventually([&] {
    name_server_.answer();
    return changed == kChanges;
  }));
}

}  // namespace
}  // namespace rocketmq::broker

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/mutex.h"
#include "remoting/io_pool.h"
#include "remoting/router.h"
#include "remoting/server.h"
#include "tests/unit/client/fake_broker.h"

namespace rocketmq::client {

/// One name server and some brokers.
class FakeCluster {
 public:
  explicit FakeCluster(size_t brokers = 1);
  ~FakeCluster();

  std::string nameServer() const;
  FakeBroker& broker(size_t index = 0) const { return *brokers_[index]; }
  size_t brokerCount() const { return brokers_.size(); }

  /// The topic gets `queues` queues on every broker. Retry topics have one from the start.
  void createTopic(const std::string& topic, int32_t queues = 1, int32_t perm = 6);
  /// The same on this broker only.
  void createTopicAt(const FakeBroker& broker, const std::string& topic);
  /// The topic's route names these addresses instead of the brokers' own.
  void lieAbout(const std::string& topic, const std::map<std::string, std::string>& addresses);
  /// The topic's route names slaves only, until createTopic(). `ordered`: its order configuration
  /// still has the queues of the masters.
  void loseMasters(const std::string& topic, bool ordered = false);
  /// The topic is `master`'s alone, and `slave` is a slave of it.
  void createTopicWithSlave(const std::string& topic, const FakeBroker& master,
                            const FakeBroker& slave);
  /// Routes are asked for but not answered.
  void swallowRoutes(bool swallow);
  int64_t routeRequests() const;
  /// Retry topics do not exist, as those of groups whose retryQueueNums is 0.
  void hideRetryTopics();

 private:
  struct Topic {
    int32_t queues = 1;
    int32_t perm = 6;
    std::map<std::string, std::string> addresses;
    std::string only_broker = {};    ///< Empty: all have it.
    std::string slave_address = {};  ///< Empty: none has a slave.
    bool has_masters = true;
    bool ordered = false;
  };

  std::optional<std::string> routeOf(const std::string& topic) ROCKETMQ_REQUIRES(mutex_);

  remoting::IoPool pool_{"fake", 1};
  remoting::Router router_{nullptr};
  std::unique_ptr<remoting::Server> name_server_;
  std::vector<std::unique_ptr<FakeBroker>> brokers_;

  mutable Mutex mutex_;
  std::map<std::string, Topic> topics_ ROCKETMQ_GUARDED_BY(mutex_);
  bool swallow_routes_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool hide_retry_topics_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  std::vector<std::function<void()>> swallowed_ ROCKETMQ_GUARDED_BY(mutex_);
  int64_t route_requests_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
};

}  // namespace rocketmq::client

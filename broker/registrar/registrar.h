#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "common/mutex.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"

namespace rocketmq::broker {

/// Keeps every name server informed about this broker and its topics (RocketMQ:
/// BrokerController.registerBrokerAll, BrokerOuterAPI): every registerNameServerPeriod, and at once
/// after topicsChanged(). A name server that cannot be reached is tried every second, and told when
/// it is back: one that has restarted knows nothing, and clients that ask it meanwhile would take
/// this broker for gone until the next round. A slave whose master is not known registers again
/// after 1, 2, 4, 8, 10, ... seconds, as the answer names the master.
///
/// Life:    constructor -> start() -> stop(), which takes the broker out of the routes.
/// Threads: any; its work runs on one thread of `pool`. `pool`, `client`, `topics` and `settings`
///          are borrowed and must outlive it.
class Registrar {
 public:
  Registrar(remoting::IoPool& pool, remoting::Client& client, TopicTable& topics,
            const LiveSettings& settings);
  ~Registrar();

  /// Where the master of this broker's name is, as a name server has answered.
  struct Master {
    std::string address;
    std::string ha_address;
  };
  /// Called on a pool thread with every answer that names a master, which only slaves get. To be
  /// set before start().
  void setMasterListener(std::function<void(const Master&)> on_master) {
    on_master_ = std::move(on_master);
  }

  /// Begins the periodic registration. Waits up to `timeout` for the first one to be answered; a
  /// name server that is not there does not keep a broker from starting.
  void start(std::chrono::milliseconds timeout);

  /// A topic has changed: registers soon; several calls in a short time make one registration.
  void topicsChanged();

  /// The connection to `address` has gone, which may be a name server.
  void connectionLost(const std::string& address);

  /// Waits until every reachable name server knows the topics as they are now, at most `timeout`.
  /// Not from a pool thread. For requests whose sender asks a name server next.
  void awaitRegistered(std::chrono::milliseconds timeout);

  /// Unregisters everywhere, waiting for each name server at most `timeout`. Idempotent.
  void stop(std::chrono::milliseconds timeout);

 private:
  struct Round;

  /// "a:1;b:2" of the settings as a list; blanks and empty parts are left out.
  std::vector<std::string> nameServers() const;
  void seekLost();
  void seekMaster();
  void found(const std::string& address);
  void noteMaster(bool is_known);
  void registerAll();
  void registerAt(const std::string& address, const std::shared_ptr<Round>& round);
  void roundDone(uint64_t number);
  std::shared_ptr<Round> makeRound() const;

  remoting::IoPool& pool_;
  remoting::Client& client_;
  TopicTable& topics_;
  const LiveSettings& settings_;
  std::function<void(const Master&)> on_master_;

  Mutex mutex_;
  CondVar changed_;
  /// Rounds are numbered; a round started after a request covers it.
  uint64_t rounds_started_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  uint64_t rounds_done_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  /// Why a name server could not be reached last; logged when it changes, not with every round.
  std::map<std::string, std::string> failures_ ROCKETMQ_GUARDED_BY(mutex_);

  bool knows_master_ ROCKETMQ_GUARDED_BY(mutex_) = true;
  std::chrono::milliseconds master_pause_ ROCKETMQ_GUARDED_BY(mutex_){0};
  std::chrono::steady_clock::time_point master_sought_at_ ROCKETMQ_GUARDED_BY(mutex_);
  std::set<std::string> lost_
      ROCKETMQ_GUARDED_BY(mutex_);  ///< Others too, until they are looked at.

  std::unique_ptr<remoting::PeriodicTask> task_;
  std::unique_ptr<remoting::PeriodicTask> seek_task_;
};

}  // namespace rocketmq::broker

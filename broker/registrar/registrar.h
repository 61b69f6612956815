#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "broker/registrar/registration_body.h"
#include "broker/registrar/registration_waits.h"
#include "broker/registrar/single_topics.h"
#include "broker/settings.h"
#include "broker/topic/topic_table.h"
#include "common/mutex.h"
#include "common/thread.h"
#include "remoting/client.h"
#include "remoting/io_pool.h"

namespace rocketmq::broker {

/// Keeps every name server informed about this broker and its topics (RocketMQ:
/// BrokerController.registerBrokerAll, BrokerOuterAPI): every registerNameServerPeriod, and soon
/// after a change of the topics. A registration carries all topics, but a few that were put are
/// sent alone to name servers that say that they take them so (REGISTER_TOPIC_IN_NAMESRV), which is
/// the same work however many topics there are. However many are made, a name server is sent one
/// round at a time, and each but those that somebody waits for is followed by a pause of four times
/// what it took, a second at most. A name server that cannot be reached is tried every second, and
/// told when it is back: one that has restarted knows nothing, and clients that ask it meanwhile
/// would take this broker for gone until the next round. Topics that are too long to be sent even
/// compressed are not: name servers would close the connection. A slave whose master is not known
/// registers again after 1, 2, 4, 8, 10, ... seconds, as the answer names the master.
///
/// Life:    constructor -> start() -> stop(), which takes the broker out of the routes.
/// Threads: any; registrations are made on a thread of its own, as encoding very many topics takes
///          long; connections are looked after on one thread of `pool`. `pool`, `client`, `topics`
///          and `settings` are borrowed and must outlive it.
class Registrar {
 public:
  Registrar(remoting::IoPool& pool, remoting::Client& client, TopicTable& topics,
            const LiveSettings& settings, const RegistrationBody::Limits& body_limits = {});
  ~Registrar();

  /// Where the master of this broker's name is, as a name server has answered.
  struct Master {
    std::string address;
    std::string ha_address;
    friend bool operator==(const Master&, const Master&) = default;
  };
  /// Called on a pool thread with every answer that names a master, which only slaves get, or says
  /// that there is none; but not with another one while a name server still names the one of
  /// before: a server that has hung for a while has an old route. To be set before start().
  void setMasterListener(std::function<void(const Master&)> on_master) {
    on_master_ = std::move(on_master);
  }

  /// Begins the periodic registration. Waits up to `timeout` for the first one to be answered; a
  /// name server that is not there does not keep a broker from starting.
  void start(std::chrono::milliseconds timeout);

  /// A topic was put: registers it soon; several calls in a short time make one round. Does not
  /// wait.
  void topicChanged(std::string_view topic);
  /// The topics have changed in another way: registers all of them soon.
  void topicsChanged() { requestAll(Urgency::kMayPause); }

  /// The connection to `address` has gone, which may be a name server.
  void connectionLost(const std::string& address);

  /// Calls `done` once, when every reachable name server knows the topics as they are now, after
  /// `timeout` at the latest, or when it stops: on its own thread, which must not be kept, or at
  /// once when there is nothing to wait for or too many wait already. For requests whose sender
  /// asks a name server next.
  void whenRegistered(std::chrono::milliseconds timeout, RegistrationWaits::Done done);
  /// The same for whoever can wait; not from a pool thread.
  void awaitRegistered(std::chrono::milliseconds timeout);

  /// Unregisters everywhere, waiting for each name server at most `timeout`. Idempotent.
  void stop(std::chrono::milliseconds timeout);

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;
  void unregister(std::chrono::milliseconds timeout);
  struct Round;
  enum class Urgency : uint8_t { kMayPause, kNow };
  /// Rounds are numbered; one that was started after a request covers it.
  struct NameServer {
    uint64_t under_way = 0;  ///< The round whose answer has not come; 0: none.
    uint64_t done = 0;       ///< The last round that was answered, refused or has timed out.
    /// Why it could not be reached last; logged when it changes, not with every round.
    std::string failure;
    /// What it must be sent: everything, or these topics, of which there are few.
    bool lacks_all = true;
    std::set<std::string, std::less<>> lacks;
    Master named;                        ///< By its last answer.
    bool takes_single_topics = false;    ///< It has said so.
    bool refuses_single_topics = false;  ///< Or does not understand it.

    void lackAll() {
      lacks_all = true;
      lacks.clear();
    }
  };
  using NameServers = std::map<std::string, NameServer>;
  /// What its thread does next.
  struct Work {
    std::vector<RegistrationWaits::Done> ended;
    bool makes_round = false;
    bool is_last = false;
  };
  /// What a round sends to a name server.
  struct Task {
    std::string address;
    std::vector<std::string> topics;  ///< Empty: all.
  };

  /// "a:1;b:2" of the settings as a list; blanks and empty parts are left out.
  std::vector<std::string> nameServers() const;
  void seekLost();
  void seekMaster();
  void found(const std::string& address);
  void noteMaster(bool is_known);
  /// `named`: nothing when the name server has not answered.
  void takeMaster(const std::string& name_server, const std::optional<Master>& named);
  void requestAll(Urgency urgency);
  void requestRound(Urgency urgency) ROCKETMQ_REQUIRES(mutex_);
  void run();
  /// Returns when there is something to do.
  Work awaitWork();
  SteadyTime roundDue(SteadyTime now) const ROCKETMQ_REQUIRES(mutex_);
  void takeRound(SteadyTime now) ROCKETMQ_REQUIRES(mutex_);
  std::vector<RegistrationWaits::Done> takeEnded(SteadyTime now) ROCKETMQ_REQUIRES(mutex_);
  /// A name server has a round behind it: some may wait for that.
  void noteDone(NameServer& server, uint64_t round) ROCKETMQ_REQUIRES(mutex_);
  void noteAllLacking() ROCKETMQ_REQUIRES(mutex_);
  void makeRound();
  /// Begins a round with all that lack something and owe no answer.
  std::vector<Task> beginRound(uint64_t& number);
  void registerAt(const std::string& address, const std::shared_ptr<Round>& round);
  void registerTopics(const Task& task, const std::shared_ptr<Round>& round);
  void noteAnswer(const std::string& address, const Round& round, std::string failure,
                  bool takes_single_topics);
  void noteTopicsAnswer(const std::string& address, const Round& round,
                        const SingleTopicsAnswer& answer);
  /// The name server's part in the round; null when it is not in the settings any more.
  NameServer* partOf(const std::string& address, const Round& round) ROCKETMQ_REQUIRES(mutex_);
  /// It has sent its last answer of the round.
  void endPart(NameServer& server, const Round& round) ROCKETMQ_REQUIRES(mutex_);
  static bool hasEnded(const RegistrationWaits::Wait& wait, const NameServers& servers);
  /// Puts the topics as they are now into it.
  Status fill(Round& round);
  /// Logs it once when the topics have become too long to be sent.
  void noteLength(const Status& encoded);

  remoting::IoPool& pool_;
  remoting::Client& client_;
  TopicTable& topics_;
  const LiveSettings& settings_;
  const RegistrationBody::Limits body_limits_;
  std::function<void(const Master&)> on_master_;

  Mutex mutex_;
  Master master_ ROCKETMQ_GUARDED_BY(mutex_);  ///< As told last.
  CondVar wake_;                               ///< The thread.
  RegistrationWaits waits_ ROCKETMQ_GUARDED_BY(mutex_);
  bool has_news_ ROCKETMQ_GUARDED_BY(mutex_) = false;  ///< For who waits.
  NameServers name_servers_ ROCKETMQ_GUARDED_BY(mutex_);
  uint64_t rounds_started_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  uint64_t awaited_round_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  bool is_requested_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool is_all_requested_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool is_urgent_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool is_started_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  bool stopped_ ROCKETMQ_GUARDED_BY(mutex_) = false;
  SteadyTime pause_until_ ROCKETMQ_GUARDED_BY(mutex_);
  SteadyTime period_ends_ ROCKETMQ_GUARDED_BY(mutex_);

  bool knows_master_ ROCKETMQ_GUARDED_BY(mutex_) = true;
  std::chrono::milliseconds master_pause_ ROCKETMQ_GUARDED_BY(mutex_){0};
  SteadyTime master_sought_at_ ROCKETMQ_GUARDED_BY(mutex_);
  std::set<std::string> lost_
      ROCKETMQ_GUARDED_BY(mutex_);  ///< Others too, until they are looked at.

  bool is_too_long_ = false;  ///< Of its thread.

  NamedThread thread_;
  std::unique_ptr<remoting::PeriodicTask> seek_task_;
};

}  // namespace rocketmq::broker

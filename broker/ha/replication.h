#pragma once

#include <memory>
#include <optional>

#include "broker/ha/ha_client.h"
#include "broker/ha/ha_reporter.h"
#include "broker/ha/ha_server.h"
#include "broker/ha/slave_synchronizer.h"
#include "broker/registrar/registrar.h"
#include "broker/settings.h"
#include "common/clock.h"
#include "common/status.h"
#include "remoting/io_pool.h"
#include "store/message_store.h"

namespace rocketmq::broker {

/// Everything that makes a broker one of several replicas, by its role: a master serves its log to
/// slaves, a slave copies log and tables of its master.
///
/// Life:    open() -> start() -> stop() or destructor. From open() on slaves may connect.
/// Threads: owns the HA thread (`broker-ha-0`); the public functions any, but those of its life.
class Replication {
 public:
  /// Borrowed.
  struct Parts {
    const LiveSettings& settings;
    store::MessageStore& store;
    const Clock& clock;
    /// What a slave copies.
    SlaveSynchronizer::Parts tables;
  };

  /// Io when the HA port is taken.
  static Result<std::unique_ptr<Replication>> open(const Parts& parts);
  ~Replication();

  /// A slave begins to copy as soon as it knows its master.
  void start();
  /// A master first gives its slaves what they lack, for up to 3 s. Nothing may be appended any
  /// more.
  void stop();

  /// Null on a slave.
  HaServer* server() { return server_.get(); }
  const HaReporter& reporter() const { return *reporter_; }

  // For slaves; a master does nothing.

  void setMaster(const Registrar::Master& master);
  /// True for a slave that has been told of a master.
  bool knowsMaster() const;
  /// True for a slave that is connected to none: another may have taken its place.
  bool lacksMaster() const;
  /// A slave has got the first message of a topic that it does not know. Does not wait.
  void noteUnknownTopic();
  /// Copies the tables; to be called every 10 s.
  void synchronize();
  /// What of it must not wait so long: all if the log has begun to follow the master's, topics if
  /// it has brought unknown ones; to be called every second.
  void synchronizeSoon();
  /// Takes over what was copied and had to wait for the log; to be called every second, and once
  /// more before the tables are saved.
  void applyCopiedTables();
  /// Copies how far the master's timers are; to be called every 3 s.
  void synchronizeTimers();

 private:
  Replication();

  remoting::IoPool pool_;
  std::unique_ptr<HaServer> server_;
  std::optional<HaClient> client_;
  std::optional<SlaveSynchronizer> synchronizer_;
  std::optional<HaReporter> reporter_;
};

}  // namespace rocketmq::broker

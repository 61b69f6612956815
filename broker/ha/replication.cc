#include "broker/ha/replication.h"

#include <chrono>
#include <utility>

namespace rocketmq::broker {
namespace {

/// How long a master that stops waits for its slaves.
constexpr std::chrono::seconds kLastTransferTimeout{3};

}  // namespace

Replication::Replication() : pool_("broker-ha", 1) {}

Replication::~Replication() { stop(); }

Result<std::unique_ptr<Replication>> Replication::open(const Parts& parts) {
  auto replication = std::unique_ptr<Replication>(new Replication());
  Replication& self = *replication;
  if (parts.settings.load()->isSlave()) {
    self.client_.emplace(self.pool_, parts.store, parts.settings, parts.clock);
    self.synchronizer_.emplace(parts.tables, *self.client_);
  } else {
    ROCKETMQ_ASSIGN_OR_RETURN(self.server_,
                              HaServer::start(self.pool_, parts.store, parts.settings));
    parts.store.setAppendListener([server = self.server_.get()] { server->onAppended(); });
  }
  self.reporter_.emplace(
      HaReporter::Parts{.settings = parts.settings,
                        .store = parts.store,
                        .server = self.server_.get(),
                        .client = self.client_ ? &*self.client_ : nullptr,
                        .copies = self.synchronizer_ ? &self.synchronizer_->copies() : nullptr});
  return replication;
}

void Replication::start() {
  if (client_) {
    client_->start();
  }
}

void Replication::stop() {
  if (server_ != nullptr) {
    server_->awaitSlaves(std::chrono::steady_clock::now() + kLastTransferTimeout);
    server_->stop();
  }
  if (client_) {
    client_->stop();
  }
  pool_.stop();
}

void Replication::setMaster(const Registrar::Master& master) {
  if (!client_) {
    return;
  }
  if (!master.ha_address.empty()) {
    client_->setMasterAddress(master.ha_address);
  }
  synchronizer_->setMasterAddress(master.address);
}

bool Replication::knowsMaster() const {
  return synchronizer_ && !synchronizer_->masterAddress().empty();
}

bool Replication::lacksMaster() const {
  return client_ && !(knowsMaster() && client_->state().is_connected);
}

void Replication::noteUnknownTopic() {
  if (synchronizer_) {
    synchronizer_->noteUnknownTopic();
  }
}

void Replication::synchronize() {
  if (synchronizer_) {
    synchronizer_->run();
  }
}

void Replication::synchronizeSoon() {
  if (synchronizer_) {
    synchronizer_->runIfBegunToFollow();
    synchronizer_->copyUnknownTopics();
  }
}

void Replication::applyCopiedTables() {
  if (synchronizer_) {
    synchronizer_->applyCovered();
  }
}

void Replication::synchronizeTimers() {
  if (synchronizer_) {
    synchronizer_->copyTimerCheckpoint();
  }
}

}  // namespace rocketmq::broker

#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "broker/settings.h"
#include "common/status.h"

namespace rocketmq::broker {

/// One broker: builds its parts in order, wires them, takes them down in reverse (RocketMQ:
/// BrokerController). Has no logic of its own and is passed to nobody.
///
/// Life:    start() -> stop() or destructor. Several may live in one process, with different store
///          folders.
/// Threads: start(), stop() and the destructor from one thread that is not one of the broker's.
class Broker {
 public:
  /// Told, from any thread, what whoever starts a broker should see: one line each.
  using Notice = std::function<void(const std::string& line)>;

  /// A running broker, or one line that says why not: a setting that cannot be, a folder that
  /// cannot be used or is locked by another broker, a port that is taken. Fills in what is left
  /// open in `settings`: names, advertised address, port, folders.
  static Result<std::unique_ptr<Broker>> start(BrokerSettings settings, Notice notice = {});
  ~Broker();
  Broker(const Broker&) = delete;
  Broker& operator=(const Broker&) = delete;

  /// As they are now, with everything that start() has filled in.
  std::shared_ptr<const BrokerSettings> settings() const;
  uint16_t port() const;

  /// Takes no more requests, lets those in progress be answered, flushes the store and writes the
  /// tables; within 3 s. Not OK when something could not be written. Idempotent.
  Status stop();

 private:
  class Impl;
  explicit Broker(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq::broker

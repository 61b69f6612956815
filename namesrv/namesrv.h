#pragma once

#include <cstdint>
#include <memory>

#include "common/clock.h"
#include "common/status.h"
#include "namesrv/settings.h"

namespace rocketmq::namesrv {

/// A whole name server: builds its parts in order, stops them in reverse, and does nothing else.
///
/// Life:    start() -> stop() or the destructor. Several may live in one process, as in tests.
/// Threads: start() and stop() on one thread that is not one of its own; port() any.
class Namesrv {
 public:
  /// Listens when this returns. Io with the reason in one line: a port that is taken, a KV file
  /// that cannot be read. `clock` tells when brokers expire; borrowed.
  static Result<std::unique_ptr<Namesrv>> start(const NamesrvSettings& settings,
                                                const Clock& clock = SystemClock::instance());
  ~Namesrv();
  Namesrv(const Namesrv&) = delete;
  Namesrv& operator=(const Namesrv&) = delete;

  uint16_t port() const;

  /// Refuses new connections, answers what has arrived and closes everything, within a second.
  void stop();

 private:
  class Parts;
  explicit Namesrv(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace rocketmq::namesrv

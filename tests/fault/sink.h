#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "common/descriptor.h"
#include "common/thread.h"

namespace rocketmq::test {

/// Stands in for a daemon that an attack is aimed at: takes every connection, reads everything,
/// answers each frame with a success that says nothing, closes what can be no frame. Nobody but
/// its attackers needs it, so what others suffer from them meanwhile is the machine's doing.
///
/// Life: serves from the constructor to the destructor, on a thread of its own.
class Sink {
 public:
  Sink();
  ~Sink();
  Sink(const Sink&) = delete;
  Sink& operator=(const Sink&) = delete;

  /// On 127.0.0.1.
  uint16_t port() const { return port_; }

 private:
  struct Peer {
    Descriptor socket;
    std::string received;  ///< The beginning of a frame.
  };

  void serve();
  void watch(int descriptor) const;
  void accept();
  /// False when the connection is over.
  bool read(Peer& peer) const;

  const std::string answer_;
  Descriptor listener_;
  Descriptor epoll_;
  Descriptor stop_;  ///< Becomes readable at the end.
  uint16_t port_ = 0;
  std::map<int, Peer> peers_;  ///< By their sockets. The thread's alone.
  NamedThread thread_;
};

}  // namespace rocketmq::test

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

namespace rocketmq::test {

/// A TCP proxy on loopback between clients and one server that misbehaves on command.
///
/// Life:    listens from the constructor to the destructor. Threads: commands from any; one thread
///          of its own moves the bytes. At most 1 MiB per direction is held; then it stops reading.
class FaultProxy {
 public:
  /// Passes everything on to 127.0.0.1:`target_port`, which need not listen yet. Listens on
  /// `listen_ip` at `listen_port`, 0: a free one.
  explicit FaultProxy(uint16_t target_port, const std::string& listen_ip = "127.0.0.1",
                      uint16_t listen_port = 0);
  ~FaultProxy();
  FaultProxy(const FaultProxy&) = delete;
  FaultProxy& operator=(const FaultProxy&) = delete;

  std::string address() const;

  /// Everything goes through again; what was held back too, as after TCP's retransmission.
  void pass();

  /// What is read from now on arrives so much later, in both directions.
  void delay(std::chrono::milliseconds delay);

  /// Nothing goes through any more and nobody is told, as when a cable is cut. New connections are
  /// taken and stay silent.
  void blackHole();

  /// As blackHole(), but in one direction only: what servers answer, or what clients ask.
  void blackHoleAnswers();
  void blackHoleRequests();

  /// A lossy line as TCP shows it to its users: each piece of data is held up by `resend`, and
  /// everything behind it too, with a chance of `percent` in a hundred. `seed` makes it repeatable.
  void lose(int percent, std::chrono::milliseconds resend, uint64_t seed);
  /// How many pieces have been held up so.
  int losses() const;

  /// The server's side of every open connection is closed; the clients are not told, and what they
  /// write vanishes. Later connections work.
  void halfOpen();

  /// The next `count` pieces of data that servers send (or clients, for cutRequests()) are passed
  /// on by half, then their connection is reset on both sides: it ends inside of a frame.
  void cutAnswers(int count);
  void cutRequests(int count);
  /// How many of those cuts have been made.
  int cuts() const;

  /// Connections taken so far.
  int connections() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace rocketmq::test

#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace rocketmq::test {

/// A plain blocking TCP socket that knows nothing but where frames end. Every wait is bounded by
/// ten seconds. Threads: one at a time.
class RawSocket {
 public:
  /// Connects to 127.0.0.1:port; aborts the process when nobody listens. `receive_buffer_bytes`:
  /// how much the system takes in for us while we do not read, 0 for its default.
  static RawSocket connectTo(uint16_t port, int receive_buffer_bytes = 0);

  explicit RawSocket(int socket) : socket_(socket) {}
  RawSocket(RawSocket&& other) noexcept;
  RawSocket& operator=(RawSocket&&) = delete;
  ~RawSocket();

  /// Sends all bytes with as few writes as possible. False when the peer has closed, or does not
  /// read.
  bool write(std::string_view bytes);

  /// Tells the peer that nothing more will be sent; it may still answer.
  void finishWriting();

  /// The next whole frame, its length word included; nullopt when the peer has closed or time is
  /// up.
  std::optional<std::string> readFrame();

  /// Exactly so many bytes; nullopt when the peer has closed or time is up.
  std::optional<std::string> readBytes(size_t bytes);

  /// Reads until the peer closes, and returns what came. nullopt when time is up.
  std::optional<std::string> readToEnd();

  /// True when the peer closes within the bound; what comes before is thrown away.
  bool closedByPeer() { return readToEnd().has_value(); }

  /// True when there is something to read, or comes within `timeout_ms`.
  bool readable(int timeout_ms) const;

  void close();

 private:
  int socket_;
};

/// Listens on a free port of 127.0.0.1.
class RawListener {
 public:
  /// `backlog`: connections that the system completes before accept().
  explicit RawListener(int backlog = 128);
  RawListener(const RawListener&) = delete;
  RawListener& operator=(const RawListener&) = delete;
  ~RawListener();

  uint16_t port() const { return port_; }
  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  /// The next connection; aborts the process when none comes in time.
  RawSocket accept();
  /// True when somebody has connected, or does within `timeout_ms`.
  bool hasConnection(int timeout_ms) const;

 private:
  int socket_;
  uint16_t port_ = 0;
};

/// A port of 127.0.0.1 on which nobody listens.
uint16_t unusedPort();

}  // namespace rocketmq::test

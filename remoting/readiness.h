#pragma once

#include <sys/epoll.h>

#include <array>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/posix/basic_stream_descriptor.hpp>

#include "common/status.h"

namespace rocketmq::remoting {

/// Tells the connections of one I/O thread what has become ready on their sockets.
///
/// A wait of asio's sockets costs an epoll_ctl() each time; a tenth of what a small request costs
/// the thread. Here a socket is registered once, and asio waits for the set as a whole: one
/// epoll_ctl() for all that became ready together.
///
/// Sources that have ended are told last and a few at a time: to close one takes as long as a send
/// or longer, thousands may end at once, and nobody waits for it.
///
/// Threads: that of the context. Life: as long as the context.
class Readiness {
 public:
  /// What has become so since it was last told. Who has not used it up, by an EAGAIN, must remember
  /// it: it is not told again.
  struct Events {
    bool is_readable = false;
    bool is_writable = false;
    bool is_ended = false;  ///< The peer sends no more, or the socket has failed: reading tells.
  };

  class Source {
   public:
    Source() = default;
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;
    virtual ~Source() = default;

   protected:
    /// May remove this source and others.
    virtual void onReady(Events events) = 0;

   private:
    friend class Readiness;
    size_t index_ = 0;
    int socket_ = -1;
    bool is_end_untold_ = false;  ///< It is in ended_.
  };

  explicit Readiness(asio::io_context& context) : context_(context) {}

  /// Begins with what is ready already. The socket must not block. Io when the system has no room
  /// for more.
  Status add(int socket, std::shared_ptr<Source> source);

  /// For a source that was added and whose socket is closed right after this, but not before.
  void remove(Source& source);

  /// Lets go of all sources, and may not be used after that.
  void shutdown();

 private:
  /// Others' turn on the thread comes after so many.
  static constexpr size_t kEventsPerTurn = 128;
  static constexpr size_t kEndsPerTurn = 16;

  Status open();
  void wait();
  void tellAll();
  void tell(Source& source, Events events);
  void tellEndLater(Source& source);
  void tellSomeEnds();

  asio::io_context& context_;
  std::optional<asio::posix::basic_stream_descriptor<asio::io_context::executor_type>> set_;
  std::vector<std::shared_ptr<Source>> sources_;
  bool is_waiting_ = false;
  std::array<epoll_event, kEventsPerTurn> events_;
  std::span<epoll_event> untold_;  // Of events_; those of removed sources are null.
  /// Bound: each source is here once at most; those of removed sources are null. While there are
  /// some, tellSomeEnds() is under way.
  std::deque<Source*> ended_;
};

}  // namespace rocketmq::remoting

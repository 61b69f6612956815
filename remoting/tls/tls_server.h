#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "common/mutex.h"
#include "common/status.h"
#include "remoting/tls/tls_context.h"
#include "remoting/tls/tls_session.h"
#include "remoting/tls/tls_settings.h"
#include "remoting/unique_function.h"

namespace rocketmq::remoting {

/// What the connections of a server need for TLS: the mode, the certificate in force, and how many
/// handshakes may be under way.
///
/// Threads: any.
class TlsServer {
 public:
  struct Limits {
    size_t handshakes_max = 1024;  ///< At a time; for one more the oldest is given up.
    std::chrono::milliseconds handshake_timeout{10'000};
  };

  /// A handshake that is under way, until this is destroyed.
  class Turn {
   public:
    Turn(TlsServer& server, uint64_t number) : server_(&server), number_(number) {}
    Turn(Turn&& other) noexcept
        : server_(std::exchange(other.server_, nullptr)), number_(other.number_) {}
    Turn& operator=(Turn&&) = delete;
    ~Turn() {
      if (server_ != nullptr) {
        server_->endHandshake(number_);
      }
    }

   private:
    TlsServer* server_;
    uint64_t number_;
  };

  /// Reads keys and certificates, unless the mode is disabled. Errors as TlsContext::forServer().
  static Result<std::shared_ptr<TlsServer>> create(const TlsSettings& settings, Limits limits);
  static Result<std::shared_ptr<TlsServer>> create(const TlsSettings& settings) {
    return create(settings, Limits{});
  }

  TlsMode mode() const { return settings_.server_mode; }
  const Limits& limits() const { return limits_; }

  /// `give_up` closes the connection, from any thread: it is called, once, when too many handshakes
  /// are under way and this is the oldest. So peers that are slow on purpose keep nobody out: an
  /// honest handshake is over before as many others have begun.
  Turn beginHandshake(UniqueFunction<void()> give_up);

  /// TLS on a socket whose first byte asks for it, with the certificate in force. Precondition: the
  /// mode is not disabled.
  Result<std::unique_ptr<TlsSession>> accept(int socket);

  /// To be called now and then, from a thread that may block: takes certificates that have changed
  /// on the disk and have then stayed the same from one call to the next, so that files replaced
  /// one after the other are not read half. Files that cannot be used leave everything as it is,
  /// with one line in the log (RocketMQ: FileWatchService). Not from two threads at a time.
  void reloadIfChanged();

 private:
  TlsServer(TlsSettings settings, Limits limits, std::shared_ptr<const TlsContext> context);

  void endHandshake(uint64_t number);
  /// Tells states of the files apart.
  std::string fingerprint() const;
  Result<std::shared_ptr<const TlsContext>> context();

  const TlsSettings settings_;
  const Limits limits_;
  std::string loaded_;  ///< Fingerprint of what was last tried.
  std::string seen_;    ///< Fingerprint at the last look.

  mutable Mutex mutex_;
  std::map<uint64_t, UniqueFunction<void()>> handshakes_ ROCKETMQ_GUARDED_BY(mutex_);
  uint64_t begun_ ROCKETMQ_GUARDED_BY(mutex_) = 0;
  /// Null until it is needed in test mode.
  std::shared_ptr<const TlsContext> context_ ROCKETMQ_GUARDED_BY(mutex_);
};

/// How often daemons call reloadIfChanged().
inline constexpr std::chrono::milliseconds kTlsReloadPeriod{1000};

/// Both sides of a daemon's TLS.
struct DaemonTls {
  std::shared_ptr<TlsServer> server;
  std::shared_ptr<const TlsContext> client;  ///< Null: connections to other daemons are plain.

  /// After reading tls.config.file. The error says which setting or file to mend.
  static Result<DaemonTls> open(TlsSettings settings);
};

}  // namespace rocketmq::remoting

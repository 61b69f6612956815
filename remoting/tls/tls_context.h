#pragma once

#include <memory>

#include "common/status.h"
#include "remoting/tls/tls_settings.h"

struct ssl_ctx_st;

namespace rocketmq::remoting {

/// Keys, certificates and rules of one side of TLS connections: TLS 1.2 and above, ciphers with
/// forward secrecy, no renegotiation, no resumption (connections live long, and a resumed session
/// would outlive a change of the trusted authorities).
///
/// Immutable and shared; a connection keeps the one it was made with. Threads: any.
class TlsContext {
 public:
  /// InvalidArgument names the setting and the file that cannot be used, and why.
  static Result<std::shared_ptr<const TlsContext>> forServer(const TlsSettings& settings);
  static Result<std::shared_ptr<const TlsContext>> forClient(const TlsSettings& settings);

  ssl_ctx_st* get() const { return context_.get(); }

 private:
  struct Free {
    void operator()(ssl_ctx_st* context) const;
  };
  using Handle = std::unique_ptr<ssl_ctx_st, Free>;

  explicit TlsContext(Handle context) : context_(std::move(context)) {}
  static Result<Handle> make(bool is_server);

  const Handle context_;
};

}  // namespace rocketmq::remoting

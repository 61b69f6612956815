#include "remoting/tls/tls_context.h"

#include <openssl/ssl.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "common/log.h"
#include "remoting/tls/openssl_error.h"
#include "remoting/tls/test_certificate.h"

namespace rocketmq::remoting {
namespace {

constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:!aNULL";
/// Received at once by a connection, and given back when it is empty.
constexpr size_t kReadBufferBytes = 64u << 10;

/// The files of one side, with the names of their settings for messages.
struct Files {
  std::string_view side;  ///< "tls.server" or "tls.client".
  const std::string& key_path;
  const std::string& key_password;
  const std::string& cert_path;
  const std::string& trust_cert_path;

  Status cannot(std::string_view setting, const std::string& path) const {
    return Status::invalidArgument(std::string(side) + "." + std::string(setting) + " = " + path +
                                   ": " + takeOpensslError());
  }
};

/// Never asks the terminal, as OpenSSL would by itself.
int givePassword(char* out, int size, int /*is_writing*/, void* password) {
  const auto& text = *static_cast<const std::string*>(password);
  if (text.empty() || text.size() > static_cast<size_t>(size)) {
    return -1;
  }
  std::memcpy(out, text.data(), text.size());
  return static_cast<int>(text.size());
}

Status useCertificate(SSL_CTX* context, const Files& files) {
  if (files.key_path.empty() || files.cert_path.empty()) {
    return Status::invalidArgument(std::string(files.side) + ".keyPath and " +
                                   std::string(files.side) + ".certPath must both be set");
  }
  if (SSL_CTX_use_certificate_chain_file(context, files.cert_path.c_str()) != 1) {
    return files.cannot("certPath", files.cert_path);
  }
  std::string password = files.key_password;
  SSL_CTX_set_default_passwd_cb(context, givePassword);
  SSL_CTX_set_default_passwd_cb_userdata(context, &password);
  const bool is_key_read =
      SSL_CTX_use_PrivateKey_file(context, files.key_path.c_str(), SSL_FILETYPE_PEM) == 1;
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (!is_key_read || SSL_CTX_check_private_key(context) != 1) {
    return files.cannot("keyPath", files.key_path);
  }
  return Status::ok();
}

/// `is_shown`: tell clients which authorities their certificate may come from.
Status trustOnly(SSL_CTX* context, const Files& files, bool is_shown) {
  if (files.trust_cert_path.empty()) {
    return Status::invalidArgument(std::string(files.side) +
                                   ".trustCertPath must be set for certificates to be checked");
  }
  if (SSL_CTX_load_verify_file(context, files.trust_cert_path.c_str()) != 1) {
    return files.cannot("trustCertPath", files.trust_cert_path);
  }
  if (is_shown) {
    SSL_CTX_set_client_CA_list(context, SSL_load_client_CA_file(files.trust_cert_path.c_str()));
  }
  return Status::ok();
}

int acceptAnyCertificate(X509_STORE_CTX* /*context*/, void* /*unused*/) { return 1; }

void useTestCertificate(SSL_CTX* context, TestCertificate& made) {
  SSL_CTX_use_certificate(context, made.certificate.get());
  SSL_CTX_use_PrivateKey(context, made.key.get());
}

/// What does not do what its user most likely wants.
void warnOfTraps(const TlsSettings& settings) {
  if (settings.is_test && !settings.server_cert_path.empty()) {
    log::warn(
        "tls.server.certPath is not used as long as tls.test.mode.enable is true: clients get a "
        "certificate made at start");
  }
  if (!settings.is_test && settings.server_need_client_auth != TlsClientAuth::kNone &&
      !settings.server_auth_client) {
    log::warn(
        "tls.server.need.client.auth asks for certificates that nobody checks: set "
        "tls.server.authClient=true and tls.server.trustCertPath");
  }
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const { SSL_CTX_free(context); }

Result<TlsContext::Handle> TlsContext::make(bool is_server) {
  Handle context(SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const made = context.get();
  if (made == nullptr || SSL_CTX_set_min_proto_version(made, TLS1_2_VERSION) != 1 ||
      SSL_CTX_set_cipher_list(made, kTls12Ciphers) != 1) {
    return Status::internal("cannot set up TLS: " + takeOpensslError());
  }
  // Frames carry their length, so a connection that ends without TLS's farewell hides nothing.
  SSL_CTX_set_options(made, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_num_tickets(made, 0);
  SSL_CTX_set_session_cache_mode(made, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_mode(made, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                             SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(made, 1);
  SSL_CTX_set_default_read_buffer_len(made, kReadBufferBytes);
  return context;
}

Result<std::shared_ptr<const TlsContext>> TlsContext::forServer(const TlsSettings& settings) {
  ROCKETMQ_ASSIGN_OR_RETURN(Handle context, make(true));
  warnOfTraps(settings);
  if (settings.is_test) {
    ROCKETMQ_ASSIGN_OR_RETURN(TestCertificate made, TestCertificate::make());
    useTestCertificate(context.get(), made);
    return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
  }
  const Files files{.side = "tls.server",
                    .key_path = settings.server_key_path,
                    .key_password = settings.server_key_password,
                    .cert_path = settings.server_cert_path,
                    .trust_cert_path = settings.server_trust_cert_path};
  ROCKETMQ_RETURN_IF_ERROR(useCertificate(context.get(), files));
  if (settings.server_need_client_auth != TlsClientAuth::kNone) {
    const bool is_required = settings.server_need_client_auth == TlsClientAuth::kRequire;
    SSL_CTX_set_verify(context.get(),
                       SSL_VERIFY_PEER | (is_required ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                       nullptr);
    if (settings.server_auth_client) {
      ROCKETMQ_RETURN_IF_ERROR(trustOnly(context.get(), files, true));
    } else {
      // RocketMQ parity: whatever certificate is shown will do.
      SSL_CTX_set_cert_verify_callback(context.get(), acceptAnyCertificate, nullptr);
    }
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

Result<std::shared_ptr<const TlsContext>> TlsContext::forClient(const TlsSettings& settings) {
  ROCKETMQ_ASSIGN_OR_RETURN(Handle context, make(false));
  if (settings.is_test) {
    return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
  }
  const Files files{.side = "tls.client",
                    .key_path = settings.client_key_path,
                    .key_password = settings.client_key_password,
                    .cert_path = settings.client_cert_path,
                    .trust_cert_path = settings.client_trust_cert_path};
  if (!files.key_path.empty() || !files.cert_path.empty()) {
    ROCKETMQ_RETURN_IF_ERROR(useCertificate(context.get(), files));
  }
  // RocketMQ parity: the authority is checked, the name in the certificate is not, because brokers
  // are reached by whatever address they registered.
  if (settings.client_auth_server) {
    ROCKETMQ_RETURN_IF_ERROR(trustOnly(context.get(), files, false));
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  }
  return std::shared_ptr<const TlsContext>(new TlsContext(std::move(context)));
}

}  // namespace rocketmq::remoting

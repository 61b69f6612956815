#include "remoting/tls/tls_server.h"

#include <utility>

#include "common/file_stamp.h"
#include "common/log.h"

namespace rocketmq::remoting {

TlsServer::TlsServer(TlsSettings settings, Limits limits, std::shared_ptr<const TlsContext> context)
    : settings_(std::move(settings)),
      limits_(limits),
      loaded_(fingerprint()),
      seen_(loaded_),
      context_(std::move(context)) {}

Result<std::shared_ptr<TlsServer>> TlsServer::create(const TlsSettings& settings, Limits limits) {
  std::shared_ptr<const TlsContext> context;
  // The test certificate is made when the first client wants it: OpenSSL at work takes 5 MiB.
  if (settings.server_mode != TlsMode::kDisabled &&
      !(settings.is_test && settings.server_cert_path.empty())) {
    ROCKETMQ_ASSIGN_OR_RETURN(context, TlsContext::forServer(settings));
  }
  return std::shared_ptr<TlsServer>(new TlsServer(settings, limits, std::move(context)));
}

TlsServer::Turn TlsServer::beginHandshake(UniqueFunction<void()> give_up) {
  UniqueFunction<void()> give_up_oldest;
  uint64_t number = 0;
  {
    MutexLock lock(mutex_);
    if (handshakes_.size() >= limits_.handshakes_max) {
      give_up_oldest = std::move(handshakes_.extract(handshakes_.begin()).mapped());
    }
    number = ++begun_;
    handshakes_.emplace(number, std::move(give_up));
  }
  if (give_up_oldest) {
    give_up_oldest();
  }
  return {*this, number};
}

void TlsServer::endHandshake(uint64_t number) {
  MutexLock lock(mutex_);
  handshakes_.erase(number);
}

Result<std::shared_ptr<const TlsContext>> TlsServer::context() {
  MutexLock lock(mutex_);
  if (context_ == nullptr) {
    ROCKETMQ_ASSIGN_OR_RETURN(context_, TlsContext::forServer(settings_));
  }
  return context_;
}

Result<std::unique_ptr<TlsSession>> TlsServer::accept(int socket) {
  ROCKETMQ_ASSIGN_OR_RETURN(const std::shared_ptr<const TlsContext> now, context());
  return TlsSession::open(*now, socket, TlsSession::Side::kServer);
}

std::string TlsServer::fingerprint() const {
  std::string text;
  for (const std::string& path :
       {settings_.server_key_path, settings_.server_cert_path, settings_.server_trust_cert_path}) {
    text += fileStamp(path);
  }
  return text;
}

void TlsServer::reloadIfChanged() {
  if (settings_.is_test || settings_.server_mode == TlsMode::kDisabled) {
    return;
  }
  std::string now = fingerprint();
  const bool is_settled = now == std::exchange(seen_, now);
  if (!is_settled || now == loaded_) {
    return;
  }
  loaded_ = std::move(now);
  Result<std::shared_ptr<const TlsContext>> fresh = TlsContext::forServer(settings_);
  if (!fresh.ok()) {
    log::error("TLS files have changed but cannot be used, the old ones stay in force: {}",
               fresh.status().message());
    return;
  }
  {
    MutexLock lock(mutex_);
    context_ = std::move(*fresh);
  }
  log::info("TLS files have changed: new connections use {}", settings_.server_cert_path);
}

Result<DaemonTls> DaemonTls::open(TlsSettings settings) {
  ROCKETMQ_RETURN_IF_ERROR(readTlsConfigFile(settings));
  DaemonTls tls;
  ROCKETMQ_ASSIGN_OR_RETURN(tls.server, TlsServer::create(settings));
  if (settings.isClientEnabled()) {
    ROCKETMQ_ASSIGN_OR_RETURN(tls.client, TlsContext::forClient(settings));
  }
  return tls;
}

}  // namespace rocketmq::remoting

#pragma once

#include <cstdint>
#include <string>

#include "common/settings.h"
#include "common/status.h"

namespace rocketmq::remoting {

/// Which connections a server takes (RocketMQ: TlsMode).
enum class TlsMode : uint8_t {
  kDisabled,    ///< Plain ones.
  kPermissive,  ///< Both.
  kEnforcing,   ///< TLS ones.
};

/// What a server asks of its clients' certificates.
enum class TlsClientAuth : uint8_t { kNone, kOptional, kRequire };

/// Everything about TLS, by RocketMQ's names (TlsSystemConfig). All files are PEM.
struct TlsSettings {
  TlsMode server_mode = TlsMode::kPermissive;
  /// A server makes its own certificate, a client trusts everybody; the files are not looked at.
  bool is_test = true;
  /// Settings in this file win over all others; see readTlsConfigFile().
  std::string config_file = std::string(kDefaultConfigFile);

  std::string server_key_path;
  std::string server_key_password;
  std::string server_cert_path;  ///< With the chain behind it, if there is one.
  std::string server_trust_cert_path;
  TlsClientAuth server_need_client_auth = TlsClientAuth::kNone;
  /// Whether clients' certificates are checked against server_trust_cert_path.
  bool server_auth_client = false;

  std::string enable;  ///< "true" or "false"; empty: true where the server mode is enforcing.
  std::string client_key_path;
  std::string client_key_password;
  std::string client_cert_path;
  std::string client_trust_cert_path;
  /// Whether a server's certificate is checked against client_trust_cert_path.
  bool client_auth_server = false;

  static constexpr std::string_view kDefaultConfigFile = "/etc/rocketmq/tls.properties";

  /// Whether connections that this process opens use TLS.
  bool isClientEnabled() const {
    return enable.empty() ? server_mode == TlsMode::kEnforcing : enable == "true";
  }

  static const SettingsTable<TlsSettings>& settings();

  bool operator==(const TlsSettings&) const = default;
};

/// Sets what the file named by `tls.config.file` has (RocketMQ: TlsHelper). A missing file is an
/// error only when it is not the default one. NotFound, Io or InvalidArgument name file and line.
Status readTlsConfigFile(TlsSettings& settings);

/// Appends the rows of all TLS settings to a daemon's table.
template <class S>
void addTlsSettings(SettingsTable<S>& rows, TlsSettings S::*member) {
  for (const Setting<TlsSettings>& row : TlsSettings::settings()) {
    rows.emplace_back(row.info(),
                      [row, member](S& settings) { return row.slot(settings.*member); });
  }
}

}  // namespace rocketmq::remoting

#include "remoting/tls/tls_settings.h"

#include <unistd.h>

#include "common/log.h"
#include "common/properties_file.h"

namespace rocketmq::remoting {
namespace {

using S = TlsSettings;

constexpr Change kRestart = Change::kRestart;

void addServerRows(SettingsTable<S>& rows) {
  rows.insert(
      rows.end(),
      {setting("tls.server.mode", &S::server_mode,
               oneOf<TlsMode>({{"disabled", TlsMode::kDisabled},
                               {"permissive", TlsMode::kPermissive},
                               {"enforcing", TlsMode::kEnforcing}}),
               kRestart, "Take plain connections, both kinds, or TLS connections only.")
           .important(),
       setting("tls.server.keyPath", &S::server_key_path, kRestart,
               "PEM file with the server's private key; watched for changes."),
       setting("tls.server.keyPassword", &S::server_key_password, kRestart,
               "Password of that key, if it has one.")
           .secret(),
       setting("tls.server.certPath", &S::server_cert_path, kRestart,
               "PEM file with the server's certificate and its chain; watched for changes."),
       setting("tls.server.trustCertPath", &S::server_trust_cert_path, kRestart,
               "PEM file with the authorities that clients' certificates must come from; watched "
               "for changes."),
       setting("tls.server.need.client.auth", &S::server_need_client_auth,
               oneOf<TlsClientAuth>({{"none", TlsClientAuth::kNone},
                                     {"optional", TlsClientAuth::kOptional},
                                     {"require", TlsClientAuth::kRequire}}),
               kRestart, "Whether clients must show a certificate."),
       setting("tls.server.authClient", &S::server_auth_client, kRestart,
               "Check clients' certificates against tls.server.trustCertPath.")});
}

void addClientRows(SettingsTable<S>& rows) {
  rows.insert(
      rows.end(),
      {setting("tls.enable", &S::enable, oneWordOf({"", "true", "false"}), kRestart,
               "Use TLS for connections to other daemons.")
           .documentedDefault("true when tls.server.mode is enforcing"),
       setting("tls.client.keyPath", &S::client_key_path, kRestart,
               "PEM file with the private key to show to other daemons."),
       setting("tls.client.keyPassword", &S::client_key_password, kRestart,
               "Password of that key, if it has one.")
           .secret(),
       setting("tls.client.certPath", &S::client_cert_path, kRestart,
               "PEM file with the certificate to show to other daemons."),
       setting("tls.client.trustCertPath", &S::client_trust_cert_path, kRestart,
               "PEM file with the authorities that other daemons' certificates must come from."),
       setting("tls.client.authServer", &S::client_auth_server, kRestart,
               "Check other daemons' certificates against tls.client.trustCertPath.")});
}

}  // namespace

const SettingsTable<TlsSettings>& TlsSettings::settings() {
  static const SettingsTable<S> table = [] {
    SettingsTable<S> rows = {
        setting("tls.test.mode.enable", &S::is_test, kRestart,
                "Serve with a certificate made at start, trust every server; set it to false to "
                "use the files."),
        setting("tls.config.file", &S::config_file, kRestart,
                "File with the other tls.* settings; they win over those set elsewhere."),
    };
    addServerRows(rows);
    addClientRows(rows);
    return rows;
  }();
  return table;
}

Status readTlsConfigFile(TlsSettings& settings) {
  const bool is_default = settings.config_file == TlsSettings::kDefaultConfigFile;
  if (settings.config_file.empty() ||
      (is_default && ::access(settings.config_file.c_str(), F_OK) != 0)) {
    return Status::ok();
  }
  const Result<PropertiesFile> file = readPropertiesFile(settings.config_file);
  if (!file.ok()) {
    return file.status().withContext("tls.config.file");
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto warnings, loadSettings(settings, *file, {}));
  for (const std::string& warning : warnings) {
    log::warn("{}", warning);
  }
  return Status::ok();
}

}  // namespace rocketmq::remoting

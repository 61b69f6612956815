#include "client/instance/tls.h"

#include <string>

#include "client/instance/system_properties.h"
#include "common/settings.h"
#include "remoting/tls/tls_settings.h"

namespace rocketmq::client {
namespace {

Result<remoting::TlsSettings> settingsOfProperties() {
  PropertiesFile properties{.name = "properties", .lines = {}};
  for (const Setting<remoting::TlsSettings>& row : remoting::TlsSettings::settings()) {
    const std::string key(row.info().key);
    if (std::string value = systemProperty(key); !value.empty()) {
      properties.lines.push_back({.key = key, .value = std::move(value), .line = 0});
    }
  }
  remoting::TlsSettings settings;
  ROCKETMQ_ASSIGN_OR_RETURN(const auto none, loadSettings(settings, properties, {}));
  static_cast<void>(none);
  ROCKETMQ_RETURN_IF_ERROR(readTlsConfigFile(settings));
  return settings;
}

/// True when `files` names any.
bool useFiles(remoting::TlsSettings& settings, const TlsFiles& files) {
  bool is_any = false;
  const auto take = [&is_any](std::string& setting, const std::string& value) {
    if (!value.empty()) {
      setting = value;
      is_any = true;
    }
  };
  take(settings.client_trust_cert_path, files.trust_cert_path);
  settings.client_auth_server = settings.client_auth_server || !files.trust_cert_path.empty();
  take(settings.client_cert_path, files.cert_path);
  take(settings.client_key_path, files.key_path);
  take(settings.client_key_password, files.key_password);
  settings.is_test = settings.is_test && !is_any;
  return is_any;
}

}  // namespace

Result<std::shared_ptr<const remoting::TlsContext>> tlsOf(const ClientConfig& config) {
  ROCKETMQ_ASSIGN_OR_RETURN(remoting::TlsSettings settings, settingsOfProperties());
  const bool has_files = useFiles(settings, config.tls);
  if (config.use_tls) {
    settings.enable = "true";
  }
  if (!settings.isClientEnabled()) {
    if (has_files) {
      return Status::invalidArgument(
          "ClientConfig::tls names files, but connections would be plain: set use_tls, or the "
          "property tls.enable=true");
    }
    return std::shared_ptr<const remoting::TlsContext>();
  }
  return remoting::TlsContext::forClient(settings);
}

}  // namespace rocketmq::client

#include "client/instance/tls.h"

#include <string>

#include "client/instance/system_properties.h"
#include "common/settings.h"
#include "remoting/tls/tls_settings.h"

namespace rocketmq::client {

Result<std::shared_ptr<const remoting::TlsContext>> tlsOfProperties() {
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
  if (!settings.isClientEnabled()) {
    return std::shared_ptr<const remoting::TlsContext>();
  }
  return remoting::TlsContext::forClient(settings);
}

}  // namespace rocketmq::client

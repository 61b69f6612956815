#include "broker/settings.h"
#include "common/check.h"
#include "common/properties_file.h"
#include "common/rocketmq_known_keys.h"
#include "common/settings.h"
#include "namesrv/settings.h"
#include "tests/fuzz/fuzz_target.h"

// A .properties text, as a file and as the body of UPDATE_BROKER_CONFIG.

namespace rocketmq {

ROCKETMQ_FUZZ_TARGET(properties_file, input) {
  const Result<PropertiesFile> file = parsePropertiesFile("fuzz", input);
  if (!file.ok()) {
    return;
  }
  PropertiesByKey properties;
  for (const PropertyLine& line : file->lines) {
    properties[line.key] = line.value;
  }
  const Result<PropertiesFile> again =
      parsePropertiesFile("again", formatPropertiesFile(properties));
  // Escapes may make a text longer than a file may be.
  if (again.ok()) {
    PropertiesByKey reread;
    for (const PropertyLine& line : again->lines) {
      reread[line.key] = line.value;
    }
    ROCKETMQ_CHECK(reread == properties);
  }

  broker::BrokerSettings settings;
  if (loadSettings(settings, *file, rocketmqKnownKeys()).ok()) {
    static_cast<void>(showSettings(settings));
  }
  namesrv::NamesrvSettings namesrv;
  static_cast<void>(loadSettings(namesrv, *file, rocketmqKnownKeys()));
  broker::BrokerSettings running;
  static_cast<void>(updateLive(running, *file, {}));
}

}  // namespace rocketmq

#include "broker/config_service.h"

#include <memory>
#include <utility>
#include <vector>

#include "broker/settings.h"
#include "broker/start_settings.h"
#include "common/atomic_file.h"
#include "common/json/encode.h"
#include "common/log.h"
#include "common/properties_file.h"
#include "common/settings.h"
#include "common/text.h"
#include "remoting/tls/tls_server.h"

namespace rocketmq::broker {
namespace {

/// What a start does with its file before it opens the store.
Status beginStart(const PropertiesByKey& all) {
  BrokerSettings settings;
  ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile file,
                            parsePropertiesFile("settings", formatPropertiesFile(all)));
  ROCKETMQ_RETURN_IF_ERROR(loadSettings(settings, file, {}).status());
  ROCKETMQ_RETURN_IF_ERROR(prepareStart(settings).status());
  return remoting::DaemonTls::open(settings.tls).status();
}

/// Whether a broker would start with what its file is to say.
Status checkStart(const PropertiesByKey& all) {
  const Status status = beginStart(all);
  return status.isOk()
             ? status
             : Status::invalidArgument("the broker would not start with that: " + status.message());
}

}  // namespace

ConfigService::ConfigService(LiveSettings& settings, const Clock& clock,
                             std::function<void(const BrokerSettings&)> on_change)
    : settings_(settings), clock_(clock), on_change_(std::move(on_change)) {}

Result<ConfigService::Outcome> ConfigService::update(std::string_view properties_text) {
  ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile request,
                            parsePropertiesFile("update request", properties_text));
  Outcome outcome;
  std::shared_ptr<const BrokerSettings> published;
  Status written;
  {
    MutexLock lock(mutex_);
    BrokerSettings next = *settings_.load();
    const std::string black_list = next.config_black_list;
    // RocketMQ parity: these may never be changed by request, whatever the list says; nor may where
    // the next start writes its log.
    std::vector<std::string_view> refused = splitList(black_list, ';');
    refused.insert(refused.end(),
                   {"brokerConfigPath", "rocketmqHome", "configBlackList", "logDir"});
    ROCKETMQ_ASSIGN_OR_RETURN(LiveUpdate update, updateLive(next, request, refused));
    if (update.refused_key) {
      outcome.refused_key = update.refused_key;
      return outcome;
    }
    PropertiesByKey at_restart = at_restart_;
    for (const std::string& key : update.at_restart) {
      at_restart[key] = update.for_file[key];
    }
    PropertiesByKey all = printSettings(next);
    for (const auto& [key, value] : at_restart) {
      all[key] = value;
    }
    ROCKETMQ_RETURN_IF_ERROR(checkStart(all));
    at_restart_ = std::move(at_restart);
    for (const std::string& key : update.applied) {
      log::info("setting {} changed to {}", key, update.for_file[key]);
    }
    for (const std::string& key : update.at_restart) {
      log::info("setting {} will be {} after a restart", key, update.for_file[key]);
    }
    version_.nextVersion(clock_.nowMs());
    published = std::make_shared<const BrokerSettings>(std::move(next));
    settings_.store(published);
    written = replaceFile(filePath(*published), formatPropertiesFile(all));
  }
  on_change_(*published);
  if (!written.isOk()) {
    return written;
  }
  return outcome;
}

std::string ConfigService::text() const {
  return formatPropertiesFile(showSettings(*settings_.load()));
}

std::string ConfigService::versionText() const {
  MutexLock lock(mutex_);
  return json::encode(version_);
}

std::string ConfigService::filePath(const BrokerSettings& settings) const {
  return settings.config_path.empty() ? settings.store_root + "/config/broker.properties"
                                      : settings.config_path;
}

}  // namespace rocketmq::broker

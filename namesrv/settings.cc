#include "namesrv/settings.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <thread>
#include <utility>

#include "common/atomic_file.h"
#include "common/log.h"
#include "common/properties_file.h"
#include "common/rocketmq_known_keys.h"
#include "common/text.h"

namespace rocketmq::namesrv {

namespace {

using S = NamesrvSettings;

constexpr size_t kDefaultIoThreadsMax = 4;

/// Switches of RocketMQ that change what it does, and that have no effect here.
constexpr std::array<std::string_view, 4> kUnsupportedSwitches = {
    "clusterTest", "enableControllerInNamesrv", "notifyMinBrokerIdChanged", "supportActingMaster"};

SettingsTable<S> listenSettings() {
  return {
      setting("listenPort", &S::listen_port, range(0, 65535), Change::kRestart,
              "Port that brokers and clients connect to; 0: any free one.")
          .important(),
      setting("bindAddress", &S::bind_address, Change::kRestart, "Address to listen on.")
          .important(),
      setting("serverChannelMaxIdleTimeSeconds", &S::connection_idle_max_seconds, range(0, 86'400),
              Change::kRestart,
              "Close a connection after so many seconds without traffic; 0: never."),
      setting("connectionsMax", &S::connections_max, range(1, 1'000'000), Change::kRestart,
              "Connections at a time; more are closed at once. There are no more than the limit "
              "of open files leaves: an eighth of it, at least 1,024, is for files.")
          .own(),
      setting("frameReceiveTimeoutSeconds", &S::frame_timeout_seconds, range(0, 86'400),
              Change::kRestart,
              "Seconds that a request may take to arrive from its first byte on; then the "
              "connection is closed. 0: for ever.")
          .own(),
      setting("unsentBytesMax", &S::unsent_bytes_total_max, atLeast(1), Change::kRestart,
              "Bytes of answers that clients have not read; above it nothing more is read from "
              "those with more than 64 KiB.")
          .own(),
      setting("incompleteFrameBytesMax", &S::partial_bytes_total_max, atLeast(1), Change::kRestart,
              "Bytes of requests of which more than 64 KiB have come, but not all, and of those of "
              "which 16 to 64 KiB have come; above it connections to which more of such a request "
              "comes are closed.")
          .own(),
      setting("ioThreads", &S::io_threads, range(0, 64), Change::kRestart,
              "Threads that serve connections; 0: one per core, at most 4.")
          .own(),
      setting("metricsPort", &S::metrics_port, range(0, 65535), Change::kRestart,
              "Port of the HTTP server that gives metrics to Prometheus; 0: none.")
          .own(),
      setting("metricsBindAddress", &S::metrics_bind_address, Change::kRestart,
              "Address that metricsPort listens on.")
          .own(),
  };
}

SettingsTable<S> fileSettings() {
  return {
      setting("rocketmqHome", &S::rocketmq_home, Change::kRestart,
              "Folder of the installation; not needed."),
      setting("kvConfigPath", &S::kv_config_path, Change::kRestart,
              "File of the KV settings that administrators store here.")
          .important()
          .documentedDefault("$HOME/namesrv/kvConfig.json"),
      setting("kvConfigBytesMax", &S::kv_bytes_max, range(1024, 1 << 30), Change::kRestart,
              "Bytes of that file; a KV setting that would make it longer is refused. Each change "
              "writes all of it.")
          .own(),
      setting("configStorePath", &S::config_store_path, Change::kRestart,
              "File that updateNamesrvConfig writes; the one given with -c, if there is one.")
          .important()
          .documentedDefault("$HOME/namesrv/namesrv.properties"),
      setting("logDir", &S::log_dir, Change::kRestart, "Folder of namesrv.log.")
          .important()
          .own()
          .documentedDefault("$HOME/logs/rocketmqlogs"),
      setting("logLevel", &S::log_level,
              oneWordOf({"trace", "debug", "info", "warn", "error", "off"}), Change::kLive,
              "Least severity of what is logged.")
          .own(),
  };
}

SettingsTable<S> brokerSettings() {
  return {
      setting("scanNotActiveBrokerInterval", &S::scan_interval_ms, range(100, 3'600'000),
              Change::kRestart, "Milliseconds between two scans for brokers that went silent."),
      setting("brokerLiveTimeout", &S::broker_live_timeout_ms, range(1000, 86'400'000),
              Change::kLive,
              "Milliseconds without a word after which a broker is taken out of the routes, unless "
              "it asks for another time itself.")
          .important()
          .own(),
      setting("deleteTopicWithBrokerRegistration", &S::delete_missing_topics, Change::kRestart,
              "Remove topics that a broker's registration no longer names."),
      setting("returnOrderTopicConfigToBroker", &S::return_order_config, Change::kLive,
              "Tell registering brokers which topics are ordered."),
      setting("registeredBrokersMax", &S::brokers_max, range(1, 1'000'000), Change::kRestart,
              "Brokers, slaves included, at a time; the registration of one more is refused.")
          .own(),
      setting("registeredTopicsPerBrokerMax", &S::topics_per_broker_max, range(1, 10'000'000),
              Change::kRestart,
              "Topics of one broker name; further ones of a registration are left out, and the "
              "broker is told so.")
          .own(),
      setting("registeredTopicsMax", &S::topics_max, range(1, 100'000'000), Change::kRestart,
              "Topics of all broker names, each counted once for every broker name; further ones "
              "as above.")
          .own(),
  };
}

SettingsTable<S> answerSettings() {
  return {
      setting("orderMessageEnable", &S::order_message, Change::kLive,
              "Add the order of an ordered topic's queues to its route.")
          .important(),
      setting("needWaitForService", &S::wait_for_service, Change::kRestart,
              "Refuse to give routes for waitSecondsForService after the start, so that brokers "
              "can register first."),
      setting("waitSecondsForService", &S::wait_for_service_seconds, range(0, 3600),
              Change::kRestart, "See needWaitForService."),
      setting("enableAllTopicList", &S::all_topic_list, Change::kLive,
              "Answer requests for the list of all topics."),
      setting("enableTopicList", &S::topic_list, Change::kLive,
              "Answer requests for the topics of a cluster or unit."),
      setting("configBlackList", &S::config_black_list, Change::kRestart,
              "Keys that updateNamesrvConfig may not change, separated by semicolons."),
  };
}

/// $HOME, or what the system's user table says where that is not set.
std::string homeFolder() {
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return home;
  }
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_dir : ".";
}

bool asksForUnsupported(const PropertyLine& line) {
  return std::ranges::find(kUnsupportedSwitches, line.key) != kUnsupportedSwitches.end() &&
         line.value.starts_with("true");
}

/// The keys of a black list, and those that are on it whatever it says.
std::vector<std::string_view> blackListOf(std::string_view configured) {
  std::vector<std::string_view> keys = {"configBlackList", "configStorePath", "kvConfigPath",
                                        "logDir", "rocketmqHome"};
  const std::vector<std::string_view> more = splitList(configured, ';');
  keys.insert(keys.end(), more.begin(), more.end());
  return keys;
}

/// Puts the changes into the settings file, whose other keys stay.
Status mergeIntoFile(const std::string& path, const PropertiesByKey& changes) {
  PropertiesByKey merged = changes;
  const auto file = readPropertiesFile(path);
  if (file.ok()) {
    PropertiesByKey held;
    for (const PropertyLine& line : file->lines) {
      held.insert_or_assign(line.key, line.value);
    }
    merged.merge(std::move(held));
  } else if (file.status().code() != StatusCode::kNotFound) {
    return file.status();
  }
  const std::string text = formatPropertiesFile(merged);
  ROCKETMQ_RETURN_IF_ERROR(checkFileBytes(path, text.size(), kPropertiesFileBytesMax));
  return replaceFile(path, text);
}

}  // namespace

const SettingsTable<NamesrvSettings>& NamesrvSettings::settings() {
  static const SettingsTable<S> table = [] {
    SettingsTable<S> all;
    for (const SettingsTable<S>& part :
         {listenSettings(), fileSettings(), brokerSettings(), answerSettings()}) {
      all.insert(all.end(), part.begin(), part.end());
    }
    remoting::addTlsSettings(all, &S::tls);
    return all;
  }();
  return table;
}

NamesrvSettings NamesrvSettings::withDefaultPaths() const {
  NamesrvSettings complete = *this;
  const std::string home = homeFolder();
  const auto set = [&home](std::string& path, const char* below_home) {
    if (path.empty()) {
      path = home + below_home;
    }
  };
  set(complete.kv_config_path, "/namesrv/kvConfig.json");
  set(complete.config_store_path, "/namesrv/namesrv.properties");
  set(complete.log_dir, "/logs/rocketmqlogs");
  return complete;
}

size_t NamesrvSettings::ioThreads() const {
  return io_threads > 0
             ? static_cast<size_t>(io_threads)
             : std::clamp<size_t>(std::thread::hardware_concurrency(), 1, kDefaultIoThreadsMax);
}

Result<std::vector<std::string>> loadNamesrvFile(NamesrvSettings& settings,
                                                 const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile file, readPropertiesFile(path));
  ROCKETMQ_ASSIGN_OR_RETURN(std::vector<std::string> warnings,
                            loadSettings(settings, file, rocketmqKnownKeys()));
  for (const PropertyLine& line : file.lines) {
    if (asksForUnsupported(line)) {
      warnings.push_back(file.name + ":" + std::to_string(line.line) + ": " + line.key +
                         " has no effect: this name server does not support it");
    }
  }
  return warnings;
}

LiveSettings::LiveSettings(NamesrvSettings initial)
    : current_(std::make_shared<const NamesrvSettings>(initial.withDefaultPaths())),
      order_message_(initial.order_message) {}

Result<LiveUpdate> LiveSettings::update(std::string_view properties) {
  ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile request,
                            parsePropertiesFile("update", properties));
  MutexLock lock(update_mutex_);
  NamesrvSettings next = *current();
  const std::string black_list = next.config_black_list;
  ROCKETMQ_ASSIGN_OR_RETURN(LiveUpdate outcome, updateLive(next, request, blackListOf(black_list)));
  if (outcome.refused_key || outcome.for_file.empty()) {
    return outcome;
  }
  ROCKETMQ_RETURN_IF_ERROR(mergeIntoFile(next.config_store_path, outcome.for_file));
  ROCKETMQ_RETURN_IF_ERROR(log::setLevel(next.log_level));
  order_message_.store(next.order_message, std::memory_order_relaxed);
  current_.store(std::make_shared<const NamesrvSettings>(std::move(next)));
  return outcome;
}

}  // namespace rocketmq::namesrv

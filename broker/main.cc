#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>

#include "broker/broker.h"
#include "broker/settings.h"
#include "common/daemon/daemon.h"

namespace rocketmq::broker {
namespace {

constexpr const char* kUsage =
    "Usage: mqbroker [-n ADDRESSES] [-c FILE] [--KEY=VALUE ...] [-p | -m | -h]\n"
    "  -n ADDRESSES  name servers, for instance 127.0.0.1:9876;192.168.0.1:9876\n"
    "  -c FILE       settings file (.properties)\n"
    "  --KEY=VALUE   a setting, for instance --listenPort=10921; counts more than the file\n"
    "  -p            print all settings and exit\n"
    "  -m            print the important settings and exit\n"
    "  -h            print this and exit\n";

/// Scripts of RocketMQ 5 start a proxy beside the broker with an argument. Gives the number of
/// those that are left.
int dropEnableProxy(int argc, char** argv) {
  char** const end = std::remove_if(argv, argv + argc,
                                    [](std::string_view word) { return word == "--enable-proxy"; });
  if (end != argv + argc) {
    std::fprintf(stderr, "--enable-proxy is not supported yet and is ignored\n");
  }
  return static_cast<int>(end - argv);
}

Result<std::vector<std::string>> loadFile(BrokerSettings& settings, const std::string& path) {
  ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile file, readPropertiesFile(path));
  return loadSettings(settings, file, rocketmqKnownKeys());
}

Result<BrokerSettings> complete(BrokerSettings settings, const DaemonCommandLine& command_line) {
  if (!command_line.name_servers.empty()) {
    settings.namesrv_addr = command_line.name_servers;
  }
  ROCKETMQ_RETURN_IF_ERROR(completeSettings(settings));
  return settings;
}

std::string bootLine(const BrokerSettings& settings) {
  std::string line = "The broker[" + settings.broker_name + ", " + settings.advertisedAddress() +
                     "] boot success. serializeType=JSON";
  if (!settings.namesrv_addr.empty()) {
    line += " and name server is " + settings.namesrv_addr;
  }
  return line;
}

int run(const BrokerSettings& settings) {
  log::Options log_options;
  log_options.directory = settings.log_dir;
  log_options.file_name = "broker.log";
  log_options.level = settings.log_level;
  return runDaemon("the broker", log_options, [&settings]() -> Result<RunningDaemon> {
    const auto say = [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); };
    ROCKETMQ_ASSIGN_OR_RETURN(std::shared_ptr<Broker> broker, Broker::start(settings, say));
    return RunningDaemon{.boot_line = bootLine(*broker->settings()),
                         .stop = [broker] { return broker->stop(); }};
  });
}

}  // namespace
}  // namespace rocketmq::broker

int main(int argc, char** argv) {
  using namespace rocketmq::broker;
  return rocketmq::daemonMain<BrokerSettings>(dropEnableProxy(argc, argv), argv,
                                              {.usage = kUsage,
                                               .load_file = loadFile,
                                               .update_path = &BrokerSettings::config_path,
                                               .complete = complete,
                                               .run = run});
}

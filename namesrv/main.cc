#include <memory>
#include <string>

#include "common/daemon/daemon.h"
#include "namesrv/namesrv.h"
#include "namesrv/settings.h"

namespace rocketmq::namesrv {
namespace {

constexpr const char* kUsage =
    "Usage: mqnamesrv [-c FILE] [--KEY=VALUE ...] [-p | -m | -h]\n"
    "  -c FILE      settings file (.properties)\n"
    "  --KEY=VALUE  a setting, for instance --listenPort=9877; counts more than the file\n"
    "  -p           print all settings and exit\n"
    "  -m           print the important settings and exit\n"
    "  -h           print this and exit\n";

/// Old scripts give -n; a name server needs no other.
Result<NamesrvSettings> complete(NamesrvSettings settings, const DaemonCommandLine&) {
  return settings.withDefaultPaths();
}

std::string bootLine(const NamesrvSettings& settings, uint16_t port) {
  const bool is_ipv6 = settings.bind_address.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + settings.bind_address + "]" : settings.bind_address;
  return "The Name Server boot success. serializeType=JSON, address " + host + ":" +
         std::to_string(port);
}

int run(const NamesrvSettings& settings) {
  log::Options log_options;
  log_options.directory = settings.log_dir;
  log_options.file_name = "namesrv.log";
  log_options.level = settings.log_level;
  return runDaemon("the name server", log_options, [&settings]() -> Result<RunningDaemon> {
    ROCKETMQ_ASSIGN_OR_RETURN(std::shared_ptr<Namesrv> namesrv, Namesrv::start(settings));
    std::string boot_line = bootLine(settings, namesrv->port());
    return RunningDaemon{.boot_line = std::move(boot_line), .stop = [namesrv] {
                           namesrv->stop();
                           return Status::ok();
                         }};
  });
}

}  // namespace
}  // namespace rocketmq::namesrv

int main(int argc, char** argv) {
  using namespace rocketmq::namesrv;
  return rocketmq::daemonMain<NamesrvSettings>(argc, argv,
                                               {.usage = kUsage,
                                                .load_file = loadNamesrvFile,
                                                .update_path = &NamesrvSettings::config_store_path,
                                                .complete = complete,
                                                .run = run});
}

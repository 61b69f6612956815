#include <gflags/gflags.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "common/log.h"
#include "common/open_files.h"
#include "common/properties_file.h"
#include "namesrv/namesrv.h"
#include "namesrv/settings.h"

DEFINE_string(c, "", "settings file (.properties)");
DEFINE_string(n, "", "accepted for the sake of old scripts; a name server needs no other");
DEFINE_bool(p, false, "print all settings and exit");
DEFINE_bool(m, false, "print the important settings and exit");
DEFINE_bool(h, false, "print this and exit");
DECLARE_bool(help);

namespace rocketmq::namesrv {
namespace {

constexpr const char* kUsage =
    "Usage: mqnamesrv [-c FILE] [--KEY=VALUE ...] [-p | -m | -h]\n"
    "  -c FILE      settings file (.properties)\n"
    "  --KEY=VALUE  a setting, for instance --listenPort=9877; counts more than the file\n"
    "  -p           print all settings and exit\n"
    "  -m           print the important settings and exit\n"
    "  -h           print this and exit\n";

int fail(const Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return EXIT_FAILURE;
}

bool isSetting(std::string_view key) {
  for (const auto& row : NamesrvSettings::settings()) {
    if (row.info().key == key) {
      return true;
    }
  }
  return false;
}

/// Takes --key=value and --key value out of the arguments when the key is that of a setting; what
/// is left is for gflags.
PropertiesFile takeSettings(std::vector<char*>& arguments) {
  PropertiesFile settings{.name = "command line", .lines = {}};
  std::vector<char*> others;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view word = arguments[i];
    if (i == 0 || !word.starts_with("--")) {
      others.push_back(arguments[i]);
      continue;
    }
    word.remove_prefix(2);
    const size_t equals = word.find('=');
    const std::string_view key = word.substr(0, equals);
    if (!isSetting(key) || (equals == std::string_view::npos && i + 1 == arguments.size())) {
      others.push_back(arguments[i]);
      continue;
    }
    const std::string_view value =
        equals == std::string_view::npos ? arguments[++i] : word.substr(equals + 1);
    settings.lines.push_back(
        {.key = std::string(key), .value = std::string(value), .line = static_cast<int>(i)});
  }
  arguments = std::move(others);
  return settings;
}

/// The settings of the file and the command line.
Result<NamesrvSettings> readSettings(const std::string& path, const PropertiesFile& command_line) {
  NamesrvSettings settings;
  if (!path.empty()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const auto warnings, loadNamesrvFile(settings, path));
    for (const std::string& warning : warnings) {
      std::fprintf(stderr, "%s\n", warning.c_str());
    }
    // RocketMQ parity: updates go to the file that was given, whatever it says itself.
    settings.config_store_path = path;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto none, loadSettings(settings, command_line, {}));
  static_cast<void>(none);
  return settings.withDefaultPaths();
}

/// Leaves SIGTERM and SIGINT to waitForSignal(), for all threads that start later.
sigset_t blockStopSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  // A limit on the size of files is then an error of the write, with a text.
  std::signal(SIGXFSZ, SIG_IGN);
  return signals;
}

/// Scripts wait for this line.
std::string bootLine(const NamesrvSettings& settings, uint16_t port) {
  const bool is_ipv6 = settings.bind_address.find(':') != std::string::npos;
  const std::string host = is_ipv6 ? "[" + settings.bind_address + "]" : settings.bind_address;
  return "The Name Server boot success. serializeType=JSON, address " + host + ":" +
         std::to_string(port);
}

int run(const NamesrvSettings& settings) {
  raiseOpenFilesLimit();
  const sigset_t stop_signals = blockStopSignals();
  log::Options log_options;
  log_options.directory = settings.log_dir;
  log_options.file_name = "namesrv.log";
  log_options.level = settings.log_level;
  if (const Status status = log::init(log_options); !status.isOk()) {
    return fail(status);
  }
  auto namesrv = Namesrv::start(settings);
  if (!namesrv.ok()) {
    log::error("{}", namesrv.status().message());
    log::shutdown();
    return fail(namesrv.status());
  }
  const std::string boot_line = bootLine(settings, (*namesrv)->port());
  log::info("{}", boot_line);
  std::printf("%s\n", boot_line.c_str());
  std::fflush(stdout);

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  log::info("stopping on signal {}", strsignal(signal_number));
  (*namesrv)->stop();
  log::info("the name server has stopped");
  log::shutdown();
  return EXIT_SUCCESS;
}

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const PropertiesFile command_line = takeSettings(arguments);
  int count = static_cast<int>(arguments.size());
  char** values = arguments.data();
  gflags::SetUsageMessage(kUsage);
  gflags::ParseCommandLineNonHelpFlags(&count, &values, true);
  if (FLAGS_h || FLAGS_help) {
    std::printf("%s", kUsage);
    return EXIT_SUCCESS;
  }
  if (count > 1) {
    return fail(Status::invalidArgument(std::string("unexpected argument: ") + values[1] +
                                        " (-h shows the usage)"));
  }
  const auto settings = readSettings(FLAGS_c, command_line);
  if (!settings.ok()) {
    return fail(settings.status());
  }
  if (FLAGS_p || FLAGS_m) {
    const PropertiesByKey printed =
        FLAGS_p ? showSettings(*settings) : showImportantSettings(*settings);
    std::printf("%s", formatPropertiesFile(printed).c_str());
    return EXIT_SUCCESS;
  }
  return run(*settings);
}

}  // namespace
}  // namespace rocketmq::namesrv

int main(int argc, char** argv) { return rocketmq::namesrv::main(argc, argv); }

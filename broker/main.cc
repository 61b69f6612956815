#include <gflags/gflags.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "broker/broker.h"
#include "broker/settings.h"
#include "common/log.h"
#include "common/open_files.h"
#include "common/properties_file.h"
#include "common/rocketmq_known_keys.h"
#include "common/settings.h"

DEFINE_string(c, "", "settings file (.properties)");
DEFINE_string(n, "", "name servers");
DEFINE_bool(p, false, "print all settings and exit");
DEFINE_bool(m, false, "print the important settings and exit");
DEFINE_bool(h, false, "print this and exit");
DECLARE_bool(help);

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

int fail(const Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return EXIT_FAILURE;
}

bool isSetting(std::string_view key) {
  for (const auto& row : BrokerSettings::settings()) {
    if (row.info().key == key) {
      return true;
    }
  }
  return false;
}

bool isFlag(std::string_view name) {
  gflags::CommandLineFlagInfo info;
  return gflags::GetCommandLineFlagInfo(std::string(name).c_str(), &info);
}

/// What the command line says, split between us and gflags.
struct CommandLine {
  PropertiesFile settings{.name = "command line", .lines = {}};
  std::vector<char*> others;
  std::string without_value;  ///< The setting whose value is missing; empty when none is.
};

/// Takes --key=value and --key value unless the key is one of gflags'.
CommandLine splitArguments(int argc, char** argv) {
  CommandLine split;
  for (int i = 0; i < argc; ++i) {
    std::string_view word = argv[i];
    if (word == "--enable-proxy") {
      // Scripts of RocketMQ 5 start a proxy beside the broker that way.
      std::fprintf(stderr, "--enable-proxy is not supported yet and is ignored\n");
      continue;
    }
    const size_t equals = word.find('=');
    const std::string_view key =
        word.starts_with("--") ? word.substr(2, equals - 2) : std::string_view();
    if (key.empty() || isFlag(key)) {
      split.others.push_back(argv[i]);
      continue;
    }
    const int line = i;
    std::string_view value;
    if (equals != std::string_view::npos) {
      value = word.substr(equals + 1);
    } else if (i + 1 < argc) {
      value = argv[++i];
    } else if (isSetting(key)) {
      split.without_value = key;
    }
    split.settings.lines.push_back(
        {.key = std::string(key), .value = std::string(value), .line = line});
  }
  return split;
}

/// The settings of the file and the command line.
Result<BrokerSettings> readSettings(const std::string& path, const PropertiesFile& command_line) {
  BrokerSettings settings;
  if (!path.empty()) {
    ROCKETMQ_ASSIGN_OR_RETURN(const PropertiesFile file, readPropertiesFile(path));
    ROCKETMQ_ASSIGN_OR_RETURN(const auto warnings,
                              loadSettings(settings, file, rocketmqKnownKeys()));
    for (const std::string& warning : warnings) {
      std::fprintf(stderr, "%s\n", warning.c_str());
    }
    // RocketMQ parity: updates go to the file that was given, whatever it says itself.
    settings.config_path = path;
  }
  ROCKETMQ_ASSIGN_OR_RETURN(const auto unknown,
                            loadSettings(settings, command_line, rocketmqKnownKeys()));
  // A file may be written for another release; this was typed just now.
  if (!unknown.empty()) {
    return Status::invalidArgument(unknown.front());
  }
  if (!FLAGS_n.empty()) {
    settings.namesrv_addr = FLAGS_n;
  }
  ROCKETMQ_RETURN_IF_ERROR(completeSettings(settings));
  return settings;
}

/// Leaves SIGTERM and SIGINT to sigwait(), for all threads that start later.
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

std::string bootLine(const BrokerSettings& settings) {
  std::string line = "The broker[" + settings.broker_name + ", " + settings.advertisedAddress() +
                     "] boot success. serializeType=JSON";
  if (!settings.namesrv_addr.empty()) {
    line += " and name server is " + settings.namesrv_addr;
  }
  return line;
}

int run(const BrokerSettings& settings) {
  raiseOpenFilesLimit();
  const sigset_t stop_signals = blockStopSignals();
  log::Options log_options;
  log_options.directory = settings.log_dir;
  log_options.file_name = "broker.log";
  log_options.level = settings.log_level;
  if (const Status status = log::init(log_options); !status.isOk()) {
    return fail(status);
  }
  auto broker = Broker::start(
      settings, [](const std::string& line) { std::fprintf(stderr, "%s\n", line.c_str()); });
  if (!broker.ok()) {
    log::error("{}", broker.status().message());
    log::shutdown();
    return fail(broker.status());
  }
  const std::string boot_line = bootLine(*(*broker)->settings());
  log::info("{}", boot_line);
  std::printf("%s\n", boot_line.c_str());
  std::fflush(stdout);

  int signal_number = 0;
  sigwait(&stop_signals, &signal_number);
  log::info("stopping on signal {}", strsignal(signal_number));
  const Status stopped = (*broker)->stop();
  if (stopped.isOk()) {
    log::info("the broker has stopped");
  } else {
    log::error("the broker has not stopped cleanly: {}", stopped.toString());
  }
  log::shutdown();
  return stopped.isOk() ? EXIT_SUCCESS : fail(stopped);
}

int main(int argc, char** argv) {
  CommandLine split = splitArguments(argc, argv);
  int count = static_cast<int>(split.others.size());
  char** values = split.others.data();
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
  if (!split.without_value.empty()) {
    return fail(Status::invalidArgument("the value of --" + split.without_value +
                                        " is missing (-h shows the usage)"));
  }
  const auto settings = readSettings(FLAGS_c, split.settings);
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
}  // namespace rocketmq::broker

int main(int argc, char** argv) { return rocketmq::broker::main(argc, argv); }

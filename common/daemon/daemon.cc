#include "common/daemon/daemon.h"

#include <gflags/gflags.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "common/mutex.h"
#include "common/open_files.h"

DEFINE_string(c, "", "settings file (.properties)");
DEFINE_string(n, "", "name servers");
DEFINE_bool(p, false, "print all settings and exit");
DEFINE_bool(m, false, "print the important settings and exit");
DEFINE_bool(h, false, "print this and exit");
DECLARE_bool(help);

namespace rocketmq {
namespace {

bool isFlag(std::string_view name) {
  gflags::CommandLineFlagInfo info;
  return gflags::GetCommandLineFlagInfo(std::string(name).c_str(), &info);
}

/// The command line, split between us and gflags.
struct SplitArguments {
  PropertiesFile settings{.name = "command line", .lines = {}};
  std::vector<char*> others;
  std::string without_value;  ///< The setting whose value is missing; empty when none is.
};

/// Takes --key=value and --key value unless the key is one of gflags'.
SplitArguments splitArguments(int argc, char** argv, std::span<const std::string_view> keys) {
  SplitArguments split;
  for (int i = 0; i < argc; ++i) {
    const std::string_view word = argv[i];
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
    } else if (std::ranges::find(keys, key) != keys.end()) {
      split.without_value = key;
    }
    split.settings.lines.push_back(
        {.key = std::string(key), .value = std::string(value), .line = line});
  }
  return split;
}

/// Leaves SIGTERM and SIGINT to sigwait(), for all threads that start later.
sigset_t blockSignals() {
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

/// Hears when the process is asked to stop. A start may take minutes, where a store is recovered,
/// and is not waited for: the process ends at once then, as if killed, which every start can take.
class StopRequest {
 public:
  StopRequest() : state_(std::make_shared<State>()) {
    // Ends with the process, whose start may fail while nobody has asked.
    std::thread([state = state_, signals = blockSignals()] { state->listen(signals); }).detach();
  }
  /// From now on it is waited for.
  void started() {
    MutexLock lock(state_->mutex);
    state_->is_started = true;
  }
  /// The signal.
  int wait() {
    MutexLock lock(state_->mutex);
    while (state_->signal_number == 0) {
      state_->asked.wait(state_->mutex);
    }
    return state_->signal_number;
  }

 private:
  struct State {
    void listen(const sigset_t& signals) {
      int number = 0;
      sigwait(&signals, &number);
      MutexLock lock(mutex);
      if (!is_started) {
        log::warn("stopped on signal {} before the start was over", strsignal(number));
        log::shutdown();
        std::_Exit(EXIT_SUCCESS);
      }
      signal_number = number;
      asked.notifyAll();
    }

    Mutex mutex;
    CondVar asked;
    bool is_started ROCKETMQ_GUARDED_BY(mutex) = false;
    int signal_number ROCKETMQ_GUARDED_BY(mutex) = 0;
  };
  const std::shared_ptr<State> state_;
};

}  // namespace

Result<DaemonCommandLine> parseDaemonCommandLine(int argc, char** argv,
                                                 std::span<const std::string_view> keys) {
  SplitArguments split = splitArguments(argc, argv, keys);
  int count = static_cast<int>(split.others.size());
  char** values = split.others.data();
  gflags::ParseCommandLineNonHelpFlags(&count, &values, true);
  DaemonCommandLine parsed{.settings_file = FLAGS_c,
                           .name_servers = FLAGS_n,
                           .prints_all = FLAGS_p,
                           .prints_important = FLAGS_m,
                           .prints_usage = FLAGS_h || FLAGS_help,
                           .settings = std::move(split.settings)};
  if (parsed.prints_usage) {
    return parsed;
  }
  if (count > 1) {
    return Status::invalidArgument(std::string("unexpected argument: ") + values[1] +
                                   " (-h shows the usage)");
  }
  if (!split.without_value.empty()) {
    return Status::invalidArgument("the value of --" + split.without_value +
                                   " is missing (-h shows the usage)");
  }
  return parsed;
}

int reportFailure(const Status& status) {
  std::fprintf(stderr, "%s\n", status.message().c_str());
  return EXIT_FAILURE;
}

int runDaemon(std::string_view name, const log::Options& log_options,
              const std::function<Result<RunningDaemon>()>& start) {
  raiseOpenFilesLimit();
  StopRequest stop_request;
  if (const Status status = log::init(log_options); !status.isOk()) {
    return reportFailure(status);
  }
  const auto daemon = start();
  if (!daemon.ok()) {
    log::error("{}", daemon.status().message());
    log::shutdown();
    return reportFailure(daemon.status());
  }
  stop_request.started();
  log::info("{}", daemon->boot_line);
  std::printf("%s\n", daemon->boot_line.c_str());
  std::fflush(stdout);

  log::info("stopping on signal {}", strsignal(stop_request.wait()));
  const Status stopped = daemon->stop();
  if (stopped.isOk()) {
    log::info("{} has stopped", name);
  } else {
    log::error("{} has not stopped cleanly: {}", name, stopped.toString());
  }
  log::shutdown();
  return stopped.isOk() ? EXIT_SUCCESS : reportFailure(stopped);
}

}  // namespace rocketmq

#include "tests/support/daemon.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "common/check.h"
#include "tests/support/read_file.h"

namespace rocketmq::test {
namespace {

int exitStatusOf(int wait_status) {
  return WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
}

constexpr std::chrono::seconds kStartTimeout{20};

}  // namespace

Daemon::Daemon(const std::string& program, const std::vector<std::string>& arguments,
               std::string output_file)
    : output_file_(std::move(output_file)) {
  // Everything that allocates happens before the fork: the child of a threaded process may not.
  std::vector<char*> argv{const_cast<char*>(program.c_str())};
  for (const std::string& argument : arguments) {
    argv.push_back(const_cast<char*>(argument.c_str()));
  }
  argv.push_back(nullptr);
  const int output = open(output_file_.c_str(), O_CREAT | O_WRONLY | O_TRUNC | O_CLOEXEC, 0644);
  ROCKETMQ_CHECK(output >= 0);
  pid_ = fork();
  ROCKETMQ_CHECK(pid_ >= 0);
  if (pid_ == 0) {
    dup2(output, STDOUT_FILENO);
    dup2(output, STDERR_FILENO);
    execv(argv[0], argv.data());
    _exit(127);
  }
  close(output);
}

Daemon::~Daemon() {
  if (running()) {
    stop(SIGKILL, std::chrono::seconds(10));
  }
}

bool Daemon::running() {
  if (pid_ < 0) {
    return false;
  }
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) == pid_) {
    status_ = exitStatusOf(status);
    pid_ = -1;
  }
  return pid_ >= 0;
}

bool Daemon::awaitOutput(const std::string& text, std::chrono::milliseconds timeout) {
  bool found = false;
  eventually(
      [&] {
        found = output().find(text) != std::string::npos;
        return found || !running();
      },
      timeout);
  return found || output().find(text) != std::string::npos;
}

int Daemon::awaitExit(std::chrono::milliseconds timeout) {
  if (!eventually([this] { return !running(); }, timeout)) {
    kill(pid_, SIGKILL);
    eventually([this] { return !running(); });
    return -1;
  }
  return status_;
}

int Daemon::stop(int signal_number, std::chrono::milliseconds timeout) {
  if (running()) {
    kill(pid_, signal_number);
  }
  return awaitExit(timeout);
}

std::string Daemon::output() const { return readFile(output_file_); }

int64_t Daemon::residentKib() const {
  std::istringstream status(readFile("/proc/" + std::to_string(pid_) + "/status"));
  std::string line;
  while (std::getline(status, line)) {
    if (line.starts_with("VmRSS:")) {
      return std::atoll(line.c_str() + 6);
    }
  }
  return -1;
}

uint16_t freePort() {
  // Below the ports that the system gives to outgoing connections: one of those could take the port
  // of a server before it starts, or while it restarts.
  constexpr unsigned kFirst = 15'000;
  constexpr unsigned kLast = 32'000;
  // Tests that run side by side have neighbouring process ids: each begins in a part of its own. A
  // broker also takes the port two below for its VIP channel.
  constexpr unsigned kPortsOfProcess = 60;
  constexpr unsigned kStep = 3;
  static std::atomic<unsigned> next{static_cast<unsigned>(getpid()) * kPortsOfProcess};
  for (;;) {
    const int socket_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    ROCKETMQ_CHECK(socket_fd >= 0);
    const auto port = static_cast<uint16_t>(kFirst + next.fetch_add(kStep) % (kLast - kFirst));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    const bool is_free =
        bind(socket_fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(socket_fd);
    if (is_free) {
      return port;
    }
  }
}

std::string programPath(const std::string& name) {
  const char* folder = std::getenv("ROCKETMQ_PROGRAMS");
  return std::string(folder != nullptr ? folder : ROCKETMQ_BUILD_PROGRAMS) + "/" + name;
}

Cluster::Outcome runProgram(const std::string& program, const std::vector<std::string>& arguments,
                            std::chrono::milliseconds timeout) {
  static std::atomic<int> runs{0};
  const std::string file =
      (std::filesystem::temp_directory_path() / ("rocketmq-run-" + std::to_string(getpid()) + "-" +
                                                 std::to_string(runs.fetch_add(1)) + ".out"))
          .string();
  Daemon process(program, arguments, file);
  Cluster::Outcome outcome;
  outcome.status = process.awaitExit(timeout);
  outcome.output = process.output();
  std::filesystem::remove(file);
  return outcome;
}

Cluster::Cluster(std::string folder, Settings broker_settings, Settings namesrv_settings)
    : folder_(std::move(folder)),
      broker_settings_(std::move(broker_settings)),
      namesrv_settings_(std::move(namesrv_settings)),
      namesrv_port_(freePort()),
      broker_port_(freePort()),
      ha_port_(freePort()) {}

std::string Cluster::writeSettings(const std::string& name, const Settings& settings) const {
  std::string path = folder_ + "/" + name;
  std::ofstream file(path);
  for (const auto& [key, value] : settings) {
    file << key << "=" << value << "\n";
  }
  return path;
}

void Cluster::start() {
  startNamesrv();
  startBroker();
}

void Cluster::startNamesrv() {
  Settings settings{{"listenPort", std::to_string(namesrv_port_)},
                    {"bindAddress", "127.0.0.1"},
                    {"kvConfigPath", folder_ + "/kvConfig.json"},
                    {"configStorePath", folder_ + "/namesrv.properties"},
                    {"logDir", folder_ + "/logs"}};
  for (const auto& [key, value] : namesrv_settings_) {
    settings[key] = value;
  }
  const std::string conf = writeSettings("namesrv.conf", settings);
  namesrv_ = std::make_unique<Daemon>(programPath("rocketmq-namesrv"),
                                      std::vector<std::string>{"-c", conf},
                                      folder_ + "/namesrv.out" + std::to_string(starts_++));
  ASSERT_TRUE(namesrv_->awaitOutput("boot success", kStartTimeout)) << namesrv_->output();
}

void Cluster::startBroker() {
  Settings settings{{"brokerClusterName", "DefaultCluster"},
                    {"brokerName", "broker-a"},
                    {"brokerIP1", "127.0.0.1"},
                    {"bindAddress", "127.0.0.1"},
                    {"listenPort", std::to_string(broker_port_)},
                    {"haListenPort", std::to_string(ha_port_)},
                    {"namesrvAddr", namesrvAddr()},
                    {"storePathRootDir", folder_ + "/store"},
                    {"logDir", folder_ + "/logs"}};
  for (const auto& [key, value] : broker_settings_) {
    settings[key] = value;
  }
  const std::string conf = writeSettings("broker.conf", settings);
  broker_ =
      std::make_unique<Daemon>(programPath("rocketmq-broker"), std::vector<std::string>{"-c", conf},
                               folder_ + "/broker.out" + std::to_string(starts_++));
  ASSERT_TRUE(broker_->awaitOutput("boot success", kStartTimeout)) << broker_->output();
}

void Cluster::stopBroker() {
  EXPECT_EQ(broker_->stop(SIGTERM, std::chrono::seconds(10)), 0) << broker_->output();
}

void Cluster::stopNamesrv() {
  EXPECT_EQ(namesrv_->stop(SIGTERM, std::chrono::seconds(10)), 0) << namesrv_->output();
}

void Cluster::killBroker() { broker_->stop(SIGKILL, std::chrono::seconds(10)); }

Cluster::Outcome Cluster::admin(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = arguments;
  all.insert(all.end(), {"-n", namesrvAddr()});
  return runProgram(programPath("rocketmq-admin"), all);
}

void Cluster::createTopic(const std::string& topic, int queues) const {
  const Outcome outcome = admin({"updateTopic", "-b", brokerAddr(), "-t", topic, "-r",
                                 std::to_string(queues), "-w", std::to_string(queues)});
  ASSERT_EQ(outcome.status, 0) << outcome.output;
}

}  // namespace rocketmq::test

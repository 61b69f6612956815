#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "tests/support/eventually.h"

namespace rocketmq::test {

/// A child process whose output is collected in a file.
///
/// Life: starts in the constructor; killed in the destructor if it still runs.
class Daemon {
 public:
  Daemon(const std::string& program, const std::vector<std::string>& arguments,
         std::string output_file);
  ~Daemon();
  Daemon(const Daemon&) = delete;
  Daemon& operator=(const Daemon&) = delete;

  /// Waits until the output has `text`. False when the process ended or the time was up.
  bool awaitOutput(const std::string& text, std::chrono::milliseconds timeout);

  /// Sends a signal and waits for the end; the exit status, or 128 + the signal that ended it. -1
  /// when it did not end in time (then it is killed).
  int stop(int signal_number, std::chrono::milliseconds timeout);
  /// Waits for it to end by itself; as stop().
  int awaitExit(std::chrono::milliseconds timeout);

  std::string output() const;
  pid_t pid() const { return pid_; }
  bool running();
  /// Resident memory in KiB, from /proc.
  int64_t residentKib() const;

 private:
  std::string output_file_;
  pid_t pid_ = -1;
  int status_ = -1;
};

/// A loopback port that nobody listens on right now.
uint16_t freePort();

/// A name server and a broker as processes, on free loopback ports, with one data folder. Each can
/// be stopped, killed and started again.
class Cluster {
 public:
  using Settings = std::map<std::string, std::string>;

  /// `folder` must outlive the cluster; the settings come on top of the defaults.
  explicit Cluster(std::string folder, Settings broker_settings = {},
                   Settings namesrv_settings = {});

  /// Both are serving, or the test fails with their output.
  void start();
  void startNamesrv();
  void startBroker();
  void stopBroker();
  void stopNamesrv();
  void killBroker();

  Daemon& broker() { return *broker_; }
  Daemon& namesrv() { return *namesrv_; }
  std::string namesrvAddr() const { return "127.0.0.1:" + std::to_string(namesrv_port_); }
  std::string brokerAddr() const { return "127.0.0.1:" + std::to_string(broker_port_); }
  uint16_t namesrvPort() const { return namesrv_port_; }
  uint16_t brokerPort() const { return broker_port_; }
  uint16_t haPort() const { return ha_port_; }
  const std::string& folder() const { return folder_; }

  /// Runs mqadmin against this cluster.
  struct Outcome {
    int status = 0;
    std::string output;  ///< Standard output and error.
  };
  Outcome admin(const std::vector<std::string>& arguments) const;
  void createTopic(const std::string& topic, int queues = 4) const;

 private:
  std::string writeSettings(const std::string& name, const Settings& settings) const;

  std::string folder_;
  Settings broker_settings_;
  Settings namesrv_settings_;
  uint16_t namesrv_port_;
  uint16_t broker_port_;
  uint16_t ha_port_;
  int starts_ = 0;
  std::unique_ptr<Daemon> namesrv_;
  std::unique_ptr<Daemon> broker_;
};

/// Path of one of our programs: from the build that made this test, or ROCKETMQ_PROGRAMS.
std::string programPath(const std::string& name);

/// Runs a program to its end.
Cluster::Outcome runProgram(const std::string& program, const std::vector<std::string>& arguments,
                            std::chrono::milliseconds timeout = std::chrono::seconds(30));

}  // namespace rocketmq::test

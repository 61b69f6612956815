#pragma once

#include <functional>
#include <memory>
#include <string>

#include "tests/support/daemon.h"

namespace rocketmq::test {

/// Two hosts on a wire: network namespaces of Linux, with a cable between them that can be cut so
/// that packets vanish and nobody is told.
///
/// The thread that makes it is on the first host until it goes, and so are the processes and
/// threads that it starts; what it starts inside of onSecond() is on the second. Nothing of it is
/// seen outside. Threads: the one that made it.
class NetworkHosts {
 public:
  static constexpr const char* kFirst = "10.77.0.1";
  static constexpr const char* kSecond = "10.77.0.2";

  /// Null where this process may not make namespaces, or the system cannot.
  static std::unique_ptr<NetworkHosts> create(const std::string& folder);
  ~NetworkHosts();
  NetworkHosts(const NetworkHosts&) = delete;
  NetworkHosts& operator=(const NetworkHosts&) = delete;

  void onSecond(const std::function<void()>& action);

  /// What the first host sends is lost from now on.
  void cutFromFirst();
  /// What the second sends is.
  void cutFromSecond();
  void heal();

 private:
  NetworkHosts() = default;
  bool connect(const std::string& folder);

  int outside_ = -1;  ///< The namespace to go back to, and those of the hosts.
  int first_ = -1;
  int second_ = -1;
  std::unique_ptr<Daemon> keeper_;  ///< Keeps the second host while nothing else is on it.
};

}  // namespace rocketmq::test

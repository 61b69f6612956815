#include "tests/support/network_hosts.h"

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <cstdlib>
#include <utility>

#include "common/check.h"
#include "tests/support/eventually.h"

namespace rocketmq::test {
namespace {

constexpr const char* kOwnNamespace = "/proc/thread-self/ns/net";
/// Nobody has this address on the wire, so nobody takes what is sent to it.
constexpr const char* kNobody = "02:00:00:00:00:99";

bool run(const std::string& command) {
  return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
}

void mustRun(const std::string& command) { ROCKETMQ_CHECK(run(command)); }

}  // namespace

std::unique_ptr<NetworkHosts> NetworkHosts::create(const std::string& folder) {
  // Asked of a process of its own first: what fails half-way must not take this one along.
  if (!run("unshare --net ip link add name wire0 type veth peer name wire1")) {
    return nullptr;
  }
  auto hosts = std::unique_ptr<NetworkHosts>(new NetworkHosts());
  return hosts->connect(folder) ? std::move(hosts) : nullptr;
}

bool NetworkHosts::connect(const std::string& folder) {
  outside_ = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
  ROCKETMQ_CHECK(outside_ >= 0);
  if (unshare(CLONE_NEWNET) != 0) {
    return false;
  }
  first_ = open(kOwnNamespace, O_RDONLY | O_CLOEXEC);
  keeper_ = std::make_unique<Daemon>("/bin/sh",
                                     std::vector<std::string>{"-c", "exec unshare --net sleep 600"},
                                     folder + "/second-host.out");
  const std::string second = "/proc/" + std::to_string(keeper_->pid()) + "/ns/net";
  const std::string own =
      "/proc/" + std::to_string(getpid()) + "/task/" + std::to_string(gettid()) + "/ns/net";
  // It is there once the keeper has left our namespace.
  if (!eventually([&] {
        return run("test \"$(readlink " + second + ")\" != \"$(readlink " + own + ")\"");
      })) {
    return false;
  }
  second_ = open(second.c_str(), O_RDONLY | O_CLOEXEC);
  ROCKETMQ_CHECK(second_ >= 0);
  mustRun("ip link set lo up");
  mustRun("ip link add name wire0 type veth peer name wire1");
  mustRun("ip link set wire1 netns " + std::to_string(keeper_->pid()));
  mustRun(std::string("ip addr add ") + kFirst + "/24 dev wire0 && ip link set wire0 up");
  onSecond([] {
    mustRun("ip link set lo up");
    mustRun(std::string("ip addr add ") + kSecond + "/24 dev wire1 && ip link set wire1 up");
  });
  return true;
}

NetworkHosts::~NetworkHosts() {
  if (outside_ >= 0) {
    ROCKETMQ_CHECK(setns(outside_, CLONE_NEWNET) == 0);
  }
  for (const int file : {outside_, first_, second_}) {
    if (file >= 0) {
      close(file);
    }
  }
}

void NetworkHosts::onSecond(const std::function<void()>& action) {
  ROCKETMQ_CHECK(setns(second_, CLONE_NEWNET) == 0);
  action();
  ROCKETMQ_CHECK(setns(first_, CLONE_NEWNET) == 0);
}

void NetworkHosts::cutFromFirst() {
  mustRun(std::string("ip neigh replace ") + kSecond + " lladdr " + kNobody +
          " dev wire0 nud permanent");
}

void NetworkHosts::cutFromSecond() {
  onSecond([] {
    mustRun(std::string("ip neigh replace ") + kFirst + " lladdr " + kNobody +
            " dev wire1 nud permanent");
  });
}

void NetworkHosts::heal() {
  // Not there when that direction was not cut and nothing has been sent for long.
  run(std::string("ip neigh del ") + kSecond + " dev wire0");
  onSecond([] { run(std::string("ip neigh del ") + kFirst + " dev wire1"); });
}

}  // namespace rocketmq::test

#include "tests/support/private_mounts.h"

#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace rocketmq::test {
namespace {

void writeText(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

}  // namespace

bool enterPrivateMounts() {
  const std::string user = std::to_string(::getuid());
  const std::string group = std::to_string(::getgid());
  if (::unshare(CLONE_NEWNS) != 0) {
    if (::unshare(CLONE_NEWUSER | CLONE_NEWNS) != 0) {
      return false;
    }
    writeText("/proc/self/setgroups", "deny");
    writeText("/proc/self/uid_map", user + " " + user + " 1");
    writeText("/proc/self/gid_map", group + " " + group + " 1");
  }
  return ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
}

}  // namespace rocketmq::test

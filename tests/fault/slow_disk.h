#pragma once

#include <chrono>
#include <cstdlib>
#include <string>

namespace rocketmq::test {

/// While it lives daemons are started on a disk each call to which takes so long; see
/// slow_disk_preload.cc.
class SlowDisk {
 public:
  explicit SlowDisk(std::chrono::milliseconds each_call) {
    ::setenv("SLOW_DISK_MS", std::to_string(each_call.count()).c_str(), 1);
    ::setenv("LD_PRELOAD", SLOW_DISK, 1);
    // A sanitizer wants to be the first library and would refuse to start.
    ::setenv("ASAN_OPTIONS", "verify_asan_link_order=0", 1);
  }
  ~SlowDisk() {
    for (const char* name : {"LD_PRELOAD", "SLOW_DISK_MS", "ASAN_OPTIONS"}) {
      ::unsetenv(name);
    }
  }
  SlowDisk(const SlowDisk&) = delete;
  SlowDisk& operator=(const SlowDisk&) = delete;
};

}  // namespace rocketmq::test

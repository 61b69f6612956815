#include "remoting/connection_quota.h"

#include <algorithm>

#include "common/log.h"
#include "common/open_files.h"

namespace rocketmq::remoting {
namespace {

constexpr size_t kReserveMin = 1024;
constexpr size_t kReserveShare = 8;

}  // namespace

size_t ConnectionQuota::connectionsThatFit(size_t open_files_max) {
  const size_t reserve = std::max(kReserveMin, open_files_max / kReserveShare);
  return open_files_max - std::min(reserve, open_files_max / 2);
}

std::shared_ptr<ConnectionQuota> ConnectionQuota::ofProcess(size_t connections_max, size_t ports) {
  const size_t files_max = openFilesMax();
  const size_t fit = connectionsThatFit(files_max);
  if (fit < connections_max * ports) {
    log::warn(
        "at most {} connections on all ports together instead of connectionsMax={} on each: this "
        "process may have {} files open (ulimit -Hn, LimitNOFILE= of systemd)",
        fit, connections_max, files_max);
  }
  return std::make_shared<ConnectionQuota>(fit);
}

}  // namespace rocketmq::remoting

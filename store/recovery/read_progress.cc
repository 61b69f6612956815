#include "store/recovery/read_progress.h"

#include <algorithm>

namespace rocketmq::store {

std::optional<std::string> ReadProgress::lineAt(int64_t position, TimePoint now) {
  if (now - told_ < kPeriod) {
    return std::nullopt;
  }
  told_ = now;
  const double seconds = std::chrono::duration<double>(now - began_).count();
  const auto bytes = static_cast<double>(position - begin_);
  const int64_t percent = (position - begin_) * 100 / std::max<int64_t>(1, end_ - begin_);
  return "the commit log has been read up to " + std::to_string(position) + ", " +
         std::to_string(percent) + " % of " + std::to_string((end_ - begin_) >> 20) +
         " MiB at most, " + std::to_string(static_cast<int64_t>(bytes / seconds / 1e6)) + " MB/s";
}

}  // namespace rocketmq::store

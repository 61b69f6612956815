#include "common/file_stamp.h"

#include <sys/stat.h>

#include <cstdint>

namespace rocketmq {

std::string fileStamp(const std::string& path) {
  struct stat found {};
  if (path.empty() || ::stat(path.c_str(), &found) != 0) {
    return "-;";
  }
  std::string text;
  for (const int64_t part :
       {static_cast<int64_t>(found.st_ino), static_cast<int64_t>(found.st_size),
        static_cast<int64_t>(found.st_ctim.tv_sec), static_cast<int64_t>(found.st_ctim.tv_nsec)}) {
    text += std::to_string(part) + ",";
  }
  return text;
}

}  // namespace rocketmq

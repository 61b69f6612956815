#pragma once

#include <cstdint>
#include <functional>
#include <string>

namespace rocketmq::store::inspect {

/// One thing that an inspection found.
struct Finding {
  enum class Kind : uint8_t {
    kFault,  ///< The store is not what it must be.
    kNote,   ///< Worth knowing, and legal: what a kill leaves for the next start to repair, gaps of
             ///< a salvaged log, deleted topics.
  };

  Kind kind = Kind::kFault;
  std::string file;    ///< Below the store's folder, for instance "commitlog/0000...".
  int64_t offset = 0;  ///< Of the first byte concerned, in that file.
  std::string what;
};

/// Gets each finding as it is made.
using FindingSink = std::function<void(const Finding&)>;

/// Told now and then how many of how many bytes have been read. `what` is constant text.
using Progress = std::function<void(const char* what, int64_t done_bytes, int64_t all_bytes)>;

}  // namespace rocketmq::store::inspect

#pragma once

#include <optional>
#include <utility>

#include "common/status.h"

namespace rocketmq {

/// Whether a failed read says that what was to be read is not there, or is not whole: no later try
/// can help. Of any other failure nothing is known but that it could not be read now.
inline bool isLost(const Status& failure) {
  return failure.code() == StatusCode::kNotFound || failure.code() == StatusCode::kCorruption;
}

/// What a read gave, nullopt when that is lost; fails when it cannot be known now.
template <class T>
Result<std::optional<T>> unlessLost(Result<T> read) {
  if (read.ok()) {
    return std::optional<T>(std::move(*read));
  }
  return isLost(read.status()) ? Result<std::optional<T>>(std::optional<T>()) : read.status();
}

}  // namespace rocketmq

#pragma once

#include "common/status.h"

namespace rocketmq {

/// Whether a failed read says that what was to be read is not there, or is not whole: no later try
/// can help. Of any other failure nothing is known but that it could not be read now.
inline bool isLost(const Status& failure) {
  return failure.code() == StatusCode::kNotFound || failure.code() == StatusCode::kCorruption;
}

}  // namespace rocketmq

#pragma once

#include <string>

#include "common/clock.h"

namespace rocketmq::store {

/// Index files are named by the local time of their making, yyyyMMddHHmmssSSS.
std::string indexFileName(TimestampMs now_ms);

/// A name that sorts behind `last` whatever the clock says: files are ordered by name.
std::string indexFileNameAfter(const std::string& last, TimestampMs now_ms);

/// True for 17 digits.
bool isIndexFileName(const std::string& name);

}  // namespace rocketmq::store

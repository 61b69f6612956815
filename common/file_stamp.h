#pragma once

#include <string>

namespace rocketmq {

/// A text that changes whenever the file does: its inode, size and time of change. "-;" for a file
/// that cannot be looked at. Follows links.
std::string fileStamp(const std::string& path);

}  // namespace rocketmq

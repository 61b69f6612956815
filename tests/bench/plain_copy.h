#pragma once

#include <cstdint>
#include <string>

namespace rocketmq::bench {

/// Sends the first `bytes` bytes of the files of a folder, in the order of their names, over a
/// loopback connection into one new file: the least that a copy over TCP can be, sendfile() on one
/// side, pieces of 1 MiB that are received and written on the other. Nothing is synced. Returns
/// when the last byte is written: how many seconds of processor time the receiving thread has used.
/// Aborts on any error.
double copyPlainly(const std::string& from_folder, int64_t bytes, const std::string& to_file);

}  // namespace rocketmq::bench

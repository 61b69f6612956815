#pragma once

#include <fstream>
#include <sstream>
#include <string>

namespace rocketmq::test {

/// The file's content; empty when there is no such file.
inline std::string readFile(const std::string& path) {
  std::ostringstream content;
  content << std::ifstream(path, std::ios::binary).rdbuf();
  return content.str();
}

}  // namespace rocketmq::test

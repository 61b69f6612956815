#include "store/index/index_file_name.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <ctime>

#include "common/local_time.h"

namespace rocketmq::store {
namespace {

constexpr size_t kNameDigits = 17;

}  // namespace

std::string indexFileName(TimestampMs now_ms) {
  const std::tm local = localTime(now_ms);
  std::array<char, 32> text{};
  const size_t length = std::strftime(text.data(), text.size(), "%Y%m%d%H%M%S", &local);
  std::string name(text.data(), length);
  const std::string millis = std::to_string(now_ms % 1000);
  return name + std::string(3 - millis.size(), '0') + millis;
}

std::string indexFileNameAfter(const std::string& last, TimestampMs now_ms) {
  std::string name = indexFileName(now_ms);
  if (last < name) {
    return name;
  }
  name = std::to_string(std::stoll(last) + 1);
  return std::string(kNameDigits - std::min(kNameDigits, name.size()), '0') + name;
}

bool isIndexFileName(const std::string& name) {
  return name.size() == kNameDigits && std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return std::isdigit(c) != 0;
         });
}

}  // namespace rocketmq::store

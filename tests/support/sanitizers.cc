#include "tests/support/sanitizers.h"

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>
#include <string>

#include "common/sanitizers.h"
#include "tests/support/daemon.h"

namespace rocketmq::test {
namespace {

#if defined(ROCKETMQ_ADDRESS_SANITIZER) || defined(ROCKETMQ_THREAD_SANITIZER)
constexpr bool kIsThisProgram = true;
#else
constexpr bool kIsThisProgram = false;
#endif

/// A program that was built with a sanitizer names the function that starts it.
bool isSanitizedProgram(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  return std::ranges::any_of(std::to_array({"__asan_init", "__tsan_init"}), [&](const char* name) {
    return bytes.find(name) != std::string::npos;
  });
}

}  // namespace

bool isSanitized() {
  static const bool is_sanitized =
      kIsThisProgram || isSanitizedProgram(programPath("rocketmq-broker"));
  return is_sanitized;
}

int memoryFactor() { return isSanitized() ? 8 : 1; }

int timeFactor() { return isSanitized() ? 10 : 1; }

}  // namespace rocketmq::test

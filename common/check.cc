#include "common/check.h"

#include <cstdio>
#include <cstdlib>

namespace rocketmq {

void checkFailed(const char* file, int line, const char* expression) {
  std::fprintf(stderr, "%s:%d: check failed: %s\n", file, line, expression);
  std::fflush(stderr);
  std::abort();
}

}  // namespace rocketmq

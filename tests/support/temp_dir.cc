#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <system_error>

#include "common/check.h"

namespace rocketmq::test {

TempDir::TempDir() {
  std::string pattern = (std::filesystem::temp_directory_path() / "rocketmq-test-XXXXXX").string();
  ROCKETMQ_CHECK(mkdtemp(pattern.data()) != nullptr);
  path_ = pattern;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace rocketmq::test

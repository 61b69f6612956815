#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/clock.h"
#include "store/store_options.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::fuzz {

/// A small store whose files an input damages: made once, written anew for each run. Its sizes are
/// such that every kind of file has several, and a run takes a millisecond or two.
class StoreFolder {
 public:
  StoreFolder();

  /// The undamaged files with the changes that `input` asks for: one after the other an operation
  /// (patch, cut, remove), the number of a file, an offset, and for a patch its bytes.
  void write(std::string_view input);

  store::StoreOptions options() const;
  FileSystem& files() { return files_; }
  const Clock& clock() const { return clock_; }

  static constexpr std::string_view kTopic = "T";
  static constexpr int32_t kQueues = 2;

 private:
  struct File {
    std::string name;  ///< Below the root.
    std::string content;
  };

  void makeStore();
  std::string root() const { return dir_ / "store"; }

  test::TempDir dir_;
  ManualClock clock_;
  store::test::HookedFileSystem files_;
  std::vector<File> base_;
};

}  // namespace rocketmq::fuzz

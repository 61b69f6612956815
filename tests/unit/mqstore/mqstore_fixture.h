#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "store/inspect/finding.h"
#include "store/inspect/verify.h"
#include "tests/unit/store/store_test_support.h"

namespace rocketmq::store::test {

/// A store of small files and the program that inspects it.
class MqstoreTest : public StoreTest {
 protected:
  struct Outcome {
    int status = -1;
    std::string output;  ///< Standard output and error.
  };
  /// Runs `mqstore ARGUMENTS...`.
  static Outcome run(const std::vector<std::string>& arguments);
  Outcome verify(const std::string& dir) { return run({"verify", dir}); }

  /// Fills a store with several topics, queues, tags, keys and a delayed message, and closes it.
  void makeStore(int rounds = 40);

  /// What there is to see of a folder: content and time of change of each file, and of each folder.
  using Snapshot = std::map<std::string, std::string>;
  static Snapshot snapshot(const std::string& dir);
  /// Contents of the files below a folder by their path in it.
  static std::map<std::string, std::string> filesOf(const std::string& dir);

  /// Unpacks a store that a Java broker wrote; returns its folder.
  std::string unpackGolden(const std::string& name);

  /// Physical offset of a message.
  int64_t physicalOffset(std::string_view topic, int32_t queue_id, int64_t queue_offset);
  /// Changes bits of a byte of the log.
  void flipLog(int64_t physical_offset, char bits = '\x10');
  static void flip(const std::string& path, int64_t offset, char bits = '\x10');

  std::map<std::string, int64_t> places_;  // "topic/queue/offset" -> physical offset.
};

}  // namespace rocketmq::store::test

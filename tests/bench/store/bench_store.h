#pragma once

#include <cstddef>
#include <memory>

#include "common/check.h"
#include "common/clock.h"
#include "common/file_system.h"
#include "common/message/record.h"
#include "store/message_store.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {

/// The message of all these benchmarks: a body of 1 KiB, no properties. Its body lives for ever.
MessageRecord sampleMessage();

/// What one takes in the log.
size_t recordBytes();

/// A store in a folder of its own, both gone at the end.
struct OpenStore {
  rocketmq::test::TempDir dir;
  std::unique_ptr<store::MessageStore> store;

  /// `files` is borrowed.
  explicit OpenStore(store::StoreOptions options, FileSystem& files = posixFileSystem()) {
    options.root_dir = dir / "store";
    auto opened = store::MessageStore::open(options, SystemClock::instance(), nullptr, files);
    ROCKETMQ_CHECK(opened.ok());
    store = std::move(*opened);
  }
};

}  // namespace rocketmq::bench

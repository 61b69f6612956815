#include <vector>

#include "common/check.h"
#include "common/log.h"
#include "common/message/record.h"
#include "store/inspect/store_layout.h"
#include "store/inspect/verify.h"
#include "store/message_store.h"
#include "tests/fuzz/fuzz_target.h"
#include "tests/fuzz/store_folder.h"

// A store with damaged files: it is opened and read from, or refused with a reason, and mqstore
// looks at it.

namespace rocketmq::store {
namespace {

void readEverything(MessageStore& store) {
  for (int32_t queue_id = 0; queue_id < fuzz::StoreFolder::kQueues; ++queue_id) {
    const std::string_view topic = fuzz::StoreFolder::kTopic;
    int64_t offset = store.minOffset(topic, queue_id);
    for (;;) {
      const GetResult got =
          store.get({.topic = topic, .queue_id = queue_id, .offset = offset, .bytes_max = 4096});
      for (const LogSlice& slice : got.slices) {
        // May be anything: readers compare the CRC, as RocketMQ's do. All of it must be there.
        static_cast<void>(decodeRecord(slice.bytes, CrcCheck::kVerify));
      }
      if (got.next_offset <= offset) {
        break;
      }
      offset = got.next_offset;
    }
    for (const TimestampMs time : {TimestampMs{0}, TimestampMs{1'700'000'000'000}}) {
      static_cast<void>(store.offsetByTime(topic, queue_id, time, TimeBoundary::kLower));
      static_cast<void>(store.offsetByTime(topic, queue_id, time, TimeBoundary::kUpper));
    }
    static_cast<void>(store.queueEntries(topic, queue_id, 0, 32));
  }
  static_cast<void>(store.queryByKey(fuzz::StoreFolder::kTopic, "k1", 32, 0, INT64_MAX));
  static_cast<void>(store.recordAt(store.commitLogMinOffset()));
  static_cast<void>(store.earliestStoreTime());
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(store, input) {
  static_cast<void>(log::setLevel("off"));
  static fuzz::StoreFolder folder;
  folder.write(input);

  const auto ignore = [](const inspect::Finding&) {};
  inspect::LayoutOptions sizes;
  sizes.index_layout = {.hash_slots = 8, .entries_max = 16};
  const auto layout = inspect::readLayout(folder.files(), folder.options().root_dir, sizes, ignore);
  if (layout.ok()) {
    static_cast<void>(inspect::verify(folder.files(), *layout, {}, ignore, {}));
  }

  const auto opened = MessageStore::open(folder.options(), folder.clock(), nullptr, folder.files());
  if (!opened.ok()) {
    return;
  }
  readEverything(**opened);
  MessageRecord message;
  message.topic = fuzz::StoreFolder::kTopic;
  message.body = "after the damage";
  static_cast<void>((*opened)->put(message));
  readEverything(**opened);
  static_cast<void>((*opened)->close());
}

}  // namespace rocketmq::store

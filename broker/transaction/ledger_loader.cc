#include "broker/transaction/ledger_loader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "broker/await_flushed.h"
#include "broker/await_readable.h"
#include "broker/transaction/topics.h"
#include "common/log.h"
#include "common/lost.h"

namespace rocketmq::broker {

namespace {

/// So many messages of a queue are looked at for commits without an op record. While one thread is
/// between the two records others may store messages; more than that is not to be expected.
constexpr int32_t kTailMessages = 4096;
constexpr std::string_view kWhat = "the records of transactions";

/// Reads the two topics in order. Lives only while the ledger is made.
class LedgerLoader {
 public:
  LedgerLoader(const HalfMessages& messages, int64_t halves_end, HalfLedger& ledger)
      : messages_(messages), halves_end_(halves_end), ledger_(ledger) {}

  Status readOps(int64_t begin, int64_t end) {
    for (int64_t offset = begin; offset < end; ++offset) {
      int64_t last = -1;
      ROCKETMQ_ASSIGN_OR_RETURN(const auto ended,
                                awaitReadable(kWhat, [&] { return messages_.endedBy(offset); }));
      for (const int64_t half : ended) {
        // A power cut may have taken half messages that an op record in another file names.
        if (half < halves_end_) {
          ended_.insert(half);
          ledger_.close(half);
          last = std::max(last, half);
        }
      }
      ledger_.noteOp(offset, last);
    }
    return Status::ok();
  }

  Status readHalves(int64_t begin) {
    for (int64_t offset = begin; offset < halves_end_; ++offset) {
      const Result<HalfMessage> half = awaitReadable(kWhat, [&] { return messages_.at(offset); });
      if (!half.ok() && !isLost(half.status())) {
        return half.status();
      }
      if (!half.ok()) {
        log::error("half message {} is left out: {}", offset, half.status().message());
        ledger_.close(offset);
        continue;
      }
      if (!half->copy.isFirst()) {
        takeCopy(half->copy);
      }
      if (half->hasTarget() && !ended_.contains(offset)) {
        open_[{std::string(half->real_topic), half->real_queue_id}].push_back(
            {.copy = half->copy, .physical_offset = half->record.physical_offset});
      }
    }
    for (const auto& [first, newest] : newest_) {
      ledger_.noteNewest({.offset = newest, .first = first});
    }
    return Status::ok();
  }

  Status endCommitted() {
    for (const auto& [queue, halves] : open_) {
      ROCKETMQ_ASSIGN_OR_RETURN(const auto committed, awaitReadable(kWhat, [&, &queue = queue] {
                                  return messages_.committedInto(queue.first, queue.second,
                                                                 kTailMessages);
                                }));
      for (const OpenHalf& half : halves) {
        if (committed.contains(half.physical_offset)) {
          end(half.copy);
        }
      }
    }
    return Status::ok();
  }

 private:
  struct OpenHalf {
    HalfCopy copy;
    int64_t physical_offset = 0;
  };

  void end(const HalfCopy& copy) {
    const HalfLedger::Claimed claimed = ledger_.claim(copy);
    if (claimed.claim != HalfLedger::Claim::kTaken) {
      return;
    }
    const store::PutResult op = messages_.putOp(claimed.newest);
    ledger_.end(copy, op.ok() ? std::optional(op.queue_offset) : std::nullopt);
  }

  // Only the newest copy of a transaction counts; when an op record names any of its copies, none.
  void takeCopy(const HalfCopy& copy) {
    const auto known = newest_.find(copy.first);
    const int64_t before = known == newest_.end() ? copy.first : known->second;
    if (ended_.contains(copy.offset)) {
      ended_.insert(copy.first);
    }
    if (ended_.contains(copy.first)) {
      ledger_.close(copy.offset);
      newest_.erase(copy.first);
    } else {
      newest_[copy.first] = copy.offset;
    }
    ledger_.close(before);
  }

  const HalfMessages& messages_;
  const int64_t halves_end_;
  HalfLedger& ledger_;
  std::unordered_set<int64_t> ended_;
  std::unordered_map<int64_t, int64_t> newest_;  // First copy -> newest copy.
  std::map<std::pair<std::string, int32_t>, std::vector<OpenHalf>> open_;  // By real queue.
};

int64_t start(const ConsumerOffsets& offsets, std::string_view topic, HalfMessages::Range range) {
  const auto stored = offsets.find(kTransactionGroup, topic, kTransactionQueue);
  return std::clamp(stored.value_or(range.begin), range.begin, std::max(range.begin, range.end));
}

}  // namespace

Result<std::unique_ptr<HalfLedger>> loadLedger(const HalfMessages& messages,
                                               const ConsumerOffsets& offsets) {
  const HalfMessages::Range halves = messages.halves();
  const HalfMessages::Range ops = messages.ops();
  const HalfLedger::Progress progress{.half = start(offsets, kHalfTopic, halves),
                                      .op = start(offsets, kOpTopic, ops)};
  auto ledger = std::make_unique<HalfLedger>(progress);
  LedgerLoader loader(messages, halves.end, *ledger);
  ROCKETMQ_RETURN_IF_ERROR(loader.readOps(progress.op, ops.end));
  // From where the progress was, not from where the op records have brought it: an ended copy tells
  // that those before it are over.
  ROCKETMQ_RETURN_IF_ERROR(loader.readHalves(progress.half));
  ROCKETMQ_RETURN_IF_ERROR(loader.endCommitted());
  return ledger;
}

Status saveProgress(const HalfLedger& ledger, store::MessageStore& store,
                    ConsumerOffsets& offsets) {
  const HalfLedger::Progress progress = ledger.progress();
  const auto is_saved = [&](std::string_view topic, int64_t offset) {
    return offsets.find(kTransactionGroup, topic, kTransactionQueue) == offset;
  };
  if (is_saved(kHalfTopic, progress.half) && is_saved(kOpTopic, progress.op)) {
    return Status::ok();
  }
  // A power cut would else leave half messages that count as ended and whose end is nowhere.
  ROCKETMQ_RETURN_IF_ERROR(awaitFlushed(store));
  offsets.commit(kTransactionGroup, kHalfTopic, kTransactionQueue, progress.half);
  offsets.commit(kTransactionGroup, kOpTopic, kTransactionQueue, progress.op);
  return Status::ok();
}

}  // namespace rocketmq::broker

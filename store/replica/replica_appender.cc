#include "store/replica/replica_appender.h"

#include <optional>

#include "common/bytes.h"
#include "common/log.h"
#include "common/message/record.h"
#include "common/scheduling.h"
#include "store/log/record_walker.h"

namespace rocketmq::store {
namespace {

Status doesNotContinue(int64_t offset, const std::string& why) {
  return Status::corruption("the master's bytes for log offset " + std::to_string(offset) +
                            " do not continue this log: " + why);
}

/// The record at the front of `bytes`, which lie at `at` in a file that ends at `file_end`;
/// nullopt: more must come first. Corruption: there is none. InvalidArgument: the files' sizes
/// differ.
Result<std::optional<MessageRecord>> recordAt(int64_t at, std::string_view bytes,
                                              int64_t file_end) {
  if (std::ssize(bytes) < kRecordHeadBytes) {
    return std::optional<MessageRecord>();
  }
  const RecordHead head = decodeRecordHead(bytes.data());
  if (head.total_size < kRecordHeadBytes || head.total_size > ReplicaAppender::kRecordBytesMax) {
    return doesNotContinue(
        at, "a record of " + std::to_string(head.total_size) + " bytes cannot be there");
  }
  if (head.magic != kMessageMagicV1 && head.magic != kMessageMagicV2) {
    return doesNotContinue(at, "no record begins there");
  }
  if (head.physical_offset != at) {
    return doesNotContinue(at, "the record there says that it belongs at log offset " +
                                   std::to_string(head.physical_offset));
  }
  if (at + head.total_size + kBlankBytes > file_end) {
    return Status::invalidArgument("the master's record at log offset " + std::to_string(at) +
                                   " goes beyond the end of this log's file, " +
                                   std::to_string(file_end) +
                                   "; mappedFileSizeCommitLog must be the same on both");
  }
  if (std::ssize(bytes) < head.total_size) {
    return std::optional<MessageRecord>();
  }
  auto record = decodeRecord(bytes.substr(0, static_cast<size_t>(head.total_size)));
  if (!record) {
    return doesNotContinue(at, record.status().message());
  }
  return std::optional(std::move(*record));
}

}  // namespace

Result<int64_t> ReplicaAppender::append(int64_t offset, std::string_view bytes) {
  ROCKETMQ_RETURN_IF_ERROR(checkStart(offset));
  // Else the queues would fall further behind with every call.
  ROCKETMQ_RETURN_IF_ERROR(dispatch());
  int64_t taken = 0;
  Status failed;
  for (;;) {
    const std::string_view rest = bytes.substr(static_cast<size_t>(taken));
    const Result<Run> run = runAt(offset + taken, rest);
    failed = run.status();
    if (!run || run->bytes == 0) {
      break;
    }
    giveWay();
    failed = write(*run, rest.substr(0, static_cast<size_t>(run->bytes)));
    if (!failed.isOk()) {
      break;
    }
    if (run->gap_bytes > 0) {
      log::error("the master's log has no record at {}: copied as it is, going on at {}",
                 offset + taken, offset + taken + run->gap_bytes);
    }
    giveWay();
    failed = dispatchRun(offset + taken);
    taken += run->bytes;
    if (!failed.isOk()) {
      break;
    }
  }
  if (taken > 0) {
    parts_.log.wakeIfRoomIsScarce();
    parts_.on_appended();
  }
  ROCKETMQ_RETURN_IF_ERROR(failed);
  return taken;
}

Status ReplicaAppender::checkStart(int64_t offset) {
  if (parts_.state.has(RunState::kClosed) || parts_.state.has(RunState::kFailed)) {
    return Status::readOnly(parts_.state.reason());
  }
  if (parts_.log.maxOffset() == 0 && offset != 0) {
    ROCKETMQ_RETURN_IF_ERROR(parts_.log.beginAt(offset));
    parts_.dispatcher.noteDispatched(offset, 0);
  }
  const int64_t end = parts_.log.maxOffset();
  return offset == end ? Status::ok()
                       : doesNotContinue(offset, "it ends at log offset " + std::to_string(end));
}

/// Whole records, or a gap and those behind it, as far as they lie in one file; or the end of that
/// file.
Result<ReplicaAppender::Run> ReplicaAppender::runAt(int64_t offset, std::string_view bytes) {
  Run run;
  records_.clear();
  for (;;) {
    const int64_t at = offset + run.bytes;
    const std::string_view rest = bytes.substr(static_cast<size_t>(run.bytes));
    if (isBlank(rest)) {
      return run.bytes > 0 ? Result<Run>(run) : endOfFile(offset, rest);
    }
    auto record = recordAt(at, rest, fileEndOf(offset));
    if (record && record->has_value()) {
      run.bytes += (*record)->total_size;
      run.newest_ms = (*record)->store_timestamp_ms;
      records_.push_back(std::move(**record));
      continue;
    }
    // What stands in front of damage is taken first.
    if (record || run.bytes > 0) {
      return run;
    }
    if (record.status().code() != StatusCode::kCorruption) {
      return record.status();
    }
    ROCKETMQ_ASSIGN_OR_RETURN(run, gapAt(offset, rest, record.status()));
    if (run.bytes == 0 || run.ends_file) {
      return run;
    }
  }
}

/// `bytes` begin with `damage`: up to the next record that belongs where it is, or to the end of
/// the file if that is in the next one.
Result<ReplicaAppender::Run> ReplicaAppender::gapAt(int64_t offset, std::string_view bytes,
                                                    const Status& damage) {
  Suspect suspect{.offset = offset, .front = std::string(bytes.substr(0, kRecordHeadBytes))};
  if (suspect != suspect_) {
    suspect_ = std::move(suspect);
    return damage;
  }
  const int64_t file_end = fileEndOf(offset);
  const auto in_file = static_cast<size_t>(file_end - offset);
  const auto here = findRecord(
      {.owner = nullptr, .base = offset, .file_end = file_end, .bytes = bytes.substr(0, in_file)},
      offset, file_end);
  if (here) {
    return Run{.bytes = *here - offset, .gap_bytes = *here - offset};
  }
  const int64_t next_end = fileEndOf(file_end);
  // A file without any record is more than a gap.
  if (bytes.size() > in_file && offset % parts_.log.fileBytes() != 0 &&
      findRecord({.owner = nullptr,
                  .base = file_end,
                  .file_end = next_end,
                  .bytes = bytes.substr(in_file)},
                 file_end, next_end)) {
    return Run{.bytes = file_end - offset, .gap_bytes = file_end - offset, .ends_file = true};
  }
  if (std::ssize(bytes) > kRecordBytesMax) {
    return damage.withContext("no record of the master's log is whole within " +
                              std::to_string(kRecordBytesMax) +
                              " bytes; run mqstore verify and salvage on its store");
  }
  return Run{};
}

/// `bytes` begin with a blank end record.
Result<ReplicaAppender::Run> ReplicaAppender::endOfFile(int64_t offset,
                                                        std::string_view bytes) const {
  const int64_t file_bytes = parts_.log.fileBytes();
  const int64_t rest = file_bytes - offset % file_bytes;
  const int64_t size = loadBigEndian<int32_t>(bytes.data());
  if (size != rest || rest == file_bytes || rest > kRecordBytesMax) {
    return doesNotContinue(offset, "the master's file ends " + std::to_string(size) +
                                       " bytes further on, this log's " + std::to_string(rest) +
                                       "; mappedFileSizeCommitLog must be the same on both");
  }
  return static_cast<int64_t>(bytes.size()) < rest ? Run{} : Run{.bytes = rest, .ends_file = true};
}

Status ReplicaAppender::write(const Run& run, std::string_view bytes) {
  while (!tryWrite(run, bytes)) {
    ROCKETMQ_RETURN_IF_ERROR(parts_.log.makeRoom(run.bytes));
  }
  return Status::ok();
}

bool ReplicaAppender::tryWrite(const Run& run, std::string_view bytes) {
  CommitLog& log = parts_.log;
  MutexLock lock(log.appendMutex());
  const auto claim = run.ends_file ? log.claimRest() : log.claim(run.bytes);
  if (!claim) {
    return false;
  }
  if (run.ends_file) {
    log.commitRest(*claim, bytes);
  } else {
    log.commit(*claim, bytes, run.newest_ms);
  }
  return true;
}

Status ReplicaAppender::dispatchRun(int64_t offset) {
  // Else a gap has to be closed first.
  return parts_.flush_mode == FlushMode::kAsync && parts_.dispatcher.dispatchedTo() == offset
             ? parts_.dispatcher.dispatch(records_, parts_.log.maxOffset())
             : dispatch();
}

Status ReplicaAppender::dispatch() {
  if (parts_.flush_mode == FlushMode::kSync) {
    return Status::ok();  // The flush thread does.
  }
  const int64_t end = parts_.log.maxOffset();
  return parts_.dispatcher.dispatchedTo() >= end ? Status::ok() : parts_.dispatcher.dispatchTo(end);
}

}  // namespace rocketmq::store

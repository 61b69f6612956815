#include "store/replica/replica_appender.h"

#include "common/bytes.h"
#include "common/message/record.h"
#include "common/scheduling.h"

namespace rocketmq::store {
namespace {

Status doesNotContinue(int64_t offset, const std::string& why) {
  return Status::corruption("the master's bytes for log offset " + std::to_string(offset) +
                            " do not continue this log: " + why);
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

/// Whole records as far as they lie in one file, or the end of that file.
Result<ReplicaAppender::Run> ReplicaAppender::runAt(int64_t offset, std::string_view bytes) {
  const int64_t file_bytes = parts_.log.fileBytes();
  const int64_t file_end = offset - offset % file_bytes + file_bytes;
  Run run;
  records_.clear();
  for (;;) {
    const int64_t at = offset + run.bytes;
    const std::string_view rest = bytes.substr(static_cast<size_t>(run.bytes));
    if (static_cast<int64_t>(rest.size()) < kBlankBytes) {
      return run;
    }
    if (loadBigEndian<uint32_t>(rest.data() + 4) == kBlankMagic) {
      return run.bytes > 0 ? Result<Run>(run) : endOfFile(offset, rest);
    }
    const int64_t size = loadBigEndian<int32_t>(rest.data());
    if (size < kBlankBytes || size > kRecordBytesMax || at + size + kBlankBytes > file_end) {
      return doesNotContinue(at, "a record of " + std::to_string(size) + " bytes cannot be there");
    }
    if (static_cast<int64_t>(rest.size()) < size) {
      return run;
    }
    auto record = decodeRecord(rest.substr(0, static_cast<size_t>(size)));
    if (!record) {
      return doesNotContinue(at, record.status().message());
    }
    if (record->physical_offset != at) {
      return doesNotContinue(at, "the record there says that it belongs at log offset " +
                                     std::to_string(record->physical_offset));
    }
    run.bytes += size;
    run.newest_ms = record->store_timestamp_ms;
    records_.push_back(std::move(*record));
  }
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

#include "store/inspect/log_writer.h"

#include "common/bytes.h"
#include "common/message/record.h"
#include "store/log/commit_log.h"
#include "store/log/segment.h"

namespace rocketmq::store::inspect {
namespace {

constexpr size_t kPendingBytesMax = 1 << 20;

}  // namespace

Result<int64_t> LogWriter::place(int64_t record_bytes) {
  if (record_bytes + kBlankBytes > options_.file_bytes) {
    return Status::invalidArgument("a record of " + std::to_string(record_bytes) +
                                   " bytes does not fit into a file of mappedFileSizeCommitLog " +
                                   std::to_string(options_.file_bytes));
  }
  if (file_ != nullptr) {
    const int64_t left = file_base_ + options_.file_bytes - tail_;
    if (record_bytes + kBlankBytes <= left) {
      return tail_;
    }
    ByteWriter writer(pending_);
    writer.write(static_cast<int32_t>(left));
    writer.write(kBlankMagic);
    ROCKETMQ_RETURN_IF_ERROR(writeOut());
    ROCKETMQ_RETURN_IF_ERROR(file_->sync());
    tail_ += left;
  }
  ROCKETMQ_RETURN_IF_ERROR(startFile());
  return tail_;
}

Status LogWriter::append(std::string_view record) {
  pending_ += record;
  tail_ += static_cast<int64_t>(record.size());
  return pending_.size() < kPendingBytesMax ? Status::ok() : writeOut();
}

Status LogWriter::startFile() {
  const std::string path = options_.dir + "/" + segmentFileName(tail_);
  ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(options_.dir));
  // Files have their full length from the start. They are not written through the mapping: a full
  // disk is then an error and no signal.
  ROCKETMQ_RETURN_IF_ERROR(
      files_.map(path, {.bytes = options_.file_bytes, .create = true}).status());
  ROCKETMQ_ASSIGN_OR_RETURN(file_, files_.open(path));
  file_base_ = tail_;
  pending_offset_ = tail_;
  return Status::ok();
}

Status LogWriter::writeOut() {
  if (file_ == nullptr || pending_.empty()) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(file_->write(pending_offset_ - file_base_, pending_));
  pending_offset_ += static_cast<int64_t>(pending_.size());
  pending_.clear();
  return Status::ok();
}

Status LogWriter::finish() {
  if (file_ == nullptr) {
    return files_.createDirectories(options_.dir);
  }
  ROCKETMQ_RETURN_IF_ERROR(writeOut());
  ROCKETMQ_RETURN_IF_ERROR(file_->sync());
  return files_.syncDirectory(options_.dir);
}

}  // namespace rocketmq::store::inspect

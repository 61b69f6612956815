#include "store/inspect/index_builder.h"

#include <utility>

#include "store/index/index_file_name.h"
#include "store/index/index_keys.h"

namespace rocketmq::store::inspect {

Status IndexBuilder::add(const MessageRecord& record) {
  Status status;
  forEachKeyHash(record, [&](int32_t key_hash) {
    if (status.isOk()) {
      status = put(key_hash, record);
    }
  });
  return status;
}

Status IndexBuilder::put(int32_t key_hash, const MessageRecord& record) {
  if (file_ == nullptr || file_->isFull()) {
    ROCKETMQ_RETURN_IF_ERROR(startFile(record.store_timestamp_ms));
  }
  ++entries_;
  return file_->put(key_hash, record.physical_offset, record.store_timestamp_ms).status();
}

Status IndexBuilder::startFile(TimestampMs now_ms) {
  IndexHeader previous;
  if (file_ != nullptr) {
    ROCKETMQ_RETURN_IF_ERROR(file_->sync());
    previous = file_->header();
    full_end_ms_ = previous.end_ms;
  }
  file_name_ = indexFileNameAfter(file_name_, now_ms);
  ROCKETMQ_RETURN_IF_ERROR(files_.createDirectories(dir_));
  ROCKETMQ_ASSIGN_OR_RETURN(file_,
                            IndexFile::create(files_, dir_ + "/" + file_name_, layout_, previous));
  ++file_count_;
  return Status::ok();
}

Status IndexBuilder::finish() {
  if (file_ == nullptr) {
    return Status::ok();
  }
  ROCKETMQ_RETURN_IF_ERROR(file_->sync());
  return files_.syncDirectory(dir_);
}

}  // namespace rocketmq::store::inspect

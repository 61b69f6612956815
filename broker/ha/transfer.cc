#include "broker/ha/transfer.h"

#include <algorithm>
#include <cstring>

#include "common/bytes.h"

namespace rocketmq::broker {

std::array<char, kReportBytes> encodeReport(int64_t end_offset) {
  std::array<char, kReportBytes> bytes;
  storeBigEndian(bytes.data(), end_offset);
  return bytes;
}

std::array<char, kTransferHeaderBytes> TransferHeader::encode() const {
  std::array<char, kTransferHeaderBytes> encoded;
  storeBigEndian(encoded.data(), offset);
  storeBigEndian(encoded.data() + sizeof(offset), bytes);
  return encoded;
}

std::optional<int64_t> ReportReader::feed(std::string_view bytes) {
  std::optional<int64_t> newest;
  while (!bytes.empty()) {
    const size_t taken = std::min(kReportBytes - partial_bytes_, bytes.size());
    std::memcpy(partial_.data() + partial_bytes_, bytes.data(), taken);
    partial_bytes_ += taken;
    bytes.remove_prefix(taken);
    if (partial_bytes_ == kReportBytes) {
      newest = loadBigEndian<int64_t>(partial_.data());
      partial_bytes_ = 0;
    }
  }
  return newest;
}

TransferReader::Step TransferReader::next(std::string_view& bytes) {
  if (bytes.empty()) {
    return {};
  }
  if (log_bytes_left_ > 0) {
    const auto left = static_cast<uint64_t>(log_bytes_left_);
    const size_t taken = static_cast<size_t>(std::min<uint64_t>(left, bytes.size()));
    const Step step{.kind = Step::Kind::kLogBytes, .log_bytes = bytes.substr(0, taken)};
    bytes.remove_prefix(taken);
    log_bytes_left_ -= static_cast<int64_t>(taken);
    return step;
  }
  const size_t taken = std::min(kTransferHeaderBytes - partial_bytes_, bytes.size());
  std::memcpy(partial_.data() + partial_bytes_, bytes.data(), taken);
  partial_bytes_ += taken;
  bytes.remove_prefix(taken);
  if (partial_bytes_ < kTransferHeaderBytes) {
    return {};
  }
  partial_bytes_ = 0;
  const TransferHeader header{.offset = loadBigEndian<int64_t>(partial_.data()),
                              .bytes = loadBigEndian<int32_t>(partial_.data() + sizeof(int64_t))};
  log_bytes_left_ = header.bytes;
  return {.kind = Step::Kind::kHeader, .header = header};
}

}  // namespace rocketmq::broker

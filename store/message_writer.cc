#include "store/message_writer.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <utility>
#include <vector>

#include "common/bytes.h"
#include "common/message/sys_flag.h"
#include "store/recovery/torn_record.h"

namespace rocketmq::store {
namespace {

/// Of longer batches so many messages are appended under one hold of the append mutex: a fraction
/// of a millisecond, for which the other senders wait.
constexpr size_t kPieceMessages = 1024;

/// A lock that seems to be held longer than this is a clock that was set, not a busy disk.
constexpr int64_t kHeldMsMax = 10'000'000;

/// The bit maps of the messages of one put.
class BitMapBuffer {
 public:
  std::span<const std::string_view> compute(const BitMapSource& source,
                                            std::span<const MessageRecord> messages) {
    const auto map_bytes = static_cast<size_t>(source.bytes());
    bytes_.assign(map_bytes * messages.size(), '\0');
    maps_.assign(messages.size(), {});
    for (size_t i = 0; i < messages.size(); ++i) {
      const std::span<char> map = std::span(bytes_).subspan(i * map_bytes, map_bytes);
      if (source.mark(messages[i].topic, messages[i].properties, map)) {
        maps_[i] = {map.data(), map.size()};
      }
    }
    return maps_;
  }

 private:
  std::vector<char> bytes_;
  std::vector<std::string_view> maps_;
};

/// What a thread encodes its messages into. Kept between puts unless it has grown large.
class EncodeBuffer {
 public:
  char* atLeast(size_t bytes) {
    if (capacity_ < bytes || (capacity_ > kKeptBytesMax && bytes <= kKeptBytesMax)) {
      capacity_ = std::max(bytes, kBytesMin);
      data_ = std::make_unique_for_overwrite<char[]>(capacity_);
    }
    return data_.get();
  }

  std::vector<TagsCode>& tagsCodes() { return tags_codes_; }
  BitMapBuffer& bitMaps() { return bit_maps_; }

 private:
  static constexpr size_t kBytesMin = 16 * 1024;
  static constexpr size_t kKeptBytesMax = 1024 * 1024;

  std::unique_ptr<char[]> data_;
  size_t capacity_ = 0;
  std::vector<TagsCode> tags_codes_;
  BitMapBuffer bit_maps_;
};

EncodeBuffer& threadBuffer() {
  thread_local EncodeBuffer buffer;
  return buffer;
}

/// Empty when the message may be stored, else why not.
std::string_view illegalBecause(const MessageRecord& message, int32_t body_bytes_max) {
  if (message.topic.size() > kTopicLengthMaxV2) {
    return "the topic is longer than 255 bytes";
  }
  if (!isStorable(message.topic, message.queue_id)) {
    return "the topic or queue id is not valid";
  }
  if (message.properties.size() > kPropertiesLengthMax) {
    return "the properties are longer than 32767 bytes";
  }
  if (holdsZeroSector(message.properties)) {
    return "the properties hold 512 zero bytes in a row, which recovery takes for a lost sector";
  }
  if (message.properties.ends_with('\0')) {
    return "the properties end in a zero byte, which recovery takes for a lost end";
  }
  if (message.body.size() > static_cast<size_t>(body_bytes_max)) {
    return "the body is larger than maxMessageSize";
  }
  return {};
}

std::string_view illegalInBatch(const MessageRecord& message, const MessageRecord& first) {
  if (message.topic != first.topic || message.queue_id != first.queue_id) {
    return "a batch must go to one topic and queue";
  }
  if (sys_flag::transactionType(message.sys_flag) != sys_flag::kTransactionNone) {
    return "a batch cannot be part of a transaction";
  }
  return delayLevel(message.properties) > 0 ? "a batch cannot be delayed" : std::string_view();
}

}  // namespace

int64_t MessageWriter::lockHeldMs() const {
  const TimestampMs since = locked_since_ms_.load(std::memory_order_relaxed);
  return since == 0 ? 0 : std::max<int64_t>(0, parts_.clock.nowMs() - since);
}

PutResult MessageWriter::refused(PutStatus status, std::string detail) {
  parts_.stats.notePutFailure();
  PutResult result;
  result.status = status;
  result.detail = std::move(detail);
  return result;
}

PutResult MessageWriter::put(const MessageRecord& message) { return append({&message, 1}); }

PutResult MessageWriter::putBatch(std::span<const MessageRecord> messages) {
  if (messages.empty()) {
    return refused(PutStatus::kMessageIllegal, "the batch is empty");
  }
  size_t body_bytes = 0;
  for (const MessageRecord& message : messages) {
    body_bytes += message.body.size();
    if (const std::string_view why = illegalInBatch(message, messages.front()); !why.empty()) {
      return refused(PutStatus::kMessageIllegal, std::string(why));
    }
  }
  if (body_bytes > static_cast<size_t>(parts_.live.messageBytesMax())) {
    return refused(PutStatus::kMessageIllegal, "the batch is larger than maxMessageSize");
  }
  return append(messages);
}

PutResult MessageWriter::append(std::span<const MessageRecord> messages) {
  const auto begun = parts_.clock.monotonic();
  if (parts_.is_replica) {
    return refused(PutStatus::kServiceNotAvailable,
                   "this broker is a slave, whose log only its master writes; send to the master");
  }
  if (!parts_.state.writable()) {
    return refused(PutStatus::kServiceNotAvailable, parts_.state.reason());
  }
  const int64_t held_ms = lockHeldMs();
  if (held_ms > parts_.live.pageCacheBusyTimeoutMs() && held_ms < kHeldMsMax) {
    return refused(PutStatus::kPageCacheBusy, "the append lock is held for too long");
  }
  return messages.size() <= kPieceMessages ? appendPiece(messages, begun)
                                           : appendInPieces(messages, begun);
}

PutResult MessageWriter::appendInPieces(std::span<const MessageRecord> messages,
                                        std::chrono::steady_clock::time_point begun) {
  // All of them before the first is stored.
  if (const auto bytes = encodedBytes(messages); !bytes) {
    return refused(PutStatus::kMessageIllegal, bytes.status().message());
  }
  PutResult whole = appendPiece(messages.first(kPieceMessages), begun);
  for (size_t at = kPieceMessages; whole.ok() && at < messages.size(); at += kPieceMessages) {
    const size_t count = std::min(kPieceMessages, messages.size() - at);
    PutResult piece = appendPiece(messages.subspan(at, count), begun);
    if (!piece.ok()) {
      piece.detail += "; the first " + std::to_string(at) + " messages of the batch are stored";
      return piece;
    }
    for (const int64_t physical_offset : piece.physical_offsets) {
      whole.physical_offsets.push_back(physical_offset);
    }
    whole.end_offset = piece.end_offset;
    whole.store_timestamp_ms = piece.store_timestamp_ms;
    whole.duration_us = piece.duration_us;
  }
  return whole;
}

PutResult MessageWriter::appendPiece(std::span<const MessageRecord> messages,
                                     std::chrono::steady_clock::time_point begun) {
  Prepared prepared;
  prepared.messages = messages;
  prepared.begun = begun;
  if (const Status status = prepare(prepared); !status.isOk()) {
    return refused(status.code() == StatusCode::kInvalidArgument ? PutStatus::kMessageIllegal
                                                                 : PutStatus::kServiceNotAvailable,
                   status.message());
  }
  parts_.arrivals.waitForRoom();
  PutResult result = appendPrepared(prepared);
  if (result.ok()) {
    parts_.arrivals.tell();
    parts_.log.wakeIfRoomIsScarce();
    parts_.on_appended();
  }
  return result;
}

PutResult MessageWriter::appendPrepared(const Prepared& prepared) {
  PutResult result;
  for (;;) {
    Status room;
    switch (tryAppend(prepared, result)) {
      case Attempt::kDone:
        return result;
      case Attempt::kRefused:
        return refused(PutStatus::kServiceNotAvailable, parts_.state.reason());
      case Attempt::kNeedsLogRoom:
        room = parts_.log.makeRoom(static_cast<int64_t>(prepared.encoded.size()));
        break;
      case Attempt::kNeedsQueueRoom:
        room = prepared.queue->ensureRoom(static_cast<int64_t>(prepared.messages.size()));
        break;
    }
    if (!room.isOk()) {
      return refused(room.code() == StatusCode::kIo ? PutStatus::kCreateFileFailed
                                                    : PutStatus::kServiceNotAvailable,
                     room.message());
    }
  }
}

Result<size_t> MessageWriter::encodedBytes(std::span<const MessageRecord> messages) const {
  size_t bytes = 0;
  for (const MessageRecord& message : messages) {
    const std::string_view why = illegalBecause(message, parts_.live.messageBytesMax());
    if (!why.empty()) {
      return Status::invalidArgument(std::string(why));
    }
    bytes += encodedSize(message);
  }
  const auto file_bytes = static_cast<size_t>(parts_.log.fileBytes());
  if (bytes + kBlankBytes > file_bytes || bytes > std::numeric_limits<int32_t>::max()) {
    return Status::invalidArgument("the message does not fit into a file of the commit log");
  }
  return bytes;
}

Status MessageWriter::prepare(Prepared& prepared) {
  ROCKETMQ_ASSIGN_OR_RETURN(const size_t bytes, encodedBytes(prepared.messages));
  EncodeBuffer& buffer = threadBuffer();
  prepared.encoded_at = buffer.atLeast(bytes);
  prepared.encoded = {prepared.encoded_at, bytes};
  buffer.tagsCodes().clear();
  char* at = prepared.encoded_at;
  for (const MessageRecord& message : prepared.messages) {
    encodeRecord(message, at);
    at += encodedSize(message);
    buffer.tagsCodes().push_back(parts_.rules.tagsCode(message.topic, message.properties));
  }
  prepared.tags_codes = buffer.tagsCodes();
  const MessageRecord& first = prepared.messages.front();
  if (!entersQueue(first.sys_flag)) {
    return Status::ok();
  }
  prepareBitMaps(prepared);
  prepared.queue = parts_.queues.findOrCreate(first.topic, first.queue_id);
  return prepared.queue != nullptr
             ? Status::ok()
             : Status::closed("topic " + std::string(first.topic) + " is being deleted");
}

void MessageWriter::prepareBitMaps(Prepared& prepared) const {
  if (parts_.bit_maps == nullptr || parts_.flush_mode == FlushMode::kSync) {
    return;  // Under sync flush the dispatcher computes them.
  }
  // Read first: maps that a change has overtaken must be told by it.
  prepared.bit_maps_version = parts_.bit_maps->version();
  prepared.bit_maps = threadBuffer().bitMaps().compute(*parts_.bit_maps, prepared.messages);
}

MessageWriter::Attempt MessageWriter::tryAppend(const Prepared& prepared, PutResult& result) {
  MutexLock lock(parts_.log.appendMutex());
  if (!parts_.state.writable()) {
    return Attempt::kRefused;
  }
  const auto count = static_cast<int64_t>(prepared.messages.size());
  // A deleted queue has no room: asking for it says why.
  if (prepared.queue != nullptr &&
      (!prepared.queue->hasRoom(count) || prepared.queue->isDeleted())) {
    return Attempt::kNeedsQueueRoom;
  }
  const auto claim = parts_.log.claim(static_cast<int64_t>(prepared.encoded.size()));
  if (!claim) {
    return Attempt::kNeedsLogRoom;
  }
  result.store_timestamp_ms = parts_.clock.nowMs();
  locked_since_ms_.store(result.store_timestamp_ms, std::memory_order_relaxed);
  place(prepared, *claim, result);
  parts_.log.commit(*claim, prepared.encoded, result.store_timestamp_ms);
  if (prepared.queue != nullptr) {
    enterQueue(prepared, *claim, result);
  }
  if (parts_.flush_mode == FlushMode::kAsync) {
    parts_.dispatcher.noteDispatched(result.end_offset, result.store_timestamp_ms);
  }
  const auto duration = std::chrono::duration_cast<std::chrono::microseconds>(
      parts_.clock.monotonic() - prepared.begun);
  result.duration_us = duration.count();
  parts_.stats.notePut(count, static_cast<int64_t>(prepared.encoded.size()), duration.count());
  locked_since_ms_.store(0, std::memory_order_relaxed);
  return Attempt::kDone;
}

/// Fills in what only the append mutex can know.
void MessageWriter::place(const Prepared& prepared, const CommitLog::Claim& claim,
                          PutResult& result) {
  const bool has_queue = prepared.queue != nullptr;
  result.queue_offset = has_queue ? prepared.queue->nextOffset() : 0;
  int64_t queue_offset = result.queue_offset;
  int64_t physical_offset = claim.physical_offset;
  char* at = prepared.encoded_at;
  for (size_t i = 0; i < prepared.messages.size(); ++i) {
    patchPlacement(at, {.queue_offset = queue_offset,
                        .physical_offset = physical_offset,
                        .store_timestamp_ms = result.store_timestamp_ms});
    result.physical_offsets.push_back(physical_offset);
    const auto bytes = loadBigEndian<int32_t>(at);
    at += bytes;
    physical_offset += bytes;
    queue_offset += has_queue ? 1 : 0;
  }
  result.end_offset = physical_offset;
  if (has_queue) {
    // Before the records are in the log: who flushes may dispatch them at once, and offsets that
    // are not taken then would be given out again behind them.
    prepared.queue->takeOffsets(static_cast<int64_t>(prepared.messages.size()));
  }
}

void MessageWriter::enterQueue(const Prepared& prepared, const CommitLog::Claim& claim,
                               const PutResult& result) {
  ConsumeQueue& queue = *prepared.queue;
  if (parts_.flush_mode == FlushMode::kSync) {
    return;  // The dispatcher enters it once it is on the disk.
  }
  // Maps from before a change of the filters say nothing about those that are new.
  const bool has_maps =
      !prepared.bit_maps.empty() && prepared.bit_maps_version == parts_.bit_maps->version();
  const char* encoded = prepared.encoded_at;  // A read from the log could be a page fault.
  const char* at = claim.at;
  for (size_t i = 0; i < prepared.messages.size(); ++i) {
    const auto bytes = loadBigEndian<int32_t>(encoded);
    encoded += bytes;
    at += bytes;
    const int64_t tags_code = prepared.tags_codes[i].at(result.store_timestamp_ms);
    queue.append({.physical_offset = result.physical_offsets[i],
                  .record_bytes = bytes,
                  .tags_code = tags_code},
                 {.store_timestamp_ms = result.store_timestamp_ms,
                  .bit_map = has_maps ? prepared.bit_maps[i] : std::string_view()});
    // The properties are the last part of a record.
    const size_t properties_bytes = prepared.messages[i].properties.size();
    parts_.arrivals.push({.queue = &queue,
                          .properties = {at - properties_bytes, properties_bytes},
                          .queue_offset = result.queue_offset + static_cast<int64_t>(i),
                          .tags_code = tags_code,
                          .store_timestamp_ms = result.store_timestamp_ms});
  }
}

}  // namespace rocketmq::store

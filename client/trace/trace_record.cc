#include "client/trace/trace_record.h"

#include <charconv>
#include <optional>
#include <utility>

namespace rocketmq::client {
namespace {

constexpr char kFieldEnd = '\x01';
constexpr char kRecordEnd = '\x02';
constexpr std::string_view kAbsent = "null";

/// Appends fields of one record.
class Writer {
 public:
  explicit Writer(std::string_view kind) : out_(kind) {}

  Writer& text(std::string_view value) {
    out_ += kFieldEnd;
    out_ += value.empty() ? kAbsent : value;
    return *this;
  }
  Writer& number(int64_t value) { return text(std::to_string(value)); }
  Writer& flag(bool value) { return text(value ? "true" : "false"); }
  std::string end() {
    out_ += kRecordEnd;
    return std::move(out_);
  }

 private:
  std::string out_;
};

struct Encoder {
  std::string operator()(const PubTrace& trace) const {
    return Writer("Pub")
        .number(trace.timestamp_ms)
        .text(trace.region_id)
        .text(trace.group)
        .text(trace.topic)
        .text(trace.message_id)
        .text(trace.tags)
        .text(trace.keys)
        .text(trace.store_host)
        .number(trace.body_length)
        .number(trace.cost_ms)
        .number(static_cast<int64_t>(trace.kind))
        .text(trace.offset_message_id)
        .flag(trace.success)
        .end();
  }

  std::string operator()(const SubBeforeTrace& trace) const {
    return Writer("SubBefore")
        .number(trace.timestamp_ms)
        .text(trace.region_id)
        .text(trace.group)
        .text(trace.request_id)
        .text(trace.message_id)
        .number(trace.retry_times)
        .text(trace.keys)
        .end();
  }

  std::string operator()(const SubAfterTrace& trace) const {
    return Writer("SubAfter")
        .text(trace.request_id)
        .text(trace.message_id)
        .number(trace.cost_ms)
        .flag(trace.success)
        .text(trace.keys)
        .number(static_cast<int64_t>(trace.result))
        .number(trace.timestamp_ms)
        .text(trace.group)
        .end();
  }

  std::string operator()(const EndTransactionTrace& trace) const {
    return Writer("EndTransaction")
        .number(trace.timestamp_ms)
        .text(trace.region_id)
        .text(trace.group)
        .text(trace.topic)
        .text(trace.message_id)
        .text(trace.tags)
        .text(trace.keys)
        .text(trace.store_host)
        .number(static_cast<int64_t>(PubTrace::Kind::kCommit))
        .text(trace.transaction_id)
        .text(trace.state)
        .flag(trace.from_check)
        .end();
  }
};

/// The fields of one record by position; the first bad or missing one makes `ok()` false.
class Reader {
 public:
  explicit Reader(std::string_view record) {
    while (true) {
      const size_t end = record.find(kFieldEnd);
      fields_.push_back(record.substr(0, end));
      if (end == std::string_view::npos) {
        return;
      }
      record.remove_prefix(end + 1);
    }
  }

  std::string_view kind() const { return fields_[0]; }
  size_t size() const { return fields_.size(); }
  bool ok() const { return ok_; }

  std::string text(size_t at) {
    if (at >= fields_.size()) {
      ok_ = false;
      return {};
    }
    return std::string(fields_[at]);
  }
  int64_t number(size_t at) {
    int64_t value = 0;
    const std::string field = text(at);
    const char* end = field.data() + field.size();
    const auto parsed = std::from_chars(field.data(), end, value);
    ok_ = ok_ && parsed.ec == std::errc() && parsed.ptr == end;
    return value;
  }
  bool flag(size_t at) { return text(at) == "true"; }
  /// A number that is one of an enumeration's, which starts at 0.
  template <class E>
  E choice(size_t at, E last) {
    const int64_t value = number(at);
    ok_ = ok_ && value >= 0 && value <= static_cast<int64_t>(last);
    return ok_ ? static_cast<E>(value) : E{};
  }

 private:
  std::vector<std::string_view> fields_;
  bool ok_ = true;
};

PubTrace readPub(Reader& in) {
  PubTrace trace{.timestamp_ms = in.number(1),
                 .region_id = in.text(2),
                 .group = in.text(3),
                 .topic = in.text(4),
                 .message_id = in.text(5),
                 .tags = in.text(6),
                 .keys = in.text(7),
                 .store_host = in.text(8),
                 .body_length = in.number(9),
                 .cost_ms = in.number(10),
                 .kind = in.choice(11, PubTrace::Kind::kOrder),
                 .offset_message_id = {},
                 .success = false};
  // Old clients write no offset id, some write their own address behind `success`.
  if (in.size() == 13) {
    trace.success = in.flag(12);
  } else {
    trace.offset_message_id = in.text(12);
    trace.success = in.flag(13);
  }
  return trace;
}

SubBeforeTrace readSubBefore(Reader& in) {
  return {.timestamp_ms = in.number(1),
          .region_id = in.text(2),
          .group = in.text(3),
          .request_id = in.text(4),
          .message_id = in.text(5),
          .retry_times = static_cast<int32_t>(in.number(6)),
          .keys = in.text(7)};
}

SubAfterTrace readSubAfter(Reader& in) {
  SubAfterTrace trace{.request_id = in.text(1),
                      .message_id = in.text(2),
                      .cost_ms = in.number(3),
                      .success = in.flag(4),
                      .keys = in.text(5),
                      .result = ConsumeReturn::kSuccess,
                      .timestamp_ms = 0,
                      .group = {}};
  if (in.size() >= 7) {
    trace.result = in.choice(6, ConsumeReturn::kFailed);
  }
  if (in.size() >= 8) {
    trace.timestamp_ms = in.number(7);
  }
  if (in.size() >= 9) {
    trace.group = in.text(8);
  }
  return trace;
}

EndTransactionTrace readEndTransaction(Reader& in) {
  return {.timestamp_ms = in.number(1),
          .region_id = in.text(2),
          .group = in.text(3),
          .topic = in.text(4),
          .message_id = in.text(5),
          .tags = in.text(6),
          .keys = in.text(7),
          .store_host = in.text(8),
          .transaction_id = in.text(10),
          .state = in.text(11),
          .from_check = in.flag(12)};
}

std::optional<TraceRecord> readRecord(std::string_view text) {
  Reader in(text);
  std::optional<TraceRecord> record;
  if (in.kind() == "Pub") {
    record = readPub(in);
  } else if (in.kind() == "SubBefore") {
    record = readSubBefore(in);
  } else if (in.kind() == "SubAfter") {
    record = readSubAfter(in);
  } else if (in.kind() == "EndTransaction") {
    record = readEndTransaction(in);
  }
  return in.ok() ? record : std::nullopt;
}

}  // namespace

std::string encodeTrace(const TraceRecord& record) { return std::visit(Encoder(), record); }

std::vector<TraceRecord> decodeTraces(std::string_view body) {
  std::vector<TraceRecord> records;
  while (!body.empty()) {
    const size_t end = body.find(kRecordEnd);
    if (std::optional<TraceRecord> record = readRecord(body.substr(0, end))) {
      records.push_back(std::move(*record));
    }
    if (end == std::string_view::npos) {
      break;
    }
    body.remove_prefix(end + 1);
  }
  return records;
}

}  // namespace rocketmq::client

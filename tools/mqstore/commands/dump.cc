// dump: records as lines of JSON

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <tuple>

#include <CLI/CLI.hpp>

#include "common/base64.h"
#include "common/compress.h"
#include "common/json/encode.h"
#include "common/message/properties.h"
#include "common/message/sys_flag.h"
#include "common/utf8.h"
#include "store/inspect/log_reader.h"
#include "store/inspect/log_scanner.h"
#include "store/inspect/queue_reader.h"
#include "store/inspect/read_only_files.h"
#include "tools/mqstore/command.h"
#include "tools/mqstore/progress_line.h"
#include "tools/mqstore/store_arguments.h"
#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

using store::inspect::LogItem;
using store::inspect::StoreLayout;

constexpr size_t kPlainBytesMax = 256u << 20;

/// A record as a line shows it.
struct Line {
  int64_t physical_offset = 0;
  int64_t size = 0;
  std::string topic;
  int32_t queue_id = 0;
  int64_t queue_offset = 0;
  int32_t sys_flag = 0;
  int32_t flag = 0;
  int64_t born_timestamp = 0;
  std::string born_host;
  int64_t store_timestamp = 0;
  std::string store_host;
  int32_t reconsume_times = 0;
  int64_t prepared_transaction_offset = 0;
  std::map<std::string, std::string> properties;
  std::optional<std::string> body;
  std::optional<std::string> body_base64;
  std::optional<std::string> body_error;

  static constexpr auto fields() {
    return std::tuple{required("physicalOffset", &Line::physical_offset),
                      required("size", &Line::size),
                      required("topic", &Line::topic),
                      required("queueId", &Line::queue_id),
                      required("queueOffset", &Line::queue_offset),
                      required("sysFlag", &Line::sys_flag),
                      required("flag", &Line::flag),
                      required("bornTimestamp", &Line::born_timestamp),
                      required("bornHost", &Line::born_host),
                      required("storeTimestamp", &Line::store_timestamp),
                      required("storeHost", &Line::store_host),
                      required("reconsumeTimes", &Line::reconsume_times),
                      required("preparedTransactionOffset", &Line::prepared_transaction_offset),
                      required("properties", &Line::properties),
                      rocketmq::optional("body", &Line::body),
                      rocketmq::optional("bodyBase64", &Line::body_base64),
                      rocketmq::optional("bodyError", &Line::body_error)};
  }
};

void setBody(std::string_view bytes, Line& line) {
  if (utf8::isValid(bytes)) {
    line.body = std::string(bytes);
  } else {
    line.body_base64 = base64(bytes);
  }
}

Line toLine(const MessageRecord& record, bool decompress_body) {
  Line line{.physical_offset = record.physical_offset,
            .size = record.total_size,
            .topic = std::string(record.topic),
            .queue_id = record.queue_id,
            .queue_offset = record.queue_offset,
            .sys_flag = record.sys_flag,
            .flag = record.flag,
            .born_timestamp = record.born_timestamp_ms,
            .born_host = record.born_host.toString(),
            .store_timestamp = record.store_timestamp_ms,
            .store_host = record.store_host.toString(),
            .reconsume_times = record.reconsume_times,
            .prepared_transaction_offset = record.prepared_transaction_offset,
            .properties = {},
            .body = {},
            .body_base64 = {},
            .body_error = {}};
  forEachProperty(record.properties, [&](std::string_view name, std::string_view value) {
    line.properties[std::string(name)] = value;
  });
  if (decompress_body && (record.sys_flag & sys_flag::kCompressed) != 0) {
    const auto plain = decompress(compressionOf(record.sys_flag), record.body, kPlainBytesMax);
    if (plain) {
      setBody(*plain, line);
      return line;
    }
    line.body_error = plain.status().message();
  }
  setBody(record.body, line);
  return line;
}

class Dump final : public Command {
 public:
  std::string_view name() const override { return "dump"; }
  std::string_view description() const override { return "Print records as lines of JSON"; }

  void addOptions(CLI::App& app) override {
    store_.addTo(app);
    app.add_option("--topic", topic_, "only records of this topic");
    app.add_option("--queue", queue_id_, "only records of this queue id")->check(numberFrom(0));
    app.add_option("--from", from_,
                   "begin at this queue offset when --queue is given, else at this log offset")
        ->check(numberFrom(0));
    app.add_option("--count", count_, "print no more than so many records")->check(numberFrom(0));
    app.add_flag("--decompress", decompress_, "print compressed bodies as they were sent");
  }

  Result<Outcome> run() override {
    if (queue_id_ && topic_.empty()) {
      return Status::invalidArgument("--queue needs --topic");
    }
    const auto ignore = [](const store::inspect::Finding&) {};
    ROCKETMQ_ASSIGN_OR_RETURN(const StoreLayout layout, store_.readLayout(ignore));
    ProgressLine progress;
    // Lines on a terminal show well enough how far it is.
    const auto callback = ::isatty(STDOUT_FILENO) == 1 ? nullptr : progress.callback();
    store::inspect::LogScanner scanner(files_, layout, startOf(layout));
    const int64_t all = store::inspect::LogReader(files_, layout).end() - layout.logBegin();
    bool is_damaged = false;
    int64_t printed = 0;
    while (printed < count_) {
      const LogItem item = scanner.next();
      if (item.kind == LogItem::Kind::kEnd) {
        break;
      }
      if (item.kind == LogItem::Kind::kDamage) {
        is_damaged = true;
        fmt::print(stderr, "log offset {}: {} bytes hold no intact record: {}\n", item.begin,
                   item.end - item.begin, printable(item.reason));
      } else {
        noteSeen(item.record.topic, item.record.queue_id);
        if (isWanted(item.record)) {
          ++printed;
          fmt::print("{}\n",
                     json::encode(toLine(item.record, decompress_), json::Style::kStandard));
        }
      }
      if (callback) {
        callback("commit log", item.end - layout.logBegin(), all);
      }
    }
    const bool asks_in_vain = printed == 0 && count_ > 0;
    progress.wipe();
    if (count_ == 0) {
      fmt::print(stderr, "mqstore dump: --count 0 asks for no record\n");
    }
    const bool is_there = !asks_in_vain || explainNothing(layout);
    return is_damaged || !is_there ? Outcome::kFaults : Outcome::kClean;
  }

 private:
  bool isWanted(const MessageRecord& record) const {
    if (!topic_.empty() && record.topic != topic_) {
      return false;
    }
    return queue_id_ ? record.queue_id == *queue_id_ && record.queue_offset >= from_
                     : record.physical_offset >= from_;
  }

  void noteSeen(std::string_view topic, int32_t queue_id) {
    has_topic_ = has_topic_ || topic == topic_;
    has_queue_ = has_queue_ || (topic == topic_ && queue_id == queue_id_);
  }

  /// False when the topic or queue that was asked for is not in the store.
  bool explainNothing(const StoreLayout& layout) {
    for (const auto& folder : layout.queues) {
      noteSeen(folder.topic, folder.queue_id);
    }
    has_topic_ = has_topic_ || (layout.known_topics && layout.known_topics->contains(topic_));
    const std::string topic = printable(topic_);
    if (!topic_.empty() && !has_topic_) {
      fmt::print(stderr, "mqstore dump: there is no topic {} in this store\n", topic);
      return false;
    }
    if (queue_id_ && !has_queue_) {
      fmt::print(stderr, "mqstore dump: topic {} has no queue {} in this store\n", topic,
                 *queue_id_);
      return false;
    }
    fmt::print(stderr, "mqstore dump: no record{} from {} {} on\n",
               topic_.empty() ? "" : " of topic " + topic,
               queue_id_ ? fmt::format("queue {} offset", *queue_id_) : "log offset", from_);
    return true;
  }

  /// Where to begin to read, so that nothing wanted lies before: the queue or the file name tells.
  int64_t startOf(const StoreLayout& layout) const {
    int64_t wanted = queue_id_ ? 0 : from_;
    for (const auto& folder : layout.queues) {
      if (queue_id_ && folder.topic == topic_ && folder.queue_id == *queue_id_) {
        store::inspect::QueueReader queue(files_, folder, layout.queue_file_bytes);
        const auto entry = queue.at(from_);
        wanted = entry && !store::isPreBlank(*entry) ? entry->physical_offset : 0;
      }
    }
    store::inspect::LogReader log(files_, layout);
    if (log.recordAt(wanted, CrcCheck::kVerify)) {
      return wanted;
    }
    int64_t start = layout.logBegin();
    for (const auto& file : layout.log_files) {
      start = file.base <= wanted ? file.base : start;
    }
    return start;
  }

  FileSystem& files_ = store::inspect::readOnlyFileSystem();
  StoreArguments store_;
  std::string topic_;
  std::optional<int32_t> queue_id_;
  int64_t from_ = 0;
  int64_t count_ = std::numeric_limits<int64_t>::max();
  bool decompress_ = false;
  // Of the topic and the queue that were asked for:
  bool has_topic_ = false;
  bool has_queue_ = false;
};

}  // namespace

std::unique_ptr<Command> makeDump() { return std::make_unique<Dump>(); }

}  // namespace rocketmq::mqstore

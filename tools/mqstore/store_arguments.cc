#include "tools/mqstore/store_arguments.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>

#include "common/delay_setting.h"
#include "common/properties_file.h"
#include "store/inspect/read_only_files.h"
#include "store/queue/queue_entry.h"
#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {
namespace {

constexpr int64_t kFileBytesMax = int64_t{1} << 40;

/// Options go before the settings file.
Status take(const PropertyLine& line, std::string_view key, int64_t& value) {
  if (line.key != key || value != 0) {
    return Status::ok();
  }
  const auto [end, error] =
      std::from_chars(line.value.data(), line.value.data() + line.value.size(), value);
  if (error != std::errc() || end != line.value.data() + line.value.size() || value <= 0) {
    return Status::invalidArgument(fmt::format("{} = \"{}\" is no size", key, line.value));
  }
  return Status::ok();
}

void take(const PropertyLine& line, std::string_view key, std::string& value) {
  if (line.key == key && value.empty()) {
    value = line.value;
  }
}

Result<int32_t> toInt32(int64_t value, const char* name) {
  if (value < 0 || value > std::numeric_limits<int32_t>::max()) {
    return Status::invalidArgument(fmt::format("{} = {} must be 1 to 2^31 - 1", name, value));
  }
  return static_cast<int32_t>(value);
}

}  // namespace

void StoreArguments::addTo(CLI::App& app) {
  app.add_option("DIR", dir_, "the store's folder (storePathRootDir)")->required();
  app.add_option("-c,--configFile", config_file_,
                 "broker.conf to take the settings below from; else sizes are found out from the "
                 "files");
  app.add_option("--storePathCommitLog", given_.commit_log_dir,
                 "folder of the commit log; that of broker.conf counts when DIR has none");
  app.add_option("--mappedFileSizeCommitLog", given_.log_file_bytes, "bytes of a log file")
      ->check(numberFrom(1));
  app.add_option("--mappedFileSizeConsumeQueue", given_.queue_file_bytes,
                 "bytes of a consume-queue file")
      ->check(numberFrom(1));
  app.add_option("--maxHashSlotNum", given_.hash_slots, "slots of an index file")
      ->check(numberFrom(1));
  app.add_option("--maxIndexNum", given_.index_entries, "entries of an index file")
      ->check(numberFrom(1));
  app.add_option("--messageDelayLevel", given_.delay_levels, "for instance \"1s 5s 10s\"");
}

Result<StoreArguments::Settings> StoreArguments::settings() const {
  Settings all = given_;
  if (config_file_.empty()) {
    return all;
  }
  // The folder may be a copy of the one that the broker uses: where it has a log, that is its own.
  std::error_code ignored;
  const bool has_log = std::filesystem::exists(dir_ + "/commitlog", ignored);
  ROCKETMQ_ASSIGN_OR_RETURN(const auto file, readPropertiesFile(config_file_));
  for (const PropertyLine& line : file.lines) {
    ROCKETMQ_RETURN_IF_ERROR(take(line, "mappedFileSizeCommitLog", all.log_file_bytes));
    ROCKETMQ_RETURN_IF_ERROR(take(line, "mappedFileSizeConsumeQueue", all.queue_file_bytes));
    ROCKETMQ_RETURN_IF_ERROR(take(line, "maxHashSlotNum", all.hash_slots));
    ROCKETMQ_RETURN_IF_ERROR(take(line, "maxIndexNum", all.index_entries));
    take(line, "messageDelayLevel", all.delay_levels);
    take(line, "messageIndexEnable", all.message_index);
    take(line, "storePathCommitLog", has_log ? all.other_log : all.commit_log_dir);
  }
  return all;
}

Result<store::inspect::LayoutOptions> StoreArguments::layoutOptions() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const Settings all, settings());
  for (const int64_t bytes : {all.log_file_bytes, all.queue_file_bytes}) {
    if (bytes < 0 || bytes > kFileBytesMax) {
      return Status::invalidArgument("file sizes must be 1 to 2^40");
    }
  }
  store::inspect::LayoutOptions options;
  options.commit_log_dir = all.commit_log_dir;
  options.log_file_bytes = all.log_file_bytes;
  // RocketMQ rounds it up to whole entries.
  options.queue_file_bytes = (all.queue_file_bytes + store::kQueueEntryBytes - 1) /
                             store::kQueueEntryBytes * store::kQueueEntryBytes;
  ROCKETMQ_ASSIGN_OR_RETURN(options.index_layout.hash_slots,
                            toInt32(all.hash_slots, "maxHashSlotNum"));
  ROCKETMQ_ASSIGN_OR_RETURN(options.index_layout.entries_max,
                            toInt32(all.index_entries, "maxIndexNum"));
  return options;
}

Result<std::vector<int64_t>> StoreArguments::delayLevels() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const Settings all, settings());
  auto levels = parseDelayLevels(all.delay_levels.empty() ? kDefaultDelayLevels : all.delay_levels);
  if (!levels) {
    return levels.status().withContext("messageDelayLevel");
  }
  return levels;
}

Result<std::vector<int64_t>> StoreArguments::knownDelayLevels() const {
  return config_file_.empty() && given_.delay_levels.empty() ? std::vector<int64_t>()
                                                             : delayLevels();
}

Result<bool> StoreArguments::hasDelayLevels() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const Settings all, settings());
  return !all.delay_levels.empty();
}

Result<bool> StoreArguments::makesIndex() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const Settings all, settings());
  return all.message_index != "false";
}

Result<std::string> StoreArguments::namedLog() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const Settings all, settings());
  return all.commit_log_dir.empty() ? all.other_log : all.commit_log_dir;
}

Status StoreArguments::noteOtherLog() const {
  ROCKETMQ_ASSIGN_OR_RETURN(const Settings all, settings());
  if (all.commit_log_dir.empty() && !all.other_log.empty() &&
      !isSamePlace(all.other_log, dir_ + "/commitlog")) {
    fmt::print(stderr,
               "note: the log here is {}/commitlog; a broker with {} uses another, "
               "storePathCommitLog {}\n",
               dir_, config_file_, all.other_log);
  }
  return Status::ok();
}

Result<store::inspect::StoreLayout> StoreArguments::readLayout(
    const store::inspect::FindingSink& sink) const {
  ROCKETMQ_RETURN_IF_ERROR(noteOtherLog());
  ROCKETMQ_ASSIGN_OR_RETURN(const auto options, layoutOptions());
  ROCKETMQ_ASSIGN_OR_RETURN(
      store::inspect::StoreLayout layout,
      store::inspect::readLayout(store::inspect::readOnlyFileSystem(), dir_, options, sink));
  if (layout.lock.is_held) {
    fmt::print(stderr,
               "note: a broker{} has this store open; what it writes meanwhile may be missing or "
               "half there\n",
               layout.lock.pid > 0 ? fmt::format(" (pid {})", layout.lock.pid) : "");
  }
  return layout;
}

}  // namespace rocketmq::mqstore

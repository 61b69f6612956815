#include "broker/stats/runtime_info.h"

#include <fmt/format.h>
#include <sys/statvfs.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <string_view>

#include "remoting/protocol/codes.h"

namespace rocketmq::broker {
namespace {

// Java's pools that have no counterpart here: their requests run on the connection's thread, so
// nothing ever waits, and the capacity is RocketMQ's default for tools that divide by it.
struct IdlePool {
  std::string_view name;
  int32_t capacity;
};
constexpr std::array<IdlePool, 4> kIdlePools{
    {{"send", 10'000}, {"pull", 100'000}, {"litePull", 100'000}, {"ack", 100'000}}};

constexpr std::array<std::string_view, 13> kPutClasses{
    "<=0ms", "0~10ms", "10~50ms", "50~100ms", "100~200ms", "200~500ms", "500ms~1s",
    "1~2s",  "2~3s",   "3~4s",    "4~5s",     "5~10s",     "10s~"};

/// "74.9 GiB", one decimal, the largest unit that keeps the number above one.
std::string humanBytes(double bytes) {
  constexpr std::array<std::string_view, 5> kUnits{"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  while (bytes >= 1024 && unit + 1 < kUnits.size()) {
    bytes /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{:.0f} B", bytes) : fmt::format("{:.1f} {}", bytes, kUnits[unit]);
}

std::string uptimeText(TimestampMs elapsed) {
  const int64_t seconds = elapsed / 1000;
  return fmt::format("[ {} days, {} hours, {} minutes, {} seconds ]", seconds / 86400,
                     seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
}

std::string durationsText(const store::StoreCounters& counters) {
  std::string text;
  for (size_t i = 0; i < kPutClasses.size(); ++i) {
    fmt::format_to(std::back_inserter(text), "[{}]:{} ", kPutClasses[i], counters.put_durations[i]);
  }
  return text;
}

void addTotals(std::map<std::string, std::string>& table, const std::string& prefix,
               const DayTotals& totals) {
  table[prefix + "YesterdayMorning"] = std::to_string(totals.yesterday_morning);
  table[prefix + "TodayMorning"] = std::to_string(totals.today_morning);
  table[prefix + "TodayNow"] = std::to_string(totals.now);
}

}  // namespace

RuntimeInfo::RuntimeInfo(const Parts& parts) : parts_(parts), boot_ms_(parts.clock.nowMs()) {}

void RuntimeInfo::sample() {
  const TimestampMs now = parts_.clock.nowMs();
  const store::StoreCounters counters = parts_.store.counters();
  put_rate_.sample(now, counters.put_messages);
  get_found_rate_.sample(now, counters.get_found);
  get_missed_rate_.sample(now, counters.get_missed);
  get_total_rate_.sample(now, counters.get_found + counters.get_missed);
  transferred_rate_.sample(now, counters.get_messages);
  if (parts_.timers != nullptr) {
    const auto numbers = parts_.timers->numbers();
    timer_enqueue_rate_.sample(now, numbers.enqueued);
    timer_dequeue_rate_.sample(now, numbers.dequeued);
  }
}

std::map<std::string, std::string> RuntimeInfo::table() const {
  Table table;
  addStoreCounters(table);
  addDisk(table);
  addDelays(table);
  addTimers(table);
  addBroker(table);
  addPools(table);
  parts_.ha.addTo(table);
  return table;
}

void RuntimeInfo::addStoreCounters(Table& table) const {
  const store::StoreCounters counters = parts_.store.counters();
  table["bootTimestamp"] = std::to_string(boot_ms_);
  table["runtime"] = uptimeText(parts_.clock.nowMs() - boot_ms_);
  table["putMessageTimesTotal"] = std::to_string(counters.put_messages);
  table["putMessageFailedTimes"] = std::to_string(counters.put_failures);
  table["putMessageSizeTotal"] = std::to_string(counters.put_bytes);
  table["putMessageAverageSize"] = fmt::format(
      "{:.1f}", counters.put_messages == 0 ? 0.0
                                           : static_cast<double>(counters.put_bytes) /
                                                 static_cast<double>(counters.put_messages));
  table["putMessageEntireTimeMax"] = std::to_string(counters.put_max_us / 1000);
  table["getMessageEntireTimeMax"] = std::to_string(counters.get_max_us / 1000);
  table["putMessageDistributeTime"] = durationsText(counters);
  table["dispatchMaxBuffer"] = "0";
  table["putTps"] = put_rate_.text();
  table["getFoundTps"] = get_found_rate_.text();
  table["getMissTps"] = get_missed_rate_.text();
  table["getTotalTps"] = get_total_rate_.text();
  // 4.9 spells it so, 5.3 otherwise; tools of either release look for theirs.
  table["getTransferedTps"] = transferred_rate_.text();
  table["getTransferredTps"] = transferred_rate_.text();
}

void RuntimeInfo::addDisk(Table& table) const {
  const auto settings = parts_.settings.load();
  const std::string commit_log = settings->store_commit_log.empty()
                                     ? settings->store_root + "/commitlog"
                                     : settings->store_commit_log;
  const std::string ratio = fmt::format("{:.4f}", parts_.store.diskUsedRatio());
  table["commitLogDiskRatio"] = ratio;
  table["commitLogDiskRatio_" + commit_log] = ratio;
  table["consumeQueueDiskRatio"] = ratio;
  table["commitLogMinOffset"] = std::to_string(parts_.store.commitLogMinOffset());
  table["commitLogMaxOffset"] = std::to_string(parts_.store.commitLogMaxOffset());
  struct statvfs disk {};
  if (statvfs(commit_log.c_str(), &disk) == 0) {
    const auto block = static_cast<double>(disk.f_frsize);
    table["commitLogDirCapacity"] = fmt::format(
        "Total : {}, Free : {}.", humanBytes(block * static_cast<double>(disk.f_blocks)),
        humanBytes(block * static_cast<double>(disk.f_bavail)));
  }
}

void RuntimeInfo::addDelays(Table& table) const {
  for (const auto& [level, offset] : parts_.delays.offsets()) {
    table["scheduleMessageOffset_" + std::to_string(level)] =
        fmt::format("{},{}", offset, parts_.store.maxOffset("SCHEDULE_TOPIC_XXXX", level - 1));
  }
}

void RuntimeInfo::addTimers(Table& table) const {
  const auto numbers =
      parts_.timers == nullptr ? TimerService::Numbers{} : parts_.timers->numbers();
  table["timerReadBehind"] = std::to_string(numbers.read_behind_ms / 1000);
  table["timerOffsetBehind"] = std::to_string(numbers.offset_behind);
  table["timerCongestNum"] = std::to_string(numbers.pending);
  table["timerEnqueueTps"] = fmt::format("{:.1f}", timer_enqueue_rate_.lastTenSeconds());
  table["timerDequeueTps"] = fmt::format("{:.1f}", timer_dequeue_rate_.lastTenSeconds());
}

void RuntimeInfo::addBroker(Table& table) const {
  table["brokerVersion"] = std::to_string(remoting::kAnnouncedVersion);
  table["brokerVersionDesc"] = remoting::versionName(remoting::kAnnouncedVersion);
  const std::string read_only = parts_.store.readOnlyReason();
  table["brokerActive"] = read_only.empty() ? "true" : "false";
  if (!read_only.empty()) {
    table["readOnlyReason"] = read_only;
  }
  table["startAcceptSendRequestTimeStamp"] =
      std::to_string(parts_.settings.load()->accept_sends_from_ms);
  addTotals(table, "msgPutTotal", parts_.stats.putTotals());
  addTotals(table, "msgGetTotal", parts_.stats.getTotals());
  table["earliestMessageTimeStamp"] = std::to_string(parts_.store.earliestStoreTime().value_or(-1));
  table["dispatchBehindBytes"] = std::to_string(parts_.store.dispatchBehindBytes());
  table["pageCacheLockTimeMills"] = std::to_string(parts_.store.appendLockHeldMs());
  table["remainHowManyDataToFlush"] = humanBytes(static_cast<double>(
      std::max<int64_t>(0, parts_.store.commitLogMaxOffset() - parts_.store.flushedOffset())));
  table["remainTransientStoreBufferNumbs"] = "2147483647";
}

void RuntimeInfo::addPools(Table& table) const {
  for (const IdlePool& pool : kIdlePools) {
    const std::string prefix = std::string(pool.name) + "ThreadPoolQueue";
    table[prefix + "Size"] = "0";
    table[prefix + "Capacity"] = std::to_string(pool.capacity);
    table[prefix + "HeadWaitTimeMills"] = "0";
  }
  table["queryThreadPoolQueueSize"] =
      std::to_string(parts_.lanes.queueSize(remoting::Lane::kQuery));
  table["queryThreadPoolQueueCapacity"] = "20000";
  table["queryThreadPoolQueueHeadWaitTimeMills"] =
      std::to_string(parts_.lanes.headWaitMs(remoting::Lane::kQuery));
  table["EndTransactionQueueSize"] = "0";
  table["EndTransactionThreadPoolQueueCapacity"] = "100000";
}

}  // namespace rocketmq::broker

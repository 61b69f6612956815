#include "tools/mqbench/report.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <array>
#include <iterator>

namespace rocketmq::bench {
namespace {

struct Percentile {
  const char* name;
  double percent;
};
constexpr std::array<Percentile, 6> kPercentiles{
    {{"p50", 50}, {"p90", 90}, {"p99", 99}, {"p99.9", 99.9}, {"p99.99", 99.99}, {"max", 100}}};

double seconds(const Report& report) {
  return std::chrono::duration<double>(report.elapsed).count();
}

std::string formatText(const Report& report) {
  std::string out = report.command;
  for (const auto& [name, value] : report.settings) {
    fmt::format_to(std::back_inserter(out), "  {}={}", name, value);
  }
  fmt::format_to(std::back_inserter(out),
                 "\n{} messages in {:.2f} s: {:.0f} msg/s, {:.1f} MB/s, {} failed\n",
                 report.messages, seconds(report), report.messagesPerSecond(),
                 report.megabytesPerSecond(), report.failures);
  if (!report.latencies.empty()) {
    fmt::format_to(std::back_inserter(out), "{:<12}", "latency");
    for (const Percentile& p : kPercentiles) {
      fmt::format_to(std::back_inserter(out), " {:>10}", p.name);
    }
    out += '\n';
  }
  for (const auto& [name, histogram] : report.latencies) {
    fmt::format_to(std::back_inserter(out), "{:<12}", name);
    for (const Percentile& p : kPercentiles) {
      fmt::format_to(std::back_inserter(out), " {:>10}",
                     formatDuration(histogram.percentile(p.percent)));
    }
    out += '\n';
  }
  return out;
}

/// What this process has used so far, all threads, user and system.
double cpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto toSeconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return toSeconds(usage.ru_utime) + toSeconds(usage.ru_stime);
}

void appendIntervals(const std::vector<Interval>& intervals, std::string& out) {
  const auto us = [](int64_t ns) { return static_cast<double>(ns) / 1000; };
  out += ",\"intervals\":[";
  for (const Interval& interval : intervals) {
    fmt::format_to(std::back_inserter(out),
                   "{}{{\"at\":{:.3f},\"count\":{},\"p50\":{:.1f},\"p99\":{:.1f},"
                   "\"p99.9\":{:.1f},\"p99.99\":{:.1f},\"max\":{:.1f}}}",
                   out.back() == '[' ? "" : ",", interval.from_seconds, interval.count,
                   us(interval.p50_ns), us(interval.p99_ns), us(interval.p999_ns),
                   us(interval.p9999_ns), us(interval.max_ns));
  }
  out += ']';
}

std::string formatJson(const Report& report) {
  std::string out = fmt::format("{{\"command\":\"{}\"", report.command);
  for (const auto& [name, value] : report.settings) {
    fmt::format_to(std::back_inserter(out), ",\"{}\":\"{}\"", name, value);
  }
  fmt::format_to(std::back_inserter(out),
                 ",\"messages\":{},\"failures\":{},\"seconds\":{:.6f},"
                 "\"messages_per_second\":{:.1f},\"megabytes_per_second\":{:.3f},"
                 "\"generator_cpu_seconds\":{:.3f}",
                 report.messages, report.failures, seconds(report), report.messagesPerSecond(),
                 report.megabytesPerSecond(), cpuSeconds());
  for (const auto& [name, histogram] : report.latencies) {
    fmt::format_to(std::back_inserter(out), ",\"{} latency us\":{{\"count\":{},\"mean\":{:.1f}",
                   name, histogram.count(), histogram.mean() / 1000);
    for (const Percentile& p : kPercentiles) {
      fmt::format_to(std::back_inserter(out), ",\"{}\":{:.1f}", p.name,
                     static_cast<double>(histogram.percentile(p.percent)) / 1000);
    }
    out += '}';
  }
  if (!report.intervals.empty()) {
    appendIntervals(report.intervals, out);
  }
  return out + "}\n";
}

std::string formatCsv(const Report& report) {
  std::string names = "command,messages,failures,seconds,messages_per_second,megabytes_per_second";
  std::string values =
      fmt::format("{},{},{},{:.6f},{:.1f},{:.3f}", report.command, report.messages, report.failures,
                  seconds(report), report.messagesPerSecond(), report.megabytesPerSecond());
  for (const auto& [name, value] : report.settings) {
    names += "," + name;
    values += "," + value;
  }
  for (const auto& [name, histogram] : report.latencies) {
    for (const Percentile& p : kPercentiles) {
      fmt::format_to(std::back_inserter(names), ",{} {} us", name, p.name);
      fmt::format_to(std::back_inserter(values), ",{:.1f}",
                     static_cast<double>(histogram.percentile(p.percent)) / 1000);
    }
  }
  return names + "\n" + values + "\n";
}

}  // namespace

double Report::messagesPerSecond() const {
  const double s = seconds(*this);
  return s > 0 ? static_cast<double>(messages) / s : 0;
}

double Report::megabytesPerSecond() const {
  const double s = seconds(*this);
  return s > 0 ? static_cast<double>(body_bytes) / 1e6 / s : 0;
}

std::string Report::format(Format format) const {
  switch (format) {
    case Format::kJson:
      return formatJson(*this);
    case Format::kCsv:
      return formatCsv(*this);
    case Format::kText:
      break;
  }
  return formatText(*this);
}

std::string formatDuration(int64_t nanoseconds) {
  const auto value = static_cast<double>(nanoseconds);
  if (nanoseconds < 1'000) {
    return fmt::format("{} ns", nanoseconds);
  }
  if (nanoseconds < 1'000'000) {
    return fmt::format("{:.1f} us", value / 1e3);
  }
  if (nanoseconds < 1'000'000'000) {
    return fmt::format("{:.2f} ms", value / 1e6);
  }
  return fmt::format("{:.2f} s", value / 1e9);
}

}  // namespace rocketmq::bench

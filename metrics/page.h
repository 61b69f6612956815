#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "metrics/metric.h"

namespace rocketmq::metrics {

/// A page of metrics in Prometheus' text format, written metric by metric.
///
/// Label values may be any bytes: what is no UTF-8 is replaced, what the format gives a meaning is
/// escaped. Bound: at most `series_max` values for each metric; further ones are left out, and
/// rocketmq_metrics_dropped_series tells how many. Threads: one.
class Page {
 public:
  struct Node {
    std::string cluster;
    std::string node_type;  ///< "broker" or "nameserver".
    std::string node_id;    ///< The broker's name, or the address.
  };

  Page(const Node& node, size_t series_max);
  ~Page();
  Page(const Page&) = delete;
  Page& operator=(const Page&) = delete;

  using LabelValues = std::initializer_list<std::string_view>;

  /// What is added from now on belongs to `metric`, which must outlive the page. Once per metric.
  void begin(const Metric& metric);
  /// One value; `labels` in the order of Metric::labels.
  void add(double value, LabelValues labels = {});
  void add(int64_t value, LabelValues labels = {}) { add(static_cast<double>(value), labels); }
  /// begin() and add() for a metric with a single value.
  void single(const Metric& metric, double value);

  /// One histogram: `counts` has, for each of `limits` and for what is above them, how many fell
  /// there.
  struct Histogram {
    std::span<const double> limits;
    std::span<const int64_t> counts;
    double sum = 0;
  };
  void addHistogram(const Histogram& histogram, LabelValues labels);

  /// The text. Call it last, once.
  std::string finish();

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The metric that every page ends with.
extern const Metric kDroppedSeries;

}  // namespace rocketmq::metrics

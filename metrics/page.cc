#include "metrics/page.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <limits>
#include <sstream>
#include <vector>

#include "common/check.h"
#include "common/utf8.h"

namespace rocketmq::metrics {
namespace {

using prometheus::ClientMetric;

std::string asUtf8(std::string_view text) {
  if (utf8::isValid(text)) {
    return std::string(text);
  }
  std::string mended;
  while (!text.empty()) {
    const utf8::CodePoint point = utf8::next(text);
    utf8::append(mended, point.value);
    text.remove_prefix(point.bytes);
  }
  return mended;
}

prometheus::MetricType typeOf(MetricKind kind) {
  switch (kind) {
    case MetricKind::kCounter:
      return prometheus::MetricType::Counter;
    case MetricKind::kGauge:
      return prometheus::MetricType::Gauge;
    case MetricKind::kHistogram:
      return prometheus::MetricType::Histogram;
  }
  return prometheus::MetricType::Untyped;
}

}  // namespace

const Metric kDroppedSeries{
    .name = "rocketmq_metrics_dropped_series",
    .help =
        "Values left out of this page because a metric has more than "
        "metricsOtelCardinalityLimit of them.",
};

/// Writes a metric out before it begins the next, so that only one is in memory as objects.
class Page::Impl {
 public:
  Impl(const Node& node, size_t series_max) : node_(node), series_max_(series_max) {}

  void begin(const Metric& metric) {
    flush();
    metric_ = &metric;
    family_.name = metric.name;
    family_.help = metric.help;
    family_.type = typeOf(metric.kind);
    label_names_.clear();
    for (std::string_view rest = metric.labels; !rest.empty();) {
      label_names_.emplace_back(rest.substr(0, rest.find(',')));
      rest.remove_prefix(std::min(rest.size(), label_names_.back().size() + 1));
    }
  }

  /// nullptr at the bound.
  ClientMetric* next(LabelValues values) {
    ROCKETMQ_CHECK(metric_ != nullptr && values.size() == label_names_.size());
    if (family_.metric.size() >= series_max_) {
      ++dropped_;
      return nullptr;
    }
    ClientMetric& series = family_.metric.emplace_back();
    series.label.reserve(values.size() + 3);
    const bool is_exporters = metric_->style == MetricStyle::kExporter;
    series.label.push_back({"cluster", asUtf8(node_.cluster)});
    if (is_exporters) {
      series.label.push_back({"broker", asUtf8(node_.node_id)});
    } else {
      series.label.push_back({"node_type", node_.node_type});
      series.label.push_back({"node_id", asUtf8(node_.node_id)});
    }
    size_t i = 0;
    for (const std::string_view value : values) {
      series.label.push_back({label_names_[i++], asUtf8(value)});
    }
    return &series;
  }

  void add(double value, LabelValues labels) {
    if (ClientMetric* const series = next(labels)) {
      (metric_->kind == MetricKind::kCounter ? series->counter.value : series->gauge.value) = value;
    }
  }

  void addHistogram(const Histogram& histogram, LabelValues labels) {
    ClientMetric* const series = next(labels);
    if (series == nullptr) {
      return;
    }
    uint64_t count = 0;
    for (size_t i = 0; i < histogram.counts.size(); ++i) {
      count += static_cast<uint64_t>(histogram.counts[i]);
      const double limit = i < histogram.limits.size() ? histogram.limits[i]
                                                       : std::numeric_limits<double>::infinity();
      series->histogram.bucket.push_back({.cumulative_count = count, .upper_bound = limit});
    }
    series->histogram.sample_count = count;
    series->histogram.sample_sum = histogram.sum;
  }

  std::string finish() {
    begin(kDroppedSeries);
    add(static_cast<double>(dropped_), {});
    flush();
    return std::move(out_).str();
  }

 private:
  void flush() {
    if (!family_.metric.empty()) {
      prometheus::TextSerializer().Serialize(out_, {std::move(family_)});
    }
    family_ = {};
  }

  const Node node_;
  const size_t series_max_;
  std::ostringstream out_;
  const Metric* metric_ = nullptr;
  std::vector<std::string> label_names_;
  prometheus::MetricFamily family_;
  size_t dropped_ = 0;
};

Page::Page(const Node& node, size_t series_max) : impl_(std::make_unique<Impl>(node, series_max)) {}

Page::~Page() = default;

void Page::begin(const Metric& metric) { impl_->begin(metric); }

void Page::add(double value, LabelValues labels) { impl_->add(value, labels); }

void Page::single(const Metric& metric, double value) {
  begin(metric);
  add(value);
}

void Page::addHistogram(const Histogram& histogram, LabelValues labels) {
  impl_->addHistogram(histogram, labels);
}

std::string Page::finish() { return impl_->finish(); }

}  // namespace rocketmq::metrics

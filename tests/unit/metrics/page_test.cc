// The text of a page.

#include "metrics/page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <string>

namespace rocketmq::metrics {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr Metric kTopics{"topics", MetricKind::kGauge, "topic,kind", "Topics."};
constexpr Metric kOld{"old", MetricKind::kGauge, "topic", "As the exporter.",
                      MetricStyle::kExporter};
constexpr Metric kSizes{"sizes", MetricKind::kHistogram, "topic", "Bytes."};

TEST(PageTest, AValueHasTheLabelsOfItsStyleAndItsOwn) {
  Page page({.cluster = "C", .node_type = "broker", .node_id = "a"}, 10);
  page.begin(kTopics);
  page.add(int64_t{9'007'199'254'740'991}, {"T", "k"});
  page.begin(kOld);
  page.add(0.5, {"T"});
  const std::string text = page.finish();
  EXPECT_THAT(text, HasSubstr("# HELP topics Topics.\n# TYPE topics gauge\n"
                              "topics{cluster=\"C\",node_type=\"broker\",node_id=\"a\",topic=\"T\","
                              "kind=\"k\"} 9007199254740991\n"));
  EXPECT_THAT(text, HasSubstr("old{cluster=\"C\",broker=\"a\",topic=\"T\"} 0.5\n"));
}

TEST(PageTest, HostileNamesCannotBreakOutOfTheirLabel) {
  Page page({.cluster = "C\"}\n", .node_type = "broker", .node_id = "a"}, 10);
  page.begin(kTopics);
  page.add(int64_t{1}, {"x\"} 5\ny{z=\"", "back\\slash \xff\xc3"});
  EXPECT_THAT(page.finish(),
              HasSubstr("topics{cluster=\"C\\\"}\\n\",node_type=\"broker\",node_id=\"a\","
                        "topic=\"x\\\"} 5\\ny{z=\\\"\",kind=\"back\\\\slash \xEF\xBF\xBD"
                        "\xEF\xBF\xBD\"} 1\n"));
}

TEST(PageTest, AMetricIsCutAtItsBoundAndThePageSaysSo) {
  Page page({.cluster = "C", .node_type = "broker", .node_id = "a"}, 2);
  page.begin(kTopics);
  for (const char* topic : {"A", "B", "D", "E"}) {
    page.add(int64_t{1}, {topic, ""});
  }
  const std::string text = page.finish();
  EXPECT_THAT(text, HasSubstr("topic=\"B\""));
  EXPECT_THAT(text, Not(HasSubstr("topic=\"D\"")));
  EXPECT_THAT(text, HasSubstr("rocketmq_metrics_dropped_series{cluster=\"C\",node_type=\"broker\","
                              "node_id=\"a\"} 2\n"));
}

TEST(PageTest, AHistogramIsCumulative) {
  Page page({.cluster = "C", .node_type = "broker", .node_id = "a"}, 10);
  page.begin(kSizes);
  const std::array<double, 2> limits{10, 20};
  const std::array<int64_t, 3> counts{1, 2, 3};
  page.addHistogram({.limits = limits, .counts = counts, .sum = 99}, {"T"});
  const std::string text = page.finish();
  EXPECT_THAT(text, HasSubstr("topic=\"T\",le=\"20\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("topic=\"T\",le=\"+Inf\"} 6\n"));
  EXPECT_THAT(text, HasSubstr("sizes_sum{cluster=\"C\",node_type=\"broker\",node_id=\"a\","
                              "topic=\"T\"} 99\n"));
}

}  // namespace
}  // namespace rocketmq::metrics

// Writes conf/*.conf, docs/configuration.md and docs/metrics-reference.md below a folder, from the
// daemons' settings tables and lists of metrics. bin/gendocs runs it on the source tree; a test
// runs it elsewhere and compares.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "broker/metrics/broker_metrics.h"
#include "broker/settings.h"
#include "common/settings_docs.h"
#include "metrics/metric.h"
#include "namesrv/metrics/namesrv_metrics.h"
#include "namesrv/settings.h"

namespace {

constexpr const char* kIntroduction = R"(# Configuration

Made by `bin/gendocs` from the settings tables of the daemons (`broker/settings.cc`, `namesrv/settings.cc`).

Both daemons read a `.properties` file given with `-c`; `-p` prints every setting in force, `-m` the important ones. The
keys, their meaning and their defaults are RocketMQ's, so a Java broker's file works as it is: a RocketMQ key that means
nothing here is accepted silently, a key that nobody knows gets one warning with the nearest known name, and a bad value
stops the start with its file, line and what is allowed. `mqadmin updateBrokerConfig` and `updateNamesrvConfig` change
settings of a running daemon; those that take effect at a restart are checked and written to its file.

)";

constexpr const char* kMetricsIntroduction = R"(# Metrics

Made by `bin/gendocs` from what the daemons export; how to switch it on is in [metrics.md](metrics.md).

)";

bool write(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream file(path);
  file << text;
  return static_cast<bool>(file.flush());
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: gendocs FOLDER\n");
    return 1;
  }
  using rocketmq::broker::BrokerSettings;
  using rocketmq::namesrv::NamesrvSettings;
  const std::filesystem::path folder = argv[1];
  const bool written =
      write(folder / "conf/broker.conf",
            rocketmq::sampleSettingsFile<BrokerSettings>({{"brokerClusterName", "DefaultCluster"},
                                                          {"brokerName", "broker-a"},
                                                          {"brokerId", "0"},
                                                          {"deleteWhen", "04"},
                                                          {"fileReservedTime", "48"},
                                                          {"flushDiskType", "ASYNC_FLUSH"}})) &&
      write(folder / "conf/namesrv.conf",
            rocketmq::sampleSettingsFile<NamesrvSettings>({{"listenPort", "9876"}})) &&
      write(folder / "docs/configuration.md",
            std::string(kIntroduction) + "## Broker\n\n" +
                rocketmq::settingsAsMarkdown<BrokerSettings>() + "\n## Name server\n\n" +
                rocketmq::settingsAsMarkdown<NamesrvSettings>()) &&
      write(folder / "docs/metrics-reference.md",
            std::string(kMetricsIntroduction) + "## Broker\n\n" +
                rocketmq::metrics::metricsAsMarkdown(rocketmq::broker::BrokerMetrics::all()) +
                "\n## Name server\n\n" +
                rocketmq::metrics::metricsAsMarkdown(rocketmq::namesrv::namesrvMetrics()));
  if (!written) {
    std::fprintf(stderr, "cannot write below %s\n", argv[1]);
    return 1;
  }
  return 0;
}

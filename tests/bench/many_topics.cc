// What making very many topics on one broker costs, and whether one costs more beside many others.
//
//   many_topics [--topics=5000] [--window=64]
//
// Topics are made by updateTopic, one after the other; by sends to topics that are not there, one
// after the other; and by the same with `window` sends under way. Each time in a cluster of its own
// that has been started anew.
#include <cstdint>
#include <cstdio>
#include <deque>
#include <functional>
#include <string>

#include "common/check.h"
#include "tests/bench/steps.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::bench {
namespace {

constexpr int kUpdateTopic = 17;
constexpr int kSendMessageV2 = 310;

int topics = 5000;
int window = 64;

/// Sends the request that makes topic `number`; returns its opaque.
using Request = std::function<int(test::RawClient& client, int number)>;

int requestUpdate(test::RawClient& client, int number) {
  return client.request(kUpdateTopic,
                        R"({"topic":"made-)" + std::to_string(number) +
                            R"(","defaultTopic":"TBW102","readQueueNums":"4","writeQueueNums":"4",)"
                            R"("perm":"6","topicFilterType":"SINGLE_TAG","topicSysFlag":"0",)"
                            R"("order":"false"})");
}

int requestSend(test::RawClient& client, int number) {
  return client.request(kSendMessageV2,
                        R"({"a":"bench","b":"made-)" + std::to_string(number) +
                            R"(","c":"TBW102","d":"4","e":"0","f":"0",)"
                            R"("g":"1700000000000","h":"0","i":"","j":"0",)"
                            R"("k":"false","l":"0","m":"false"})",
                        "body");
}

void makeTopics(test::RawClient& client, const Request& request, int from, int to, int under_way) {
  std::deque<int> waiting;
  const auto awaitOne = [&] {
    const auto answer = client.answer(waiting.front());
    waiting.pop_front();
    ROCKETMQ_CHECK(answer && answer->code == 0);
  };
  for (int number = from; number < to; ++number) {
    if (static_cast<int>(waiting.size()) >= under_way) {
      awaitOne();
    }
    waiting.push_back(request(client, number));
  }
  while (!waiting.empty()) {
    awaitOne();
  }
}

void run(const std::string& name, const Request& request, int under_way) {
  const test::TempDir dir;
  test::Cluster cluster(dir.path().string(), {{"maxAutoCreatedTopics", "1000000"}});
  cluster.start();
  test::RawClient client(cluster.brokerPort());
  const int tenth = topics / 10;
  for (int part = 0; part < 10; part += 9) {
    timed(name + ", topics " + std::to_string(part * tenth) + " to " +
              std::to_string((part + 1) * tenth),
          [&] { makeTopics(client, request, part * tenth, (part + 1) * tenth, under_way); });
    if (part == 0) {
      timed(name + ", those between",
            [&] { makeTopics(client, request, tenth, 9 * tenth, under_way); });
    }
  }
}

}  // namespace
}  // namespace rocketmq::bench

int main(int argc, char** argv) {
  double topics = rocketmq::bench::topics;
  double window = rocketmq::bench::window;
  rocketmq::bench::readOptions(argc, argv, {{"--topics", &topics}, {"--window", &window}},
                               "many_topics [--topics=5000] [--window=64]");
  rocketmq::bench::topics = static_cast<int>(topics);
  rocketmq::bench::window = static_cast<int>(window);
  rocketmq::bench::run("updateTopic", rocketmq::bench::requestUpdate, 1);
  rocketmq::bench::run("sends, one by one", rocketmq::bench::requestSend, 1);
  rocketmq::bench::run("sends, " + std::to_string(rocketmq::bench::window) + " under way",
                       rocketmq::bench::requestSend, rocketmq::bench::window);
  return 0;
}

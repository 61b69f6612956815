#include "tests/fault/hostile_support.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>
#include <thread>

#include "common/thread.h"
#include "tests/fault/processor_load.h"
#include "tests/fault/sink.h"
#include "tests/fault/well_behaved.h"
#include "tests/support/cpu_time.h"
#include "tests/support/sanitizers.h"

namespace rocketmq::test {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int64_t kWarmMessages = 100;
constexpr milliseconds kMemoryLookEvery{20};
/// The machine has hiccups of its own, which hit one phase and not the other. What the daemons do
/// to the clients shows in every round.
constexpr int kRoundsMax = 3;

double processorSeconds(const Daemon& daemon) { return cpuTimeOf(daemon.pid()).all(); }

int64_t memoryOf(Cluster& cluster) {
  return anonymousKib(cluster.broker()) + anonymousKib(cluster.namesrv());
}

struct Phase {
  PairReport seen;
  double broker_load = 0;  ///< Processors that the daemons took.
  double namesrv_load = 0;
  int64_t memory_growth_kib = 0;  ///< Anonymous memory of broker and name server, at its highest.
};

/// One phase: `attack` on `target` for the time of an attack.
Phase watch(const char* name, Cluster& cluster, WellBehaved& clients, const Attack& attack,
            Target target) {
  const int64_t memory_before = memoryOf(cluster);
  const auto begin = steady_clock::now();
  const double broker_before = processorSeconds(cluster.broker());
  const double namesrv_before = processorSeconds(cluster.namesrv());
  int64_t memory_max = memory_before;
  std::atomic<bool> over{false};
  target.over = [&over] { return over.load(); };
  clients.take();
  NamedThread attacker("attacker", [&] { attack(target); });
  const auto end = begin + attackTime();
  while (steady_clock::now() < end) {
    memory_max = std::max(memory_max, memoryOf(cluster));
    std::this_thread::sleep_for(kMemoryLookEvery);
  }
  over = true;
  attacker.join();
  const double seconds = std::chrono::duration<double>(steady_clock::now() - begin).count();
  const Phase phase{
      .seen = clients.take(),
      .broker_load = (processorSeconds(cluster.broker()) - broker_before) / seconds,
      .namesrv_load = (processorSeconds(cluster.namesrv()) - namesrv_before) / seconds,
      .memory_growth_kib = std::max(memory_max, memoryOf(cluster)) - memory_before};
  std::cout << name << ": " << phase.seen.messages << " messages, p99 of send "
            << phase.seen.send_p99_ms << " ms, delivery " << phase.seen.delivery_p99_ms
            << " ms, route " << phase.seen.route_p99_ms << " ms, memory +"
            << phase.memory_growth_kib / 1024 << " MiB, processors +" << phase.broker_load << " +"
            << phase.namesrv_load << std::endl;
  return phase;
}

void nobodyAttacks(const Target& target) { eventually(target.over, std::chrono::hours(1)); }

/// What the machine does by itself while somebody attacks something on it.
struct Control {
  PairReport clients;      ///< Whose daemons nobody attacks.
  double echo_p99_ms = 0;  ///< Of a client that shares the attacked sink, which does nothing.
};

/// `loads`: what the daemons take while they are attacked.
Control watchSinks(Cluster& cluster, WellBehaved& clients, const Attack& attack,
                   const Phase& loads) {
  const Sink broker;
  const Sink namesrv;
  const ProcessorLoad broker_load(loads.broker_load);
  const ProcessorLoad namesrv_load(loads.namesrv_load);
  Asker echo(broker.port());
  Control control;
  control.clients =
      watch("sinks attacked", cluster, clients, attack,
            {.broker_port = broker.port(), .namesrv_port = namesrv.port(), .is_sink = true})
          .seen;
  control.echo_p99_ms = echo.takeP99();
  std::cout << "echo of an attacked sink: " << control.echo_p99_ms << " ms" << std::endl;
  return control;
}

/// Which p99s of an attack are more than they may be, as text; empty for none.
std::string harmOf(const PairReport& normal, const PairReport& attacked, const Control& control,
                   double floor_ms) {
  std::ostringstream harm;
  const auto compare = [&](const char* what, double PairReport::*p99) {
    const double bound =
        timeFactor() *
        std::max({floor_ms, 5 * normal.*p99, 2 * control.clients.*p99, 2 * control.echo_p99_ms});
    if (attacked.*p99 > bound) {
      harm << what << " " << attacked.*p99 << " ms, allowed " << bound << "; ";
    }
  };
  compare("send", &PairReport::send_p99_ms);
  compare("delivery", &PairReport::delivery_p99_ms);
  compare("route", &PairReport::route_p99_ms);
  return harm.str();
}

}  // namespace

milliseconds attackTime() {
  return std::chrono::seconds(sizeFromEnvironment("ROCKETMQ_HOSTILE_SECONDS", 2));
}

int64_t sizeFromEnvironment(const char* name, int64_t usual) {
  const char* const value = std::getenv(name);
  return value == nullptr ? usual : std::atoll(value);
}

void expectUnharmed(Cluster& cluster, const Attack& attack, HarmLimits limits) {
  WellBehaved clients(cluster);
  ASSERT_TRUE(clients.awaitReceived(kWarmMessages));  // Caches and connections are warm then.
  std::string harm;
  for (int round = 0; round < kRoundsMax && (round == 0 || !harm.empty()); ++round) {
    const PairReport normal = watch("normal", cluster, clients, nobodyAttacks, {}).seen;
    const Phase attacked =
        watch("attacked", cluster, clients, attack,
              {.broker_port = cluster.brokerPort(), .namesrv_port = cluster.namesrvPort()});
    // Else what the attack has delayed would seem to be the machine's doing.
    clients.catchUp();
    const Control control = watchSinks(cluster, clients, attack, attacked);
    clients.catchUp();
    harm = harmOf(normal, attacked.seen, control, limits.p99_floor_ms);
    EXPECT_EQ(attacked.seen.failures, 0);
    EXPECT_GT(attacked.seen.messages, 0);
    EXPECT_LT(attacked.memory_growth_kib, limits.memory_growth_kib * memoryFactor());
  }
  EXPECT_EQ(harm, "");
  EXPECT_EQ(clients.stop(), 0) << "messages are lost";
  EXPECT_TRUE(cluster.broker().running()) << cluster.broker().output();
  EXPECT_TRUE(cluster.namesrv().running()) << cluster.namesrv().output();
}

void expectGoodEnd(Cluster& cluster) {
  cluster.stopBroker();
  cluster.stopNamesrv();
  for (Daemon* daemon : {&cluster.broker(), &cluster.namesrv()}) {
    EXPECT_EQ(daemon->output().find("Sanitizer"), std::string::npos) << daemon->output();
    EXPECT_EQ(daemon->output().find("runtime error"), std::string::npos) << daemon->output();
  }
}

std::string lengthWord(uint32_t value) {
  std::string word;
  for (int shift = 24; shift >= 0; shift -= 8) {
    word.push_back(static_cast<char>(value >> shift & 0xFF));
  }
  return word;
}

std::string hostileFrame(int code, const std::string& ext_fields, std::string_view body, int opaque,
                         int flag) {
  std::string header = R"({"code":)" + std::to_string(code) + R"(,"extFields":)" +
                       (ext_fields.empty() ? "{}" : ext_fields) + R"(,"flag":)" +
                       std::to_string(flag) + R"(,"language":"JAVA","opaque":)" +
                       std::to_string(opaque) + R"(,"version":409})";
  std::string frame = lengthWord(static_cast<uint32_t>(4 + header.size() + body.size()));
  frame += lengthWord(static_cast<uint32_t>(header.size()));
  frame += header;
  return frame.append(body);
}

int64_t anonymousKib(const Daemon& daemon) {
  std::ifstream status("/proc/" + std::to_string(daemon.pid()) + "/status");
  for (std::string line; std::getline(status, line);) {
    if (line.starts_with("RssAnon:")) {
      return std::atoll(line.c_str() + 8);
    }
  }
  return 0;
}

}  // namespace rocketmq::test

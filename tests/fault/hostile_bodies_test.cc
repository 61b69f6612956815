// Well-formed requests with long bodies, each of which takes a daemon some time. Promise: see
// expectUnharmed().

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "common/check.h"
#include "tests/fault/hostile_support.h"
#include "tests/support/daemon.h"
#include "tests/support/raw_socket.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::test {
namespace {

constexpr int kSendMessageV2 = 310;
/// As long as a frame can be, nearly.
constexpr size_t kBodyBytes = 15u << 20;
/// More than one for each I/O thread of the broker.
constexpr size_t kConnections = 8;

/// Connects to 127.0.0.1:port from 127.0.0.2, which is on no white list.
RawSocket connectAsStranger(uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in from{};
  from.sin_family = AF_INET;
  from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1);
  ROCKETMQ_CHECK(::bind(socket, reinterpret_cast<sockaddr*>(&from), sizeof(from)) == 0);
  sockaddr_in to = from;
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  to.sin_port = htons(port);
  ROCKETMQ_CHECK(::connect(socket, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0);
  return RawSocket(socket);
}

/// Who knows the name of an account has signatures of long bodies checked, of many at the same
/// moment and in each way in which a client may have made them. They are all wrong.
TEST(HostileBodies, SignaturesOfLongBodies) {
  TempDir dir;
  std::filesystem::create_directories(dir / "conf");
  std::ofstream(dir / "conf/plain_acl.yml") << "globalWhiteRemoteAddresses: [127.0.0.1]\n"
                                               "accounts:\n"
                                               "  - accessKey: application\n"
                                               "    secretKey: secret-of-application\n"
                                               "    defaultTopicPerm: PUB|SUB\n";
  Cluster cluster(dir.path().string(), {{"aclEnable", "true"}, {"rocketmqHome", dir.path()}});
  cluster.start();
  const std::string frame = hostileFrame(
      kSendMessageV2,
      R"({"a":"hostile","b":"Signed","c":"TBW102","d":"4","e":"0","f":"0","g":"1700000000000",)"
      R"("h":"0","i":"","j":"0","k":"false","l":"0","m":"false","AccessKey":"application",)"
      R"("Signature":"AAAAAAAAAAAAAAAAAAAAAAAAAAA=","_UNIQUE_KEY_QUERY":"true",)"
      R"("__ZONE_NAME":"z"})",
      std::string(kBodyBytes, 'x'));
  expectUnharmed(cluster,
                 [&](const Target& target) {
                   std::vector<RawSocket> sockets;
                   while (sockets.size() < kConnections) {
                     sockets.push_back(connectAsStranger(target.broker_port));
                   }
                   const std::string_view most =
                       std::string_view(frame).substr(0, frame.size() - 1);
                   while (!target.over()) {
                     for (RawSocket& socket : sockets) {
                       ASSERT_TRUE(socket.write(most));
                     }
                     for (RawSocket& socket : sockets) {
                       ASSERT_TRUE(socket.write(frame.substr(most.size())));
                     }
                     for (RawSocket& socket : sockets) {
                       const auto answer = socket.readFrame();
                       ASSERT_TRUE(answer.has_value());
                       ASSERT_TRUE(target.is_sink ||
                                   answer->find("Check signature failed") != std::string::npos);
                     }
                   }
                 },
                 {.memory_growth_kib = 256 * 1024});
  expectGoodEnd(cluster);
}

}  // namespace
}  // namespace rocketmq::test

// What a port does when the process has no file left for a connection.

#include "remoting/acceptor.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <fstream>
#include <future>
#include <iterator>
#include <string>

#include "common/descriptor.h"
#include "common/log.h"
#include "remoting/io_pool.h"
#include "tests/support/eventually.h"
#include "tests/support/file_limit.h"
#include "tests/support/temp_dir.h"

namespace rocketmq::remoting {
namespace {

/// The first file number that is free: all below are in use.
size_t firstFree() { return static_cast<size_t>(Descriptor(::open("/", O_RDONLY)).get()); }

/// What there is of a file that was open before there were none left.
std::string textOf(std::ifstream& file) {
  file.clear();
  file.seekg(0);
  return std::string(std::istreambuf_iterator<char>(file), {});
}

bool connectTo(const Descriptor& socket, uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

TEST(AcceptorTest, WithoutFilesItSaysSoOnceASecondAndAcceptsWhenThereAreSome) {
  const test::TempDir folder;
  ASSERT_TRUE(log::init({.directory = folder.path().string(), .file_name = "a.log"}).isOk());
  std::ifstream written(folder / "a.log");
  ASSERT_TRUE(written);
  IoPool pool("acceptor", 1);
  auto acceptor = Acceptor::open(pool.context(0), "127.0.0.1", 0);
  ASSERT_TRUE(acceptor.ok()) << acceptor.status().message();
  std::promise<void> accepted;
  (*acceptor)->start([&](const Descriptor&, asio::ip::tcp) { accepted.set_value(); });
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  {
    const test::FileLimit none_left(firstFree());
    ASSERT_TRUE(connectTo(socket, (*acceptor)->port()));
    // It tries again ten times in the meantime.
    EXPECT_TRUE(test::eventually([&] {
      return textOf(written).find("lines like this were left out") != std::string::npos;
    })) << textOf(written);
  }
  EXPECT_EQ(accepted.get_future().wait_for(std::chrono::seconds(20)), std::future_status::ready);
  (*acceptor)->stop();
  log::shutdown();
}

}  // namespace
}  // namespace rocketmq::remoting

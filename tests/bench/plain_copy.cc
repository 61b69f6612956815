#include "tests/bench/plain_copy.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/sendfile.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>
#include <vector>

#include "common/check.h"
#include "common/descriptor.h"
#include "tests/support/cpu_time.h"

namespace rocketmq::bench {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kPieceBytes = 1 << 20;

/// Returns the processor time of the calling thread, in seconds.
double receiveInto(int listener, const std::string& path) {
  const Descriptor socket(::accept(listener, nullptr, nullptr));
  const Descriptor file(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
  ROCKETMQ_CHECK(socket.valid() && file.valid());
  std::vector<char> piece(kPieceBytes);
  for (ssize_t got = 0; (got = ::recv(socket.get(), piece.data(), piece.size(), 0)) > 0;) {
    ROCKETMQ_CHECK(::write(file.get(), piece.data(), static_cast<size_t>(got)) == got);
  }
  return std::chrono::duration<double>(test::ownCpuTime()).count();
}

void sendFile(int socket, const fs::path& path, int64_t bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY));
  ROCKETMQ_CHECK(file.valid());
  while (bytes > 0) {
    const auto piece = static_cast<size_t>(std::min(bytes, kPieceBytes));
    const ssize_t sent = ::sendfile(socket, file.get(), nullptr, piece);
    ROCKETMQ_CHECK(sent > 0);
    bytes -= sent;
  }
}

}  // namespace

double copyPlainly(const std::string& from_folder, int64_t bytes, const std::string& to_file) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(from_folder)) {
    files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  const Descriptor listener(::socket(AF_INET, SOCK_STREAM, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof(address);
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  ROCKETMQ_CHECK(::bind(listener.get(), plain, length) == 0 && ::listen(listener.get(), 1) == 0);
  ROCKETMQ_CHECK(::getsockname(listener.get(), plain, &length) == 0);
  double receiver_seconds = 0;
  std::thread receiver([&] { receiver_seconds = receiveInto(listener.get(), to_file); });
  {
    const Descriptor socket(::socket(AF_INET, SOCK_STREAM, 0));
    ROCKETMQ_CHECK(::connect(socket.get(), plain, length) == 0);
    for (const fs::path& file : files) {
      const auto piece = std::min(bytes, static_cast<int64_t>(fs::file_size(file)));
      sendFile(socket.get(), file, piece);
      bytes -= piece;
    }
  }
  receiver.join();
  return receiver_seconds;
}

}  // namespace rocketmq::bench

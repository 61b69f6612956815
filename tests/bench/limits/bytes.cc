#include "tests/bench/limits/bytes.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <stdexcept>
#include <thread>
#include <vector>

#include "tools/mqbench/workload.h"

namespace rocketmq::bench {
namespace {

constexpr int64_t kFileBytes = 256 << 20;

int checked(int64_t result, const char* what) {
  if (result < 0) {
    throw std::runtime_error(std::string(what) + ": " + std::strerror(errno));
  }
  return static_cast<int>(result);
}

/// A preallocated, mapped file that has no name any more.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& folder) {
    const std::string path = folder + "/limits.scratch";
    fd_ = checked(::open(path.c_str(), O_RDWR | O_CREAT | O_TRUNC, 0600), path.c_str());
    ::unlink(path.c_str());
    if (::posix_fallocate(fd_, 0, kFileBytes) != 0) {
      throw std::runtime_error("no room for 256 MiB in " + folder);
    }
    void* at = ::mmap(nullptr, kFileBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) {
      throw std::runtime_error("mmap: " + std::string(std::strerror(errno)));
    }
    data_ = static_cast<char*>(at);
  }
  ~ScratchFile() {
    ::munmap(data_, kFileBytes);
    ::close(fd_);
  }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  int fd() const { return fd_; }
  char* data() const { return data_; }
  void touch() { std::memset(data_, 'r', kFileBytes); }

 private:
  int fd_ = -1;
  char* data_ = nullptr;
};

/// Calls `step`, which returns bytes, until the time is over.
Report repeat(const char* name, int32_t record_bytes, double seconds,
              const std::function<int64_t()>& step) {
  Report report;
  report.command = name;
  report.settings = {{"size", std::to_string(record_bytes)}};
  const int64_t start = nowNs();
  const int64_t end = start + static_cast<int64_t>(seconds * 1e9);
  int64_t now = start;
  while (now < end) {
    report.body_bytes += step();
    now = nowNs();
  }
  report.messages = report.body_bytes / record_bytes;
  report.elapsed = std::chrono::nanoseconds(now - start);
  return report;
}

/// Takes everything from the sockets and throws it away; ends the process.
[[noreturn]] void drainAll(const std::vector<int>& sockets) {
  std::vector<std::thread> threads;
  for (const int socket : sockets) {
    threads.emplace_back([socket] {
      std::vector<char> buffer(256 << 10);
      while (::recv(socket, buffer.data(), buffer.size(), 0) > 0) {
      }
    });
  }
  for (std::thread& thread : threads) {
    thread.join();
  }
  ::_exit(0);
}

/// Sockets of this process whose other ends are drained by a child process.
class DrainedSockets {
 public:
  explicit DrainedSockets(int32_t connections) {
    const int listener = checked(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), "socket");
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    auto* generic = reinterpret_cast<sockaddr*>(&address);
    checked(::bind(listener, generic, size), "bind");
    checked(::listen(listener, connections), "listen");
    checked(::getsockname(listener, generic, &size), "getsockname");
    std::vector<int> readers;
    for (int32_t i = 0; i < connections; ++i) {
      readers.push_back(checked(::socket(AF_INET, SOCK_STREAM, 0), "socket"));
      checked(::connect(readers.back(), generic, size), "connect");
      writers_.push_back(checked(::accept(listener, nullptr, nullptr), "accept"));
    }
    ::close(listener);
    child_ = checked(::fork(), "fork");
    if (child_ == 0) {
      for (const int writer : writers_) {
        ::close(writer);
      }
      drainAll(readers);
    }
    for (const int reader : readers) {
      ::close(reader);
    }
  }
  ~DrainedSockets() {
    for (const int writer : writers_) {
      ::close(writer);
    }
    ::waitpid(child_, nullptr, 0);
  }
  DrainedSockets(const DrainedSockets&) = delete;
  DrainedSockets& operator=(const DrainedSockets&) = delete;

  int next() { return writers_[turn_++ % writers_.size()]; }

 private:
  std::vector<int> writers_;
  size_t turn_ = 0;
  pid_t child_ = -1;
};

/// Gives the offset of the next `bytes` of the file, from its beginning again at its end.
class Cursor {
 public:
  explicit Cursor(int64_t bytes) : bytes_(bytes) {}
  int64_t next() {
    const int64_t at = at_;
    at_ = at_ + 2 * bytes_ > kFileBytes ? 0 : at_ + bytes_;
    return at;
  }

 private:
  int64_t bytes_;
  int64_t at_ = 0;
};

}  // namespace

Report runMemcpy(const std::string& folder, int32_t record_bytes, double seconds) {
  ScratchFile file(folder);
  file.touch();
  const std::string record(static_cast<size_t>(record_bytes), 'm');
  Cursor cursor(record_bytes);
  return repeat("memcpy", record_bytes, seconds, [&] {
    std::memcpy(file.data() + cursor.next(), record.data(), record.size());
    return static_cast<int64_t>(record.size());
  });
}

Report runFdatasync(const std::string& folder, int32_t record_bytes, double seconds) {
  ScratchFile file(folder);
  file.touch();
  checked(::fdatasync(file.fd()), "fdatasync");
  const std::string record(static_cast<size_t>(record_bytes), 'd');
  Cursor cursor(record_bytes);
  return repeat("fdatasync", record_bytes, seconds, [&] {
    const int64_t written = ::pwrite(file.fd(), record.data(), record.size(), cursor.next());
    checked(written, "pwrite");
    checked(::fdatasync(file.fd()), "fdatasync");
    return written;
  });
}

Report runGatherStream(const std::string& folder, int32_t record_bytes, int32_t records,
                       int32_t connections, double seconds) {
  ScratchFile file(folder);
  file.touch();
  DrainedSockets sockets(connections);
  Cursor cursor(static_cast<int64_t>(record_bytes) * records);
  std::vector<iovec> slices(static_cast<size_t>(records));
  return repeat("gather", record_bytes, seconds, [&] {
    char* at = file.data() + cursor.next();
    int64_t left = 0;
    for (iovec& slice : slices) {
      slice = {at, static_cast<size_t>(record_bytes)};
      at += record_bytes;
      left += record_bytes;
    }
    // A blocking socket takes all of it, unless a signal comes.
    const int64_t written =
        ::writev(sockets.next(), slices.data(), static_cast<int>(slices.size()));
    checked(written, "writev");
    return std::min(left, written);
  });
}

Report runSendfile(const std::string& folder, int32_t record_bytes, int32_t records,
                   int32_t connections, double seconds) {
  ScratchFile file(folder);
  file.touch();
  DrainedSockets sockets(connections);
  const int64_t bytes = static_cast<int64_t>(record_bytes) * records;
  Cursor cursor(bytes);
  return repeat("sendfile", record_bytes, seconds, [&] {
    off_t at = cursor.next();
    const int64_t sent = ::sendfile(sockets.next(), file.fd(), &at, static_cast<size_t>(bytes));
    checked(sent, "sendfile");
    return sent;
  });
}

}  // namespace rocketmq::bench

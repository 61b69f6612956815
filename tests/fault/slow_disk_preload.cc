// Loaded into a daemon by LD_PRELOAD: makes its disk slow. Each call that reaches the disk first
// waits as many milliseconds as SLOW_DISK_MS says.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <thread>

namespace {

void dawdle() {
  static const int milliseconds = [] {
    const char* text = std::getenv("SLOW_DISK_MS");
    return text != nullptr ? std::atoi(text) : 0;
  }();
  std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
}

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int fsync(int fd) {
  dawdle();
  return original<int(int)>("fsync")(fd);
}

int fdatasync(int fd) {
  dawdle();
  return original<int(int)>("fdatasync")(fd);
}

int msync(void* address, size_t length, int flags) {
  dawdle();
  return original<int(void*, size_t, int)>("msync")(address, length, flags);
}

int posix_fallocate(int fd, off_t offset, off_t length) {
  dawdle();
  return original<int(int, off_t, off_t)>("posix_fallocate")(fd, offset, length);
}

ssize_t pwrite(int fd, const void* bytes, size_t count, off_t offset) {
  dawdle();
  return original<ssize_t(int, const void*, size_t, off_t)>("pwrite")(fd, bytes, count, offset);
}

}  // extern "C"

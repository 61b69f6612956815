// Loaded into a daemon by LD_PRELOAD: shifts its wall clock by as many seconds as the file
// CLOCK_SHIFT holds, an int64_t that may change while the daemon runs. Monotonic clocks go on.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <ctime>

namespace {

int64_t shiftSeconds() {
  static const volatile int64_t* const shift = [] {
    static const int64_t none = 0;
    const char* path = std::getenv("CLOCK_SHIFT");
    const int fd = path == nullptr ? -1 : ::open(path, O_RDONLY | O_CLOEXEC);
    void* mapped =
        fd < 0 ? MAP_FAILED : ::mmap(nullptr, sizeof(int64_t), PROT_READ, MAP_SHARED, fd, 0);
    if (fd >= 0) {
      ::close(fd);
    }
    return mapped == MAP_FAILED ? &none : static_cast<const int64_t*>(mapped);
  }();
  return *shift;
}

template <class Function>
Function* original(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

}  // namespace

extern "C" {

int clock_gettime(clockid_t clock, timespec* time) {
  static auto* const real = original<int(clockid_t, timespec*)>("clock_gettime");
  const int result = real(clock, time);
  if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    time->tv_sec += shiftSeconds();
  }
  return result;
}

int gettimeofday(timeval* time, void* zone) noexcept {
  static auto* const real = original<int(timeval*, void*)>("gettimeofday");
  const int result = real(time, zone);
  time->tv_sec += result == 0 ? shiftSeconds() : 0;
  return result;
}

time_t time(time_t* out) noexcept {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != nullptr) {
    *out = now.tv_sec;
  }
  return now.tv_sec;
}

}  // extern "C"

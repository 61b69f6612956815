#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

/// One decoder of bytes from outside, fed with whatever libFuzzer or the seeds have. Each file
/// NAME_fuzz.cc has one:
///
///     ROCKETMQ_FUZZ_TARGET(name, input) { ...; ROCKETMQ_CHECK(what must hold); }
///
/// In the preset `fuzz` that makes a program of libFuzzer (fuzz_NAME); in every other build the
/// test fuzz_corpus runs the function on each file of seeds/NAME.
namespace rocketmq::fuzz {

struct Target {
  std::string_view name;
  void (*run)(std::string_view input);
};

/// All targets of this program.
std::vector<Target>& targets();

struct Registration {
  Registration(std::string_view name, void (*run)(std::string_view)) {
    targets().push_back({.name = name, .run = run});
  }
};

/// Takes an input apart: what a target has to choose besides the bytes it decodes. At the end of
/// the input everything is zero or empty.
class Input {
 public:
  explicit Input(std::string_view bytes) : bytes_(bytes) {}

  bool empty() const { return bytes_.empty(); }
  uint8_t byte() {
    const std::string_view taken = bytes(1);
    return taken.empty() ? uint8_t{0} : static_cast<uint8_t>(taken.front());
  }
  uint16_t word() {
    const int high = byte();
    return static_cast<uint16_t>(high << 8 | byte());
  }
  std::string_view bytes(size_t count) {
    const std::string_view taken = bytes_.substr(0, count);
    bytes_.remove_prefix(taken.size());
    return taken;
  }
  /// Up to the next zero byte, which goes too.
  std::string_view text() {
    const std::string_view taken = bytes_.substr(0, bytes_.find('\0'));
    bytes_.remove_prefix(taken.size() + (taken.size() < bytes_.size() ? 1 : 0));
    return taken;
  }
  std::string_view rest() { return bytes(bytes_.size()); }

 private:
  std::string_view bytes_;
};

/// Whether `part` lies in `whole`; an empty one may lie anywhere.
inline bool isWithin(std::string_view part, std::string_view whole) {
  return part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

}  // namespace rocketmq::fuzz

#ifdef ROCKETMQ_LIBFUZZER
#define ROCKETMQ_FUZZ_TARGET(name, input)                                      \
  static void name##Target(std::string_view input);                            \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);     \
  extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {    \
    name##Target(std::string_view(reinterpret_cast<const char*>(data), size)); \
    return 0;                                                                  \
  }                                                                            \
  static void name##Target(std::string_view input)
#else
#define ROCKETMQ_FUZZ_TARGET(name, input)                                            \
  static void name##Target(std::string_view input);                                  \
  static const rocketmq::fuzz::Registration name##Registration(#name, name##Target); \
  static void name##Target(std::string_view input)
#endif

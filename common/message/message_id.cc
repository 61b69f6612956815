#include "common/message/message_id.h"

#include <pthread.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <ctime>
#include <optional>
#include <random>

#include "common/bytes.h"
#include "common/clock.h"
#include "common/excerpt.h"
#include "common/hex.h"
#include "common/local_time.h"

namespace rocketmq {
namespace {

constexpr size_t kIpv4IdBytes = 16;
constexpr size_t kIpv6IdBytes = 28;

/// The two digits of each byte.
constexpr std::array<std::array<char, 2>, 256> kHexPairs = [] {
  constexpr char kDigits[] = "0123456789ABCDEF";
  std::array<std::array<char, 2>, 256> pairs{};
  for (size_t byte = 0; byte < pairs.size(); ++byte) {
    pairs[byte] = {kDigits[byte >> 4], kDigits[byte & 0xF]};
  }
  return pairs;
}();

/// Precondition: `size` is at most kIpv6IdBytes.
ShortText toHex(const char* bytes, size_t size) {
  char text[2 * kIpv6IdBytes];
  for (size_t i = 0; i < size; ++i) {
    std::memcpy(text + 2 * i, kHexPairs[static_cast<unsigned char>(bytes[i])].data(), 2);
  }
  return std::string_view(text, 2 * size);
}

/// The part of a unique id that stays the same as long as the process lives.
struct ProcessPrefix {
  char bytes[16 + 2 + 4];
  size_t size = 0;

  void generate() {
    const HostAddress& address = localAddress();
    size = address.is_ipv6 ? 16 : 4;
    std::memcpy(bytes, address.bytes.data(), size);
    storeBigEndian(bytes + size, static_cast<uint16_t>(getpid()));
    // Java puts the class loader's hash here. A random number also tells processes apart that
    // have the same address and process id, such as two containers on one host's network.
    storeBigEndian(bytes + size + 2, static_cast<uint32_t>(std::random_device{}()));
    size += 6;
  }
};

ProcessPrefix& processPrefix() {
  static ProcessPrefix* const prefix = [] {
    static ProcessPrefix storage;
    storage.generate();
    // A forked child has one thread, so nobody reads while this writes.
    pthread_atfork(nullptr, nullptr, [] { storage.generate(); });
    return &storage;
  }();
  return *prefix;
}

/// The calendar month, in the local time zone, that holds a time.
struct Month {
  TimestampMs begin_ms = 0;
  TimestampMs end_ms = 0;

  static Month around(TimestampMs now_ms) {
    std::tm first = localTime(now_ms);
    first.tm_mday = 1;
    first.tm_hour = 0;
    first.tm_min = 0;
    first.tm_sec = 0;
    first.tm_isdst = -1;
    std::tm next = first;
    next.tm_mon += 1;
    return {timestampOf(first).value_or(0), timestampOf(next).value_or(0)};
  }
};

/// A number that was never returned before: milliseconds since 1970 above 16 bits of counter. When
/// one millisecond needs more than 65536 ids, or the clock is set back, it runs ahead of the clock.
uint64_t nextTimeAndCounter() {
  static std::atomic<uint64_t> last{0};
  const uint64_t now = static_cast<uint64_t>(SystemClock::instance().nowMs()) << 16;
  uint64_t previous = last.load(std::memory_order_relaxed);
  uint64_t next = 0;
  do {
    next = now > previous ? now : previous + 1;
  } while (!last.compare_exchange_weak(previous, next, std::memory_order_relaxed));
  return next;
}

}  // namespace

ShortText OffsetMessageId::toText() const {
  char bytes[kIpv6IdBytes];
  store_host.encodeTo(bytes);
  const size_t host_bytes = store_host.encodedSize();
  storeBigEndian(bytes + host_bytes, physical_offset);
  return toHex(bytes, host_bytes + sizeof(physical_offset));
}

Result<OffsetMessageId> OffsetMessageId::parse(std::string_view text) {
  const bool is_ipv6 = text.size() == 2 * kIpv6IdBytes;
  char bytes[kIpv6IdBytes] = {};
  bool is_valid = is_ipv6 || text.size() == 2 * kIpv4IdBytes;
  for (size_t i = 0; is_valid && i < text.size() / 2; ++i) {
    const std::optional<uint32_t> byte = parseHex(text.substr(2 * i), 2);
    is_valid = byte.has_value();
    bytes[i] = static_cast<char>(byte.value_or(0));
  }
  if (!is_valid) {
    return Status::invalidArgument("'" + excerpt(text) +
                                   "' is not a message id of 32 or 56 hex digits");
  }
  ByteReader reader(bytes, text.size() / 2);
  OffsetMessageId id;
  id.store_host = HostAddress::decode(reader, is_ipv6);
  id.physical_offset = reader.read<int64_t>();
  return id;
}

ShortText newUniqueId() {
  thread_local Month month;
  const ProcessPrefix& prefix = processPrefix();
  const uint64_t time_and_counter = nextTimeAndCounter();
  const auto now_ms = static_cast<TimestampMs>(time_and_counter >> 16);
  if (now_ms < month.begin_ms || now_ms >= month.end_ms) {
    month = Month::around(now_ms);
  }
  char bytes[kIpv6IdBytes];
  std::memcpy(bytes, prefix.bytes, prefix.size);
  storeBigEndian(bytes + prefix.size, static_cast<uint32_t>(now_ms - month.begin_ms));
  storeBigEndian(bytes + prefix.size + 4, static_cast<uint16_t>(time_and_counter));
  return toHex(bytes, prefix.size + 6);
}

}  // namespace rocketmq

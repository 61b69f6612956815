#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "remoting/protocol/codes.h"

namespace rocketmq::remoting {

/// How a frame's header is encoded; the top byte of its header word.
enum class SerializeType : uint8_t { kJson = 0, kBinary = 1 };

inline constexpr int32_t kFlagResponse = 1;
inline constexpr int32_t kFlagOneway = 2;

/// A frame's extFields: name and value as views, in the order they came. Reused between frames, it
/// allocates only when a header has more fields than any before it.
class ExtFields {
 public:
  using Entry = std::pair<std::string_view, std::string_view>;

  void clear() { entries_.clear(); }
  void add(std::string_view name, std::string_view value) { entries_.emplace_back(name, value); }

  /// The last entry called `name` (RocketMQ: a later put wins), or nullptr.
  const std::string_view* find(std::string_view name) const {
    for (size_t i = entries_.size(); i-- > 0;) {
      if (isSameName(entries_[i].first, name)) {
        return &entries_[i].second;
      }
    }
    return nullptr;
  }

  size_t size() const { return entries_.size(); }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  /// The first bytes tell nearly all names of a header apart, and are all there is to the names of
  /// a V2 header: comparing them first avoids most calls of memcmp.
  static bool isSameName(std::string_view a, std::string_view b) {
    if (a.size() != b.size() || a.empty() || a.front() != b.front()) {
      return a.empty() && b.empty();
    }
    return a.size() == 1 || a == b;
  }

  std::vector<Entry> entries_;
};

/// One decoded frame (RocketMQ: RemotingCommand). All text, extFields and the body are views into
/// the frame's bytes: valid only as long as those.
struct CommandView {
  int32_t code = 0;
  Language language = Language::kJava;
  int32_t version = 0;
  int32_t opaque = 0;
  int32_t flag = 0;
  SerializeType serialize_type = SerializeType::kJson;
  std::string_view remark;
  ExtFields ext_fields;
  std::string_view body;

  bool isResponse() const { return (flag & kFlagResponse) != 0; }
  bool isOneway() const { return (flag & kFlagOneway) != 0; }
};

/// The fixed part of a header that is about to be written.
struct CommandHead {
  int32_t code = 0;
  Language language = Language::kCpp;
  int32_t version = kAnnouncedVersion;
  int32_t opaque = 0;
  int32_t flag = 0;
  SerializeType serialize_type = SerializeType::kJson;
  std::string_view remark;
};

}  // namespace rocketmq::remoting

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

  /// Decoders refuse headers with more: no request has more than some twenty, and an entry takes
  /// several times the bytes that it came in.
  static constexpr size_t kEntriesMax = 1024;

  void clear() {
    entries_.clear();
    before_.clear();
    last_.fill(0);
  }

  void add(std::string_view name, std::string_view value) {
    uint32_t& last = last_[bucketOf(name)];
    entries_.emplace_back(name, value);
    before_.push_back(last);
    last = static_cast<uint32_t>(entries_.size());
  }

  /// The last entry called `name` (RocketMQ: a later put wins), or nullptr.
  const std::string_view* find(std::string_view name) const {
    for (uint32_t at = last_[bucketOf(name)]; at != 0; at = before_[at - 1]) {
      if (entries_[at - 1].first == name) {
        return &entries_[at - 1].second;
      }
    }
    return nullptr;
  }

  size_t size() const { return entries_.size(); }
  bool isFull() const { return entries_.size() >= kEntriesMax; }
  auto begin() const { return entries_.begin(); }
  auto end() const { return entries_.end(); }

 private:
  static constexpr size_t kBuckets = 32;

  /// Apart for each of the letters that are all there is to the names of a V2 send.
  static size_t bucketOf(std::string_view name) {
    return name.empty() ? 0 : (static_cast<unsigned char>(name.front()) + name.size()) % kBuckets;
  }

  // Entries are numbered from 1; 0: none.
  std::vector<Entry> entries_;
  std::vector<uint32_t> before_;              ///< Of each entry: the one before it in its bucket.
  std::array<uint32_t, kBuckets> last_ = {};  ///< Of each bucket.
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

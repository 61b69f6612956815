#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <ostream>
#include <string>
#include <string_view>

namespace rocketmq {

/// Owned text that allocates only above kShortBytes, a size that every message id fits in. For text
/// that is made for each message; everything else is a std::string.
class ShortText {
 public:
  static constexpr size_t kShortBytes = 56;

  ShortText() = default;
  template <std::convertible_to<std::string_view> Text>
  ShortText(const Text& text) {
    append(text);
  }

  operator std::string_view() const { return view(); }
  std::string_view view() const {
    return long_.empty() ? std::string_view(short_.data(), short_bytes_) : long_;
  }
  std::string toString() const { return std::string(view()); }
  size_t size() const { return view().size(); }
  bool empty() const { return view().empty(); }

  void append(std::string_view text) {
    if (long_.empty() && short_bytes_ + text.size() <= kShortBytes) {
      short_bytes_ += text.copy(short_.data() + short_bytes_, text.size());
      return;
    }
    if (long_.empty()) {
      long_.assign(short_.data(), short_bytes_);
    }
    long_.append(text);
  }

  friend bool operator==(const ShortText& a, std::string_view b) { return a.view() == b; }
  friend std::ostream& operator<<(std::ostream& out, const ShortText& text) {
    return out << text.view();
  }

 private:
  std::array<char, kShortBytes> short_ = {};  ///< The text while long_ is empty.
  size_t short_bytes_ = 0;
  std::string long_;
};

}  // namespace rocketmq

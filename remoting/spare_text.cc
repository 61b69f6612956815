#include "remoting/spare_text.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace rocketmq::remoting {
namespace {

constexpr size_t kSparesMax = 64;
constexpr size_t kSpareBytesMin = 256;
constexpr size_t kSpareBytesMax = 4096;

std::vector<std::string>& spares() {
  thread_local std::vector<std::string> texts;
  return texts;
}

}  // namespace

std::string takeSpareText() {
  std::vector<std::string>& texts = spares();
  if (texts.empty()) {
    return {};
  }
  std::string text = std::move(texts.back());
  texts.pop_back();
  return text;
}

void giveSpareText(std::string text) {
  std::vector<std::string>& texts = spares();
  if (text.capacity() >= kSpareBytesMin && text.capacity() <= kSpareBytesMax &&
      texts.size() < kSparesMax) {
    text.clear();
    texts.push_back(std::move(text));
  }
}

}  // namespace rocketmq::remoting

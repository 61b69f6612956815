#include "remoting/spare_text.h"

#include <cstddef>
#include <utility>
#include <vector>

#include "common/per_thread.h"

namespace rocketmq::remoting {
namespace {

constexpr size_t kSparesMax = 64;
constexpr size_t kSpareBytesMin = 256;
constexpr size_t kSpareBytesMax = 4096;

using Spares = std::vector<std::string>;

}  // namespace

std::string takeSpareText() {
  Spares* const spares = perThread<Spares>();
  if (spares == nullptr || spares->empty()) {
    return {};
  }
  std::string text = std::move(spares->back());
  spares->pop_back();
  return text;
}

void giveSpareText(std::string text) {
  Spares* const spares = perThread<Spares>();
  if (spares != nullptr && text.capacity() >= kSpareBytesMin && text.capacity() <= kSpareBytesMax &&
      spares->size() < kSparesMax) {
    text.clear();
    spares->push_back(std::move(text));
  }
}

}  // namespace rocketmq::remoting

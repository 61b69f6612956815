#include "common/nearest_name.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <vector>

#include "common/text.h"

namespace rocketmq {
namespace {

/// Longer words are never compared: the work grows with the product of both lengths.
constexpr size_t kWordBytesMax = 64;

/// Levenshtein's distance, with one row of the table kept.
size_t editDistance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const size_t replaced = diagonal + (toLower(a[i]) == toLower(b[j]) ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::optional<std::string_view> nearestName(std::string_view typed,
                                            std::span<const std::string_view> names) {
  if (typed.size() > kWordBytesMax) {
    return std::nullopt;
  }
  std::optional<std::string_view> nearest;
  size_t smallest = std::max<size_t>(2, typed.size() / 3) + 1;
  for (const std::string_view name : names) {
    const size_t shortest_way =
        std::max(name.size(), typed.size()) - std::min(name.size(), typed.size());
    if (name.size() > kWordBytesMax || shortest_way >= smallest) {
      continue;
    }
    if (const size_t distance = editDistance(typed, name); distance < smallest) {
      smallest = distance;
      nearest = name;
    }
  }
  return nearest;
}

}  // namespace rocketmq

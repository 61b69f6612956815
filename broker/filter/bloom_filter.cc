#include "broker/filter/bloom_filter.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace rocketmq::broker {
namespace {

constexpr uint64_t kC1 = 0x87c37b91114253d5;
constexpr uint64_t kC2 = 0x4cf5ad432745937f;
constexpr size_t kBlockBytes = 16;

/// Up to eight bytes as a little-endian number.
uint64_t littleEndian(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size() && i < 8; ++i) {
    value |= static_cast<uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  }
  return value;
}

uint64_t mixFirst(uint64_t k) { return std::rotl(k * kC1, 31) * kC2; }
uint64_t mixSecond(uint64_t k) { return std::rotl(k * kC2, 33) * kC1; }

uint64_t finalMix(uint64_t k) {
  k = (k ^ k >> 33) * 0xff51afd7ed558ccd;
  k = (k ^ k >> 33) * 0xc4ceb9fe1a85ec53;
  return k ^ k >> 33;
}

double logarithm(double base, double value) { return std::log(value) / std::log(base); }

}  // namespace

uint64_t murmur3(std::string_view bytes) {
  uint64_t h1 = 0;
  uint64_t h2 = 0;
  const auto length = static_cast<uint64_t>(bytes.size());
  for (; bytes.size() >= kBlockBytes; bytes.remove_prefix(kBlockBytes)) {
    h1 ^= mixFirst(littleEndian(bytes));
    h1 = (std::rotl(h1, 27) + h2) * 5 + 0x52dce729;
    h2 ^= mixSecond(littleEndian(bytes.substr(8)));
    h2 = (std::rotl(h2, 31) + h1) * 5 + 0x38495ab5;
  }
  h2 ^= bytes.size() > 8 ? mixSecond(littleEndian(bytes.substr(8))) : 0;
  h1 ^= bytes.empty() ? 0 : mixFirst(littleEndian(bytes));
  h1 ^= length;
  h2 ^= length;
  h1 += h2;
  h2 += h1;
  return finalMix(h1) + finalMix(h2);
}

BloomFilter::BloomFilter(int32_t error_percent, int32_t names_expected) {
  const double error = error_percent / 100.0;
  functions_ = static_cast<int32_t>(std::ceil(logarithm(0.5, error)));
  const double wanted =
      std::ceil(names_expected * logarithm(2, 1 / error) * logarithm(2, std::numbers::e));
  bits_ = static_cast<int32_t>(8 * std::ceil(wanted / 8));
}

std::vector<int32_t> BloomFilter::positionsOf(std::string_view name) const {
  const uint64_t hash = murmur3(name);
  const auto low = static_cast<uint32_t>(hash);
  const auto high = static_cast<uint32_t>(hash >> 32);
  std::vector<int32_t> positions;
  for (uint32_t i = 1; i <= static_cast<uint32_t>(functions_); ++i) {
    const auto combined = static_cast<int32_t>(low + i * high);
    positions.push_back((combined < 0 ? ~combined : combined) % bits_);
  }
  return positions;
}

void BloomFilter::set(std::span<const int32_t> positions, std::span<char> map) {
  for (const int32_t position : positions) {
    char& byte = map[static_cast<size_t>(position / 8)];
    byte = static_cast<char>(byte | 1 << position % 8);
  }
}

bool BloomFilter::areSet(std::span<const int32_t> positions, std::string_view map) {
  return std::all_of(positions.begin(), positions.end(), [map](int32_t position) {
    return (map[static_cast<size_t>(position / 8)] >> position % 8 & 1) != 0;
  });
}

}  // namespace rocketmq::broker

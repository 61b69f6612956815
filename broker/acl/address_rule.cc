#include "broker/acl/address_rule.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <system_error>

#include "common/text.h"

namespace rocketmq::broker {
namespace {

constexpr size_t kIpv4Parts = 4;
constexpr size_t kIpv6Parts = 8;

std::vector<std::string_view> split(std::string_view text, std::string_view separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) {
      return parts;
    }
    text.remove_prefix(end + separator.size());
  }
}

/// The eight parts of an IPv6 address whose "::" stands for as many zeros as are missing; empty
/// when it has too many or too few.
std::vector<std::string_view> ipv6Parts(std::string_view text) {
  const std::vector<std::string_view> halves = split(text, "::");
  std::vector<std::string_view> parts = split(halves[0], ":");
  if (halves.size() == 1) {
    return parts.size() == kIpv6Parts ? parts : std::vector<std::string_view>();
  }
  std::vector<std::string_view> tail = split(halves[1], ":");
  for (std::vector<std::string_view>* const half : {&parts, &tail}) {
    if (half->size() == 1 && half->front().empty()) {
      half->clear();
    }
  }
  if (halves.size() > 2 || parts.size() + tail.size() >= kIpv6Parts) {
    return {};
  }
  parts.resize(kIpv6Parts - tail.size(), "0");
  parts.insert(parts.end(), tail.begin(), tail.end());
  return parts;
}

bool parseNumber(std::string_view text, bool is_ipv6, uint16_t& out) {
  const uint16_t max = is_ipv6 ? 0xFFFF : 255;
  const size_t digits_max = is_ipv6 ? 4 : 3;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, out, is_ipv6 ? 16 : 10);
  return error == std::errc() && stop == end && text.size() <= digits_max && out <= max;
}

Status notAnAddress(std::string_view text) {
  return Status::invalidArgument(
      "\"" + std::string(text) +
      "\" is no address of a white list: write one such as 10.0.0.1, several such as "
      "10.0.0.1,10.0.0.7 or 10.0.0.{1,7}, ranges such as 10.0.1-9.* or 2001:db8::1-ff:*, or *");
}

}  // namespace

bool AddressRule::parseRange(std::string_view text, bool is_ipv6, Range& out) {
  if (text == "*") {
    out = {.first = 0, .last = is_ipv6 ? uint16_t{0xFFFF} : uint16_t{255}};
    return true;
  }
  const size_t minus = text.find('-');
  if (minus == std::string_view::npos) {
    const bool is_number = parseNumber(text, is_ipv6, out.first);
    out.last = out.first;
    return is_number;
  }
  return parseNumber(text.substr(0, minus), is_ipv6, out.first) &&
         parseNumber(text.substr(minus + 1), is_ipv6, out.last) && out.first <= out.last;
}

bool AddressRule::Pattern::isMapped() const {
  constexpr size_t kZeros = 5;
  const auto is = [](uint16_t value) {
    return [value](const Range& part) { return part.first == value && part.last == value; };
  };
  return is_ipv6 && std::all_of(parts.begin(), parts.begin() + kZeros, is(0)) &&
         is(0xFFFF)(parts[kZeros]);
}

AddressRule::Pattern AddressRule::Pattern::unmapped() const {
  Pattern pattern;
  for (size_t i = 0; i < kIpv4Parts; ++i) {
    const uint16_t two = parts[kIpv6Parts - 2 + i / 2].first;
    const auto byte = static_cast<uint16_t>(i % 2 == 0 ? two >> 8 : two & 0xFF);
    pattern.parts[i] = {.first = byte, .last = byte};
  }
  return pattern;
}

/// An IPv6 address whose end is written as an IPv4 address.
Result<AddressRule::Pattern> AddressRule::parseMapped(std::string_view text) {
  const size_t begin = text.rfind(':') + 1;
  if (text.find('.') < begin) {
    return notAnAddress(text);
  }
  const auto prefix = parsePattern(std::string(text.substr(0, begin)) + "*:*");
  return prefix.ok() && prefix->isMapped() ? parsePattern(text.substr(begin))
                                           : Result<Pattern>(notAnAddress(text));
}

Result<AddressRule::Pattern> AddressRule::parsePattern(std::string_view text) {
  Pattern pattern;
  pattern.is_ipv6 = text.find(':') != std::string_view::npos;
  if (pattern.is_ipv6 && text.find('.') != std::string_view::npos) {
    return parseMapped(text);
  }
  const std::vector<std::string_view> parts = pattern.is_ipv6 ? ipv6Parts(text) : split(text, ".");
  if (parts.size() != (pattern.is_ipv6 ? kIpv6Parts : kIpv4Parts)) {
    return notAnAddress(text);
  }
  for (size_t i = 0; i < parts.size(); ++i) {
    if (!parseRange(javaTrim(parts[i]), pattern.is_ipv6, pattern.parts[i])) {
      return notAnAddress(text);
    }
  }
  const auto is_one = [](const Range& part) { return part.first == part.last; };
  const bool maps_one = pattern.isMapped() && is_one(pattern.parts[kIpv6Parts - 2]) &&
                        is_one(pattern.parts[kIpv6Parts - 1]);
  return maps_one ? pattern.unmapped() : pattern;
}

Result<AddressRule> AddressRule::parseBraces(std::string_view text) {
  const size_t open = text.find('{');
  if (open == std::string_view::npos || open == 0 ||
      (text[open - 1] != '.' && text[open - 1] != ':')) {
    return notAnAddress(text);
  }
  AddressRule rule;
  for (const std::string_view last : split(text.substr(open + 1, text.size() - open - 2), ",")) {
    const std::string whole = std::string(text.substr(0, open)) + std::string(javaTrim(last));
    ROCKETMQ_ASSIGN_OR_RETURN(const Pattern pattern, parsePattern(whole));
    rule.patterns_.push_back(pattern);
  }
  return rule;
}

Result<AddressRule> AddressRule::parse(std::string_view text) {
  text = javaTrim(text);
  AddressRule rule;
  if (text.empty()) {
    return rule;
  }
  if (text == "*" || text == "*.*.*.*" || text == "*:*:*:*:*:*:*:*") {
    rule.is_everything_ = true;
    return rule;
  }
  if (text.ends_with('}')) {
    return parseBraces(text);
  }
  for (const std::string_view one : split(text, ",")) {
    ROCKETMQ_ASSIGN_OR_RETURN(const Pattern pattern, parsePattern(javaTrim(one)));
    rule.patterns_.push_back(pattern);
  }
  return rule;
}

bool AddressRule::matches(const HostAddress& address) const {
  const auto part = [&address](size_t i) {
    return address.is_ipv6
               ? static_cast<uint16_t>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1])
               : uint16_t{address.bytes[i]};
  };
  const auto matchesOne = [&](const Pattern& pattern) {
    if (pattern.is_ipv6 != address.is_ipv6) {
      return false;
    }
    const size_t count = address.is_ipv6 ? kIpv6Parts : kIpv4Parts;
    for (size_t i = 0; i < count; ++i) {
      if (part(i) < pattern.parts[i].first || part(i) > pattern.parts[i].last) {
        return false;
      }
    }
    return true;
  };
  return is_everything_ || std::any_of(patterns_.begin(), patterns_.end(), matchesOne);
}

}  // namespace rocketmq::broker

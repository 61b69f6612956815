#include "common/settings_table.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <optional>

#include "common/number.h"
#include "common/text.h"

namespace rocketmq {
namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

std::optional<bool> parseTruth(std::string_view text) {
  if (equalsIgnoreCase(text, "true")) {
    return true;
  }
  return equalsIgnoreCase(text, "false") ? std::optional(false) : std::nullopt;
}

/// The number that `text` stands for if it is allowed.
std::optional<int64_t> parseInteger(const Allowed& allowed, std::string_view text) {
  if (const auto* named = std::get_if<NamedValues>(&allowed)) {
    const auto found = std::ranges::find(named->names, text, [](const auto& p) { return p.first; });
    return found == named->names.end() ? std::nullopt : std::optional(found->second);
  }
  const auto& limits = std::get<IntegerRange>(allowed);
  const auto number = parseJavaNumber<int64_t>(text);
  return number && *number >= limits.min && *number <= limits.max ? number : std::nullopt;
}

std::optional<double> parseReal(const Allowed& allowed, std::string_view text) {
  const auto& limits = std::get<RealRange>(allowed);
  const auto number = parseJavaNumber<double>(text);
  // Written so that "not a number" is refused.
  return number && *number >= limits.min && *number <= limits.max ? number : std::nullopt;
}

std::optional<std::string> parseText(const Allowed& allowed, std::string_view text) {
  const auto* rule = std::get_if<TextRule>(&allowed);
  return rule == nullptr || rule->accepts(text) ? std::optional(std::string(text)) : std::nullopt;
}

template <class T>
bool assign(T* at, const std::optional<T>& value) {
  if (value) {
    *at = *value;
  }
  return value.has_value();
}

std::string printReal(double value) {
  char text[32];
  const auto end = std::to_chars(std::begin(text), std::end(text), value).ptr;
  return {text, end};
}

std::string printInteger(const Allowed& allowed, int64_t value) {
  if (const auto* named = std::get_if<NamedValues>(&allowed)) {
    const auto found =
        std::ranges::find(named->names, value, [](const auto& pair) { return pair.second; });
    ROCKETMQ_CHECK(found != named->names.end());
    return std::string(found->first);
  }
  return std::to_string(value);
}

std::string describe(const IntegerRange& limits) {
  constexpr IntegerRange kUnlimited;
  if (limits.max == kUnlimited.max) {
    return limits.min == kUnlimited.min ? "any integer" : "at least " + std::to_string(limits.min);
  }
  return std::to_string(limits.min) + ".." + std::to_string(limits.max);
}

std::string describe(const RealRange& limits) {
  return printReal(limits.min) + ".." + printReal(limits.max);
}

void appendToList(std::string& list, std::string_view name) {
  list += list.empty() ? "" : ", ";
  list += name;
}

std::string describe(const NamedValues& named) {
  std::string text;
  for (const auto& [name, value] : named.names) {
    appendToList(text, name);
  }
  return text;
}

std::string describe(const TextRule& rule) { return rule.description; }

}  // namespace

TextRule oneWordOf(std::vector<std::string_view> words) {
  std::string description;
  for (const std::string_view word : words) {
    appendToList(description, word);
  }
  return {.description = std::move(description),
          .accepts = [words = std::move(words)](std::string_view text) {
            return std::ranges::find(words, text) != words.end();
          }};
}

Status parseSetting(const BoundSetting& setting, std::string_view text) {
  const std::string_view word = javaTrim(text);
  const Allowed& allowed = setting.info->allowed;
  const bool is_valid =
      std::visit(Overloaded{[&](bool* at) { return assign(at, parseTruth(word)); },
                            [&](const IntegerSlot& at) {
                              const auto number = parseInteger(allowed, word);
                              if (number) {
                                at.set(at.at, *number);
                              }
                              return number.has_value();
                            },
                            [&](double* at) { return assign(at, parseReal(allowed, word)); },
                            [&](std::string* at) { return assign(at, parseText(allowed, word)); }},
                 setting.slot);
  return is_valid ? Status::ok() : Status::invalidArgument("allowed " + describeAllowed(setting));
}

std::string printSetting(const BoundSetting& setting) {
  return std::visit(Overloaded{[](const bool* at) { return std::string(*at ? "true" : "false"); },
                               [&](const IntegerSlot& at) {
                                 return printInteger(setting.info->allowed, at.get(at.at));
                               },
                               [](const double* at) { return printReal(*at); },
                               [](const std::string* at) { return *at; }},
                    setting.slot);
}

std::string describeAllowed(const BoundSetting& setting) {
  const bool is_truth = std::holds_alternative<bool*>(setting.slot);
  return std::visit(Overloaded{[is_truth](std::monostate) {
                                 return std::string(is_truth ? "true or false" : "any text");
                               },
                               [](const auto& limits) { return describe(limits); }},
                    setting.info->allowed);
}

}  // namespace rocketmq

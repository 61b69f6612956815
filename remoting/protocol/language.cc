#include <algorithm>
#include <iterator>

#include "remoting/protocol/codes.h"

namespace rocketmq::remoting {
namespace {

// By ordinal.
constexpr std::string_view kNames[] = {"JAVA",   "CPP",  "DOTNET", "PYTHON", "DELPHI",
                                       "ERLANG", "RUBY", "OTHER",  "HTTP",   "GO",
                                       "PHP",    "OMS",  "RUST",   "NODE_JS"};

constexpr char toUpper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool equalsIgnoringCase(std::string_view text, std::string_view upper) {
  return std::ranges::equal(text, upper, {}, toUpper);
}

}  // namespace

std::string_view toString(Language language) {
  const auto ordinal = static_cast<size_t>(language);
  return ordinal < std::size(kNames) ? kNames[ordinal] : toString(Language::kOther);
}

Language languageFromName(std::string_view name) {
  for (size_t i = 0; i < std::size(kNames); ++i) {
    if (equalsIgnoringCase(name, kNames[i])) {
      return static_cast<Language>(i);
    }
  }
  return Language::kOther;
}

Language languageFromOrdinal(int32_t ordinal) {
  const bool known = ordinal >= 0 && static_cast<size_t>(ordinal) < std::size(kNames);
  return known ? static_cast<Language>(ordinal) : Language::kOther;
}

}  // namespace rocketmq::remoting

// What the remarks of a broker repeat of a request's texts.

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>

#include "common/excerpt.h"
#include "common/fields.h"
#include "remoting/protocol/command_list.h"
#include "remoting/protocol/field_codec.h"
#include "tests/support/raw_client.h"
#include "tests/unit/broker/broker_fixture.h"

namespace rocketmq::broker {
namespace {

template <class T>
constexpr bool isText() {
  if constexpr (IsOptional<T>::value) {
    return isText<typename T::value_type>();
  } else {
    return std::is_convertible_v<T, std::string_view>;
  }
}

template <class Owner, class Member>
constexpr bool holdsText(const Field<Owner, Member>&) {
  return isText<Member>();
}

/// The fields of a request as JSON, each text of which is `text`.
template <class C>
std::string fieldsOf(const std::string& text) {
  std::string fields;
  forEachField<C>([&](const auto& field) {
    const bool is_short = remoting::nameStyleOf<C>() == remoting::NameStyle::kShort;
    fields += fields.empty() ? "{" : ",";
    fields += "\"" + std::string(is_short ? field.short_name : field.name) + "\":";
    fields += holdsText(field) ? "\"" + text + "\"" : "\"0\"";
  });
  return fields.empty() ? "" : fields + "}";
}

class BrokerRemarksTest : public BrokerTest {
 protected:
  /// Every request with `text` in all its texts, and as its body.
  void askEverything(const std::string& text) {
    remoting::forEachType(remoting::AllCommands{}, [&](auto tag) {
      using C = typename decltype(tag)::Type;
      test::RawClient client(broker_->port());
      const auto frame = client.call(static_cast<int>(C::kCode), fieldsOf<C>(text), text);
      const std::string& remark = frame.remark;
      EXPECT_LE(remark.size(), 4 * kExcerptBytesMax)
          << static_cast<int>(C::kCode) << ": " << remark.substr(0, 2 * kExcerptBytesMax);
      EXPECT_TRUE(std::ranges::none_of(remark, isControlCharacter))
          << static_cast<int>(C::kCode) << ": " << remark;
    });
  }
};

TEST_F(BrokerRemarksTest, TheyAreShortHoweverLongTheTextsAre) {
  askEverything(std::string(20'000, 'x'));
}

TEST_F(BrokerRemarksTest, TheyHaveNoControlCharacters) {
  askEverything(R"(a\n2026-01-01 ERROR\u001b[31m)");
}

}  // namespace
}  // namespace rocketmq::broker

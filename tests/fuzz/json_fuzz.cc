#include <string>

#include "common/check.h"
#include "common/json/decode.h"
#include "common/json/reader.h"
#include "tests/fuzz/fuzz_target.h"

// JSON in fastjson's dialect, read value by value.

namespace rocketmq::json {
namespace {

/// Takes the next value to pieces.
void walk(Reader& reader) {
  switch (reader.peek()) {
    case Reader::Kind::kObject:
      reader.beginObject();
      for (Key key; reader.nextKey(key);) {
        if (key.kind == Key::Kind::kObject) {
          Reader inner(reader, key);
          walk(inner);
          static_cast<void>(inner.finish());
        }
        walk(reader);
      }
      return;
    case Reader::Kind::kArray:
      reader.beginArray();
      while (reader.nextElement()) {
        walk(reader);
      }
      return;
    case Reader::Kind::kString:
      static_cast<void>(reader.readText());
      return;
    case Reader::Kind::kNumber:
      static_cast<void>(reader.readNumber());
      return;
    case Reader::Kind::kBool:
      static_cast<void>(reader.readBool());
      return;
    case Reader::Kind::kNull:
      reader.readNull();
      return;
    case Reader::Kind::kBroken:
      return;
  }
}

}  // namespace

ROCKETMQ_FUZZ_TARGET(json, input) {
  Reader walked(input);
  walk(walked);
  static_cast<void>(walked.finish());

  Reader skipped(input);
  const std::string_view raw = skipped.skipValue();
  ROCKETMQ_CHECK(fuzz::isWithin(raw, input));
  if (!skipped.finish().isOk()) {
    return;
  }
  // What can be skipped can be passed on as it stands.
  const Result<RawJson> value = decode<RawJson>(raw);
  ROCKETMQ_CHECK(!value.ok() || value->text == raw);
}

}  // namespace rocketmq::json

#pragma once

#include <string>

namespace rocketmq::json {

/// JSON text that is passed on as it stands: a decoder captures the raw text of a value of any
/// kind, the encoder emits it unchanged whatever the style. For parts of a body that this build
/// does not look into. An empty text is written as null.
struct RawJson {
  std::string text;

  friend bool operator==(const RawJson&, const RawJson&) = default;
};

}  // namespace rocketmq::json

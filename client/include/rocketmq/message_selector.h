#pragma once

#include <string>
#include <utility>

namespace rocketmq {

/// Which messages of a topic a consumer wants (RocketMQ: MessageSelector). A value; any thread.
class MessageSelector {
 public:
  /// By an SQL92 expression on the messages' properties, for instance "a > 5 AND b = 'x'"; TAGS and
  /// KEYS are properties too. The broker filters, if its setting enablePropertyFilter is true; at
  /// most 16,384 bytes.
  static MessageSelector bySql(std::string expression) { return {"SQL92", std::move(expression)}; }

  /// By tag: "*", or tags joined with "||".
  static MessageSelector byTag(std::string tags) { return {"TAG", std::move(tags)}; }

  /// "SQL92" or "TAG".
  const std::string& type() const { return type_; }
  const std::string& expression() const { return expression_; }

 private:
  MessageSelector(std::string type, std::string expression)
      : type_(std::move(type)), expression_(std::move(expression)) {}

  std::string type_;
  std::string expression_;
};

}  // namespace rocketmq

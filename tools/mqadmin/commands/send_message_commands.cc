// sendMessage, checkMsgSendRT

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <string>

#include <CLI/CLI.hpp>

#include "tools/mqadmin/command.h"

namespace rocketmq::mqadmin {
namespace {

class SendMessage : public Command {
 public:
  std::string_view name() const override { return "sendMessage"; }
  std::string_view description() const override { return "Send a message"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "Topic name")->required();
    app.add_option("-p,--body", body_, "UTF-8 string format of the message body")->required();
    app.add_option("-k,--key", keys_, "Message keys");
    app.add_option("-c,--tags", tags_, "Message tags");
    app.add_option("-b,--broker", broker_name_, "Send message to target broker (its name)");
    app.add_option("-i,--qid", queue_id_, "Send message to target queue");
  }

  Status run(client::AdminClient& admin) override {
    if (queue_id_ >= 0 && broker_name_.empty()) {
      return Status::invalidArgument("Broker name must be set if the queue is chosen!");
    }
    Message message(topic_, body_);
    if (!tags_.empty()) {
      message.setTags(tags_);
    }
    if (!keys_.empty()) {
      message.setKeys(keys_);
    }
    client::AdminClient::SendTo to;
    if (!broker_name_.empty()) {
      to.broker_name = broker_name_;
    }
    if (queue_id_ >= 0) {
      to.queue_id = queue_id_;
    }
    const auto sent = admin.send(std::move(message), to);
    fmt::print("{:<32}  {:<4}  {:<20}    {}\n", "#Broker Name", "#QID", "#Send Result", "#MsgId");
    if (!sent.ok()) {
      fmt::print("{:<32}  {:<4}  {:<20}    {}\n", "Unknown", "Unknown", "Failed", "None");
      return sent.status();
    }
    fmt::print("{:<32}  {:<4}  {:<20}    {}\n", sent->message_queue.broker_name,
               sent->message_queue.queue_id, toString(sent->status), sent->msg_id);
    return Status::ok();
  }

 private:
  std::string topic_;
  std::string body_;
  std::string keys_;
  std::string tags_;
  std::string broker_name_;
  int32_t queue_id_ = -1;
};

class CheckMsgSendRt : public Command {
 public:
  std::string_view name() const override { return "checkMsgSendRT"; }
  std::string_view description() const override { return "Check message send response time"; }

  void addOptions(CLI::App& app) override {
    app.add_option("-t,--topic", topic_, "topic name")->required();
    app.add_option("-a,--amount", amount_, "message amount (100)")->check(CLI::Range(1, 1'000'000));
    app.add_option("-s,--size", body_bytes_, "message size in bytes (128)")
        ->check(CLI::Range(1, 4 << 20));
  }

  Status run(client::AdminClient& admin) override {
    using Clock = std::chrono::steady_clock;
    using std::chrono::duration_cast;
    using std::chrono::milliseconds;
    fmt::print("{:<32}  {:<4}  {:<20}    {}\n", "#Broker Name", "#QID", "#Send Result", "#RT");
    const Message message(topic_, std::string(static_cast<size_t>(body_bytes_), 'a'));
    Status failure;
    int64_t sum_ms = 0;
    for (int64_t i = 0; i < amount_; ++i) {
      const Clock::time_point begin = Clock::now();
      const auto sent = admin.send(message);
      const int64_t rt_ms = duration_cast<milliseconds>(Clock::now() - begin).count();
      // RocketMQ parity: the first one, which connects, does not count.
      sum_ms += i == 0 ? 0 : rt_ms;
      if (sent.ok()) {
        fmt::print("{:<32}  {:<4}  {:<20}    {}\n", sent->message_queue.broker_name,
                   sent->message_queue.queue_id, "true", rt_ms);
      } else {
        fmt::print("{:<32}  {:<4}  {:<20}    {}\n", "Unknown", "Unknown", "false", rt_ms);
        failure = sent.status();
      }
    }
    fmt::print("Avg RT: {:.2f}\n", static_cast<double>(sum_ms) /
                                       static_cast<double>(std::max<int64_t>(amount_ - 1, 1)));
    return failure;
  }

 private:
  std::string topic_;
  int64_t amount_ = 100;
  int64_t body_bytes_ = 128;
};

}  // namespace

void addSendMessageCommands(CommandList& list) {
  list.push_back(std::make_unique<SendMessage>());
  list.push_back(std::make_unique<CheckMsgSendRt>());
}

}  // namespace rocketmq::mqadmin

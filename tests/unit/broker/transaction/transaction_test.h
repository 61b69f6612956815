#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/transaction/check_service.h"
#include "broker/transaction/end_transaction_service.h"
#include "broker/transaction/ledger_loader.h"
#include "broker/transaction/topics.h"
#include "common/message/message_id.h"
#include "tests/unit/broker/fake_connection.h"
#include "tests/unit/broker/message_path.h"

namespace rocketmq::broker {

/// A broker's transactions without sockets and threads, with a producer of group P that is
/// connected.
class TransactionTest : public MessagePath {
 protected:
  using EndTransaction = remoting::EndTransaction;
  using CheckTransactionState = remoting::CheckTransactionState;

  TransactionTest() {
    clients_.registerProducer("P", {.connection = producer_, .client_id = "c", .version = 409});
    makeTransactions();
  }

  void makeTransactions() {
    messages_.emplace(*store_, clock_, host_);
    auto loaded = loadLedger(*messages_, *offsets_);
    ASSERT_TRUE(loaded.ok()) << loaded.status().message();
    checks_.reset();
    ends_.reset();
    ledger_ = std::move(*loaded);
    makeServices();
  }

  void makeServices() {
    messages_.emplace(*store_, clock_, host_);
    ends_.emplace(EndTransactionService::Parts{
        .messages = *messages_, .ledger = *ledger_, .traffic = traffic_, .clock = clock_});
    checks_.emplace(CheckService::Parts{.settings = settings_,
                                        .topics = *topics_,
                                        .clients = clients_,
                                        .store = *store_,
                                        .guarantee = *guarantee_,
                                        .messages = *messages_,
                                        .ledger = *ledger_,
                                        .clock = clock_},
                    host_, renewed_max_);
  }

  /// The next start after kill -9, or after a clean stop.
  void restart(bool clean) {
    if (clean) {
      EXPECT_TRUE(saveProgress(*ledger_, *store_, *offsets_).isOk());
      EXPECT_TRUE(offsets_->persist().isOk());
    }
    closeAll();
    openAll();
    makeTransactions();
  }

  /// Has everything of the store to be mapped again, with the ledger as it is.
  void reopenStore() {
    checks_.reset();
    ends_.reset();
    closeAll();
    openAll();
    makeServices();
  }

  struct Half {
    std::string body = "b";
    PropertyMap properties = {};
    int32_t sys_flag = 4;
    int32_t queue_id = 0;
  };
  /// What ends the half message that is sent.
  EndTransaction sendHalf() { return sendHalf(Half()); }
  EndTransaction sendHalf(const Half& half) {
    PropertyMap properties = {{"TRAN_MSG", "true"}, {"PGROUP", "P"}, {"UNIQ_KEY", "U" + half.body}};
    for (const auto& [name, value] : half.properties) {
      properties[name] = value;
    }
    born_ms_ = clock_.nowMs();
    const auto reply = send({.body = half.body,
                             .properties = properties,
                             .queue_id = half.queue_id,
                             .sys_flag = half.sys_flag,
                             .flag = 7,
                             .born_ms = born_ms_});
    EndTransaction end;
    end.producer_group = "P";
    end.transaction_state_table_offset = reply.queue_offset;
    end.commit_log_offset = OffsetMessageId::parse(reply.message_id)->physical_offset;
    end.message_id = "U" + half.body;
    return end;
  }

  remoting::ResponseCode end(EndTransaction request, int32_t decision) {
    request.commit_or_rollback = decision;
    return ends_->end(request).answer.code;
  }
  remoting::ResponseCode commit(const EndTransaction& request) { return end(request, 8); }
  remoting::ResponseCode rollback(const EndTransaction& request) { return end(request, 12); }

  /// What ends the transaction, by a producer's answer to a check.
  static EndTransaction answerTo(const CheckTransactionState& check) {
    EndTransaction end;
    end.producer_group = "P";
    end.transaction_state_table_offset = check.transaction_state_table_offset;
    end.commit_log_offset = check.commit_log_offset;
    end.from_transaction_check = true;
    end.message_id = check.message_id.value_or("");
    return end;
  }

  /// Lets the time until the next round pass and runs it to its end; what producers were asked.
  std::vector<std::pair<CheckTransactionState, std::string>> round() {
    producer_->forgetSent();
    clock_.advance(std::chrono::milliseconds(settings_.load()->transaction_check_interval_ms));
    for (int steps = 0; checks_->step() <= CheckService::kStepPause && steps < 1000; ++steps) {
    }
    return producer_->sentRequests<CheckTransactionState>();
  }

  TimestampMs born_ms_ = 0;
  /// From the next makeTransactions() on.
  size_t renewed_max_ = CheckService::kRenewedMax;
  std::shared_ptr<FakeConnection> producer_ = std::make_shared<FakeConnection>(1);
  ConsumerFilters filters_{"", BloomFilter(20, 32), clock_};
  ClientRegistry clients_{{}, filters_, clock_};
  std::optional<HalfMessages> messages_;
  std::unique_ptr<HalfLedger> ledger_;
  std::optional<EndTransactionService> ends_;
  std::optional<CheckService> checks_;
};

}  // namespace rocketmq::broker

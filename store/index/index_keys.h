#pragma once

#include <cstdint>
#include <string_view>

#include "common/message/record.h"
#include "common/message/sys_flag.h"
#include "store/dispatch/dispatch_rules.h"
#include "store/index/index_file.h"

namespace rocketmq::store {

/// Calls `visit(hash)` for each key under which the index knows the record, in RocketMQ's order.
/// Rolled back messages have none.
template <class Visitor>
void forEachKeyHash(const MessageRecord& record, Visitor&& visit) {
  if (sys_flag::transactionType(record.sys_flag) == sys_flag::kTransactionRollback) {
    return;
  }
  forEachIndexKey(record.properties,
                  [&](std::string_view key) { visit(indexKeyHash(record.topic, key)); });
}

bool hasKeyHash(const MessageRecord& record, int32_t key_hash);

}  // namespace rocketmq::store

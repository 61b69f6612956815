#include "store/index/index_keys.h"

namespace rocketmq::store {

bool hasKeyHash(const MessageRecord& record, int32_t key_hash) {
  bool has = false;
  forEachKeyHash(record, [&](int32_t hash) { has = has || hash == key_hash; });
  return has;
}

}  // namespace rocketmq::store

#include <algorithm>
#include <optional>

#include "broker/ha/transfer.h"
#include "common/check.h"
#include "tests/fuzz/fuzz_target.h"

// What master and slave say to each other, cut into pieces as a socket would: the first byte is the
// size of a piece.

namespace rocketmq::broker {

ROCKETMQ_FUZZ_TARGET(ha, input) {
  fuzz::Input parts(input);
  const size_t piece_bytes = std::max<size_t>(parts.byte(), 1);
  ReportReader reports;
  TransferReader transfers;
  while (!parts.empty()) {
    const std::string_view piece = parts.bytes(piece_bytes);
    static_cast<void>(reports.feed(piece));
    std::string_view rest = piece;
    for (;;) {
      const size_t before = rest.size();
      const TransferReader::Step step = transfers.next(rest);
      if (step.kind == TransferReader::Step::Kind::kNone) {
        ROCKETMQ_CHECK(rest.empty());
        break;
      }
      ROCKETMQ_CHECK(rest.size() < before);
      ROCKETMQ_CHECK(fuzz::isWithin(step.log_bytes, piece));
      if (step.kind == TransferReader::Step::Kind::kHeader &&
          (step.header.bytes < 0 || step.header.offset < 0)) {
        return;  // The connection is closed then.
      }
    }
  }
}

}  // namespace rocketmq::broker

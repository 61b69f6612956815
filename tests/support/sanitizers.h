#pragma once

namespace rocketmq::test {

/// Whether this program or the daemons that it drives (which may come from another build, see
/// ROCKETMQ_PROGRAMS) check their memory or threads: times and sizes are others then.
bool isSanitized();

/// By what bounds of memory grow: what is freed stays in quarantine, every allocation has a shadow.
int memoryFactor();
/// By what bounds of time grow.
int timeFactor();

}  // namespace rocketmq::test

#pragma once

namespace rocketmq::test {

/// Leaves the machine's mount namespace, so that what the test mounts is seen by it and its
/// children only; without root by way of a user namespace, which needs that no other thread runs.
/// False, with errno, where the system does not allow it.
bool enterPrivateMounts();

}  // namespace rocketmq::test

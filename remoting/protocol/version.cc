#include <iterator>

#include "remoting/protocol/codes.h"

namespace rocketmq::remoting {
namespace {

// The ordinals of 3.0.0, which had previews; only some of them had snapshots.
constexpr std::string_view kFirstNames[] = {
    "V3_0_0_SNAPSHOT", "V3_0_0_ALPHA1",         "V3_0_0_BETA1", "V3_0_0_BETA2",
    "V3_0_0_BETA3",    "V3_0_0_BETA4",          "V3_0_0_BETA5", "V3_0_0_BETA6_SNAPSHOT",
    "V3_0_0_BETA6",    "V3_0_0_BETA7_SNAPSHOT", "V3_0_0_BETA7", "V3_0_0_BETA8_SNAPSHOT",
    "V3_0_0_BETA8",    "V3_0_0_BETA9_SNAPSHOT", "V3_0_0_BETA9", "V3_0_0_FINAL"};

/// Releases whose ordinals follow one another: patch levels of one minor release, each as a
/// snapshot and as itself.
struct MinorRelease {
  int32_t major;
  int32_t minor;
  int32_t patch_first;
  int32_t patch_last;
};

/// The `index`-th minor release after kFirstNames, up to 5.9.
constexpr MinorRelease minorRelease(int32_t index) {
  const int32_t major = 3 + index / 10;
  const int32_t minor = index % 10;
  if (major > 3) {
    return {major, minor, 0, 9};
  }
  if (minor == 0) {
    return {major, minor, 1, 15};
  }
  return {major, minor, minor < 3 ? 0 : 1, 9};
}

constexpr int32_t kMinorReleases = 30;

}  // namespace

std::string versionName(int32_t version) {
  constexpr auto kFirstCount = static_cast<int32_t>(std::size(kFirstNames));
  if (version < 0) {
    return std::to_string(version);
  }
  if (version < kFirstCount) {
    return std::string(kFirstNames[version]);
  }
  int32_t rest = version - kFirstCount;
  for (int32_t i = 0; i < kMinorReleases; ++i) {
    const MinorRelease release = minorRelease(i);
    const int32_t ordinals = 2 * (release.patch_last - release.patch_first + 1);
    if (rest < ordinals) {
      return "V" + std::to_string(release.major) + "_" + std::to_string(release.minor) + "_" +
             std::to_string(release.patch_first + rest / 2) + (rest % 2 == 0 ? "_SNAPSHOT" : "");
    }
    rest -= ordinals;
  }
  return "HIGHER_VERSION";
}

}  // namespace rocketmq::remoting

#pragma once

#include <cstddef>
#include <string_view>

#include "common/message/record.h"
#include "store/log/log_view.h"

namespace rocketmq::store {

/// The smallest part of a file that a disk writes or loses as a whole.
inline constexpr size_t kSectorBytes = 512;

/// Whether a well-formed record lacks a part that never reached the disk and so reads as zeros. The
/// format protects the body by its CRC, and every length by the others, but not the bytes of topic
/// and properties. A sector of zeros that begins in them was lost, as no message is stored that
/// could have one there (holdsZeroSector()); so were zeros at the end of the record when only zeros
/// follow. `record` lies in `view`.
bool isTorn(const LogView& view, const MessageRecord& record);

/// Whether the properties contain a sector's length of zero bytes: they could not be told from
/// what a power cut leaves.
bool holdsZeroSector(std::string_view properties);

}  // namespace rocketmq::store

#include "store/inspect/index_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "common/bytes.h"
#include "store/index/index_keys.h"

namespace rocketmq::store::inspect {
namespace {

constexpr int64_t kWindowBytes = 256 * 1024;
constexpr int32_t kProgressEntries = 100'000;
/// Their newest entries are kept in memory while a file is checked.
constexpr int32_t kSlotsMax = 200'000'000;
constexpr IndexLayout kUsualLayout{.hash_slots = 5'000'000, .entries_max = 20'000'000};

}  // namespace

// --- IndexReader --------------------------------------------------------------------------------

Result<IndexReader> IndexReader::open(FileSystem& files, const SegmentFile& file) {
  ROCKETMQ_ASSIGN_OR_RETURN(std::unique_ptr<RandomFile> opened, files.open(file.path));
  return IndexReader(std::move(opened), file.bytes);
}

std::string_view IndexReader::read(int64_t offset, int64_t bytes) {
  const int64_t window_end = window_offset_ + static_cast<int64_t>(window_.size());
  if (offset < window_offset_ || offset + bytes > window_end) {
    auto content = file_->read(offset, std::max(bytes, kWindowBytes));
    if (!content && status_.isOk()) {
      status_ = content.status();
    }
    window_ = content ? std::move(*content) : std::string();
    window_.resize(std::max(window_.size(), static_cast<size_t>(bytes)), '\0');
    window_offset_ = offset;
  }
  return std::string_view(window_).substr(static_cast<size_t>(offset - window_offset_),
                                          static_cast<size_t>(bytes));
}

IndexHeader IndexReader::header() {
  return decodeIndexHeader(read(0, IndexLayout::kHeaderBytes).data());
}

bool IndexReader::isUnwritten() {
  return read(0, IndexLayout::kHeaderBytes).find_first_not_of('\0') == std::string_view::npos &&
         status_.isOk();
}

IndexReader::Entry IndexReader::entry(const IndexLayout& layout, int32_t number) {
  ByteReader reader(read(layout.entryAt(number), IndexLayout::kEntryBytes));
  Entry entry;
  entry.key_hash = reader.read<int32_t>();
  entry.physical_offset = reader.read<int64_t>();
  entry.seconds = reader.read<int32_t>();
  entry.previous = reader.read<int32_t>();
  return entry;
}

int32_t IndexReader::slot(const IndexLayout& layout, int32_t slot) {
  return loadBigEndian<int32_t>(read(layout.slotAt(slot), IndexLayout::kSlotBytes).data());
}

bool IndexReader::fits(const IndexLayout& layout, const IndexHeader& header) {
  if (layout.hash_slots < 1 || layout.hash_slots > kSlotsMax || layout.fileBytes() != bytes_ ||
      header.next_entry > layout.entries_max) {
    return false;
  }
  const Entry first = entry(layout, 1);
  if (first.physical_offset != header.begin_offset || first.seconds != 0 || first.previous != 0) {
    return false;
  }
  const int32_t newest = header.next_entry - 1;
  const Entry last = entry(layout, newest);
  return last.physical_offset == header.end_offset && last.key_hash >= 0 &&
         slot(layout, last.key_hash % layout.hash_slots) == newest;
}

std::optional<IndexLayout> IndexReader::guessLayout() {
  const IndexHeader header = this->header();
  if (header.next_entry < 2) {
    return std::nullopt;
  }
  if (fits(kUsualLayout, header)) {
    return kUsualLayout;
  }
  const int64_t words = (bytes_ - IndexLayout::kHeaderBytes) / IndexLayout::kSlotBytes;
  const int64_t words_per_entry = IndexLayout::kEntryBytes / IndexLayout::kSlotBytes;
  // From few slots to many, so that the file is read from front to back.
  for (int64_t entries =
           std::min<int64_t>(words / words_per_entry, std::numeric_limits<int32_t>::max());
       entries >= header.next_entry; --entries) {
    const int64_t slots = words - entries * words_per_entry;
    if (slots > kSlotsMax) {
      break;
    }
    const IndexLayout layout{.hash_slots = static_cast<int32_t>(slots),
                             .entries_max = static_cast<int32_t>(entries)};
    if (fits(layout, header)) {
      return layout;
    }
  }
  return std::nullopt;
}

namespace {

/// By how many have their length; of equally frequent lengths the shorter first, as damage makes
/// files of any length.
std::vector<SegmentFile> mostUsualFirst(std::vector<SegmentFile> files) {
  std::map<int64_t, int64_t> counts;
  for (const SegmentFile& file : files) {
    ++counts[file.bytes];
  }
  std::stable_sort(files.begin(), files.end(), [&](const SegmentFile& a, const SegmentFile& b) {
    return counts[a.bytes] != counts[b.bytes] ? counts[a.bytes] > counts[b.bytes]
                                              : a.bytes < b.bytes;
  });
  return files;
}

}  // namespace

Result<std::optional<IndexLayout>> findIndexLayout(FileSystem& files, const StoreLayout& layout) {
  if (layout.index_layout.hash_slots > 0 && layout.index_layout.hash_slots <= kSlotsMax &&
      layout.index_layout.entries_max > 1) {
    return std::optional(layout.index_layout);
  }
  Status unreadable;
  for (const SegmentFile& file : mostUsualFirst(layout.index_files)) {
    auto reader = IndexReader::open(files, file);
    if (auto guessed = reader ? reader->guessLayout() : std::nullopt) {
      return guessed;
    }
    const Status& status = reader ? reader->status() : reader.status();
    if (unreadable.isOk() && status.code() != StatusCode::kNotFound) {
      unreadable = status;
    }
  }
  const bool is_usual =
      !layout.index_files.empty() && layout.index_files.front().bytes == kUsualLayout.fileBytes();
  if (is_usual) {
    return std::optional(kUsualLayout);
  }
  return unreadable.isOk() ? Result<std::optional<IndexLayout>>(std::nullopt) : unreadable;
}

// --- IndexGapCheck ------------------------------------------------------------------------------

IndexGapCheck::IndexGapCheck(FileSystem& files, const StoreLayout& layout) : layout_(layout) {
  for (const SegmentFile& file : layout.index_files) {
    auto reader = IndexReader::open(files, file);
    const IndexHeader header = reader ? reader->header() : IndexHeader{.next_entry = 0};
    newest_is_readable_ = header.next_entry > 0;
    if (header.next_entry > 1) {
      headers_.push_back(header);
    }
  }
}

void IndexGapCheck::watchEnd() {
  const bool was_made = !layout_.index_files.empty() || layout_.has_index_folder ||
                        (layout_.checkpoint && layout_.checkpoint->index_ms > 0);
  watches_end_ = was_made && newest_is_readable_;
}

void IndexGapCheck::Records::add(const MessageRecord& record) {
  bool has_keys = false;
  forEachKeyHash(record, [&](int32_t) { has_keys = true; });
  if (has_keys) {
    first = count == 0 ? record.physical_offset : first;
    ++count;
  }
}

void IndexGapCheck::onRecord(const MessageRecord& record) {
  const int64_t offset = record.physical_offset;
  while (next_ < headers_.size() && headers_[next_].end_offset < offset) {
    ++next_;
  }
  if (next_ < headers_.size() && offset < headers_[next_].begin_offset) {
    between_.add(record);
  } else if (next_ == headers_.size() && watches_end_) {
    behind_.add(record);
  }
}

void IndexGapCheck::finish(const FindingSink& sink) const {
  if (between_.count > 0) {
    sink(layout_.at(between_.first,
                    fmt::format("keys of {} messages from here on are in no index file; the next "
                                "start of this broker indexes them again",
                                between_.count),
                    Finding::Kind::kNote));
  }
  if (behind_.count > 0) {
    sink(layout_.at(behind_.first,
                    fmt::format("the index is behind: keys of {} messages from here on are in no "
                                "file; the next start of this broker adds them",
                                behind_.count),
                    layout_.has_abort ? Finding::Kind::kNote : Finding::Kind::kFault));
  }
}

// --- IndexCheck ---------------------------------------------------------------------------------

struct IndexCheck::File {
  const SegmentFile& info;
  const IndexLayout sizes;
  IndexReader reader;
  FindingRuns wrong;
  IndexHeader header;
  Finding::Kind kind = Finding::Kind::kFault;
  int32_t used_slots = 0;
  std::vector<int32_t> newest;  // Per slot, as the entries say.
};

Finding IndexCheck::at(const File& file, int64_t offset, std::string what) const {
  return {.kind = file.kind,
          .file = layout_.relative(file.info.path),
          .offset = offset,
          .what = std::move(what)};
}

int64_t IndexCheck::check(const SegmentFile& info, const IndexLayout& sizes,
                          const Progress& progress) {
  auto reader = IndexReader::open(files_, info);
  const std::string name = layout_.relative(info.path);
  if (!reader) {
    sink_({.file = name, .offset = 0, .what = reader.status().message()});
    return 0;
  }
  if (info.bytes != sizes.fileBytes()) {
    sink_(
        {.file = name,
         .offset = std::min(info.bytes, sizes.fileBytes()),
         .what = fmt::format("the file has {} bytes, maxHashSlotNum {} and maxIndexNum {} make {}",
                             info.bytes, sizes.hash_slots, sizes.entries_max, sizes.fileBytes())});
    return 0;
  }
  File file{.info = info,
            .sizes = sizes,
            .reader = std::move(*reader),
            .wrong = FindingRuns(sink_, "entry", "entries"),
            .header = {},
            .newest = std::vector<int32_t>(static_cast<size_t>(sizes.hash_slots))};
  file.header = file.reader.header();
  if (options_.repaired_after_ms && (file.header.end_ms > *options_.repaired_after_ms ||
                                     file.header.end_offset >= options_.log_end)) {
    file.kind = Finding::Kind::kNote;
  }
  if (options_.repaired_after_ms && file.reader.isUnwritten()) {
    Finding unwritten = at(file, 0, "nothing is written in it yet; the next start fills it");
    unwritten.kind = Finding::Kind::kNote;
    sink_(unwritten);
    return 0;
  }
  if (file.header.next_entry < 1 || file.header.next_entry > sizes.entries_max) {
    sink_(at(file, 36,
             fmt::format("the header counts {} entries, the file has room for {}",
                         int64_t{file.header.next_entry} - 1, sizes.entries_max - 1)));
    return 0;
  }
  checkEntries(file, progress);
  checkHeader(file);
  checkSlots(file);
  if (!file.reader.status().isOk()) {
    sink_({.file = name, .offset = 0, .what = file.reader.status().message()});
  }
  return file.header.next_entry - 1;
}

void IndexCheck::checkEntries(File& file, const Progress& progress) {
  for (int32_t number = 1; number < file.header.next_entry; ++number) {
    const IndexReader::Entry entry = file.reader.entry(file.sizes, number);
    if (const std::string why = whyWrong(file, entry); !why.empty()) {
      file.wrong.add(number, at(file, file.sizes.entryAt(number), why));
    }
    if (entry.key_hash >= 0) {
      int32_t& newest = file.newest[static_cast<size_t>(entry.key_hash % file.sizes.hash_slots)];
      file.used_slots += newest == 0 ? 1 : 0;
      newest = number;
    }
    if (progress && number % kProgressEntries == 0) {
      progress("index", number * IndexLayout::kEntryBytes,
               file.header.next_entry * IndexLayout::kEntryBytes);
    }
  }
  file.wrong.flush();
}

/// Empty when the entry is right.
std::string IndexCheck::whyWrong(File& file, const IndexReader::Entry& entry) {
  if (entry.key_hash < 0 || entry.seconds < 0) {
    return "its hash or time is negative";
  }
  if (const std::string why = whyNotOf(file, entry); !why.empty()) {
    return why;
  }
  const int32_t older = file.newest[static_cast<size_t>(entry.key_hash % file.sizes.hash_slots)];
  return entry.previous == older
             ? ""
             : fmt::format("the one before it in its slot is {}, not {}", older, entry.previous);
}

/// Empty when the log has a record that the entry is of, or had one.
std::string IndexCheck::whyNotOf(const File& file, const IndexReader::Entry& entry) {
  const int64_t offset = entry.physical_offset;
  if (offset < layout_.logBegin()) {
    return "";
  }
  if (offset >= options_.log_end) {
    return fmt::format("behind the end of the log at {}", options_.log_end);
  }
  const auto record = log_.recordAt(offset, CrcCheck::kSkip);
  if (!record) {
    return log_.isGone(offset) ? ""
                               : fmt::format("points at {}: {}", offset, record.status().message());
  }
  if (!hasKeyHash(*record, entry.key_hash)) {
    return fmt::format("points at {}: that record has no key with this hash", offset);
  }
  const int32_t seconds = indexSeconds(file.header.begin_ms, record->store_timestamp_ms);
  return seconds == entry.seconds
             ? ""
             : fmt::format("its time is {} s after the file's, the record's {}", entry.seconds,
                           seconds);
}

void IndexCheck::checkHeader(File& file) {
  const IndexHeader& header = file.header;
  if (header.next_entry == 1) {
    return;
  }
  const int64_t first = file.reader.entry(file.sizes, 1).physical_offset;
  const int64_t last = file.reader.entry(file.sizes, header.next_entry - 1).physical_offset;
  if (header.begin_offset != first || header.end_offset != last) {
    sink_(at(file, 16,
             fmt::format("the header says log offsets {} to {}, the entries {} to {}",
                         header.begin_offset, header.end_offset, first, last)));
  }
  if (header.used_slots != file.used_slots) {
    sink_(at(file, 32,
             fmt::format("the header says {} used slots, there are {}", header.used_slots,
                         file.used_slots)));
  }
  checkHeaderTimes(file);
}

void IndexCheck::checkHeaderTimes(File& file) {
  const IndexHeader& header = file.header;
  const TimestampMs first_ms = storeTime(header.begin_offset, header.begin_ms);
  const TimestampMs last_ms = storeTime(header.end_offset, header.end_ms);
  if (first_ms != header.begin_ms || last_ms != header.end_ms) {
    sink_(at(file, first_ms != header.begin_ms ? 0 : 8,
             fmt::format("the header says store times {} to {}, the records {} to {}",
                         header.begin_ms, header.end_ms, first_ms, last_ms)));
  } else if (header.begin_ms > header.end_ms) {
    Finding back = at(file, 0, "the header's times go back, as the clock was set back");
    back.kind = Finding::Kind::kNote;
    sink_(back);
  }
}

TimestampMs IndexCheck::storeTime(int64_t physical_offset, TimestampMs if_gone) {
  if (physical_offset < layout_.logBegin() || physical_offset >= options_.log_end) {
    return if_gone;
  }
  const auto record = log_.recordAt(physical_offset, CrcCheck::kSkip);
  return record ? record->store_timestamp_ms : if_gone;
}

void IndexCheck::checkSlots(File& file) {
  FindingRuns wrong(sink_, "slot", "slots");
  for (int32_t slot = 0; slot < file.sizes.hash_slots; ++slot) {
    const int32_t expected = file.newest[static_cast<size_t>(slot)];
    const int32_t found = file.reader.slot(file.sizes, slot);
    if (found != expected) {
      wrong.add(slot, at(file, file.sizes.slotAt(slot),
                         fmt::format("names entry {}, the newest of it is {}", found, expected)));
    }
  }
  wrong.flush();
}

}  // namespace rocketmq::store::inspect

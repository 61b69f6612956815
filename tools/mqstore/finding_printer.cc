#include "tools/mqstore/finding_printer.h"

#include <fmt/format.h>

#include "tools/mqstore/text.h"

namespace rocketmq::mqstore {

using store::inspect::Finding;

store::inspect::FindingSink FindingPrinter::sink() {
  return [this](const Finding& finding) { print(finding); };
}

void FindingPrinter::print(const Finding& finding) {
  const bool is_fault = finding.kind == Finding::Kind::kFault;
  ++(is_fault ? faults_ : notes_);
  if (faults_ + notes_ <= lines_max_) {
    progress_.wipe();
    fmt::print("{} {} at {}: {}\n", is_fault ? "fault" : "note ", printable(finding.file),
               finding.offset, printable(finding.what));
  }
}

void FindingPrinter::finish() const {
  if (faults_ + notes_ > lines_max_) {
    fmt::print("{} left out, see --max-lines\n",
               counted(faults_ + notes_ - lines_max_, "more line", "more lines"));
  }
}

}  // namespace rocketmq::mqstore

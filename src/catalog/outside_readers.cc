#include "catalog/outside_readers.h"

#include <charconv>

namespace lochan {
namespace {

constexpr std::chrono::minutes kNoteEvery{1};

}  // namespace

void OutsideReaders::note(const Ref& ref) {
  std::int64_t publication = 0;
  if (!ref.starts_with("at-")) return;
  if (std::from_chars(ref.data() + 3, ref.data() + ref.size(), publication).ec != std::errc{}) return;
  const Instant now = clock_.now();
  const std::lock_guard lock(mutex_);
  const auto noted = noted_.find(ref);
  if (noted != noted_.end() && now - noted->second < kNoteEvery && noted->second <= now) return;
  state_.execute(
      "insert into reader(id, publication, since) values ($1, $2, $3) on conflict(id) do update set since = excluded.since",
      {"outside " + ref, publication, to_micros(now)});
  std::erase_if(noted_, [&](const auto& other) { return now - other.second >= kNoteEvery; });
  noted_[ref] = now;
}

}  // namespace lochan

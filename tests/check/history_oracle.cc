#include "tests/check/history_oracle.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

namespace lochan {
namespace {

struct Placed {
  Version version;
  int since = 0;
};

// Since when a version holds, knowing all others of its key.
int since_when(const Version& version, const std::vector<Version>& all, const HistoryRules& rules) {
  if (!rules.are_load_marks) return version.at;
  const int loaded = minute_of_load(version.loaded);
  if (version.deleted) return std::max(version.at, loaded);
  for (const Version& mark : all)
    if (mark.deleted && mark.loaded < version.loaded && version.at <= std::max(mark.at, minute_of_load(mark.loaded)))
      return std::max(version.at, loaded);
  return version.at;
}

bool is_before(const Version& a, const Version& b, const HistoryRules& rules) {
  const auto rank = [&](const Version& v) {
    return std::tuple(rules.knows_load ? v.loaded : 0, v.deleted, v.what.has_value(), v.what.value_or(""),
                      rules.compares_all ? v.note : 0, v.at, v.note);
  };
  return rank(a) < rank(b);
}

bool is_same(const Version& a, const Version& b, const HistoryRules& rules) {
  if (a.deleted || b.deleted) return a.deleted == b.deleted;
  return a.what == b.what && (!rules.compares_all || a.note == b.note);
}

// What is true at one minute: of all versions that began by then, those that began last; of these, the first in rank.
const Version* true_at(int minute, const std::vector<Placed>& placed, const HistoryRules& rules) {
  const Placed* best = nullptr;
  for (const Placed& candidate : placed) {
    if (candidate.since > minute) continue;
    if (best == nullptr || candidate.since > best->since ||
        (candidate.since == best->since && is_before(best->version, candidate.version, rules)))
      best = &candidate;
  }
  return best == nullptr ? nullptr : &best->version;
}

void add_key(const std::vector<Version>& versions, const HistoryRules& rules, std::vector<std::string>& lines) {
  std::vector<Placed> placed;
  std::set<int> minutes;
  for (const Version& version : versions) {
    if (version.deleted && rules.deletes == HistoryDeletes::Ignore) continue;
    std::vector<Version> others = versions;
    if (rules.deletes == HistoryDeletes::Ignore)
      std::erase_if(others, [](const Version& other) { return other.deleted; });
    placed.push_back({version, since_when(version, others, rules)});
    minutes.insert(placed.back().since);
  }
  struct Row {
    Version shown;
    int from;
    std::optional<int> to;
  };
  std::vector<Row> rows;
  for (const int minute : minutes) {
    const Version& now = *true_at(minute, placed, rules);
    if (!rows.empty() && is_same(rows.back().shown, now, rules)) {
      rows.back().shown = now;
    } else {
      if (!rows.empty()) rows.back().to = minute;
      rows.push_back({now, minute, {}});
    }
  }
  for (const Row& row : rows) {
    if (row.shown.deleted && rules.deletes != HistoryDeletes::NewRecord) continue;
    lines.push_back(fmt::format("{}|{}|{}|{}|{}|{}|{}|{}", row.shown.id, row.shown.what.value_or("-"), row.shown.note,
                                row.shown.at, rules.knows_load ? std::to_string(minute_of_load(row.shown.loaded)) : "-",
                                row.from, row.to ? std::to_string(*row.to) : "-", row.shown.deleted));
  }
}

}  // namespace

int minute_of_load(int load) { return load * 20; }

std::vector<std::string> expected_history(const std::vector<Version>& versions, const HistoryRules& rules) {
  std::map<int, std::vector<Version>> keys;
  for (const Version& version : versions) keys[version.id].push_back(version);
  std::vector<std::string> lines;
  for (const auto& [id, of_key] : keys) add_key(of_key, rules, lines);
  std::ranges::sort(lines);
  return lines;
}

}  // namespace lochan

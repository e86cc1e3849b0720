#include "source/file_picks.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/json.h"
#include "project/scalar.h"
#include "source/file_format.h"

namespace lochan {
namespace {

bool is_ending(const std::string& marker) { return marker.starts_with('.'); }

std::string folder_of(const std::string& name) { return name.substr(0, name.rfind('/') + 1); }

Json to_json(const FoundFile& file) {
  if (file.etag.empty()) return Json::array({file.size_bytes, file.modified_ns});
  return Json::array({file.size_bytes, file.etag});
}

// A move keeps the time to the nanosecond; a time of whole seconds was set by somebody, and several files may have it.
// Etags are of contents, which two files may share, so that they tell nothing.
bool may_be_moved(const FoundFile& file) {
  return file.etag.empty() && file.size_bytes > 0 && file.modified_ns % 1'000'000'000 != 0;
}

Json parse(const Cursor& cursor) {
  Json json = Json::parse(cursor.text.empty() ? "{}" : cursor.text, nullptr, false);
  return json.is_object() ? json : Json::object();
}

}  // namespace

std::vector<std::string> patterns_of(const SourceTable& table) {
  const std::string marker = file_option(table, "marker");
  if (marker.empty()) return {table.from};
  if (is_ending(marker)) return {table.from, table.from + marker};
  return {table.from, folder_of(table.from.substr(0, table.from.find_first_of("*?["))) + "**" + marker};
}

std::string mark_of(const FoundFile& file) { return fmt::format("{}|{}", file.name, to_json(file).dump()); }

ReadyFiles ready_files(const SourceTable& table, std::span<const FoundFile> all, FilePlace& place, Instant now) {
  const std::string marker = file_option(table, "marker");
  const std::int64_t settle_ns =
      parse_duration(file_option(table, "settle", "0s")).value_or(std::chrono::milliseconds{0}).count() * 1'000'000;
  const std::int64_t now_ns = to_micros(now) * 1'000;
  std::set<std::string> names;
  if (!marker.empty())
    for (const FoundFile& file : all) names.insert(file.name);
  ReadyFiles ready;
  for (const FoundFile& file : all) {
    if (!matches(file.name, table.from)) continue;
    if (!marker.empty()) {
      const bool is_marker =
          is_ending(marker)
              ? file.name.ends_with(marker) && names.contains(file.name.substr(0, file.name.size() - marker.size()))
              : file.name == folder_of(file.name) + marker;
      if (is_marker) continue;
      const std::string wanted = is_ending(marker) ? file.name + marker : folder_of(file.name) + marker;
      if (!names.contains(wanted)) {
        ready.waiting.push_back(fmt::format("`{}` has no `{}` yet", file.name, wanted));
        continue;
      }
    }
    if (settle_ns > 0 && file.modified_ns > now_ns - settle_ns)
      ready.waiting.push_back(
          fmt::format("`{}` was changed within the last {}", file.name, file_option(table, "settle")));
    else if (place.is_being_written(file))
      ready.waiting.push_back(fmt::format("`{}` is being written", file.name));
    else
      ready.files.push_back(file);
  }
  return ready;
}

FilePick pick_files(const SourceTable& table, std::span<const FoundFile> ready, const Cursor& before) {
  const Json read = parse(before);
  Json seen = Json::object();
  FilePick pick;
  const bool is_full = table.load == LoadMode::Full;
  std::set<std::string> there;
  for (const FoundFile& file : ready) there.insert(file.name);
  std::map<std::string, std::string> gone;  // what a file that is gone was → its name
  for (const auto& [name, mark] : read.items())
    if (!there.contains(name)) gone.emplace(mark.dump(), name);
  for (const FoundFile& file : ready) {
    const Json mark = to_json(file);
    seen[file.name] = mark;
    const auto known = read.find(file.name);
    if (known != read.end() && *known == mark) continue;
    const auto moved = gone.find(mark.dump());
    if (!is_full && known == read.end() && moved != gone.end() && may_be_moved(file)) {
      pick.renamed.push_back(fmt::format("`{}` is `{}` now", moved->second, file.name));
      continue;
    }
    if (known != read.end()) pick.again.push_back(file.name);
    pick.files.push_back(file);
  }
  // Of files that are gone an incremental table remembers that they were read, should they come back.
  if (!is_full)
    for (const auto& [name, mark] : read.items())
      if (!seen.contains(name)) seen[name] = mark;
  pick.is_nothing_new = is_full ? seen == read : pick.files.empty() && pick.renamed.empty();
  if (is_full && !pick.is_nothing_new) pick.files.assign(ready.begin(), ready.end());
  pick.reached.text = seen.dump();
  return pick;
}

void FilePick::leave_out(const FoundFile& file, const Cursor& before) {
  std::erase(files, file);
  std::erase(again, file.name);
  Json seen = parse(reached);
  const Json read = parse(before);
  if (const auto known = read.find(file.name); known != read.end())
    seen[file.name] = *known;
  else
    seen.erase(file.name);
  reached.text = seen.dump();
}

}  // namespace lochan

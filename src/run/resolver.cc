#include "run/resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sql.h"
#include "base/text.h"
#include "engine/rejected_rows.h"
#include "plan/plan.h"
#include "project/rejected_name.h"
#include "run/archive.h"

namespace lochan {

std::string Resolver::name(const TableName& table, const std::string& lake) {
  if (outside_)
    if (auto found = outside_(table)) return std::move(*found);
  std::vector<TableName> path;
  return resolve(table, lake, path);
}

std::string Resolver::query(const std::string& sql, const std::string& lake, const std::string& file) {
  const ParsedQuery parsed = parse(sql, file);
  return rewrite(sql, parsed.references, [&](const TableName& table) { return name(table, lake); });
}

std::vector<std::string> Resolver::archive_notes() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::string> notes;
  for (const auto& [table, note] : notes_) notes.push_back(note);
  return notes;
}

std::optional<std::string> Resolver::name_then(const TableName& table, const std::string& lake,
                                               const std::map<TableName, std::string>& versions) {
  const std::optional<Entry> entry = catalog_.find(ref_, table);
  const auto then = versions.find(table);
  if (!entry || then == versions.end()) return std::nullopt;
  const std::string name = sql::identifier(lake) + "." + quoted(table);
  if (entry->kind == EntryKind::Table) {
    if (then->second == entry->data_version) return name;
    if (then->second == "0") return fmt::format("(select * from {} limit 0)", name);  // it had no snapshot
    return fmt::format("(select * from {} at (version => {}))", name, then->second);
  }
  if (then->second != entry->data_version) return std::nullopt;
  const std::string& sql = entry->properties.at("lochan.sql");
  bool is_known = true;
  const std::string body = rewrite(sql, parse(sql, to_string(table)).references, [&](const TableName& input) {
    const auto inner = name_then(input, lake, versions);
    is_known = is_known && inner.has_value();
    return inner.value_or("");
  });
  if (!is_known) return std::nullopt;
  return "(" + body + "\n)";
}

void Resolver::add_versions(const TableName& table, std::map<TableName, std::string>& versions) const {
  const std::optional<Entry> entry = catalog_.find(ref_, table);
  if (!entry || !versions.emplace(table, entry->data_version).second || entry->kind == EntryKind::Table) return;
  const auto inputs = entry->properties.find("lochan.inputs");
  if (inputs == entry->properties.end()) return;
  for (const auto& [input, version] : parse_inputs(inputs->second)) add_versions(input, versions);
}

ParsedQuery Resolver::parse(const std::string& sql, const std::string& file) {
  const std::lock_guard lock(mutex_);
  if (const auto found = parsed_.find(sql); found != parsed_.end()) return found->second;
  if (!shadow_) shadow_.emplace();
  return parsed_.emplace(sql, shadow_->parse(sql, file)).first->second;
}

std::string Resolver::resolve(const TableName& table, const std::string& lake, std::vector<TableName>& path) {
  const std::optional<Entry> entry = catalog_.find(ref_, table);
  if (const auto base = rejected_of(table); !entry && base && catalog_.find(ref_, *base))
    return "(" + no_rejected_rows() + ")";
  if (!entry) {
    std::vector<std::string> names;
    for (const Entry& other : catalog_.entries(ref_)) names.push_back(to_string(other.table));
    if (ref_ == "at-0")
      throw Error(ErrorKind::Usage, fmt::format("no table `{}`: nothing is published yet", to_string(table)))
          .hint("`lochan run` makes the project's tables");
    const std::string where = ref_.starts_with("at-") ? "publication " + ref_.substr(3) : fmt::format("`{}`", ref_);
    throw Error(ErrorKind::Usage, fmt::format("no table `{}` in {}", to_string(table), where))
        .hint(text::did_you_mean(to_string(table), names, "`lochan show` lists the tables"));
  }
  if (entry->kind == EntryKind::Table) {
    if (std::string note = archive_note(*entry); !note.empty()) {
      const std::lock_guard lock(mutex_);
      notes_[table] = std::move(note);
    }
    return sql::identifier(lake) + "." + quoted(table);
  }
  if (std::ranges::find(path, table) != path.end())
    throw Error(ErrorKind::Data, fmt::format("the view `{}` reads itself", to_string(table)));
  path.push_back(table);
  const std::string& sql = entry->properties.at("lochan.sql");
  const ParsedQuery parsed = parse(sql, to_string(table));
  const std::string body =
      rewrite(sql, parsed.references, [&](const TableName& input) { return resolve(input, lake, path); });
  path.pop_back();
  return "(" + body + "\n)";
}

}  // namespace lochan

#include "run/resolver.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/sql.h"
#include "base/text.h"

namespace lochan {

std::string Resolver::name(const TableName& table, const std::string& lake) {
  std::vector<TableName> path;
  return resolve(table, lake, path);
}

std::string Resolver::query(const std::string& sql, const std::string& lake, const std::string& file) {
  const ParsedQuery parsed = parse(sql, file);
  return rewrite(sql, parsed.references, [&](const TableName& table) { return name(table, lake); });
}

ParsedQuery Resolver::parse(const std::string& sql, const std::string& file) {
  const std::lock_guard lock(mutex_);
  if (const auto found = parsed_.find(sql); found != parsed_.end()) return found->second;
  return parsed_.emplace(sql, shadow_.parse(sql, file)).first->second;
}

std::string Resolver::resolve(const TableName& table, const std::string& lake, std::vector<TableName>& path) {
  const std::optional<Entry> entry = catalog_.find(ref_, table);
  if (!entry) {
    std::vector<std::string> names;
    for (const Entry& other : catalog_.entries(ref_)) names.push_back(to_string(other.table));
    throw Error(ErrorKind::Usage, fmt::format("no table `{}` in `{}`", to_string(table), ref_))
        .hint(text::did_you_mean(to_string(table), names, "`lochan show` lists the tables"));
  }
  if (entry->kind == EntryKind::Table) return sql::identifier(lake) + "." + quoted(table);
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

#include "base/migration.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/text.h"

namespace lochan {
namespace {

void run_statements(Database& state, std::string_view sql) {
  for (std::size_t begin = 0; begin < sql.size();) {
    const auto end = std::min(sql.find(";\n", begin), sql.size());
    const auto statement = text::trim(sql.substr(begin, end - begin));
    if (!statement.empty()) state.execute(statement);
    begin = end + 2;
  }
}

}  // namespace

void migrate(Database& state, std::span<const Migration> migrations) {
  std::map<std::string_view, int> newest;
  for (const Migration& migration : migrations) newest[migration.part] = std::max(newest[migration.part], migration.version);
  std::map<std::string, int> present;
  const auto read_present = [&] {
    present.clear();
    for (const DbRow& row : state.query("select part, version from schema_version"))
      present[row.text(0)] = static_cast<int>(row.integer(1));
  };
  try {
    read_present();
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Data) throw;
    // It isn't there. In a transaction, as several processes may find so at once.
    state.write([&] { state.execute("create table if not exists schema_version(part text primary key, version bigint not null)"); });
    read_present();
  }
  for (const auto& [part, version] : present) {
    const auto known = newest.find(part);
    if (known == newest.end() || known->second < version)
      throw Error(ErrorKind::Data, fmt::format("the state's part `{}` has version {}, and this Lochan knows {}", part, version,
                                               known == newest.end() ? 0 : known->second))
          .hint("a newer Lochan wrote this state: use that one, or restore an older copy of the state");
  }
  const bool current = std::ranges::all_of(newest, [&](const auto& part) {
    const auto found = present.find(std::string(part.first));
    return found != present.end() && found->second == part.second;
  });
  if (current) return;
  state.write([&] {
    read_present();  // another process may have been first
    for (const Migration& migration : migrations) {
      int& version = present[std::string(migration.part)];
      if (version >= migration.version) continue;
      run_statements(state, migration.sql);
      version = migration.version;
      state.execute("insert into schema_version(part, version) values ($1, $2) on conflict(part) do update set version = $2",
                    {std::string(migration.part), std::int64_t{version}});
    }
  });
}

}  // namespace lochan

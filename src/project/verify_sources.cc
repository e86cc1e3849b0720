// Sources: their connections exist, and the keys of a table go together.
#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/json.h"
#include "base/text.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

void verify_connections(const Project& project, const SourceConfig& source, Problems& problems) {
  std::vector<std::string> names;
  for (const auto& [name, connection] : project.connections) names.push_back(name);
  std::set<std::string> seen;
  for (const LocatedText& from : source.from) {
    if (!project.connections.contains(*from))
      problems.add(from.position, fmt::format("no connection `{}` in lochan.yaml", *from),
                   text::did_you_mean(*from, names, fmt::format("add it there: `connections: {{ {}: … }}`", *from)));
    else if (!seen.insert(*from).second)
      problems.add(from.position, fmt::format("connection `{}` is written twice", *from), "keep one of them");
    else if (project.connections.at(*from).kind == "mongodb")
      problems.add(from.position, fmt::format("`{}` is of kind `mongodb`, which can't be read from yet", *from),
                   "name another connection; sinks can write to it");
  }
}

/// Whether any, or each, of the source's known connections is of kind files.
struct FilesUse {
  bool any = false;
  bool all = true;
  std::string other;  // the first that is of another kind
  bool http = false;  // any is of kind http
  bool known = true;  // of each the kind is known
};

FilesUse find_files_use(const Project& project, const SourceConfig& source) {
  FilesUse use;
  for (const LocatedText& from : source.from) {
    const auto found = project.connections.find(*from);
    if (found == project.connections.end() || found->second.kind.empty()) {
      use.known = false;
      continue;
    }
    use.http = use.http || found->second.kind == "http";
    if (found->second.kind == "files") {
      use.any = true;
    } else if (use.all) {
      use.all = false;
      use.other = fmt::format("`{}` is of kind `{}`", *from, found->second.kind);
    }
  }
  return use;
}

void verify_load(const SourceTable& table, const FilesUse& files, Problems& problems) {
  if (table.load == LoadMode::Full && table.cursor)
    problems.add(table.cursor->position,
                 fmt::format("`cursor` is for `load: incremental`, and `{}` is loaded in full", table.name),
                 "add `load: incremental`, or remove `cursor`");
  if (table.load == LoadMode::Full && table.lookback.count() > 0)
    problems.add(table.position,
                 fmt::format("`lookback` is for `load: incremental`, and `{}` is loaded in full", table.name),
                 "add `load: incremental`, or remove `lookback`");
  const bool has_only_files = files.any && files.all;
  if (table.deletes == SourceDeletes::Detect && table.load == LoadMode::Full)
    problems.add(table.position, fmt::format("`deletes` is for `load: incremental`, and `{}` is loaded in full", table.name),
                 "remove `deletes`: a full load with a `key` marks the rows that are gone by itself");
  else if (table.deletes == SourceDeletes::Detect && files.http)
    problems.add(table.position, fmt::format("`deletes` of `{}` is for databases: an API that is asked for what is new doesn't say what is gone", table.name),
                 "remove `deletes`, or load the table in full with a `key`");
  else if (table.deletes == SourceDeletes::Detect && files.any)
    problems.add(table.position, fmt::format("`deletes` of `{}` is for databases: a file that is gone takes no rows with it", table.name),
                 "remove `deletes`");
  else if (table.deletes == SourceDeletes::Detect && table.key.empty())
    problems.add(table.position, fmt::format("`deletes: detect` of `{}` needs a `key`, by which it sees which rows are gone", table.name),
                 "name the column or columns that tell its rows apart, such as `key: id`");
  if (table.load == LoadMode::Incremental && !table.cursor && !has_only_files && files.known)
    problems.add(table.position, fmt::format("`{}` is loaded incrementally without a `cursor`", table.name),
                 "name the column that only grows, such as `cursor: updated_at`");
  if (table.load == LoadMode::Incremental && has_only_files && (table.cursor || table.lookback.count() > 0))
    problems.add(table.cursor ? table.cursor->position : table.position,
                 fmt::format("`{}` of `{}` is for databases: files are read once each, when they are new or changed",
                             table.cursor ? "cursor" : "lookback", table.name),
                 fmt::format("remove `{}`", table.cursor ? "cursor" : "lookback"));
}

/// What is compared with the source must be what the load promises to hold.
void verify_reconciliation(const SourceTable& table, const FilesUse& files, Problems& problems) {
  for (const CheckConfig& check : table.checks) {
    if (check.kind != "reconciliation") continue;
    const bool is_incremental = table.load == LoadMode::Incremental;
    if (files.http)
      problems.add(check.position, fmt::format("`{}` of `{}` is for databases: an API has no snapshot to compare with", check.name, table.name),
                   "remove it, or count with `row_count`");
    else if (files.any)
      problems.add(check.position, fmt::format("`{}` of `{}` is for databases: a folder of files has no snapshot to compare with", check.name, table.name),
                   "remove it, or count with `row_count`");
    else if (is_incremental && table.key.empty())
      problems.add(check.position, fmt::format("`{}` of `{}` needs a `key`, by which it sees a row's last version", check.name, table.name),
                   "name the column or columns that tell its rows apart, such as `key: id`, or load it in full");
    else if (is_incremental && table.deletes == SourceDeletes::Ignore && !check.columns.empty())
      problems.add(check.position,
                   fmt::format("`{}` compares columns of `{}`, where rows that are deleted at the source stay", check.name, table.name),
                   "add `deletes: detect`, or leave `columns` out: then it looks for rows that are missing");
  }
}

/// Of a server's table `columns` names those that come as the server writes them.
void verify_text_columns(const SourceTable& table, const std::string& columns, Problems& problems) {
  const Json json = Json::parse(columns);
  for (const auto& [name, type] : json.items())
    if (text::lower(type.get<std::string>()) != "varchar")
      problems.add(table.position,
                   fmt::format("`columns` of `{}` wants `{}` to be {}: of a database, a column comes with its own type or as VARCHAR",
                               table.name, name, type.get<std::string>()),
                   fmt::format("write `{}: VARCHAR`, and cast it in a model", name));
}

bool is_from_servers(const Project& project, const SourceConfig& source) {
  return std::ranges::all_of(source.from, [&](const LocatedText& from) {
    const auto found = project.connections.find(*from);
    return found != project.connections.end() && (found->second.kind == "postgres" || found->second.kind == "mysql");
  });
}

void verify_options(const Project& project, const SourceConfig& source, const SourceTable& table, const FilesUse& files,
                    Problems& problems) {
  if (files.all) return;
  if (files.http && table.from != table.name)
    problems.add(table.position,
                 fmt::format("`from` of `{}` is for databases and files, and {}", table.name, files.other),
                 "remove `from`: what an API is asked for stands in `request`");
  for (const auto& [option, value] : table.options)
    if (option == "columns" && files.http)
      continue;
    else if (option == "columns" && is_from_servers(project, source))
      verify_text_columns(table, value, problems);
    else
      problems.add(table.position, fmt::format("`{}` of `{}` is for files, and {}", option, table.name, files.other),
                   fmt::format("remove `{}`", option));
}

}  // namespace

void verify_sources(const Project& project, Problems& problems) {
  for (const auto& [name, source] : project.sources) {
    verify_connections(project, source, problems);
    const FilesUse files = find_files_use(project, source);
    for (const SourceTable& table : source.tables) {
      verify_load(table, files, problems);
      verify_reconciliation(table, files, problems);
      verify_options(project, source, table, files, problems);
    }
  }
}

}  // namespace lochan

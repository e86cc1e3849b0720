#include "run/lake_files.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <span>

#include "base/error.h"
#include "base/sql.h"
#include "catalog/file_uri.h"

namespace lochan {
namespace {

constexpr std::size_t kFilesAtOnce = 500;

std::string relative_name(const std::string& uri, const std::string& root_uri) {
  if (!uri.starts_with(root_uri + "/"))
    throw Error(ErrorKind::Internal, fmt::format("`{}` is not in the lake `{}`", uri, root_uri));
  return uri.substr(root_uri.size() + 1);
}

// One column of some Avro files. Iceberg's spec, "Manifests" and "Manifest Lists", names the fields.
std::set<std::string> read_avro(Session& session, std::span<const std::string> files, std::string_view expression) {
  std::vector<std::string> names;
  for (const std::string& file : files) names.push_back(sql::literal(file));
  std::set<std::string> values;
  const Rows rows =
      session.query(fmt::format("select distinct {} from read_avro([{}])", expression, fmt::join(names, ", ")));
  for (const auto& row : rows.rows)
    if (row[0]) values.insert(canonical_uri(*row[0]));
  return values;
}

// Many files: as many at once as have one schema. A table's manifests have one for each of its partition specs.
std::set<std::string> read_all(Session& session, const std::set<std::string>& files, std::string_view expression) {
  std::set<std::string> values;
  const std::vector<std::string> all(files.begin(), files.end());
  for (std::size_t begin = 0; begin < all.size(); begin += kFilesAtOnce) {
    const std::span chunk = std::span(all).subspan(begin, std::min(kFilesAtOnce, all.size() - begin));
    try {
      values.merge(read_avro(session, chunk, expression));
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Data) throw;
      for (const std::string& file : chunk) values.merge(read_avro(session, std::span(&file, 1), expression));
    }
  }
  return values;
}

}  // namespace

std::set<std::string> reachable_files(const std::vector<ReachableTable>& tables, const std::string& root_uri,
                                      Engine& engine) {
  std::set<std::string> files;
  std::unique_ptr<Session> session;
  const auto add = [&](const std::set<std::string>& uris) {
    for (const std::string& uri : uris) files.insert(relative_name(canonical_uri(uri), root_uri));
  };
  for (const ReachableTable& table : tables) {
    add(table.metadata_files);
    add(table.statistics_files);
    add(table.manifest_lists);
    if (table.manifest_lists.empty()) continue;
    if (!session) {
      session = engine.open_session();
      session->load_extension("avro");
    }
    const std::set<std::string> manifests = read_all(*session, table.manifest_lists, "manifest_path");
    add(manifests);
    add(read_all(*session, manifests, "data_file.file_path"));
  }
  return files;
}

}  // namespace lochan

// The kinds of sources there are: one line each.
#include <fmt/format.h>

#include <array>

#include "base/error.h"
#include "base/text.h"
#include "source/kinds.h"
#include "source/source.h"

namespace lochan {
namespace {

constexpr std::array kKinds = {
    SourceKind{"sqlite", "an SQLite database: sqlite:./shop.db", make_sqlite_source},
    SourceKind{"files", "CSV, JSON, XML, Parquet, Excel and other files, in a folder, a bucket or on a web server: files:./drop, s3://bucket/prefix", make_files_source},
    SourceKind{"postgres", "a PostgreSQL database: postgresql://user:password@host:port/database", make_postgres_source},
    SourceKind{"http", "an HTTP API: https://api.example.com/v1", make_http_source},
    SourceKind{"mysql", "a MySQL or MariaDB database: mysql://user:password@host/database", make_mysql_source},
};

}  // namespace

std::span<const SourceKind> source_kinds() { return kKinds; }

SourceTotals Source::totals(Session&, const SourceTable& table, std::span<const Column>) {
  throw Error(ErrorKind::Project, fmt::format("`{}` can't be compared with its source, which has no snapshots", table.name))
      .at(table.position)
      .hint("remove its check `reconciliation`");
}

std::unique_ptr<Source> make_source(const Connection& connection) {
  std::vector<std::string> names;
  for (const SourceKind& kind : kKinds) {
    if (kind.name == connection.kind) return kind.make(connection);
    names.emplace_back(kind.name);
  }
  throw Error(ErrorKind::Project, fmt::format("connection `{}` is of a kind `{}`, which can't be read from", connection.name,
                                              connection.kind))
      .at(connection.position)
      .hint(text::did_you_mean(connection.kind, names, fmt::format("there are {}", fmt::join(names, ", "))));
}

}  // namespace lochan

// Loads a table of a real PostgreSQL server as runs do.
#pragma once

#include "base/sql.h"
#include "tests/source/load_fixture.h"
#include "tests/support/postgres_server.h"

namespace lochan {

class PostgresFixture : public LoadFixture {
 protected:
  Connection connection() const { return connection_to(database_.url()); }
  static Connection connection_to(const std::string& url) {
    Connection connection;
    connection.name = "shop";
    connection.kind = "postgres";
    connection.url = connection.location = url;
    return connection;
  }

  void server(const std::string& sql) { test_.execute(sql); }
  using LoadFixture::load;
  LoadedTable load() {
    const Connection from = connection();
    const auto source = make_source(from);
    return LoadFixture::load(*source, from);
  }
  std::string load_error() {
    return error([&] { load(); });
  }
  /// Each row's values with a `|` between them, as the server writes them.
  std::vector<std::string> server_rows(const std::string& sql) {
    std::vector<std::string> lines;
    for (const auto& row : test_.query(sql).rows) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i) line += (i == 0 ? "" : "|") + row[i].value_or("null");
      lines.push_back(line);
    }
    return lines;
  }

  PostgresDatabase database_;
  PostgresConnection test_ = database_.connect();
};

}  // namespace lochan

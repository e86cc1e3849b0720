// Loads one table as runs do, from SQLite files and folders that a test writes.
#pragma once

#include <sqlite3.h>

#include "source/load.h"
#include "tests/support/run_lake.h"

namespace lochan {

inline const TableName kRawSale{"raw", "sale"};

class LoadFixture : public RunLake {
 protected:
  LoadFixture() : RunLake({kRawSale}) {
    table_.name = table_.from = "sale";
    source_.name = "shop";
  }

  /// SQL in an SQLite file of the test's folder.
  void shop(const std::string& sql, const std::string& name = "shop") const {
    sqlite3* database = nullptr;
    ASSERT_EQ(sqlite3_open((folder_ / (name + ".db")).c_str(), &database), SQLITE_OK);
    char* message = nullptr;
    const int code = sqlite3_exec(database, sql.c_str(), nullptr, nullptr, &message);
    EXPECT_EQ(code, SQLITE_OK) << (message == nullptr ? "" : message) << "\n" << sql;
    sqlite3_free(message);
    sqlite3_close(database);
  }

  Connection connection(const std::string& name = "shop") const {
    Connection connection;
    connection.name = name;
    connection.kind = kind_;
    connection.location = (folder_ / (kind_ == "sqlite" ? name + ".db" : name)).string();
    return connection;
  }

  void incremental(const std::string& cursor, std::chrono::seconds lookback = std::chrono::seconds{0}) {
    table_.load = LoadMode::Incremental;
    table_.cursor = LocatedText{cursor, {}};
    table_.lookback = lookback;
  }
  void key(const std::string& column) { table_.key = {LocatedText{column, {}}}; }

  /// One load, published with its cursor. What it throws leaves nothing behind.
  LoadedTable load(const std::string& name = "shop") {
    const Connection from = connection(name);
    const auto source = make_source(from);
    return load(*source, from);
  }
  LoadedTable load(Source& source, const Connection& from) {
    LoadRequest request{source_, from, {&table_}, {{kRawSale, find(kRawSale)}}, run(), loaded_at_ += std::chrono::seconds{1}};
    LoadedTable loaded;
    try {
      loaded = lochan::load(session(), source, request).front();
    } catch (...) {
      abandon();
      throw;
    }
    std::map<std::string, Cursor> cursors;
    if (const auto& before = request.current.at(kRawSale); before && before->properties.contains("lochan.cursor"))
      cursors = parse_cursors(before->properties.at("lochan.cursor"));
    cursors[from.name] = loaded.reached;
    publish({{kRawSale, {{"lochan.cursor", cursors_property(cursors)}}}});
    return loaded;
  }
  std::string load_error(const std::string& name = "shop") {
    return error([&] { load(name); });
  }

  std::string kind_ = "sqlite";
  SourceTable table_;
  SourceConfig source_;
  Instant loaded_at_ = parse_instant("2026-11-20T23:59:50Z");  // the loads go over midnight: two partitions
};

/// The last version of each key, deleted ones left out.
inline std::string latest(const std::string& columns, const std::string& keys = "_source, id") {
  return fmt::format("select {} from (select * from LAKE.raw.sale qualify row_number() over (partition by {} order by _loaded_at "
                     "desc) = 1) where not _deleted order by all",
                     columns, keys);
}

}  // namespace lochan

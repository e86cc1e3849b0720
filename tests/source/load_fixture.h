// Loads one table as runs do, from SQLite files and folders that a test writes.
#pragma once

#include <sqlite3.h>

#include "tests/source/load_lake.h"

namespace lochan {

inline const TableName kRawSale{"raw", "sale"};

class LoadFixture : public LoadLake {
 protected:
  LoadFixture() : LoadLake({kRawSale}) { table_.name = table_.from = "sale"; }

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

  LoadedTable load(const std::string& name = "shop") {
    const Connection from = connection(name);
    const auto source = make_source(from);
    return load(*source, from);
  }
  LoadedTable load(Source& source, const Connection& from) { return LoadLake::load(source, from, {&table_}).front(); }
  std::string load_error(const std::string& name = "shop") {
    return error([&] { load(name); });
  }

  std::string kind_ = "sqlite";
  SourceTable table_;
};

}  // namespace lochan

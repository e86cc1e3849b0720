// Where the catalog and the journal keep their rows: a SQLite file, or a schema of a PostgreSQL database, which several
// hosts may share.
#pragma once

#include <filesystem>
#include <string>

namespace lochan {

struct StateConfig {
  std::filesystem::path file;  // absolute; empty: the rows are in PostgreSQL
  std::string url;             // as libpq reads it; may hold secrets
  std::string schema;          // what of the database is this project's

  bool is_shared() const { return file.empty(); }
  /// For people: without user and password.
  std::string shown() const;
};

}  // namespace lochan

// Rows of a MySQL server as a table of the engine.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/mysql_connection.h"
#include "engine/outside_table.h"
#include "source/mysql_column.h"

namespace lochan {

/// A select and what it gives. Its rows come in one part: the server's snapshot belongs to one connection.
struct MysqlRead {
  std::string connection_name;
  std::string table;  // what messages call it
  std::vector<MysqlColumn> columns;
  std::string select;
  std::int64_t expected_rows = 0;
};

/// Shared with the engine's statements, which may end after their source is closed. One statement at a time reads from
/// it.
std::shared_ptr<OutsideTable> make_mysql_table(std::shared_ptr<MysqlConnection> connection, MysqlRead read);

/// Of one statement of the user's, which is begun by this.
std::shared_ptr<OutsideTable> make_mysql_answer(std::shared_ptr<MysqlConnection> connection, MysqlRead read);

}  // namespace lochan

// Tables that are carried to a database of PostgreSQL which is the test's own.
#pragma once

#include <string>
#include <vector>

#include "tests/sink/carry_fixture.h"
#include "tests/support/postgres_server.h"

namespace lochan {

class CarriesToPostgres : public CarryFixture {
 protected:
  CarriesToPostgres() {
    connection_.name = "dwh";
    connection_.kind = "postgres";
    connection_.location = connection_.url = database_.url();
  }
  using CarryFixture::carry;
  CarriedTable carry() { return CarryFixture::carry(connection_); }
  /// Rows of the target, each value with a `|` before the next.
  std::vector<std::string> there(const std::string& sql) {
    std::vector<std::string> lines;
    for (const auto& row : here_.query(sql).rows) {
      std::string line;
      for (const auto& value : row) line += (line.empty() ? "" : "|") + value.value_or("null");
      lines.push_back(std::move(line));
    }
    return lines;
  }
  void publish_two() { publish("from (values (1, 'mango', 3.5::decimal(10,2)), (2, 'fig', 1.2)) t(id, what, price)"); }

  PostgresDatabase database_;
  PostgresConnection here_ = database_.connect();
  Connection connection_;
};

}  // namespace lochan

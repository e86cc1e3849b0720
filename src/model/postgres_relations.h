// What is at a PostgreSQL database: tables and views, what they read by the database's own dependencies, their columns.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "base/postgres_name.h"
#include "project/column.h"

namespace lochan {

struct PostgresRelation {
  std::string id;        // pg_class.oid
  char kind = 'r';       // pg_class.relkind: r table, p partitioned, v view, m materialized view, f foreign
  std::string identity;  // another one when it was made anew, or its columns or its query were altered
};

/// Of those names the ones that are there.
std::map<PostgresName, PostgresRelation> find_relations(PostgresConnection& connection,
                                                        const std::set<PostgresName>& names);

/// The tables and views that a view or a materialized view reads, in order.
std::vector<PostgresName> read_by(PostgresConnection& connection, const std::string& id);

/// In order, with the types that PostgreSQL names.
std::vector<Column> columns_of(PostgresConnection& connection, const std::string& id);

/// "view", "materialized view", "table": for SQL and people.
std::string_view kind_word(char kind);

/// What a query reads and gives, as PostgreSQL says. Makes a temporary view and drops it, within the open transaction.
struct BoundQuery {
  std::vector<PostgresName> reads;
  std::vector<Column> columns;
};
BoundQuery bind_query(PostgresConnection& connection, const std::string& sql);

/// How many letters come before the query in the statement that `bind_query` sends.
int letters_before_query();

}  // namespace lochan

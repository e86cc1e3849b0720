// How a column of SQLite comes into the lake: its type there, and the SQL that carries each value over unchanged or fails.
#pragma once

#include <optional>
#include <string>

#include "source/sqlite_file.h"

namespace lochan {

/// The type, as DuckDB writes it, that a declared type arrives as. SQLite declares little and checks nothing, so:
/// integers BIGINT; DECIMAL(p,s) itself; DECIMAL and NUMERIC without digits, REAL, FLOAT, DOUBLE: DOUBLE; BOOLEAN, DATE;
/// DATETIME and TIMESTAMP: TIMESTAMP (a time with an offset is taken to UTC), with time zone itself; BLOB; the rest VARCHAR.
std::string type_from_sqlite(const std::string& declared);

/// An expression for SQLite, whose text `carried_value` turns into the value. (The engine gets text of every value.)
std::string carried_text(const SqliteColumn& column);

/// An expression for DuckDB over the column of that text. A value that the type can't hold exactly is an error that names
/// the column, the table and the value.
std::string carried_value(const SqliteColumn& column, const std::string& table);

/// A condition for SQLite that holds of every value that is not below `bound` (text of the column's type in the lake), and
/// of few others; it can use an index. Null is not among them.
std::string not_below(const SqliteColumn& column, const std::string& bound);

}  // namespace lochan

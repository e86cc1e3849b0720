// A table at a PostgreSQL target: what is there, what is declared of it, and bringing the one to the other.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/postgres_connection.h"
#include "base/postgres_name.h"
#include "project/project.h"
#include "sink/postgres_column.h"

namespace lochan {

/// Something declared of a table: a word, then what it is of. `key a b`, `index a`, `unique a`, `grant role`,
/// `comment text`, `column name text`.
using Declaration = std::vector<std::string>;
using Declarations = std::set<Declaration>;

/// Of a table as the project has it. `key` is the primary key there.
/// `partition month(dt)`, of a table that is partitioned: what can't be changed of one that is there.
Declarations declarations_of(const SinkTable& table, const std::vector<std::string>& key);
/// As the mark keeps them.
std::string declarations_text(const Declarations& declarations);
Declarations parse_declarations(const std::string& text);

/// All statements go to the connection's open transaction.
class TargetTable {
 public:
  /// Throws when something else has the name: `kind` as pg_class.relkind says it, a table (p: a partitioned one), a view (v) or a
  /// materialized view (m).
  TargetTable(PostgresConnection& connection, PostgresName name, char kind = 'r');

  const PostgresName& name() const { return name_; }
  bool exists() const { return !id_.empty(); }
  /// Another one when the table was made anew, emptied or restored: `16384/16390`. "" when it isn't there.
  std::string identity() const;

  /// `clause` follows the columns: how it is partitioned.
  void create(const std::vector<TargetColumn>& columns, const std::string& clause = "");
  /// After something was done to it elsewhere: partitions were made, …
  void look();
  /// Adds columns, widens types, lets columns that are gone be null. Whether it did the first or the second. Throws when a
  /// type can't be widened.
  bool evolve(const std::vector<TargetColumn>& columns);
  /// Takes back what is declared no more, and adds what is.
  void declare(const Declarations& before, const Declarations& now);

  /// Whether a table in its place would lose nothing that somebody else made: views on it, triggers, other indexes, …
  bool may_be_swapped(const Declarations& before, const Declarations& now);
  /// Whether it has these columns and no others, with nothing about them or the table that the sink didn't make.
  bool is_as_made(const std::vector<TargetColumn>& columns);
  /// It was renamed: its indexes, which PostgreSQL named after the table it knew, are too.
  void renamed(const PostgresName& to);
  /// Puts `other`, made beside it, in its place; with the grants it has.
  void swap_in(TargetTable& other);

 private:
  struct Index {
    Declaration is;
    std::string name;
    bool is_constraint = false;
  };
  std::vector<Index> indexes();
  void undo(const Declaration& declaration);
  void apply(const Declaration& declaration);
  std::string index_columns(const Declaration& declaration) const;

  PostgresConnection& connection_;
  PostgresName name_;
  char kind_;
  std::string id_;  // pg_class.oid
  std::string file_;
};

}  // namespace lochan

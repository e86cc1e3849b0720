// A source makes the engine able to read what is new at a connection, and says how far that reaches.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"
#include "project/column.h"
#include "project/project.h"
#include "source/totals.h"

namespace lochan {

/// What a connection offers: a table, or files that match.
struct Stream {
  std::string name;
  std::vector<Column> columns;     // types as they will arrive in the lake
  std::vector<std::string> key;    // the primary key, if it says
  std::vector<std::string> indexes;  // for people: "sale_customer (customer_id)"
  bool is_key_unique = false;        // the system itself lets no two rows share the key, nulls included
  std::string description{};         // what its comment at the system says
  std::map<std::string, std::string> descriptions{};  // of columns
};

/// How far a table was read from one connection: published with the rows, in `lochan.cursor`.
/// Empty means never. JSON text whose shape belongs to the source.
struct Cursor {
  std::string text;
  bool empty() const { return text.empty(); }
};

/// SQL over what may be new (the source's own columns only), and the cursor once it is published.
struct Extract {
  std::string select;
  Cursor reached;
  bool is_whole = false;        // the select gives all rows of the table, not only new ones
  bool surely_nothing = false;  // nothing can be new: the select need not be run
  std::string within;           // holds of every row the select can give, and of each row of the log that can equal one; "": all
  std::vector<std::string> notes;    // columns that say where a row was found: versions of a key don't differ by them
  std::optional<std::int64_t> rows;  // how many rows the select gives, where that is known
  std::string keys{};  // select of the key of all rows there are, where `deletes: detect` needs it; "": the select has
                       // them, or nobody asked
  std::string refused{};           // select of `payload`, `reason`, `position` of the records that can't be read, if there are any
  std::vector<std::string> files{};  // whose records it gives; positions are one of them, or one with `:` and a line
  std::vector<std::string> again{};  // of those, the ones that had been read before, with other contents
  std::optional<std::uint64_t> size_bytes{};  // of what is read, where that is known
  bool is_little = false;  // the whole table at the source surely is
  bool may_stay = false;  // when the select gives no row, the earlier cursor does as well, so that nothing need be published
};

class Source {
 public:
  virtual ~Source() = default;
  /// What is on offer. Throws Error{Unavailable} when the connection is down.
  virtual std::vector<Stream> discover() = 0;
  /// One table's stream; Error{NotFound} names the nearest one on offer. `known` are the columns that the lake has of it: a
  /// source without types of its own keeps to them.
  virtual Stream describe(const SourceTable& table, std::span<const Column> known) = 0;
  /// A cheap mark of the connection's state: when it is what it was at the last read, nothing is new in these tables.
  /// Nothing if there is no such mark. Read before `open`.
  virtual std::optional<std::string> change_mark(std::span<const SourceTable* const> tables) = 0;
  /// Whether the rows read since are surely not of an earlier state than the mark's, as another server's may be.
  virtual bool read_as_marked() const { return true; }
  /// Called inside the engine's transaction, which keeps one snapshot for all tables of the connection.
  virtual Extract extract(Session& session, const SourceTable& table, const Cursor& from) = 0;
  /// Called once before the first `extract` of an attempt, outside a transaction (attaches), and after the last.
  virtual void open(Session& session) = 0;
  virtual void close(Session& session) noexcept = 0;
  /// Called when all selects of the attempt were read: throws Error{Unavailable} when what was read moved meanwhile.
  virtual void confirm() {}
  /// After data could not be read: whether it found records that can be set aside, so that the attempt may begin anew.
  virtual bool set_aside() { return false; }
  /// The whole table's number of rows and the aggregates of these columns, by the source itself and in the snapshot of the
  /// attempt's rows. Called after its rows were read. Throws Error{Project} where there is no such snapshot.
  virtual SourceTotals totals(Session& session, const SourceTable& table, std::span<const Column> columns);
  /// What the engine met while it ran a select of `extract`, as people of this source say it.
  virtual Error explain(const Error& error) const { return error; }
};

/// One line of the registry for each kind.
struct SourceKind {
  std::string_view name;
  std::string_view help;
  std::unique_ptr<Source> (*make)(const Connection& connection);
};
std::span<const SourceKind> source_kinds();
/// Throws Error{Project} at the connection's position for an unknown kind.
std::unique_ptr<Source> make_source(const Connection& connection);

}  // namespace lochan

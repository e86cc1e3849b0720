// The catalog: main's history, branches over it, claims, write tokens, and publishing, as rows of the state database
// and Iceberg metadata files in the lake. Everything above uses this class; engines reach the same through HTTP
// (catalog/rest_server.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/database.h"
#include "base/migration.h"
#include "catalog/object_store.h"
#include "project/column.h"
#include "project/table_name.h"

namespace lochan {

enum class EntryKind { Table, View };

/// A table or view as one publication or one branch has it.
struct Entry {
  TableName table;
  EntryKind kind = EntryKind::Table;
  std::string metadata_location;
  std::string data_version;                       // newest snapshot that changed data; a view's: see DESIGN
  std::vector<Column> columns;                    // of the current schema, types as DuckDB writes them
  std::map<std::string, std::string> properties;  // `lochan.*` and the user's
  std::int64_t from_publication = 0;              // 0 for one that is only on a branch
};

/// `main`, `at-17`, or a branch's name: what a reader is bound to.
using Ref = std::string;

enum class BranchKind { Run, Named };
enum class BranchState { Open, Published, Failed, Dropped };

struct Branch {
  std::string name;
  BranchKind kind = BranchKind::Run;
  std::string parent;  // "main", or the named branch that a run works for
  std::int64_t base_publication = 0;
  std::int64_t base_generation = 0;  // the parent branch's write count when this one was made (named parents)
  BranchState state = BranchState::Open;
  Instant created_at;
};

struct Publication {
  std::int64_t number = 0;
  std::int64_t run = 0;  // 0 when no run made it
  std::string author;
  Instant at;
  std::string message;
};

/// One table of a publish: its sealed metadata gets these properties (added to or replacing those it has).
struct PublishTable {
  TableName table;
  std::map<std::string, std::string> properties;
  bool data_unchanged = false;  // the branch rewrote its files only: the data version stays, nothing becomes stale
};

/// A view to publish: rows of ours, and an Iceberg view file for other engines.
struct PublishView {
  TableName table;
  std::string sql;  // as DuckDB reads it, on names of main; kept as the property `lochan.sql`
  std::vector<Column> columns;
  std::string data_version;
  std::map<std::string, std::string> properties;
};

struct PublishRequest {
  std::string branch;
  std::vector<PublishTable> tables;  // tables of the branch to move; a dropped one is moved by dropping it
  std::vector<PublishView> views;
  std::vector<TableName> dropped;  // tables and views to take off main
  std::vector<TableName> guards;   // read by error checks: must still be what they were at the base
  std::int64_t run = 0;
  std::string author;
  std::string message;
  /// Runs inside the publishing transaction, first: throws when the publisher may not any more. May be empty.
  std::function<void()> first{};
  /// Runs inside the publishing transaction, last: the journal's own rows. May be empty.
  std::function<void(std::int64_t publication)> also;
};

/// Either a publication, or the tables that somebody else changed since the base (then nothing was written).
struct PublishOutcome {
  std::optional<std::int64_t> publication;  // none also when the target is a named branch: see `published`
  std::vector<TableName> conflicts;
  bool published = false;
};

/// What a token allows over HTTP.
struct TokenScope {
  Ref ref;  // the only prefix it may use
  bool may_write = false;
  std::vector<TableName> tables;  // may_write: only these tables; empty means any table the project doesn't make
  std::string author;             // of the publications that commits on main are
  ObjectStore::Keys keys = ObjectStore::Keys::Own;  // what it is told beside the tables
};

/// A publication is within retention while it is young enough, or one of the newest few.
struct RetentionPolicy {
  std::chrono::seconds publications{std::chrono::hours{24 * 7}};
  int keep_publications = 10;
  std::chrono::seconds branches{std::chrono::hours{24 * 3}};  // failed and published branches, for looking at
  std::chrono::seconds unfinished{0};  // a file younger than this may belong to an outside engine's commit to come
  std::chrono::seconds readers{std::chrono::hours{24}};  // what an outside reader asked for stays so long
};

struct CatalogOptions {
  std::vector<std::string> immutable_layers;
  std::vector<TableName> project_tables;  // commits on main to these are refused (403)
  int keep_snapshots = 100;               // of one table's sealed metadata, within retention
  RetentionPolicy retention;
};

/// May be shared between threads.
class Catalog {
 public:
  /// The statements that make the catalog's part of the state.
  static std::span<const Migration> migrations();

  /// All three must outlive the catalog. The state must be migrated. `location` of a table is
  /// `<store root>/<layer>/<name>`.
  Catalog(Database& state, ObjectStore& store, const Clock& clock, CatalogOptions options);
  ~Catalog();

  // --- reading
  std::int64_t current_publication() const;
  /// Newest first.
  std::vector<Publication> publications(int limit) const;
  /// Throws Error{NotFound} for an unknown ref, a publication beyond retention, or a dropped branch.
  std::vector<Entry> entries(const Ref& ref) const;
  std::optional<Entry> find(const Ref& ref, const TableName& table) const;
  /// What each publication changed: table and kind (`created`, `changed`, `dropped`).
  struct Change {
    TableName table;
    std::string kind;
  };
  std::vector<Change> changes(std::int64_t publication) const;

  // --- branches
  /// Over `parent` as it is now. Throws Error{Conflict} when the name is taken.
  Branch create_branch(const std::string& name, BranchKind kind, const std::string& parent = "main");
  std::optional<Branch> find_branch(const std::string& name) const;
  std::vector<Branch> branches() const;  // those not dropped
  /// What the branch itself changed.
  std::vector<Entry> branch_changes(const std::string& name, std::vector<TableName>* dropped = nullptr) const;
  void mark_branch(const std::string& name, BranchState state);

  /// Puts tables of a branch back to what they were at a savepoint (a new attempt starts clean). Views too.
  struct Savepoint {
    struct Row {
      Entry entry;
      bool dropped = false;
    };
    std::string branch;
    std::map<TableName, std::optional<Row>> rows;  // nothing: the branch had no entry of its own
  };
  Savepoint savepoint(const std::string& branch, std::span<const TableName> tables) const;
  void restore(const Savepoint& savepoint);
  /// Puts a view on a branch, so that steps after it see it.
  void put_view(const std::string& branch, const PublishView& view);

  // --- claims: which run writes which table, on main or a named branch (`target`)
  /// All or none. Returns the first table that another run holds, with that run.
  struct Claimed {
    TableName table;
    std::int64_t run = 0;
  };
  std::optional<Claimed> claim(std::int64_t run, const std::string& target, std::span<const TableName> tables);
  void release_claims(std::int64_t run);
  std::vector<Claimed> claims() const;

  // --- tokens, of this process
  /// What a token for `at-17` reads stays until it is revoked, in whatever process tending runs. Throws Error{NotFound}
  /// when that publication is gone already.
  std::string grant_token(TokenScope scope);
  /// Main as it is now: a token that reads the last publication, and that one's `at-17`.
  struct Reader {
    Ref ref;
    std::string token;
  };
  Reader grant_reader();
  /// From its return on, no request with this token writes anything.
  void revoke_token(const std::string& token);

  // --- publishing
  PublishOutcome publish(const PublishRequest& request);
  /// Main as it was at `to`, as a new publication; the tables it changed are marked held. `also` as in PublishRequest.
  std::int64_t rollback(std::int64_t to, std::string author, std::function<void(std::int64_t)> also);
  std::vector<TableName> held_tables() const;
  void release_held(std::span<const TableName> tables);

  // --- time travel
  /// A name for a publication, which retention keeps as long as the tag is there.
  struct Tag {
    std::string name;
    std::int64_t publication = 0;
    std::string author;
    Instant at;
  };
  /// Throws Error{Usage} for what can't be a name, {Conflict} when it is taken, {NotFound} for a publication that isn't
  /// kept.
  Tag create_tag(const std::string& name, std::int64_t publication, const std::string& author);
  /// Throws Error{NotFound} when there is none of that name.
  void drop_tag(const std::string& name);
  std::vector<Tag> tags() const;  // newest publication first
  /// The publication that a person means: a number, a tag, or the last one at a time (`2026-11-20 18:00`, UTC). Throws
  /// Error{Usage} or {NotFound}.
  std::int64_t resolve_publication(const std::string& text) const;
  std::optional<Publication> find_publication(std::int64_t number) const;
  /// The one that last changed or dropped the table on main; nothing when no such publication is kept.
  std::optional<Publication> last_change(const TableName& table) const;
  /// Keeps all that can be reached at the present publication, its tables' snapshots too, until it is released (or a
  /// day has gone without `renew`): for who copies the lake.
  struct Hold {
    std::string id;
    std::int64_t publication = 0;
  };
  Hold hold_present();
  void renew_hold(const Hold& hold);
  void release_hold(const Hold& hold);

  class Impl;
  /// For the HTTP routes in this folder.
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace lochan

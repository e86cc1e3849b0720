// What an engine may do to tables through a token: load, create, commit, drop. The HTTP routes call this and nothing
// else; every rule (scope, claims, replace, requirements) lives here, so it holds however a request came in.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/json.h"
#include "catalog/catalog.h"

namespace lochan {

/// A table's metadata as the spec's LoadTableResult needs it.
struct LoadedMetadata {
  std::string metadata_location;              // "" for a staged create
  std::shared_ptr<const Json> metadata;       // shared with the cache: sealed files never change
  std::map<std::string, std::string> config;  // of the store: empty for local files
};

/// One table's part of a commit (spec: CommitTableRequest).
struct TableCommit {
  TableName table;
  Json requirements;
  Json updates;
};

struct Grant;

/// Of one request. Throws Error{NotFound} (404), Error{Conflict} (409: surely not committed), Error{Usage} (400),
/// `Forbidden` below (403). Anything else that a writing call throws is 500 or 503: whether it was written is unknown.
class TableAccess {
 public:
  /// Throws `Unauthorized` for a token nobody granted, or that was revoked; the routes answer 401.
  TableAccess(Catalog& catalog, const std::string& token);
  /// Of somebody whom another door let in, for this request.
  TableAccess(Catalog& catalog, TokenScope scope);

  /// The ref that the token is for; a request with another prefix is 403.
  const Ref& ref() const;

  /// Layers with a table or view, those of the project's tables, and those that were created.
  std::vector<std::string> namespaces() const;
  void create_namespace(const std::string& name, const std::map<std::string, std::string>& properties);
  void drop_namespace(const std::string& name);  // Conflict when it isn't empty
  std::map<std::string, std::string> namespace_properties(const std::string& name) const;  // NotFound

  std::vector<TableName> tables(const std::string& layer) const;
  std::vector<TableName> views(const std::string& layer) const;
  LoadedMetadata load_table(const TableName& table) const;
  LoadedMetadata load_view(const TableName& view) const;
  bool table_exists(const TableName& table) const;

  /// `request` is the spec's CreateTableRequest. With stage-create nothing is visible until the commit.
  LoadedMetadata create_table(const std::string& layer, const Json& request);
  /// All or nothing. A commit whose snapshot is already there is answered as done.
  std::vector<LoadedMetadata> commit(std::span<const TableCommit> commits);
  /// The files stay: other publications and branches may reach them, and tending removes what nothing reaches. So
  /// `purge` only says that the caller would have them go.
  void drop_table(const TableName& table, bool purge);

 private:
  Catalog& catalog_;
  std::shared_ptr<Grant> grant_;
};

/// 403: the table has one writer, or its layer is immutable, or the token only reads.
class Forbidden : public Error {
 public:
  explicit Forbidden(std::string message) : Error(ErrorKind::Conflict, std::move(message)) {}
};

/// 401: a token that nobody granted, or that was revoked.
class Unauthorized : public Error {
 public:
  explicit Unauthorized(std::string message) : Error(ErrorKind::Usage, std::move(message)) {}
};

}  // namespace lochan

#include "catalog/table_commit.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "catalog/metadata_update.h"
#include "catalog/replace.h"
#include "catalog/requirement.h"
#include "catalog/table_metadata.h"
#include "project/rejected_name.h"

namespace lochan {
namespace {

constexpr int kAttempts = 20;

// The ids of the snapshots that a commit adds.
std::vector<std::int64_t> added_snapshots(const Json& updates) {
  std::vector<std::int64_t> ids;
  if (!updates.is_array()) return ids;
  for (const Json& update : updates)
    if (update.is_object() && update.value("action", "") == "add-snapshot" && update.contains("snapshot"))
      ids.push_back(update["snapshot"].value("snapshot-id", std::int64_t{-1}));
  return ids;
}

std::string assigned_uuid(const Json& updates) {
  if (!updates.is_array()) return "";
  for (const Json& update : updates)
    if (update.is_object() && update.value("action", "") == "assign-uuid") return update.value("uuid", "");
  return "";
}

bool is_same(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  return a.has_value() == b.has_value() && (!a || a->metadata_location == b->metadata_location);
}

bool is_same(const std::optional<BranchRow>& a, const std::optional<BranchRow>& b) {
  return a.has_value() == b.has_value() &&
         (!a || (a->dropped == b->dropped && a->entry.metadata_location == b->entry.metadata_location));
}

}  // namespace

std::vector<LoadedMetadata> TableWriter::commit(std::span<const TableCommit> commits) {
  std::vector<TableName> tables;
  for (const TableCommit& commit : commits) {
    if (std::ranges::find(tables, commit.table) != tables.end())
      throw Error(ErrorKind::Usage, fmt::format("`{}` stands twice in one commit", to_string(commit.table)));
    tables.push_back(commit.table);
  }
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const BoundRef ref = bind_for_writing(tables);
    if (auto done = already_done(ref, commits)) return std::move(*done);
    const std::int64_t instant_ms = ref.branch ? catalog_.now_ms() : catalog_.next_instant_ms();
    std::vector<Change> changes;
    for (const TableCommit& commit : commits) changes.push_back(prepare(ref, commit, instant_ms));
    std::optional<PendingWrite> pending;
    if (!ref.branch) pending.emplace(catalog_.state, catalog_.clock.now());
    // A crash from here to the swap leaves files that nothing names; the client's files too.
    for (Change& change : changes) write_file(ref, change);
    if (!swap(ref, changes, instant_ms, pending ? &*pending : nullptr)) continue;
    std::vector<LoadedMetadata> answers;
    for (const Change& change : changes) answers.push_back(loaded(ref, change.entry));
    return answers;
  }
  throw Error(ErrorKind::Conflict, "other commits kept coming in between").hint("try again");
}

// A reply can get lost: a client that asks again must not be told that somebody else was first.
std::optional<std::vector<LoadedMetadata>> TableWriter::already_done(const BoundRef& ref,
                                                                     std::span<const TableCommit> commits) const {
  std::vector<LoadedMetadata> answers;
  bool is_certain = false;
  for (const TableCommit& commit : commits) {
    const auto entry = catalog_.find(ref, commit.table);
    if (!entry || entry->kind != EntryKind::Table) return std::nullopt;
    const auto metadata = catalog_.metadata.read(entry->metadata_location);
    const auto ids = added_snapshots(commit.updates);
    if (!std::ranges::all_of(ids, [&](std::int64_t id) { return find_snapshot(*metadata, id) != nullptr; }))
      return std::nullopt;
    // One that makes an empty table is known by the uuid that the staged create gave out.
    const bool is_made = asserts_create(commit.requirements) && ids.empty() && !current_snapshot_id(*metadata) &&
                         assigned_uuid(commit.updates) == metadata->value("table-uuid", "");
    const bool is_own = !ref.branch || catalog_.rows.branch_row(ref.branch->name, commit.table, false).has_value();
    is_certain = is_certain || !ids.empty() || (is_made && is_own);
    answers.push_back(loaded(ref, *entry));
  }
  if (!is_certain) return std::nullopt;
  return answers;
}

TableWriter::Change TableWriter::start(const BoundRef& ref, const TableName& table) const {
  Change change;
  change.table = table;
  if (ref.branch) change.own = catalog_.rows.branch_row(ref.branch->name, table, false);
  change.before = catalog_.find(ref, table);
  return change;
}

TableWriter::Change TableWriter::prepare(const BoundRef& ref, const TableCommit& commit,
                                         std::int64_t instant_ms) const {
  Change change = start(ref, commit.table);
  const bool creates = asserts_create(commit.requirements);
  if (!creates && (!change.before || change.before->kind != EntryKind::Table))
    throw Error(ErrorKind::NotFound, fmt::format("there is no table `{}`", to_string(commit.table)));
  if (creates) {
    check_requirements(nullptr, commit.requirements);
    change.metadata = start_create(ref, change, commit.updates, instant_ms);
  } else {
    const auto metadata = catalog_.metadata.read(change.before->metadata_location);
    check_requirements(metadata.get(), commit.requirements);
    change.metadata = *metadata;
    // In a log of refused records some are closed, which removes no object either: files of deletes and rows are added.
    const bool takes_appends_only = catalog_.takes_appends_only(commit.table) && !rejected_of(commit.table);
    const std::string refused = takes_appends_only ? rewriting_update(commit.updates) : "";
    if (!refused.empty())
      throw Forbidden(fmt::format("the layer `{}` is immutable: `{}` takes appends only, not {}", commit.table.layer,
                                  to_string(commit.table), refused));
  }
  MetadataUpdate update(std::move(change.metadata), instant_ms);
  update.apply(commit.updates);
  change.metadata = std::move(update).finish();
  if (creates) complete_new_table(change.metadata);
  return change;
}

Json TableWriter::start_create(const BoundRef& ref, const Change& change, const Json& updates,
                               std::int64_t instant_ms) const {
  const auto taken = [&] {
    return Error(ErrorKind::Conflict, fmt::format("there is a table or view `{}` already", to_string(change.table)));
  };
  if (ref.branch ? change.own && !change.own->dropped : change.before.has_value()) throw taken();
  const auto base = ref.branch ? catalog_.inherited(*ref.branch, change.table) : std::nullopt;
  if (!base || base->kind != EntryKind::Table)
    return empty_table_metadata(catalog_.table_location(change.table), instant_ms);
  if (catalog_.takes_appends_only(change.table))
    throw Forbidden(fmt::format("the layer `{}` is immutable: `{}` can't be replaced", change.table.layer,
                                to_string(change.table)));
  const auto metadata = catalog_.metadata.read(base->metadata_location);
  // Another uuid: its field ids weren't mapped to those of the table that it would join.
  if (assigned_uuid(updates) != metadata->value("table-uuid", "")) throw taken();
  return start_replace(*metadata);
}

LoadedMetadata TableWriter::create(const TableName& table, const Json& request) {
  const BoundRef ref = bind_for_writing({&table, 1});
  const Change change = start(ref, table);
  const bool is_staged = request.value("stage-create", false);
  const auto base = ref.branch ? catalog_.inherited(*ref.branch, table) : std::nullopt;
  const bool may_replace = base && base->kind == EntryKind::Table;
  // A client that would create what it doesn't know of is told; who drops first, or stages, replaces.
  if (change.before && (change.own || !is_staged || !may_replace))
    throw Error(ErrorKind::Conflict, fmt::format("there is a table or view `{}` already", to_string(table)));
  if (may_replace && catalog_.takes_appends_only(table))
    throw Forbidden(fmt::format("the layer `{}` is immutable: `{}` can't be replaced", table.layer, to_string(table)));
  const std::string location = catalog_.table_location(table);
  Json staged = may_replace
                    ? staged_replace(request, *catalog_.metadata.read(base->metadata_location), catalog_.now_ms())
                    : new_table_metadata(request, location, catalog_.now_ms());
  // DuckDB writes into these folders and doesn't make them. A crash leaves them empty.
  for (const char* folder : {"metadata", "data"})
    catalog_.store.make_folder(fmt::format("{}/{}/{}", table.layer, table.name, folder));
  if (is_staged) return {"", std::make_shared<const Json>(std::move(staged)), catalog_.table_config(table, scope_)};
  return commit(std::vector{creating_commit(table, staged)}).front();
}

void TableWriter::drop(const TableName& table) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const BoundRef ref = bind_for_writing({&table, 1});
    Change change = start(ref, table);
    change.is_drop = true;
    if (!change.before || change.before->kind != EntryKind::Table)
      throw Error(ErrorKind::NotFound, fmt::format("there is no table `{}`", to_string(table)));
    const bool is_own_only = ref.branch && !catalog_.inherited(*ref.branch, table);
    if (catalog_.takes_appends_only(table) && !is_own_only)
      throw Forbidden(fmt::format("the layer `{}` is immutable: `{}` can't be dropped", table.layer, to_string(table)));
    if (swap(ref, {&change, 1}, catalog_.next_instant_ms())) return;
  }
  throw Error(ErrorKind::Conflict, "other commits kept coming in between").hint("try again");
}

LoadedMetadata TableWriter::loaded(const BoundRef& ref, const Entry& entry) const {
  return {entry.metadata_location,
          ref.branch ? catalog_.metadata.read_pinned(entry.metadata_location, Pinned::Branch,
                                                     to_millis(catalog_.clock.now()))
                     : catalog_.metadata.read(entry.metadata_location),
          catalog_.table_config(entry.table, scope_)};
}

void TableWriter::write_file(const BoundRef& ref, Change& change) const {
  const std::string previous = change.before ? change.before->metadata_location : "";
  // Only main is read across changes; sealing writes a log of its own.
  if (!ref.branch && change.before)
    log_metadata(change.metadata, previous,
                 catalog_.metadata.read(previous)->at("last-updated-ms").get<std::int64_t>());
  const std::string location = next_metadata_location(change.metadata.at("location"), previous);
  change.entry = describe_table(change.table, location, change.metadata);
  catalog_.metadata.write(location, std::move(change.metadata));
}

bool TableWriter::swap(const BoundRef& ref, std::span<const Change> changes, std::int64_t instant_ms,
                       const PendingWrite* pending) {
  bool is_first = true;
  // A run's branch doesn't outlive a power cut, and publishing it syncs. What else was acknowledged stays: engines'
  // files too.
  const bool is_lasting = !ref.branch || ref.branch->kind == BranchKind::Named;
  const auto write = [&](const std::function<void()>& work) {
    if (!is_lasting) return catalog_.state.write(work);
    catalog_.store.sync();
    catalog_.state.write_synced(work);
  };
  write([&] {
    is_first = pending == nullptr || pending->counts();
    for (const Change& change : changes) {
      const Change now = start(ref.branch ? ref : catalog_.bind("main"), change.table);
      is_first = is_first && is_same(now.before, change.before) && is_same(now.own, change.own);
    }
    if (is_first) is_first = ref.branch ? swap_branch(*ref.branch, changes) : swap_main(changes, instant_ms);
  });
  return is_first;
}

// Each commit of an outside engine is a publication.
bool TableWriter::swap_main(std::span<const Change> changes, std::int64_t instant_ms) {
  if (catalog_.last_instant_ms() >= instant_ms) return false;
  const std::int64_t number = catalog_.rows.current_publication() + 1;
  std::vector<std::string> names;
  for (const Change& change : changes) names.push_back(to_string(change.table));
  const bool is_drop = changes.front().is_drop;
  catalog_.rows.add_publication({number, 0, scope_.author.empty() ? "outside" : scope_.author,
                                 instant_from_micros(instant_ms * 1000),
                                 fmt::format("{} {}", is_drop ? "drop" : "commit to", fmt::join(names, ", "))});
  for (const Change& change : changes) {
    if (change.is_drop) {
      catalog_.rows.close(change.table, number);
    } else {
      catalog_.rows.put(change.entry, number);
    }
  }
  return true;
}

bool TableWriter::swap_branch(const Branch& branch, std::span<const Change> changes) {
  const auto now = catalog_.rows.branch(branch.name);
  if (!now || now->state != BranchState::Open)
    throw Error(ErrorKind::Conflict, fmt::format("the branch `{}` is not open any more", branch.name));
  for (const Change& change : changes) {
    if (change.is_drop && !catalog_.inherited(branch, change.table)) {
      catalog_.rows.erase_branch_row(branch.name, change.table);
      continue;
    }
    BranchRow row{change.entry, change.is_drop};
    row.entry.table = change.table;
    catalog_.rows.put_branch_row(branch.name, row);
  }
  return true;
}

}  // namespace lochan

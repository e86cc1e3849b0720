#include "catalog/publish.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "catalog/publication_record.h"
#include "catalog/seal.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr int kAttempts = 20;  // against other publications that come between the files and the transaction
constexpr int kLostAttempts = 3;  // of a transaction that was lost with its connection; each waits for the server

bool is_same(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->kind == b->kind && a->metadata_location == b->metadata_location;
}

// A compaction of a table that was only read changes no row.
bool is_same_data(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  return is_same(a, b) ||
         (a && b && a->kind == b->kind && a->data_version == b->data_version && a->columns == b->columns);
}

std::optional<Entry> at(const std::map<TableName, Entry>& entries, const TableName& table) {
  const auto found = entries.find(table);
  return found == entries.end() ? std::nullopt : std::optional(found->second);
}

// Tending joined its files, and nothing else: what a branch made of the table can go on from there. (The archive takes
// rows out and keeps the data version, but notes the days in a property.)
bool is_only_rewritten(const std::optional<Entry>& base, const std::optional<Entry>& now) {
  return base && now && base->kind == EntryKind::Table && !is_same(base, now) && is_same_data(base, now) &&
         base->properties == now->properties;
}

}  // namespace

Publish::Publish(Catalog::Impl& catalog, const PublishRequest& request) : catalog_(catalog), request_(request) {
  const auto branch = catalog.rows.branch(request.branch);
  if (!branch || branch->state == BranchState::Dropped)
    throw Error(ErrorKind::NotFound, fmt::format("there is no branch `{}`", request.branch));
  branch_ = *branch;
}

PublishOutcome Publish::run() {
  collect_moves();
  for (int attempt = 0, lost = 0; attempt < kAttempts; ++attempt) {
    follow_rewrites();
    if (auto conflicting = conflicts(); !conflicting.empty()) return {std::nullopt, std::move(conflicting), false};
    const std::int64_t instant_ms = is_to_main() ? catalog_.next_instant_ms() : catalog_.now_ms();
    // A crash from here to the swap leaves files that nothing names.
    write_files(instant_ms);
    // Engines' files too: a table is never published before what it names outlives a power cut.
    catalog_.store.sync();
    PublishOutcome outcome;
    try {
      if (swap(instant_ms, outcome)) return outcome;
    } catch (const Error& error) {
      const bool is_unknown = error.kind() == ErrorKind::CommitUnknown;
      if (!is_unknown && error.kind() != ErrorKind::Unavailable) throw;
      if (is_unknown && was_kept(instant_ms, outcome)) return outcome;
      if (++lost == kLostAttempts) throw;
    }
  }
  throw Error(ErrorKind::Unavailable, "other publications kept coming in between").hint("try again");
}

// One transaction. False when another publication came first: the files are for another instant then.
bool Publish::swap(std::int64_t instant_ms, PublishOutcome& outcome) {
  bool was_overtaken = false;
  catalog_.state.write_synced([&] {
    if (request_.first) request_.first();
    outcome.conflicts = conflicts();
    was_overtaken = is_to_main() && catalog_.last_instant_ms() >= instant_ms;
    if (!outcome.conflicts.empty() || was_overtaken) return;
    const auto branch = catalog_.rows.branch(branch_.name);
    if (!branch || branch->state != BranchState::Open)
      throw Error(ErrorKind::Conflict, fmt::format("the branch `{}` is not open any more", branch_.name));
    if (is_to_main()) {
      outcome.publication = swap_on_main(instant_ms);
    } else {
      swap_on_parent();
    }
    keep_layers();
    catalog_.rows.set_branch_state(branch_.name, BranchState::Published);
    if (!has_held_back()) catalog_.rows.erase_branch_rows(branch_.name);
    if (request_.also) request_.also(outcome.publication.value_or(0));
    outcome.published = true;
  });
  return !was_overtaken;
}

// The commit's answer was lost. Who writes waits for that transaction's end, whatever becomes of it; then the rows tell.
bool Publish::was_kept(std::int64_t instant_ms, const PublishOutcome& outcome) {
  if (!outcome.published) return false;
  bool is_kept = false;
  catalog_.state.write([&] {
    if (outcome.publication) {
      const auto publication = catalog_.rows.publication(*outcome.publication);
      is_kept = publication && publication->run == request_.run && publication->at == instant_from_micros(instant_ms * 1000);
      return;
    }
    const auto branch = catalog_.rows.branch(branch_.name);
    if (!branch || branch->state == BranchState::Dropped)
      throw Error(ErrorKind::CommitUnknown, fmt::format("whether `{}` was published to `{}` is not known", branch_.name, branch_.parent))
          .hint("run again: what was published isn't stale then");
    is_kept = branch->state == BranchState::Published;
  });
  return is_kept;
}

void Publish::collect_moves() {
  std::vector<TableName> tables;
  for (const PublishTable& table : request_.tables) tables.push_back(table.table);
  for (const PublishView& view : request_.views) tables.push_back(view.table);
  tables.insert(tables.end(), request_.dropped.begin(), request_.dropped.end());
  std::set<TableName> seen;
  for (const TableName& table : tables)
    if (!seen.insert(table).second)
      throw Error(ErrorKind::Internal, fmt::format("`{}` is published twice at once", to_string(table)));
  tables.insert(tables.end(), request_.guards.begin(), request_.guards.end());
  const Entries bases = inherited(tables);
  for (const TableName& table : std::span(tables).first(seen.size())) moves_.push_back({table, at(bases, table), std::nullopt});
  for (const TableName& table : request_.guards) guards_.emplace_back(table, at(bases, table));
  for (const TableName& table : request_.dropped)
    if (catalog_.is_immutable(table.layer) && bases.contains(table))
      throw Error(ErrorKind::Data, fmt::format("`{}` can't be dropped: its layer is immutable", to_string(table)));
  for (BranchRow& row : catalog_.rows.branch_rows(branch_.name, false))
    made_.emplace(TableName(row.entry.table), std::move(row));
}

// What the branch's tables were when it was made.
Publish::Entries Publish::inherited(const std::vector<TableName>& tables) const {
  if (is_to_main()) return catalog_.rows.find(branch_.base_publication, tables);
  Entries found;
  for (const TableName& table : tables)
    if (auto entry = catalog_.inherited(branch_, table)) found.emplace(table, std::move(*entry));
  return found;
}

// The target's now.
Publish::Entries Publish::current() const {
  std::vector<TableName> tables;
  for (const Move& move : moves_) tables.push_back(move.table);
  for (const auto& [table, base] : guards_) tables.push_back(table);
  const BoundRef target = catalog_.bind(branch_.parent);
  if (is_to_main()) return catalog_.rows.find(target.publication, tables);
  Entries found;
  for (const TableName& table : tables)
    if (auto entry = catalog_.find(target, table)) found.emplace(table, std::move(*entry));
  return found;
}

// Main's files were written anew since the branch was made: the new ones are what it starts from.
void Publish::follow_rewrites() {
  if (!is_to_main()) return;
  const Entries now = current();
  for (Move& move : moves_)
    if (auto present = at(now, move.table); is_only_rewritten(move.base, present)) move.base = std::move(present);
}

std::vector<TableName> Publish::conflicts() const {
  const Entries now = current();
  std::vector<TableName> conflicting;
  for (const Move& move : moves_)
    if (!is_same(at(now, move.table), move.base)) conflicting.push_back(move.table);
  for (const auto& [table, base] : guards_)
    if (!is_same_data(at(now, table), base)) conflicting.push_back(table);
  return conflicting;
}

// As the branch has it: made there, or as it was.
const Entry& Publish::on_branch(const TableName& table, const std::optional<Entry>& base) const {
  const auto made = made_.find(table);
  const Entry* entry = base ? &*base : nullptr;
  if (made != made_.end()) entry = made->second.dropped ? nullptr : &made->second.entry;
  if (entry == nullptr || entry->kind != EntryKind::Table)
    throw Error(ErrorKind::NotFound, fmt::format("the branch `{}` has no table `{}`", branch_.name, to_string(table)));
  return *entry;
}

void Publish::write_files(std::int64_t instant_ms) {
  const std::int64_t horizon_ms = catalog_.horizon_ms();
  std::size_t i = 0;
  for (const PublishTable& table : request_.tables) {
    Move& move = moves_[i++];
    move.becomes = is_to_main() ? sealed(table, move.base, instant_ms, horizon_ms) : moved(table, move.base, instant_ms);
  }
  for (const PublishView& view : request_.views) {
    Move& move = moves_[i++];
    move.becomes = catalog_.write_view(view, move.base ? &*move.base : nullptr, instant_ms);
  }
}

Entry Publish::sealed(const PublishTable& table, const std::optional<Entry>& base, std::int64_t instant_ms,
                      std::int64_t horizon_ms) {
  const Entry& entry = on_branch(table.table, base);
  const bool goes_on = base && base->kind == EntryKind::Table;
  const auto branch = catalog_.metadata.read(entry.metadata_location);
  const auto main = goes_on ? catalog_.metadata.read(base->metadata_location) : nullptr;
  SealRequest request{*branch,          main.get(),          goes_on ? base->metadata_location : "",
                      instant_ms,       horizon_ms,          catalog_.options.keep_snapshots,
                      table.properties, table.data_unchanged};
  Json metadata = seal(request);
  const std::string location = next_metadata_location(metadata.at("location"), goes_on ? base->metadata_location : "");
  Entry becomes = describe_table(table.table, location, metadata);
  catalog_.metadata.write(location, std::move(metadata));
  return becomes;
}

// To a named branch a table moves as it is: its snapshots are sealed when that branch is published.
Entry Publish::moved(const PublishTable& table, const std::optional<Entry>& base, std::int64_t instant_ms) {
  const Entry& entry = on_branch(table.table, base);
  Json metadata = *catalog_.metadata.read(entry.metadata_location);
  for (const auto& [key, value] : table.properties) metadata["properties"][key] = value;
  metadata["last-updated-ms"] = std::max(instant_ms, metadata["last-updated-ms"].get<std::int64_t>());
  if (table.data_unchanged) keep_data_version(metadata, base);
  const std::string location = next_metadata_location(metadata.at("location"), entry.metadata_location);
  Entry becomes = describe_table(table.table, location, metadata);
  catalog_.metadata.write(location, std::move(metadata));
  return becomes;
}

std::int64_t Publish::swap_on_main(std::int64_t instant_ms) {
  const std::int64_t number = catalog_.rows.current_publication() + 1;
  catalog_.rows.add_publication(
      {number, request_.run, request_.author, instant_from_micros(instant_ms * 1000), request_.message});
  for (const Move& move : moves_) {
    if (move.becomes) {
      catalog_.rows.put(*move.becomes, number);
    } else {
      catalog_.rows.close(move.table, number);
    }
  }
  return number;
}

void Publish::swap_on_parent() {
  const auto parent = catalog_.rows.branch(branch_.parent);
  if (!parent || parent->state != BranchState::Open)
    throw Error(ErrorKind::Conflict, fmt::format("the branch `{}` is not open any more", branch_.parent));
  for (const Move& move : moves_) {
    BranchRow row{move.becomes.value_or(Entry{}), !move.becomes};
    row.entry.table = move.table;
    catalog_.rows.put_branch_row(branch_.parent, row);
  }
}

// A layer is there from its first table on, and stays when that is dropped.
void Publish::keep_layers() {
  std::set<std::string> layers;
  for (const Move& move : moves_) layers.insert(move.table.layer);
  for (const std::string& layer : layers)
    catalog_.state.execute_later(
        "insert into namespace(ref, name, properties) values ($1, $2, '{}') on conflict(ref, name) do nothing",
        {branch_.parent, layer});
}

// What was made and not published stays for looking at; with nothing left the branch needs no rows, and pins no past.
bool Publish::has_held_back() const {
  std::set<TableName> moved;
  for (const Move& move : moves_) moved.insert(move.table);
  return std::ranges::any_of(catalog_.rows.own_names(branch_.name), [&](const TableName& table) { return !moved.contains(table); });
}

PublishOutcome Catalog::publish(const PublishRequest& request) {
  PublishOutcome outcome = Publish(*impl_, request).run();
  if (outcome.publication) write_missing_records(*this);
  return outcome;
}

}  // namespace lochan

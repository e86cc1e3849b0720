#include "catalog/publish.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/error.h"
#include "catalog/seal.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr int kAttempts = 20;  // against other publications that come between the files and the transaction

bool is_same(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  if (!a || !b) return a.has_value() == b.has_value();
  return a->kind == b->kind && a->metadata_location == b->metadata_location;
}

// A compaction of a table that was only read changes no row.
bool is_same_data(const std::optional<Entry>& a, const std::optional<Entry>& b) {
  return is_same(a, b) ||
         (a && b && a->kind == b->kind && a->data_version == b->data_version && a->columns == b->columns);
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
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    follow_rewrites();
    if (auto conflicting = conflicts(); !conflicting.empty()) return {std::nullopt, std::move(conflicting), false};
    const std::int64_t instant_ms = is_to_main() ? catalog_.next_instant_ms() : catalog_.now_ms();
    // A crash from here to the swap leaves files that nothing names.
    write_files(instant_ms);
    // Engines' files too: a table is never published before what it names outlives a power cut.
    catalog_.store.sync();
    PublishOutcome outcome;
    bool was_overtaken = false;
    catalog_.state.write_synced([&] {
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
    if (!was_overtaken) return outcome;
  }
  throw Error(ErrorKind::Unavailable, "other publications kept coming in between").hint("try again");
}

void Publish::collect_moves() {
  const auto add = [&](const TableName& table) {
    const bool is_twice = std::ranges::any_of(moves_, [&](const Move& move) { return move.table == table; });
    if (is_twice) throw Error(ErrorKind::Internal, fmt::format("`{}` is published twice at once", to_string(table)));
    moves_.push_back({table, catalog_.inherited(branch_, table), std::nullopt});
  };
  for (const PublishTable& table : request_.tables) add(table.table);
  for (const PublishView& view : request_.views) add(view.table);
  for (const TableName& table : request_.dropped) {
    add(table);
    if (catalog_.is_immutable(table.layer) && moves_.back().base)
      throw Error(ErrorKind::Data, fmt::format("`{}` can't be dropped: its layer is immutable", to_string(table)));
  }
}

// Main's files were written anew since the branch was made: the new ones are what it starts from.
void Publish::follow_rewrites() {
  if (!is_to_main()) return;
  for (Move& move : moves_)
    if (auto now = current(move.table); is_only_rewritten(move.base, now)) move.base = std::move(now);
}

std::optional<Entry> Publish::current(const TableName& table) const {
  return catalog_.find(catalog_.bind(branch_.parent), table);
}

std::vector<TableName> Publish::conflicts() const {
  std::vector<TableName> conflicting;
  for (const Move& move : moves_)
    if (!is_same(current(move.table), move.base)) conflicting.push_back(move.table);
  for (const TableName& table : request_.guards)
    if (!is_same_data(current(table), catalog_.inherited(branch_, table))) conflicting.push_back(table);
  return conflicting;
}

void Publish::write_files(std::int64_t instant_ms) {
  const std::int64_t horizon_ms = catalog_.horizon_ms();
  std::size_t i = 0;
  for (const PublishTable& table : request_.tables) {
    Move& move = moves_[i++];
    move.becomes = is_to_main() ? sealed(table, move.base, instant_ms, horizon_ms) : moved(table, instant_ms);
  }
  for (const PublishView& view : request_.views) {
    Move& move = moves_[i++];
    move.becomes = catalog_.write_view(view, move.base ? &*move.base : nullptr, instant_ms);
  }
}

Entry Publish::sealed(const PublishTable& table, const std::optional<Entry>& base, std::int64_t instant_ms,
                      std::int64_t horizon_ms) {
  const auto entry = catalog_.find({BoundRef::Kind::Branch, branch_.base_publication, branch_}, table.table);
  if (!entry || entry->kind != EntryKind::Table)
    throw Error(ErrorKind::NotFound,
                fmt::format("the branch `{}` has no table `{}`", branch_.name, to_string(table.table)));
  const bool goes_on = base && base->kind == EntryKind::Table;
  const auto branch = catalog_.metadata.read(entry->metadata_location);
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
Entry Publish::moved(const PublishTable& table, std::int64_t instant_ms) {
  const auto entry = catalog_.find({BoundRef::Kind::Branch, branch_.base_publication, branch_}, table.table);
  if (!entry || entry->kind != EntryKind::Table)
    throw Error(ErrorKind::NotFound,
                fmt::format("the branch `{}` has no table `{}`", branch_.name, to_string(table.table)));
  Json metadata = *catalog_.metadata.read(entry->metadata_location);
  for (const auto& [key, value] : table.properties) metadata["properties"][key] = value;
  metadata["last-updated-ms"] = std::max(instant_ms, metadata["last-updated-ms"].get<std::int64_t>());
  if (table.data_unchanged) keep_data_version(metadata, catalog_.inherited(branch_, table.table));
  const std::string location = next_metadata_location(metadata.at("location"), entry->metadata_location);
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
  for (const Move& move : moves_)
    catalog_.state.execute(
        "insert into namespace(ref, name, properties) values ($1, $2, '{}') on conflict(ref, name) do nothing",
        {branch_.parent, move.table.layer});
}

// What was made and not published stays for looking at; with nothing left the branch needs no rows, and pins no past.
bool Publish::has_held_back() const {
  const auto rows = catalog_.rows.branch_rows(branch_.name, false);
  return std::ranges::any_of(rows, [&](const BranchRow& row) {
    return std::ranges::none_of(moves_, [&](const Move& move) { return move.table == row.entry.table; });
  });
}

PublishOutcome Catalog::publish(const PublishRequest& request) { return Publish(*impl_, request).run(); }

}  // namespace lochan

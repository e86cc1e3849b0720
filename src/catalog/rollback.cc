// Main as it was, as a new publication: history only goes on.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/error.h"
#include "catalog/catalog_impl.h"
#include "catalog/held_tables.h"
#include "catalog/publication_record.h"
#include "catalog/seal.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr int kAttempts = 20;

std::map<TableName, Entry> by_name(std::vector<Entry> entries) {
  std::map<TableName, Entry> named;
  for (Entry& entry : entries) named.emplace(entry.table, std::move(entry));
  return named;
}

// What one name becomes.
struct Step {
  TableName table;
  std::optional<Entry> becomes;  // nothing: it wasn't there
  std::string made_by;           // the fingerprint of what is taken back; "" when there is none
};

std::string fingerprint(const Entry* entry) {
  if (entry == nullptr) return "";
  const auto found = entry->properties.find("lochan.fingerprint");
  return found == entry->properties.end() ? "" : found->second;
}

Entry table_back(Catalog::Impl& catalog, const Entry& then, const Entry* now, std::int64_t instant_ms) {
  const bool goes_on = now != nullptr && now->kind == EntryKind::Table;
  const auto old = catalog.metadata.read(then.metadata_location);
  const auto main = goes_on ? catalog.metadata.read(now->metadata_location) : nullptr;
  // A table of the name that was made anew since has another history.
  const bool is_same_table = main && main->value("table-uuid", "") == old->value("table-uuid", "");
  const std::string& previous = is_same_table ? now->metadata_location : then.metadata_location;
  Json metadata = seal_rollback(*old, is_same_table ? main.get() : nullptr, previous, instant_ms);
  const std::string location = next_metadata_location(metadata.at("location"), previous);
  Entry entry = describe_table(then.table, location, metadata);
  catalog.metadata.write(location, std::move(metadata));
  return entry;
}

std::vector<Step> write_changes(Catalog::Impl& catalog, std::int64_t to, std::int64_t from, std::int64_t instant_ms) {
  const auto then = by_name(catalog.rows.entries(to));
  const auto now = by_name(catalog.rows.entries(from));
  std::vector<Step> changes;
  for (const auto& [table, entry] : now)
    if (!then.contains(table)) changes.push_back({table, std::nullopt, fingerprint(&entry)});
  for (const auto& [table, entry] : then) {
    const auto found = now.find(table);
    const Entry* present = found == now.end() ? nullptr : &found->second;
    if (present != nullptr && present->metadata_location == entry.metadata_location) continue;
    if (entry.kind == EntryKind::Table) {
      changes.push_back({table, table_back(catalog, entry, present, instant_ms), fingerprint(present)});
    } else {
      const auto sql = entry.properties.find("lochan.sql");
      const PublishView view{table, sql == entry.properties.end() ? "" : sql->second, entry.columns, entry.data_version,
                             entry.properties};
      changes.push_back({table, catalog.write_view(view, present, instant_ms), fingerprint(present)});
    }
  }
  return changes;
}

}  // namespace

std::int64_t Catalog::rollback(std::int64_t to, std::string author, std::function<void(std::int64_t)> also) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const std::int64_t from = impl_->rows.current_publication();
    impl_->bind("at-" + std::to_string(to));
    const std::int64_t instant_ms = impl_->next_instant_ms();
    const PendingWrite pending(impl_->state, impl_->clock.now());
    // A crash from here to the transaction leaves files that nothing names.
    const std::vector<Step> changes = write_changes(*impl_, to, from, instant_ms);
    impl_->store.sync();
    std::int64_t number = 0;
    impl_->state.write_synced([&] {
      if (impl_->rows.current_publication() != from || !pending.counts()) return;
      number = from + 1;
      impl_->rows.add_publication(
          {number, 0, author, instant_from_micros(instant_ms * 1000), fmt::format("rollback to {}", to)});
      for (const Step& change : changes) {
        if (change.becomes) {
          impl_->rows.put(*change.becomes, number);
        } else {
          impl_->rows.close(change.table, number);
        }
        impl_->state.execute_later(
            "insert into held(layer, name, publication, fingerprint) values ($1, $2, $3, $4) on conflict(layer, name) do "
            "update set publication = excluded.publication, fingerprint = excluded.fingerprint",
            {change.table.layer, change.table.name, number, change.made_by});
      }
      if (also) also(number);
    });
    if (number != 0) {
      write_missing_records(*this);
      return number;
    }
  }
  throw Error(ErrorKind::Unavailable, "other publications kept coming in between").hint("try again");
}

std::map<TableName, std::string> rolled_back_code(Catalog& catalog) {
  std::map<TableName, std::string> code;
  for (const DbRow& row : catalog.impl().state.query("select layer, name, fingerprint from held where fingerprint <> ''"))
    code.emplace(TableName{row.text(0), row.text(1)}, row.text(2));
  return code;
}

}  // namespace lochan

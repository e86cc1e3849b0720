#include "catalog/retention.h"

#include <algorithm>
#include <map>

#include "base/error.h"
#include "base/hash.h"
#include "catalog/catalog_impl.h"
#include "catalog/entry_text.h"
#include "catalog/table_metadata.h"

namespace lochan {
namespace {

constexpr std::chrono::hours kLostReader{24};  // one of ours that never said goodbye
constexpr std::chrono::hours kLostWrite{1};
constexpr std::chrono::minutes kCoarseTime{
    1};  // a file's time may lie before the clock's, by so much when another's clock wrote it

// The oldest publication that the policy keeps; number 0 when there is none. The last one before the age counts too:
// main was as it says when the age began.
Publication oldest_kept(const Catalog::Impl& catalog, const RetentionPolicy& policy) {
  const auto newest = catalog.rows.publications(std::max(policy.keep_publications, 1));
  if (newest.empty()) return {};
  const auto before = catalog.state.query("select number from publication where at <= $1 order by number desc limit 1",
                                          {to_micros(catalog.clock.now() - policy.publications)});
  const auto by_age = before.empty() ? catalog.state.query("select min(number) from publication") : before;
  return *catalog.rows.publication(std::min(newest.back().number, by_age[0].integer(0)));
}

struct Plan {
  std::int64_t oldest = 0;
  std::set<std::int64_t> also_kept;  // older ones that a branch or a reader is at
  std::vector<std::int64_t> expired;
  std::vector<std::string> branches;
};

Plan make_plan(Catalog::Impl& catalog, const RetentionPolicy& policy, const std::set<std::int64_t>& keep) {
  Plan plan;
  plan.oldest = oldest_kept(catalog, policy).number;
  plan.also_kept = keep;
  const Instant now = catalog.clock.now();
  for (const Branch& branch : catalog.rows.branches()) {
    const bool is_done = branch.state == BranchState::Failed || branch.state == BranchState::Published;
    const bool is_empty = branch.state == BranchState::Published && catalog.rows.branch_names(branch.name).empty();
    if (is_empty || (is_done && branch.created_at + policy.branches <= now)) {
      plan.branches.push_back(branch.name);
    } else {
      plan.also_kept.insert(branch.base_publication);
    }
  }
  for (const DbRow& row : catalog.state.query("select publication from reader where (substr(id, 1, 8) = 'outside ' and "
                                              "since > $1) or (substr(id, 1, 8) <> 'outside ' and since > $2)",
                                              {to_micros(now - policy.readers), to_micros(now - kLostReader)}))
    plan.also_kept.insert(row.integer(0));
  // One without its record is still to be told of (publication_record.h).
  for (const DbRow& row : catalog.state.query("select publication from tag union select publication from unrecorded"))
    plan.also_kept.insert(row.integer(0));
  for (const DbRow& row : catalog.state.query("select number from publication where number < $1", {plan.oldest}))
    if (!plan.also_kept.contains(row.integer(0))) plan.expired.push_back(row.integer(0));
  return plan;
}

// Rows of main that no publication needs any more.
void erase_entries(Catalog::Impl& catalog, const Plan& plan) {
  for (const DbRow& row :
       catalog.state.query("select layer, name, from_publication, to_publication from entry where to_publication <= $1",
                           {plan.oldest})) {
    const auto first = plan.also_kept.lower_bound(row.integer(2));
    if (first != plan.also_kept.end() && *first < row.integer(3)) continue;
    catalog.state.execute("delete from entry where layer = $1 and name = $2 and from_publication = $3",
                          {row.text(0), row.text(1), row.integer(2)});
  }
}

// Gathers by place what must stay.
class Reachable {
 public:
  explicit Reachable(Catalog::Impl& catalog) : catalog_(catalog) {}

  enum class Snapshots { Current, All };

  void add(const Entry& entry, Snapshots which) {
    ReachableTable& place = places_[catalog_.table_location(entry.table)];
    place.layer = entry.table.layer;
    place.metadata_files.insert(entry.metadata_location);
    if (entry.kind == EntryKind::View) return;
    if (!read_.emplace(entry.metadata_location, which).second) return;
    const auto metadata = catalog_.metadata.read(entry.metadata_location);
    const auto current = current_snapshot_id(*metadata);
    for (const Json& snapshot : metadata->value("snapshots", Json::array())) {
      if (which == Snapshots::Current && snapshot.at("snapshot-id") != current.value_or(-1)) continue;
      place.manifest_lists.insert(snapshot.value("manifest-list", ""));
      for (const char* list : {"statistics", "partition-statistics"})
        for (const Json& file : metadata->value(list, Json::array()))
          if (file.at("snapshot-id") == snapshot.at("snapshot-id"))
            place.statistics_files.insert(file.value("statistics-path", ""));
    }
  }

  // A failed run's files may not have outlived a power cut: such a branch reaches nothing, and must not stop the
  // tending.
  void add_if_there(const Entry& entry) {
    try {
      add(entry, Snapshots::All);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::NotFound && error.kind() != ErrorKind::Data) throw;
    }
  }

  std::vector<ReachableTable> take() {
    std::vector<ReachableTable> tables;
    for (auto& [location, place] : places_) {
      place.location = location;
      place.is_immutable = catalog_.is_immutable(place.layer);
      tables.push_back(std::move(place));
    }
    return tables;
  }

 private:
  Catalog::Impl& catalog_;
  std::map<std::string, ReachableTable> places_;
  std::set<std::pair<std::string, Snapshots>> read_;
};

// Who copies the lake wants its tables' snapshots too.
std::vector<std::int64_t> publications_being_copied(const Catalog::Impl& catalog) {
  std::vector<std::int64_t> numbers;
  for (const DbRow& row :
       catalog.state.query("select distinct publication from reader where substr(id, 1, 5) = 'hold ' and since > $1",
                           {to_micros(catalog.clock.now() - kLostReader)}))
    numbers.push_back(row.integer(0));
  return numbers;
}

// Main's, of all publications from `oldest` on.
std::vector<Entry> all_entries(const Catalog::Impl& catalog, std::int64_t oldest = 0) {
  std::vector<Entry> entries;
  for (const DbRow& row : catalog.state.query(
           "select layer, name, kind, metadata_location from entry where to_publication > $1", {oldest})) {
    Entry entry;
    entry.table = {row.text(0), row.text(1)};
    entry.kind = row.text(2) == "view" ? EntryKind::View : EntryKind::Table;
    entry.metadata_location = row.text(3);
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace

std::int64_t Catalog::Impl::horizon_ms() const { return to_millis(oldest_kept(*this, options.retention).at); }

PendingWrite::PendingWrite(Database& state, Instant now) : state_(state), id_(random_uuid()) {
  state_.execute("insert into pending_write(id, since) values ($1, $2)", {id_, to_micros(now)});
}

PendingWrite::~PendingWrite() {
  try {
    state_.execute("delete from pending_write where id = $1", {id_});
  } catch (...) {
    // The row counts for an hour only.
  }
}

bool PendingWrite::counts() const { return !state_.query("select 1 from pending_write where id = $1", {id_}).empty(); }

Retention::Retention(Catalog& catalog, RetentionPolicy policy) : catalog_(catalog), policy_(policy) {}

Expired Retention::plan() const {
  const Plan plan = make_plan(catalog_.impl(), policy_, {});
  return {plan.oldest, static_cast<int>(plan.expired.size()), static_cast<int>(plan.branches.size())};
}

// One transaction: after a crash either all of it is gone or none. Synced, as files go next: no power cut may bring
// rows back that name them.
Expired Retention::expire(const std::set<std::int64_t>& keep) {
  Catalog::Impl& catalog = catalog_.impl();
  Plan plan;
  catalog.state.write_synced([&] {
    plan = make_plan(catalog, policy_, keep);
    for (const std::string& branch : plan.branches) catalog_.mark_branch(branch, BranchState::Dropped);
    catalog.state.execute("delete from branch where state = 'dropped'");
    for (const std::int64_t number : plan.expired)
      catalog.state.execute("delete from publication where number = $1", {number});
    erase_entries(catalog, plan);
    const Instant now = catalog.clock.now();
    catalog.state.execute(
        "delete from reader where (substr(id, 1, 8) = 'outside ' and since <= $1) or (substr(id, 1, 8) <> 'outside ' "
        "and since <= $2)",
        {to_micros(now - policy_.readers), to_micros(now - kLostReader)});
    catalog.state.execute("delete from pending_write where since <= $1", {to_micros(catalog.clock.now() - kLostWrite)});
  });
  return {plan.oldest, static_cast<int>(plan.expired.size()), static_cast<int>(plan.branches.size())};
}

std::vector<ReachableTable> Retention::reachable() const {
  Catalog::Impl& catalog = catalog_.impl();
  std::vector<Entry> whole, kept, loose;
  // One transaction, or a publish in between would be on neither side.
  catalog.state.write([&] {
    whole = catalog.rows.entries(catalog.rows.current_publication());
    for (const std::int64_t copied : publications_being_copied(catalog))
      for (Entry& entry : catalog.rows.entries(copied)) whole.push_back(std::move(entry));
    kept = all_entries(catalog);
    for (const Branch& branch : catalog.rows.branches())
      for (const bool inherited : {false, true})
        for (BranchRow& row : catalog.rows.branch_rows(branch.name, inherited))
          if (!row.dropped) loose.push_back(std::move(row.entry));
  });
  Reachable reachable(catalog);
  for (const Entry& entry : whole) reachable.add(entry, Reachable::Snapshots::All);
  for (const Entry& entry : kept) reachable.add(entry, Reachable::Snapshots::Current);
  for (const Entry& entry : loose) reachable.add_if_there(entry);
  return reachable.take();
}

std::vector<Retention::Pin> Retention::pins() const {
  Catalog::Impl& catalog = catalog_.impl();
  const std::int64_t oldest = oldest_kept(catalog, policy_).number;
  std::vector<Pin> pins;
  for (const Branch& branch : catalog.rows.branches())
    if (branch.base_publication < oldest)
      pins.push_back({"branch " + branch.name, branch.base_publication, branch.created_at, {}});
  for (const Catalog::Tag& tag : catalog_.tags())
    if (tag.publication < oldest) pins.push_back({"tag " + tag.name, tag.publication, tag.at, {}});
  for (Pin& pin : pins) {
    Reachable reachable(catalog);
    for (const Entry& entry : catalog.rows.entries(pin.publication))
      reachable.add(entry, Reachable::Snapshots::Current);
    pin.reaches = reachable.take();
  }
  return pins;
}

std::vector<ReachableTable> Retention::reachable_by_policy() const {
  Catalog::Impl& catalog = catalog_.impl();
  const std::int64_t oldest = oldest_kept(catalog, policy_).number;
  Reachable reachable(catalog);
  for (const Entry& entry : catalog.rows.entries(catalog.rows.current_publication()))
    reachable.add(entry, Reachable::Snapshots::All);
  for (const Entry& entry : all_entries(catalog, oldest)) reachable.add(entry, Reachable::Snapshots::Current);
  return reachable.take();
}

std::vector<TableName> Retention::tables_with_old_snapshots() const {
  Catalog::Impl& catalog = catalog_.impl();
  const std::int64_t horizon_ms = to_millis(oldest_kept(catalog, policy_).at);
  std::vector<TableName> tables;
  for (const Entry& entry : catalog.rows.entries(catalog.rows.current_publication())) {
    if (entry.kind != EntryKind::Table || catalog.is_immutable(entry.table.layer)) continue;
    if (!catalog.is_project_table(entry.table)) continue;
    const auto metadata = catalog.metadata.read(entry.metadata_location);
    std::set<Json> named;  // by refs: those stay
    const Json refs = metadata->value("refs", Json::object());
    for (const auto& [name, ref] : refs.items()) named.insert(ref.at("snapshot-id"));
    if (metadata->at("last-updated-ms").get<std::int64_t>() > horizon_ms) continue;
    const Json snapshots = metadata->value("snapshots", Json::array());
    if (std::ranges::any_of(snapshots, [&](const Json& one) { return !named.contains(one.at("snapshot-id")); }))
      tables.push_back(entry.table);
  }
  return tables;
}

std::set<std::string> Retention::property_values(const TableName& table, const std::string& property) const {
  std::set<std::string> values;
  for (const DbRow& row : catalog_.impl().state.query(
           "select properties from entry where layer = $1 and name = $2 "
           "union select properties from branch_entry where layer = $1 and name = $2 and dropped = 0",
           {table.layer, table.name})) {
    const auto properties = unpack_properties(row.text(0));
    if (const auto found = properties.find(property); found != properties.end()) values.insert(found->second);
  }
  return values;
}

Instant Retention::writing_since() const {
  Catalog::Impl& catalog = catalog_.impl();
  const Instant now = catalog.clock.now();
  const auto rows =
      catalog.state.query("select min(since) from pending_write where since > $1", {to_micros(now - kLostWrite)});
  return rows[0].is_null(0) ? now : instant_from_micros(rows[0].integer(0)) - kCoarseTime;
}

Instant Retention::removable_before() const {
  return std::min(catalog_.impl().clock.now() - policy_.unfinished, open_since());
}

Instant Retention::open_since() const {
  Catalog::Impl& catalog = catalog_.impl();
  Instant before = writing_since();
  for (const Branch& branch : catalog.rows.branches())
    if (branch.state == BranchState::Open) before = std::min(before, branch.created_at - kCoarseTime);
  return before;
}

}  // namespace lochan

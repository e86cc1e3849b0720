#include "tests/catalog/lake_fixture.h"

#include <fmt/format.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "catalog/table_metadata.h"
#include "tests/support/test_state.h"
#include "tests/support/test_store.h"

namespace lochan {

LakeTest::LakeTest() : folder_(std::filesystem::temp_directory_path() / ("lochan-" + random_uuid())) {
  std::filesystem::create_directories(folder_);
  state_ = open_test_state(folder_);
  migrate(*state_, Catalog::migrations());
  store_ = make_test_store(folder_ / "lake");
  open();
}

LakeTest::~LakeTest() {
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void LakeTest::open(CatalogOptions options) {
  options.project_tables.push_back(kDay);
  catalog_.reset();
  catalog_ = std::make_unique<Catalog>(*state_, *store_, clock_, std::move(options));
}

TableAccess LakeTest::access(const Ref& ref, std::vector<TableName> tables, bool may_write) {
  TableAccess access(*catalog_, catalog_->grant_token({ref, may_write, std::move(tables), "spark"}));
  return access;
}

Json LakeTest::load(const Ref& ref, const TableName& table) {
  return *access(ref, {}, false).load_table(table).metadata;
}

Json LakeTest::file(const std::string& location) { return Json::parse(store_->read(*store_->name_of(location))); }

std::vector<std::string> LakeTest::names(const Ref& ref) {
  std::vector<std::string> names;
  for (const Entry& entry : catalog_->entries(ref)) names.push_back(to_string(entry.table));
  return names;
}

Json schema_request(const std::vector<std::pair<std::string, Json>>& fields) {
  Json schema = {{"type", "struct"}, {"schema-id", 0}, {"fields", Json::array()}};
  int id = 0;
  for (const auto& [name, type] : fields)
    schema["fields"].push_back({{"id", ++id}, {"name", name}, {"required", false}, {"type", type}});
  return schema;
}

Json create_request(const std::string& name, bool staged) {
  return {{"name", name},
          {"stage-create", staged},
          {"schema", schema_request({{"id", "long"}, {"name", "string"}})},
          {"properties", {{"format-version", "2"}}}};
}

TableCommit snapshot_commit(const TableName& table, const Json& metadata, std::int64_t snapshot,
                            const std::string& operation) {
  const auto current = current_snapshot_id(metadata);
  Json added = {
      {"snapshot-id", snapshot},
      {"sequence-number", metadata.at("last-sequence-number").get<std::int64_t>() + 1},
      {"timestamp-ms", 1},
      {"schema-id", metadata.at("current-schema-id")},
      {"manifest-list", fmt::format("{}/metadata/snap-{}.avro", metadata.at("location").get<std::string>(), snapshot)},
      {"summary", {{"operation", operation}, {"added-records", "1"}, {"total-records", "9"}}}};
  if (current) added["parent-snapshot-id"] = *current;
  return {
      table,
      Json::array(
          {{{"type", "assert-table-uuid"}, {"uuid", metadata.at("table-uuid")}},
           {{"type", "assert-ref-snapshot-id"}, {"ref", "main"}, {"snapshot-id", current ? Json(*current) : Json()}}}),
      Json::array(
          {{{"action", "add-snapshot"}, {"snapshot", added}},
           {{"action", "set-snapshot-ref"}, {"ref-name", "main"}, {"type", "branch"}, {"snapshot-id", snapshot}}})};
}

TableCommit create_commit(const TableName& table, const Json& staged, std::int64_t snapshot) {
  TableCommit commit = snapshot_commit(table, staged, snapshot);
  Json updates =
      Json::array({{{"action", "assign-uuid"}, {"uuid", staged.at("table-uuid")}},
                   {{"action", "upgrade-format-version"}, {"format-version", 2}},
                   {{"action", "add-schema"}, {"schema", staged.at("schemas")[0]}},
                   {{"action", "add-spec"}, {"spec", staged.at("partition-specs")[0]}},
                   {{"action", "set-default-spec"}, {"spec-id", staged.at("default-spec-id")}},
                   {{"action", "add-sort-order"}, {"sort-order", staged.at("sort-orders")[0]}},
                   {{"action", "set-default-sort-order"}, {"sort-order-id", staged.at("default-sort-order-id")}},
                   {{"action", "set-location"}, {"location", staged.at("location")}},
                   {{"action", "set-properties"}, {"updates", staged.at("properties")}}});
  if (snapshot != 0) updates.insert(updates.end(), commit.updates.begin(), commit.updates.end());
  updates.push_back({{"action", "set-current-schema"}, {"schema-id", 0}});
  return {table, Json::array({{{"type", "assert-create"}}}), updates};
}

void LakeTest::make_table(const Ref& ref, const TableName& table, std::int64_t snapshot, Json request) {
  TableAccess engine = access(ref, {table});
  const auto layers = engine.namespaces();
  if (std::ranges::find(layers, table.layer) == layers.end()) engine.create_namespace(table.layer, {});
  Json whole = create_request(table.name, true);
  whole.update(request);
  const Json staged = *engine.create_table(table.layer, whole).metadata;
  engine.commit(std::vector{create_commit(table, staged, snapshot)});
}

void LakeTest::append(const Ref& ref, const TableName& table, std::int64_t snapshot, const std::string& operation) {
  TableAccess engine = access(ref, {table});
  engine.commit(std::vector{snapshot_commit(table, *engine.load_table(table).metadata, snapshot, operation)});
}

std::int64_t LakeTest::publish_append(const std::string& branch, const TableName& table, std::int64_t snapshot) {
  catalog_->create_branch(branch, BranchKind::Run);
  if (catalog_->find(branch, table)) {
    append(branch, table, snapshot);
  } else {
    make_table(branch, table, snapshot);
  }
  return publish(branch, {table}).publication.value_or(0);
}

PublishOutcome LakeTest::publish(const std::string& branch, std::vector<TableName> tables,
                                 std::vector<TableName> guards) {
  clock_.advance(std::chrono::seconds{1});
  PublishRequest request;
  request.branch = branch;
  for (TableName& table : tables) request.tables.push_back({std::move(table), {}});
  request.guards = std::move(guards);
  request.author = "anna";
  return catalog_->publish(request);
}

std::vector<std::int64_t> snapshot_ids(const Json& metadata) {
  std::vector<std::int64_t> ids;
  for (const Json& snapshot : metadata.at("snapshots")) ids.push_back(snapshot.at("snapshot-id"));
  return ids;
}

std::vector<std::int64_t> log_ids(const Json& metadata) {
  std::vector<std::int64_t> ids;
  for (const Json& item : metadata.at("snapshot-log")) ids.push_back(item.at("snapshot-id"));
  return ids;
}

}  // namespace lochan

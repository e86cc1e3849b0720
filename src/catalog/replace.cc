#include "catalog/replace.h"

#include "catalog/field_ids.h"
#include "catalog/partition_spec.h"
#include "catalog/table_metadata.h"

namespace lochan {

Json staged_replace(const Json& request, const Json& base, std::int64_t now_ms) {
  Json staged = new_table_metadata(request, base.at("location"), now_ms);
  staged["table-uuid"] = base.at("table-uuid");
  staged["last-sequence-number"] = base.at("last-sequence-number");

  const Json* old_schema = find_by_id(base.at("schemas"), "schema-id", base.at("current-schema-id"));
  AssignedIds assigned =
      assign_field_ids(staged["schemas"][0], field_ids_by_name(*old_schema), base.at("last-column-id"));
  staged["schemas"][0] = std::move(assigned.schema);
  staged["last-column-id"] = assigned.last_column_id;

  // Manifests name their spec by its id, so the answer must have the one that the joined table will use.
  Json joined = base;
  Json spec = bind_spec(staged["partition-specs"][0], assigned.by_old_id);
  for (Json& field : spec["fields"]) field.erase("field-id");
  const int spec_id = add_spec(joined, spec);
  const int order_id = add_order(joined, bind_order(staged["sort-orders"][0], assigned.by_old_id));
  staged["partition-specs"] = Json::array({*find_by_id(joined["partition-specs"], "spec-id", spec_id)});
  staged["default-spec-id"] = spec_id;
  staged["last-partition-id"] = joined["last-partition-id"];
  staged["sort-orders"] = Json::array({*find_by_id(joined["sort-orders"], "order-id", order_id)});
  staged["default-sort-order-id"] = order_id;
  return staged;
}

TableCommit creating_commit(const TableName& table, const Json& staged) {
  const Json requirements = Json::array({{{"type", "assert-create"}}});
  const Json updates = Json::array({{{"action", "assign-uuid"}, {"uuid", staged.at("table-uuid")}},
                                    {{"action", "add-schema"}, {"schema", staged.at("schemas")[0]}},
                                    {{"action", "set-current-schema"}, {"schema-id", -1}},
                                    {{"action", "add-spec"}, {"spec", staged.at("partition-specs")[0]}},
                                    {{"action", "set-default-spec"}, {"spec-id", -1}},
                                    {{"action", "add-sort-order"}, {"sort-order", staged.at("sort-orders")[0]}},
                                    {{"action", "set-default-sort-order"}, {"sort-order-id", -1}},
                                    {{"action", "set-properties"}, {"updates", staged.at("properties")}}});
  return {table, requirements, updates};
}

Json start_replace(const Json& base) {
  Json metadata = base;
  point_main(metadata, std::nullopt);
  return metadata;
}

}  // namespace lochan

// The keys of a model's front matter.
#include "project/file_keys.h"

namespace lochan {
namespace {

Keys<Model> make_model_keys() {
  Keys<Model> keys(
      "model", "Front matter of `models/<layer>/<name>.sql`",
      "A model is one SELECT that makes the table `<layer>.<name>`. Its settings stand in a comment at the "
      "top, between `/* ---` and `--- */`; without them it is a table.");
  keys.add("materialized", &Model::materialized,
           "`table`: built anew; `view`: never stored; `append`: new rows are added; `incremental`: rows are merged by "
           "`key`, or intervals of `time` are built again; `scd2`: each version of a row, with the time it held; "
           "`materialized_view`: the database's own, refreshed (only `in` one)")
      .add("key", &Model::key,
           "incremental and scd2: the column or columns that name a row; of a table `in` a database: its primary key")
      .add("updated_at", &Model::updated_at,
           "scd2: the column that says since when a version holds; without it the SELECT gives the state of now, or `_loaded_at`")
      .add("compare", &Model::compare,
           "scd2: a version that differs from the one before it in none of these columns is no new one; by default all "
           "but the key, `updated_at` and what raw tables say of the load")
      .add("deleted", &Model::deleted,
           "scd2: the column that is true of a deletion; by default `_deleted`, if the SELECT gives it")
      .add("deletes", &Model::deletes,
           "scd2: what becomes of a key that was deleted. `close`: its open row ends; `ignore`: nothing; `new_record`: its "
           "open row ends, and one with `is_deleted` follows")
      .add("time", &Model::time,
           "incremental by time: the column of its result that says which interval a row belongs to; its SQL selects from "
           "`$since` up to `$until`")
      .add("interval", &Model::interval, "incremental by time: what is built again at once, in UTC")
      .add("begin", &Model::begin,
           "incremental by time: where the first interval begins, such as `2024-01-01`; by default with the earliest row of "
           "its inputs")
      .add(model_inputs_key(), [](ValueReader& reader, const YamlValue& value,
                                  Model& model) { model.inputs = read_model_inputs(reader, value); })
      .add("partition_by", &Model::partition_by,
           "columns, or `year`, `month`, `day`, `hour` of one: `day(sold_at)`; `bucket(16, id)`, `truncate(4, code)`")
      .add({checks_key()},
           [](ValueReader& reader, const YamlValue& value, Model& model) { model.checks = read_checks(reader, value); })
      .add("max_rejected", &Model::max_rejected,
           "how many rows its checks may put in quarantine before its step fails: `100`, or `5%` of those built; by "
           "default any number, but not all")
      .add("tags", &Model::tags, "words to select it by, as in `--select tag:nightly`",
           {.shape = ValueType::Shape::Word})
      .add("description", &Model::description, "what the table is, for people");
  add_database_keys(keys);
  add_limit_keys(keys);
  return keys;
}

}  // namespace

std::string_view to_string(Materialization materialization) {
  return EnumWords<Materialization>::kWords[static_cast<std::size_t>(materialization)];
}

const Keys<Model>& model_keys() {
  static const Keys<Model> kKeys = make_model_keys();
  return kKeys;
}

}  // namespace lochan

#include "catalog/partition_spec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/error.h"

namespace lochan {
namespace {

// The fields of a spec or order, each with its source's new id.
Json bound_fields(const Json& of, const std::map<int, int>& by_old_id) {
  Json fields = Json::array();
  if (!of.is_object() || !of.contains("fields")) return fields;
  for (Json field : of["fields"]) {
    if (!field.contains("source-id") || !field.contains("transform"))
      throw Error(ErrorKind::Usage, "a partition or sort field lacks `source-id` or `transform`");
    const auto found = by_old_id.find(field["source-id"].get<int>());
    if (found == by_old_id.end())
      throw Error(ErrorKind::Usage, fmt::format("no column has the id {} that a partition or sort field names",
                                                field["source-id"].get<int>()));
    field["source-id"] = found->second;
    fields.push_back(std::move(field));
  }
  return fields;
}

bool is_same(const Json& a, const Json& b, std::initializer_list<const char*> keys) {
  return std::ranges::equal(a.at("fields"), b.at("fields"), [&](const Json& x, const Json& y) {
    return std::ranges::all_of(keys, [&](const char* key) { return x.value(key, Json()) == y.value(key, Json()); });
  });
}

const Json* find_partition_field(const Json& metadata, const Json& wanted) {
  for (const Json& spec : metadata.at("partition-specs"))
    for (const Json& field : spec.at("fields"))
      if (field.at("source-id") == wanted.at("source-id") && field.at("transform") == wanted.at("transform"))
        return &field;
  return nullptr;
}

int next_id(const Json& list, const char* key, int first) {
  int next = first;
  for (const Json& item : list) next = std::max(next, item.at(key).get<int>() + 1);
  return next;
}

}  // namespace

Json bind_spec(const Json& spec, const std::map<int, int>& by_old_id) {
  return {{"spec-id", 0}, {"fields", bound_fields(spec, by_old_id)}};
}

Json bind_order(const Json& order, const std::map<int, int>& by_old_id) {
  return {{"order-id", 0}, {"fields", bound_fields(order, by_old_id)}};
}

int add_spec(Json& metadata, const Json& spec) {
  for (const Json& known : metadata["partition-specs"])
    if (is_same(known, spec, {"source-id", "transform", "name"})) return known.at("spec-id");
  Json added = {{"spec-id", next_id(metadata["partition-specs"], "spec-id", 0)}, {"fields", Json::array()}};
  int last = metadata["last-partition-id"];
  for (const Json& field : spec.at("fields")) {
    if (!field.contains("name")) throw Error(ErrorKind::Usage, "a partition field has no name");
    Json copy = field;
    // A client that named the ids may have written manifests with them.
    if (!field.contains("field-id")) {
      const Json* known = find_partition_field(metadata, field);
      copy["field-id"] = known != nullptr ? known->at("field-id").get<int>() : last + 1;
    }
    last = std::max(last, copy["field-id"].get<int>());
    added["fields"].push_back(std::move(copy));
  }
  metadata["last-partition-id"] = last;
  const int id = added["spec-id"];
  metadata["partition-specs"].push_back(std::move(added));
  return id;
}

int add_order(Json& metadata, const Json& order) {
  for (const Json& known : metadata["sort-orders"])
    if (is_same(known, order, {"source-id", "transform", "direction", "null-order"})) return known.at("order-id");
  // 0 is the order of nothing in every table.
  const int id = order.at("fields").empty() ? 0 : next_id(metadata["sort-orders"], "order-id", 1);
  metadata["sort-orders"].push_back({{"order-id", id}, {"fields", order.at("fields")}});
  return id;
}

}  // namespace lochan

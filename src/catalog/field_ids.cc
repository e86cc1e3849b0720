#include "catalog/field_ids.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/error.h"

namespace lochan {
namespace {

// Calls `visit(full name, id)` for every field below a type, with the id to read or write.
template <typename Type, typename Visit>
void visit_fields(Type& type, const std::string& prefix, const Visit& visit) {
  if (!type.is_object()) return;
  const std::string kind = type.value("type", "");
  if (kind == "struct") {
    // The ids of one level come before those below it, as other engines count them.
    for (auto& field : type.at("fields"))
      visit(prefix + field.at("name").template get_ref<const std::string&>(), field["id"]);
    for (auto& field : type.at("fields"))
      visit_fields(field["type"], prefix + field.at("name").template get_ref<const std::string&>() + ".", visit);
  } else if (kind == "list") {
    visit(prefix + "element", type["element-id"]);
    visit_fields(type["element"], prefix + "element.", visit);
  } else if (kind == "map") {
    visit(prefix + "key", type["key-id"]);
    visit(prefix + "value", type["value-id"]);
    visit_fields(type["key"], prefix + "key.", visit);
    visit_fields(type["value"], prefix + "value.", visit);
  }
}

}  // namespace

std::map<std::string, int> field_ids_by_name(const Json& schema) {
  std::map<std::string, int> ids;
  Json copy = schema;
  visit_fields(copy, "", [&](const std::string& name, const Json& id) { ids[name] = id.get<int>(); });
  return ids;
}

AssignedIds assign_field_ids(const Json& schema, const std::map<std::string, int>& known, int last_column_id) {
  AssignedIds assigned{schema, {}, last_column_id};
  visit_fields(assigned.schema, "", [&](const std::string& name, Json& id) {
    const auto found = known.find(name);
    const int fresh = found != known.end() ? found->second : ++assigned.last_column_id;
    if (id.is_number_integer()) assigned.by_old_id[id.get<int>()] = fresh;
    id = fresh;
  });
  if (assigned.schema.contains("identifier-field-ids")) {
    for (Json& id : assigned.schema["identifier-field-ids"])
      if (const auto found = assigned.by_old_id.find(id.get<int>()); found != assigned.by_old_id.end())
        id = found->second;
  }
  return assigned;
}

int check_schema(const Json& schema) {
  std::set<int> ids;
  std::set<std::string> names;
  int highest = 0;
  Json copy = schema;
  visit_fields(copy, "", [&](const std::string& name, const Json& id) {
    if (!id.is_number_integer()) throw Error(ErrorKind::Usage, fmt::format("field `{}` has no id", name));
    if (!names.insert(name).second) throw Error(ErrorKind::Usage, fmt::format("two fields are called `{}`", name));
    if (!ids.insert(id.get<int>()).second)
      throw Error(ErrorKind::Usage, fmt::format("field `{}` has the id of another one", name));
    highest = std::max(highest, id.get<int>());
  });
  return highest;
}

}  // namespace lochan

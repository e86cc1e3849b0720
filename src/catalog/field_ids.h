// Giving the fields of a new schema their ids (spec: "Column Projection": a column is its id, whatever its name).
#pragma once

#include <map>
#include <string>

#include "base/json.h"

namespace lochan {

/// The ids of a schema's fields by their full names: `address.city`, `lines.element.price`, `m.key`.
std::map<std::string, int> field_ids_by_name(const Json& schema);

struct AssignedIds {
  Json schema;
  std::map<int, int> by_old_id;  // what the fields' ids were, and are
  int last_column_id = 0;
};

/// Fields that `known` names get their id from there; the others are counted on from `last_column_id`.
AssignedIds assign_field_ids(const Json& schema, const std::map<std::string, int>& known, int last_column_id);

/// Throws Error{Usage} when a field lacks an id, or two fields of a schema share an id or a name. Returns the highest
/// id.
int check_schema(const Json& schema);

}  // namespace lochan

#include "catalog/requirement.h"

#include <fmt/format.h>

#include <string>

#include "base/error.h"

namespace lochan {
namespace {

void require(bool holds, const std::string& what) {
  if (!holds) throw Error(ErrorKind::Conflict, fmt::format("the table has changed: {}", what));
}

void require_equal(const Json& metadata, const char* key, const Json& requirement, const char* wanted) {
  const Json& value = requirement.at(wanted);
  require(metadata.value(key, Json()) == value, fmt::format("`{}` is {}, and the commit was made for {}", key,
                                                            metadata.value(key, Json()).dump(), value.dump()));
}

void check_ref(const Json& metadata, const Json& requirement) {
  const std::string name = requirement.at("ref");
  const Json wanted = requirement.value("snapshot-id", Json());
  const Json refs = metadata.value("refs", Json::object());
  const Json found = refs.contains(name) ? refs[name].at("snapshot-id") : Json();
  require(found == wanted,
          fmt::format("`{}` is at snapshot {}, and the commit was made for {}", name, found.dump(), wanted.dump()));
}

void check_one(const Json* metadata, const Json& requirement) {
  const std::string type = requirement.at("type");
  if (type == "assert-create") return require(metadata == nullptr, "somebody else created it");
  const bool is_known = type == "assert-table-uuid" || type == "assert-ref-snapshot-id" ||
                        type == "assert-last-assigned-field-id" || type == "assert-current-schema-id" ||
                        type == "assert-last-assigned-partition-id" || type == "assert-default-spec-id" ||
                        type == "assert-default-sort-order-id";
  if (!is_known) throw Error(ErrorKind::Usage, fmt::format("unknown requirement `{}`", type));
  require(metadata != nullptr, "it is not there");
  if (type == "assert-ref-snapshot-id") return check_ref(*metadata, requirement);
  if (type == "assert-table-uuid") return require_equal(*metadata, "table-uuid", requirement, "uuid");
  if (type == "assert-last-assigned-field-id")
    return require_equal(*metadata, "last-column-id", requirement, "last-assigned-field-id");
  if (type == "assert-current-schema-id")
    return require_equal(*metadata, "current-schema-id", requirement, "current-schema-id");
  if (type == "assert-last-assigned-partition-id")
    return require_equal(*metadata, "last-partition-id", requirement, "last-assigned-partition-id");
  if (type == "assert-default-spec-id")
    return require_equal(*metadata, "default-spec-id", requirement, "default-spec-id");
  require_equal(*metadata, "default-sort-order-id", requirement, "default-sort-order-id");
}

}  // namespace

void check_requirements(const Json* metadata, const Json& requirements) {
  if (!requirements.is_array()) throw Error(ErrorKind::Usage, "`requirements` is no list");
  try {
    for (const Json& requirement : requirements) check_one(metadata, requirement);
  } catch (const Json::exception& failure) {
    throw Error(ErrorKind::Usage, fmt::format("a requirement can't be read: {}", failure.what()));
  }
}

bool asserts_create(const Json& requirements) {
  if (!requirements.is_array()) return false;
  for (const Json& requirement : requirements)
    if (requirement.is_object() && requirement.value("type", "") == "assert-create") return true;
  return false;
}

}  // namespace lochan

// Landed pages as rows: the engine's read_json over the bodies as they were received, a record a row.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "project/http_config.h"

namespace lochan {

/// A body to read.
struct HttpBody {
  std::filesystem::path path;
  std::string name;  // for people: `volt/orders/…/000000-000001`
  std::uint64_t bytes = 0;
  bool is_list = true;
  std::map<std::string, std::string> from_parent{};
};

/// The columns of all records, with types as the engine finds them out; those taken over from a parent come last.
std::vector<Column> find_record_columns(Session& session, const HttpResource& resource, std::span<const HttpBody> bodies);

struct RecordsSql {
  std::string select;   // of the wanted columns, by their types
  std::string refused;  // of payload, reason, position of records with values that aren't what their column is; "": surely none
};
/// `found` are the columns as the records have them. Makes a temporary table where a parent's values come along.
RecordsSql records_sql(Session& session, const HttpResource& resource, std::span<const HttpBody> bodies, std::span<const Column> found,
                       std::span<const Column> wanted, int number);

}  // namespace lochan

// A sheet of Excel, by the engine's extension. Read as text, so that one odd cell doesn't refuse the file; what the
// cells of the first row say of dates holds for their columns.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "source/file_format.h"
#include "source/record_text.h"

namespace lochan {
namespace {

// Days since 1899-12-30, as Excel counts them; a time is a part of a day.
std::string as_iso8601(const std::string& cell, const std::string& type) {
  const std::string days = fmt::format("try_cast({} as double)", cell);
  if (type == "DATE") return fmt::format("coalesce((date '1899-12-30' + floor({})::int)::varchar, {})", days, cell);
  if (type.starts_with("TIMESTAMP"))
    return fmt::format(
        "coalesce((timestamp '1899-12-30' + to_milliseconds(round({} * 86400000)::bigint))::varchar, {})", days, cell);
  if (type == "TIME")
    return fmt::format("coalesce((time '00:00:00' + to_milliseconds(round({} * 86400000)::bigint))::varchar, {})", days,
                       cell);
  if (type == "BOOLEAN") return fmt::format("case {0} when '1' then 'true' when '0' then 'false' else {0} end", cell);
  return fmt::format("regexp_replace({}, '^(-?[0-9]+)\\.0+$', '\\1')", cell);
}

std::string first_line(const std::string& message) {
  const std::string line = message.substr(0, message.find('\n'));
  const auto file = line.find(" in xlsx file");
  return line.substr(0, file);
}

}  // namespace

RecordText write_sheet(Session& session, const std::filesystem::path& file, const SourceTable& table,
                       std::span<const Column> wanted, const std::filesystem::path& copy) {
  session.load_extension("excel");
  std::string options = ", empty_as_varchar = true, stop_at_empty = false";
  for (const char* name : {"sheet", "range"})
    if (const std::string value = file_option(table, name); !value.empty())
      options += fmt::format(", {} = {}", name, sql::literal(value));
  if (const std::string header = file_option(table, "header"); !header.empty()) options += ", header = " + header;
  const std::string path = sql::literal(file.string());
  try {
    std::vector<std::string> cells, names;
    for (const Column& column : session.describe(fmt::format("select * from read_xlsx({}{})", path, options))) {
      const auto known = std::ranges::find(wanted, column.name, &Column::name);
      const std::string type = known == wanted.end() || known->type == "VARCHAR" ? column.type : known->type;
      names.push_back(sql::identifier(column.name));
      cells.push_back(fmt::format("{} as {}", as_iso8601(names.back(), type), names.back()));
    }
    // Of rows without any value Excel keeps many that nobody sees.
    RecordText result;
    result.records = session.execute(fmt::format(
        "copy (select {} from read_xlsx({}{}, all_varchar = true) where coalesce({}) is not null) to {} (format csv, "
        "header true, delimiter ',', quote '\"', escape '\"')",
        fmt::join(cells, ", "), path, options, fmt::join(names, ", "), sql::literal(copy.string())));
    return result;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Internal) throw;
    return {fmt::format("it can't be read as Excel: {}", first_line(error.message())), {}, 0};
  }
}

}  // namespace lochan

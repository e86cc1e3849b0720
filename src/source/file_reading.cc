#include "source/file_reading.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "base/sql.h"
#include "base/temporary_folder.h"
#include "base/text.h"
#include "engine/lake_type.h"
#include "project/files_config.h"
#include "source/byte_stream.h"
#include "source/nested_type.h"
#include "source/plain_text.h"
#include "source/raw_table.h"
#include "source/record_text.h"
#include "source/web_links.h"

namespace lochan {
namespace {

bool is_own(const std::string& name) {
  return name == kFileColumn || name == "_source" || name == "_loaded_at" || name == "_run" || name == "_deleted" ||
         name == "dt";
}

// As the engine takes names of columns for one another.
template <typename Columns>
auto find_column(Columns& columns, const std::string& name) {
  return std::ranges::find_if(columns,
                              [&](const Column& column) { return text::lower(column.name) == text::lower(name); });
}

// What servers give in place of a file that is away: as CSV it would be rows of one column.
std::string refuse_page(const std::filesystem::path& file, const std::string& word) {
  std::string head(4000, '\0');
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  return is_page(head) ? fmt::format("it is a page of HTML where {} was wanted{}", word, told_title(head)) : "";
}

}  // namespace

FileReading::FileReading(std::string connection, SourceTable table, std::filesystem::path folder, FileCopies& copies,
                         Session& looking)
    : connection_(std::move(connection)),
      table_(std::move(table)),
      folder_(std::move(folder)),
      copies_(copies),
      looking_(looking) {}

void FileReading::take(std::span<const LocalFile> files) {
  files_.clear();
  for (const LocalFile& file : files) {
    const auto there = prepared_.find(file.file.name);
    if (there == prepared_.end() || !(there->second.from.file == file.file))
      prepared_.insert_or_assign(file.file.name, prepare(file));
    files_.push_back(&prepared_.at(file.file.name));
  }
}

FileReading::Prepared FileReading::prepare(const LocalFile& file) {
  Prepared prepared{file, file.path};
  const std::string word = require_format_word(table_, file.file.name);
  if (file.file.size_bytes == 0) return prepared;  // no rows and no columns
  prepared.group.format = word == "parquet"                  ? FileFormat::Parquet
                          : word == "csv" || word == "excel" ? FileFormat::Csv
                          : word == "xml"                    ? FileFormat::XmlText
                                                             : FileFormat::JsonText;
  if (word == "csv" || word == "json") prepare_text(prepared);
  if (word != "xml" && prepared.refusal.empty()) prepared.refusal = refuse_page(prepared.path, word);
  if (prepared.refusal.empty() && (word == "xml" || word == "excel" || !file_option(table_, "records").empty()))
    make_records(prepared, word);
  if (word == "csv" && prepared.refusal.empty()) prepared.group.dialect = csv_dialect(table_, prepared.path);
  return prepared;
}

// The engine reads plain UTF-8. Of gzip that was cut off it reads what is there, and says nothing.
void FileReading::prepare_text(Prepared& prepared) {
  const std::filesystem::path& file = prepared.from.path;
  const Packing packing = packing_of(file);
  const std::string said = file_option(table_, "compression");
  if ((said == "gzip" && packing != Packing::Gzip) || (said == "zstd" && packing != Packing::Zstd)) {
    prepared.refusal = fmt::format("it isn't packed with {}", said);
    return;
  }
  const std::string marked = marked_encoding(file);
  const std::string encoding = marked.empty() ? text::lower(file_option(table_, "encoding", "utf-8")) : marked;
  if ((encoding == "utf-8" || encoding == "utf8") && packing == Packing::None) return;
  const auto copy = copies_.next(prepared.from.file.name, prepared.group.format == FileFormat::Csv ? ".csv" : ".jsonl");
  prepared.refusal = write_plain_text(file, encoding == "utf8" ? "utf-8" : encoding, copy);
  prepared.path = copy;
}

void FileReading::make_records(Prepared& prepared, const std::string& word) {
  if (word == "csv" || word == "parquet") return;
  const std::string& name = prepared.from.file.name;
  const std::string records = file_option(table_, "records");
  const auto copy = copies_.next(name, word == "excel" ? ".csv" : ".jsonl");
  RecordText made;
  if (word == "excel") {
    made = write_sheet(looking_, prepared.path, table_, written_columns(), copy);
  } else if (word == "xml") {
    if (records.empty())
      throw Error(ErrorKind::Project,
                  fmt::format("`{}` doesn't say which element of `{}` is a record", table_.name, name))
          .at(table_.position)
          .hint("such as `records: order`");
    made = write_xml_records(prepared.path, name, records, copy);
  } else {
    made = write_json_records(prepared.path, name, records, copy);
  }
  prepared.path = copy;
  prepared.refusal = made.refusal;
  prepared.refused = std::move(made.refused);
  prepared.texts = std::move(made.columns);
  // Nothing to find columns in.
  if (made.refusal.empty() && made.records == 0 && word != "excel") prepared.from.file.size_bytes = 0;
}

std::vector<Column> FileReading::written_columns() const {
  std::vector<Column> columns;
  const auto written = table_.options.find("columns");
  if (written == table_.options.end()) return columns;
  const auto types = nlohmann::ordered_json::parse(written->second);  // `items` refers to it
  for (const auto& [name, type] : types.items()) columns.push_back({name, type.get<std::string>(), true});
  return columns;
}

std::vector<Column> FileReading::columns(std::span<const Column> known) {
  const std::vector<Column> written = written_columns();
  is_known_ = !known.empty();
  const CellTypes types = known.empty() ? CellTypes::FoundOut : CellTypes::Text;
  std::vector<Column> result;
  try {
    result = find_columns(types);
    // So the engine reads lines that are no objects, and all others with them.
    const bool is_bare = std::ranges::find(result, Column{"json", "JSON", true}) != result.end();
    if (is_bare && set_aside_lines()) result = find_columns(types);
  } catch (const Error& error) {
    result = find_sound_columns(types, error);
  }
  for (Column& column : result) {
    column.type = lake_type(column.type);
    if (const auto user = find_column(written, column.name); user != written.end()) column.type = lake_type(user->type);
    if (const auto lake = find_column(known, column.name); lake != known.end())
      column = {lake->name, widened(*lake, column.type), true};
  }
  for (const Column& column : written)
    if (find_column(result, column.name) == result.end()) result.push_back({column.name, lake_type(column.type), true});
  // What these files lack the table keeps.
  for (const Column& column : known)
    if (!is_own(column.name) && find_column(result, column.name) == result.end()) result.push_back(column);
  result.push_back({kFileColumn, "VARCHAR", true});
  return result;
}

// What the lake's column becomes. Where the files together have another type, one of them may still have a wider one.
std::string FileReading::widened(const Column& lake, const std::string& found) {
  if (found == lake.type) return found;
  if (is_wider_type(lake.type, found)) return found;
  std::string widest = lake.type;
  for (Prepared* file : files_) {
    if (!is_read(*file) || file->group.format != FileFormat::Parquet) continue;
    Prepared* const one[] = {file};
    const std::vector<Column> own = looking_.describe("select * from " + rows_of(one, CellTypes::Text, looking_, {}));
    if (const auto column = find_column(own, lake.name);
        column != own.end() && is_wider_type(widest, lake_type(column->type)))
      widest = lake_type(column->type);
  }
  return widest;
}

bool FileReading::is_read(const Prepared& prepared) const {
  if (prepared.from.file.size_bytes == 0 || !prepared.refusal.empty()) return false;
  // Whether the engine finds columns in it.
  return !prepared.sound || prepared.sound->parted.sound > 0 ||
         (prepared.group.format == FileFormat::Csv && prepared.group.dialect.header);
}

FileGroup FileReading::group_of(const Prepared& prepared) const {
  FileGroup group = prepared.group;
  if (prepared.sound) group.dialect.skip = 0;
  return group;
}

// The table function, or several of them; "": there is no row.
std::string FileReading::rows_of(std::span<Prepared* const> files, CellTypes types, Session& session,
                                 std::span<const Column> wanted) const {
  std::map<FileGroup, std::vector<const Prepared*>> groups;
  for (const Prepared* file : files)
    if (is_read(*file)) groups[group_of(*file)].push_back(file);
  std::vector<std::string> parts;
  for (const auto& [group, of] : groups) parts.push_back(group_rows(group, of, types, session, wanted));
  if (parts.size() < 2) return parts.empty() ? "" : parts.front();
  for (std::string& part : parts) part = "select * from " + part;
  return fmt::format("({})", fmt::join(parts, " union all by name "));
}

std::string FileReading::group_rows(const FileGroup& group, std::span<const Prepared* const> files, CellTypes types,
                                    Session& session, std::span<const Column> wanted) const {
  std::vector<std::string> paths;
  std::vector<Column> texts;
  std::set<std::string> names;  // in small letters, as the engine takes them for one another
  bool is_told_apart = true, has_lines = false;
  for (const Prepared* file : files) {
    paths.push_back((file->sound ? file->sound->path : file->path).string());
    has_lines = has_lines || file->sound;
    for (const TextColumn& column : file->texts) {
      if (std::ranges::find(texts, column.name, &Column::name) != texts.end()) continue;
      texts.push_back({column.name, "VARCHAR", true});
      is_told_apart = names.insert(text::lower(column.name)).second && is_told_apart;
    }
  }
  if (!is_told_apart) texts.clear();
  if (has_lines && !texts.empty()) texts.push_back({std::string(kLineColumn), "BIGINT", true});
  std::string rows = read_function(table_, group, paths, types, texts);
  if (group.format != FileFormat::Csv || types != CellTypes::Text || wanted.empty()) return rows;
  std::vector<std::string> cells;
  std::vector<Column> there;
  if (table_.options.contains("decimal") || table_.options.contains("date_format") ||
      table_.options.contains("timestamp_format"))
    there = session.describe("select * from " + rows);
  for (const Column& column : there) {
    const auto as = find_column(wanted, column.name);
    if (as == wanted.end()) continue;
    const std::string name = sql::identifier(column.name);
    if (std::string cell = cell_as_written(table_, name, as->type); cell != name)
      cells.push_back(fmt::format("{} as {}", cell, name));
  }
  return cells.empty() ? rows : fmt::format("(select * replace ({}) from {})", fmt::join(cells, ", "), rows);
}

const std::vector<Column>& FileReading::describe(Session& session, const std::string& rows) {
  if (described_ != rows) {
    described_columns_ = session.describe("select * from " + rows);
    described_ = rows;
  }
  return described_columns_;
}

std::vector<Column> FileReading::find_columns(CellTypes types) {
  const std::string rows = rows_of(files_, types, looking_, {});
  if (rows.empty()) {
    const auto refused = std::ranges::find_if(files_, [](const Prepared* file) { return !file->refusal.empty(); });
    if (refused == files_.end() || is_known_) return {};
    throw Error(ErrorKind::Data,
                fmt::format("connection `{}`: {}: {}", connection_, (*refused)->from.file.name, (*refused)->refusal))
        .hint("correct the file: no other says which columns there are");
  }
  std::vector<Column> columns = describe(looking_, rows);
  std::erase_if(columns, [](const Column& column) { return column.name == kLineColumn || column.name == "filename"; });
  const auto kinds = kinds_of_texts();
  for (Column& column : columns)
    if (const auto found = kinds.find(text::lower(column.name)); column.type == "VARCHAR" && found != kinds.end())
      if (const auto type = found->second.type(); !type.empty()) column.type = type;
  return columns;
}

// XML has texts only: what all of a column's values are, by its name in small letters.
std::map<std::string, TextKinds> FileReading::kinds_of_texts() const {
  std::map<std::string, TextKinds> kinds;
  for (const Prepared* file : files_)
    if (is_read(*file))
      for (const TextColumn& column : file->texts) kinds[text::lower(column.name)].take(column.kinds);
  return kinds;
}

std::vector<Column> FileReading::find_sound_columns(CellTypes types, const Error& first) {
  const Error explained = explain(first).at(table_.position);
  if (first.kind() != ErrorKind::Data) throw explained;
  if (!set_aside_lines() && !set_aside_files(is_known_)) throw explained;
  try {
    return find_columns(types);
  } catch (const Error&) {
    if (!set_aside_files(is_known_)) throw explained;  // what it said of the files themselves
  }
  return find_columns(types);
}

std::string FileReading::value_of(const Cast& cast) const {
  const std::string name = sql::identifier(cast.column.name);
  const std::string& type = cast.column.type;
  // The engine would drop the offset without a word.
  if (cast.has_offset && type == "TIMESTAMP") return fmt::format("{}::timestamptz::timestamp", name);
  // As text nested values are JSON, and strings beside them are what they say: the same in whatever file they stand.
  if (type == "VARCHAR" && cast.from == "JSON")
    return fmt::format("case when json_type({0}) = 'VARCHAR' then {0} ->> '$' else {0}::varchar end", name);
  if (type == "VARCHAR" && parse_nested(cast.from).kind != NestedType::Kind::Plain)
    return fmt::format("to_json({})::varchar", name);
  const std::string value = fmt::format("{}::{}", name, type);
  if (!may_lose_fraction(cast.from, type)) return value;
  // Seldom is more than a look needed: fractions have a point, or an exponent.
  return fmt::format(
      "case when (contains({0}::varchar, '.') or contains(lower({0}::varchar), 'e')) and try_cast({0} as double) <> "
      "try_cast({0} as {1})::double "
      "then error('a fraction is no {1}') else {2} end",
      name, type, value);
}

std::string FileReading::select(Session& session, std::span<const Column> wanted) {
  std::vector<std::string> expressions;
  std::vector<Column> there;
  rows_ = rows_of(files_, CellTypes::Text, session, wanted);
  if (!rows_.empty()) there = describe(session, rows_);
  casts_.clear();
  const auto kinds = kinds_of_texts();
  for (const Column& column : wanted) {
    const std::string name = sql::identifier(column.name);
    const auto found = find_column(there, column.name);
    if (column.name == kFileColumn && !rows_.empty()) {
      expressions.push_back(fmt::format("{} as {}", file_name_of("filename"), name));
    } else if (found == there.end()) {
      expressions.push_back(fmt::format("null::{} as {}", column.type, name));
    } else {
      const auto texts = kinds.find(text::lower(column.name));
      casts_.push_back({column, found->type, texts != kinds.end() && texts->second.has_offset});
      expressions.push_back(fmt::format("{} as {}", value_of(casts_.back()), name));
    }
  }
  if (rows_.empty()) return fmt::format("select {} where false", fmt::join(expressions, ", "));
  const std::string rows = fmt::format("select {} from {}", fmt::join(expressions, ", "), rows_);
  if (table_.key.empty() || files_.size() < 2) return rows;
  // Of several files that are read at once, the one whose name comes last has the last version of a key.
  std::vector<std::string> key;
  for (const LocatedText& column : table_.key) key.push_back(sql::identifier(*column));
  return fmt::format("select * from ({}) qualify {} = max({}) over (partition by {})", rows, kFileColumn, kFileColumn,
                     fmt::join(key, ", "));
}

std::string FileReading::file_name_of(std::string_view column) const {
  return copies_.name_of(column, folder_.string());
}

std::string FileReading::refused() {
  std::string lines;
  const auto add = [&](const Refused::Record& record) {
    lines += Json{{"payload", record.payload}, {"reason", record.reason}, {"position", record.position}}.dump(
                 -1, ' ', false, Json::error_handler_t::replace) +
             "\n";
  };
  for (const Prepared* file : files_) {
    const FoundFile& found = file->from.file;
    if (!file->refusal.empty())
      add({Json{{"file", found.name}, {"size_bytes", found.size_bytes}, {"etag", found.etag}}.dump(), file->refusal,
           found.name});
    for (const Refused::Record& record : file->refused) add(record);
    if (file->sound)
      for (const Refused::Record& record : file->sound->parted.refused) add(record);
  }
  if (lines.empty()) return {};
  const std::filesystem::path path = copies_.next("", ".jsonl");
  std::ofstream out(path, std::ios::binary);
  out << lines;
  out.close();
  if (!out) throw_not_written(path);
  return fmt::format(
      "select payload, reason, position from read_json({}, format = 'newline_delimited', maximum_object_size = "
      "67108864, columns = "
      "{{payload: 'VARCHAR', reason: 'VARCHAR', position: 'VARCHAR'}})",
      sql::literal(path.string()));
}

}  // namespace lochan

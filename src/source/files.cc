// A folder of CSV, JSON and Parquet files as a source. A file is known by its name, size and time: each is read once, a
// rewritten one again. The column `_file` says which file a row came from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sql.h"
#include "base/text.h"
#include "engine/lake_type.h"
#include "source/file_format.h"
#include "source/file_list.h"
#include "source/kinds.h"
#include "source/sound_copies.h"

namespace lochan {
namespace {

const std::string kFileColumn = "_file";

Json to_json(const FoundFile& file) { return Json::array({file.size_bytes, file.modified_ns}); }

// What follows `marker` up to the end of its line.
std::string after(const std::string& message, std::string_view marker) {
  const auto at = message.find(marker);
  if (at == std::string::npos) return {};
  const auto begin = at + marker.size();
  return std::string(text::trim(std::string_view(message).substr(begin, message.find('\n', begin) - begin)));
}

class FilesSource final : public Source {
 public:
  explicit FilesSource(const Connection& connection)
      : name_(connection.name), folder_(connection.location), engine_(EngineOptions{.threads = 1}) {}

  std::vector<Stream> discover() override {
    constexpr std::size_t kMaxStreams = 100;
    std::vector<Stream> streams;
    for (const FoundFile& file : list("**")) {
      SourceTable table;
      table.name = table.from = file.name;
      try {
        streams.push_back({file.name, columns(table, {file}, {}), {}, {}});
      } catch (const Error&) {
        continue;  // no table: its name or its content says so
      }
      if (streams.size() == kMaxStreams) break;
    }
    return streams;
  }

  Stream describe(const SourceTable& table, std::span<const Column> known) override {
    const std::vector<FoundFile> files = list(table.from);
    if (files.empty() && known.empty()) throw no_file(table);
    Stream stream{table.from, columns(table, files, known), {}, {}};
    described_[table.name] = stream.columns;
    return stream;
  }

  std::optional<std::string> change_mark(std::span<const SourceTable* const>) override {
    std::string text;
    for (const FoundFile& file : list("**")) text += fmt::format("{}|{}|{}\n", file.name, file.size_bytes, file.modified_ns);
    return sha256(text);
  }

  void open(Session&) override { list("**"); }
  void close(Session&) noexcept override {}

  Extract extract(Session& session, const SourceTable& table, const Cursor& from) override {
    if (!described_.contains(table.name)) describe(table, {});
    const std::vector<FoundFile> files = list(table.from);
    const Json before = Json::parse(from.text.empty() ? "{}" : from.text, nullptr, false);
    Json seen = Json::object();
    std::vector<FoundFile> fresh;
    for (const FoundFile& file : files) {
      seen[file.name] = to_json(file);
      if (!before.is_object() || before.value(file.name, Json()) != seen[file.name]) fresh.push_back(file);
    }
    const bool is_full = table.load == LoadMode::Full;
    // Of files that are gone an incremental table remembers that they were read, should they come back.
    if (!is_full && before.is_object())
      for (const auto& [name, mark] : before.items())
        if (!seen.contains(name)) seen[name] = mark;
    Extract extract;
    extract.reached.text = seen.dump();
    extract.is_whole = is_full;
    extract.surely_nothing = is_full ? seen == before : fresh.empty();
    extract.notes = {kFileColumn};
    if (extract.surely_nothing) return extract;
    const std::vector<FoundFile>& read = is_full ? files : fresh;
    extract.select = select(session, table, read);
    extract.refused = copies_.refused(table.name, read);
    extract.size_bytes = 0;
    for (const FoundFile& file : read) {
      extract.files.push_back(file.name);
      if (before.is_object() && before.contains(file.name)) extract.again.push_back(file.name);
      *extract.size_bytes += file.size_bytes;
    }
    // A row with a key is compared with its last version, whatever file that came from.
    if (!is_full && table.key.empty()) extract.within = within(read);
    read_.insert(read_.end(), read.begin(), read.end());
    return extract;
  }

  void confirm() override {
    for (const FoundFile& file : read_) {
      const std::vector<FoundFile> now = list(file.name);
      if (now.empty() || !(now.front() == file))
        throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: `{}` changed while it was read", name_, file.name))
            .hint("write files under another name, such as `.part`, and rename them when they are whole");
    }
  }

  // First lines that are no records, then records with values that aren't what their columns are.
  bool set_aside() override {
    read_.clear();
    return set_aside_lines() || set_aside_values();
  }

  Error explain(const Error& error) const override {
    const std::string& message = error.message();
    if (error.kind() != ErrorKind::Data) return error;
    if (message.find("CSV Error") != std::string::npos || message.find("sniffing") != std::string::npos) return explain_csv(message);
    if (const Error* cast = find_bad_value(); cast != nullptr) return *cast;
    return Error(ErrorKind::Data, fmt::format("connection `{}`: {}", name_, first_part(message)))
        .hint("correct the file, or give `columns:` in the source file");
  }

 private:
  std::vector<FoundFile> list(const std::string& pattern) const {
    try {
      return list_files(folder_, pattern);
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("connection `{}`: {}", name_, error.message())).hint(error.hint());
    }
  }

  Error no_file(const SourceTable& table) const {
    std::vector<std::string> names;
    for (const FoundFile& file : list("**")) names.push_back(file.name);
    return Error(ErrorKind::NotFound, fmt::format("connection `{}`: no file matches `{}` in `{}`", name_, table.from, folder_.string()))
        .at(table.position)
        .hint(text::did_you_mean(table.from, names, names.empty() ? "the folder is empty" : fmt::format("there is `{}`", names.front())));
  }

  // An empty file has no rows and no columns.
  static std::vector<FoundFile> with_rows(std::span<const FoundFile> files) {
    std::vector<FoundFile> filled;
    std::ranges::copy_if(files, std::back_inserter(filled), [](const FoundFile& file) { return file.size_bytes > 0; });
    return filled;
  }

  static std::vector<Column> written_columns(const SourceTable& table) {
    std::vector<Column> columns;
    const auto written = table.options.find("columns");
    if (written == table.options.end()) return columns;
    const auto types = nlohmann::ordered_json::parse(written->second);  // `items` refers to it
    for (const auto& [name, type] : types.items())
      columns.push_back({name, type.get<std::string>(), true});
    return columns;
  }

  // The user's types first, then those that the lake has, then what all values of a column are.
  std::vector<Column> columns(const SourceTable& table, const std::vector<FoundFile>& files, std::span<const Column> known) {
    std::vector<Column> result;
    const std::vector<Column> written = written_columns(table);
    remember(table, files);
    const CellTypes types = known.empty() ? CellTypes::FoundOut : CellTypes::Text;
    try {
      result = find_columns(types);
      // So the engine reads lines that are no objects, and all others with them.
      const bool is_bare = reading_.format == FileFormat::JsonText && std::ranges::find(result, Column{"json", "JSON", true}) != result.end();
      if (is_bare && set_aside_lines()) result = find_columns(types);
    } catch (const Error& error) {
      result = find_sound_columns(types, error);
    }
    for (Column& column : result) {
      if (const auto user = std::ranges::find(written, column.name, &Column::name); user != written.end()) column.type = user->type;
      if (const auto lake = std::ranges::find(known, column.name, &Column::name); lake != known.end()) column.type = lake->type;
    }
    for (const Column& column : written)
      if (std::ranges::find(result, column.name, &Column::name) == result.end()) result.push_back(column);
    for (Column& column : result) column.type = lake_type(column.type);
    // What these files lack the table keeps.
    for (const Column& column : known)
      if (!is_own(column.name) && std::ranges::find(result, column.name, &Column::name) == result.end()) result.push_back(column);
    result.push_back({kFileColumn, "VARCHAR", true});
    return result;
  }

  // What is being read, should it have to be taken apart, or an error be explained.
  void remember(const SourceTable& table, std::span<const FoundFile> files) {
    reading_ = {table, with_rows(files), FileFormat::Csv, {}};
    if (reading_.files.empty()) return;
    const std::string& first = reading_.files.front().name;
    reading_.format = format_of(table, first);
    if (reading_.format == FileFormat::Csv) reading_.dialect = csv_dialect(table, folder_ / first);
  }

  // The table function for it; "": there is no row.
  std::string read_function_of(CellTypes types) const {
    std::vector<std::string> paths;
    for (const FoundFile& file : reading_.files) {
      const SoundCopies::Copy* copy = copies_.find(reading_.table.name, file);
      if (copy == nullptr || copy->is_readable()) paths.push_back((copy == nullptr ? folder_ / file.name : copy->path).string());
    }
    return paths.empty() ? "" : read_function(reading_.table, reading_.format, paths, reading_.dialect, types);
  }

  std::vector<Column> find_columns(CellTypes types) {
    const std::string rows = read_function_of(types);
    if (rows.empty()) return {};
    if (!session_) session_ = engine_.open_session();
    std::vector<Column> columns = session_->describe("select * exclude (filename) from " + rows);
    std::erase_if(columns, [](const Column& column) { return column.name == kLineColumn; });
    return columns;
  }

  std::vector<Column> find_sound_columns(CellTypes types, const Error& first) {
    const Error explained = explain(first).at(reading_.table.position);
    if (first.kind() != ErrorKind::Data || !set_aside_lines()) throw explained;
    try {
      return find_columns(types);
    } catch (const Error&) {
      throw explained;  // what it said of the files themselves
    }
  }

  DamagedFile damaged(const FoundFile& file) const {
    const auto compression = reading_.table.options.find("compression");
    return {folder_ / file.name, file.name, reading_.format, reading_.dialect,
            compression == reading_.table.options.end() ? "" : compression->second, {}};
  }

  bool set_aside_lines() {
    bool found = false;
    for (const FoundFile& file : reading_.files)
      if (copies_.find(reading_.table.name, file) == nullptr)
        found = copies_.add(reading_.table.name, file, damaged(file), false) || found;
    return found;
  }

  bool set_aside_values() {
    std::vector<std::string> failing, reasons;
    for (const Column& column : casts_) {
      const std::string name = sql::identifier(column.name);
      failing.push_back(fmt::format("({0} is not null and try_cast({0} as {1}) is null)", name, column.type));
      reasons.push_back(fmt::format("case when {} then '`' || {}::varchar || {} end", failing.back(), name,
                                    sql::literal(fmt::format("` in column `{}` is no {}", column.name, column.type))));
    }
    if (failing.empty() || !session_ || reading_rows_.empty()) return false;
    const std::string where = fmt::format("where {}", fmt::join(failing, " or "));
    try {
      const Rows in = session_->query(fmt::format("select distinct {} from {} {}", file_name_of("filename"), reading_rows_, where));
      for (const auto& row : in.rows)
        if (!copy_of(*row[0])) return false;
      reading_rows_ = read_function_of(CellTypes::Text);
      const Rows bad = session_->query(fmt::format("select {}, {}::bigint, concat_ws('; ', {}) from {} {}", file_name_of("filename"),
                                                   kLineColumn, fmt::join(reasons, ", "), reading_rows_, where));
      std::map<std::string, std::map<std::int64_t, std::string>> refuse;
      for (const auto& row : bad.rows) refuse[*row[0]][std::stoll(*row[1])] = *row[2];
      return !refuse.empty() && std::ranges::all_of(refuse, [&](const auto& of) { return refuse_lines(of.first, of.second); });
    } catch (const Error&) {
      return false;  // broken in another way, too: the first error stands
    }
  }

  const FoundFile& found(const std::string& name) const { return *std::ranges::find(reading_.files, name, &FoundFile::name); }

  // That lines have numbers.
  bool copy_of(const std::string& name) {
    const FoundFile& file = found(name);
    return copies_.find(reading_.table.name, file) != nullptr || copies_.add(reading_.table.name, file, damaged(file), true);
  }

  bool refuse_lines(const std::string& name, const std::map<std::int64_t, std::string>& lines) {
    const FoundFile& file = found(name);
    DamagedFile again = copies_.find(reading_.table.name, file)->file;
    again.refuse.insert(lines.begin(), lines.end());
    return copies_.add(reading_.table.name, file, std::move(again), false);
  }

  static bool is_own(const std::string& name) {
    return name == kFileColumn || name == "_source" || name == "_loaded_at" || name == "_run" || name == "_deleted" || name == "dt";
  }

  std::string file_name_of(std::string_view column) const {
    std::string copies;
    for (const auto& [of, copy] : copies_.all())
      copies += fmt::format("when {} then {} ", sql::literal(copy.path.string()), sql::literal(copy.of.name));
    const std::string name = fmt::format("substr({}, {})", column, folder_.string().size() + 2);
    return copies.empty() ? name : fmt::format("case {} {}else {} end", column, copies, name);
  }

  std::string select(Session& session, const SourceTable& table, std::span<const FoundFile> files) {
    const std::vector<Column>& wanted = described_.at(table.name);
    std::vector<std::string> expressions;
    std::vector<Column> there;
    remember(table, files);
    reading_rows_ = read_function_of(CellTypes::Text);
    if (!reading_rows_.empty()) there = session.describe("select * from " + reading_rows_);
    casts_.clear();
    for (const Column& column : wanted) {
      const std::string name = sql::identifier(column.name);
      const bool is_there = std::ranges::find(there, column.name, &Column::name) != there.end();
      if (column.name == kFileColumn && !reading_rows_.empty()) {
        expressions.push_back(fmt::format("{} as {}", file_name_of("filename"), name));
      } else if (!is_there) {
        expressions.push_back(fmt::format("null::{} as {}", column.type, name));
      } else {
        expressions.push_back(fmt::format("{0}::{1} as {0}", name, column.type));
        casts_.push_back(column);
      }
    }
    if (reading_rows_.empty()) return fmt::format("select {} where false", fmt::join(expressions, ", "));
    return fmt::format("select {} from {}", fmt::join(expressions, ", "), reading_rows_);
  }

  static std::string within(std::span<const FoundFile> files) {
    std::vector<std::string> names;
    for (const FoundFile& file : files) names.push_back(sql::literal(file.name));
    return fmt::format("{} in ({})", kFileColumn, fmt::join(names, ", "));
  }

  static std::string first_part(const std::string& message) { return message.substr(0, message.find('\n')); }

  // The engine says that no dialect fits, or names a line; what a person needs is the row that has not as many values as the
  // first, or the letters that are no text.
  Error explain_csv(const std::string& message) const {
    std::string file = after(message, "file = ");
    if (file.empty()) file = after(message, "sniffing file \"");
    if (file.empty()) file = after(message, "sniffing file `");
    file = file.substr(0, file.find_first_of("\"`"));
    const std::string hint = "correct the file, or give `delimiter:`, `quote:` or `header:` in the source file";
    for (const FoundFile& found : reading_.files) {
      if (reading_.format != FileFormat::Csv || copies_.find(reading_.table.name, found) != nullptr) continue;
      const auto ragged = find_ragged_row(folder_ / found.name, reading_.dialect.delimiter);
      if (!ragged) continue;
      return Error(ErrorKind::Data, fmt::format("connection `{}`: {}:{}: {} where the first line has {}", name_, found.name, ragged->line,
                                                text::plural(ragged->values, "value"), ragged->expected))
          .hint(hint);
    }
    if (file.starts_with(folder_.string())) file = file.substr(folder_.string().size() + 1);
    bool is_copy = false;  // whose lines are others
    for (const auto& [of, copy] : copies_.all())
      if (copy.path == file) {
        is_copy = true;
        file = copy.of.name;
        break;
      }
    const std::string line = after(message, "CSV Error on Line: ");
    if (!line.empty() && !is_copy) file += ":" + line.substr(0, line.find(' '));
    if (file.empty()) file = reading_.files.size() == 1 ? reading_.files.front().name : reading_.table.from;
    // The engine's guesses at a dialect name an encoding too.
    if (message.find("nvalid unicode") != std::string::npos || message.find("not utf-8 encoded") != std::string::npos)
      return Error(ErrorKind::Data, fmt::format("connection `{}`: {}: it is not written in UTF-8", name_, file))
          .hint("give `encoding: latin-1` or `utf-16` in the source file");
    return Error(ErrorKind::Data, fmt::format("connection `{}`: {}: it is no sound CSV: perhaps a quote is opened and never closed", name_, file))
        .hint(hint);
  }

  // A cast failed somewhere: looks for the first value that is not what its column is.
  const Error* find_bad_value() const {
    if (!session_ || reading_rows_.empty()) return nullptr;
    for (const Column& column : casts_) {
      const std::string name = sql::identifier(column.name);
      try {
        const Rows bad = session_->query(
            fmt::format("select {0}, {1}::varchar, n from (select *, row_number() over (partition by filename) as n from {2}) where {1} is "
                        "not null and try_cast({1} as {3}) is null order by 1, n limit 1",
                        file_name_of("filename"), name, reading_rows_, column.type));
        if (bad.empty()) continue;
        bad_value_ = Error(ErrorKind::Data, fmt::format("connection `{}`: {}: `{}` in column `{}` (row {}) is no {}", name_, *bad.rows[0][0],
                                                        *bad.rows[0][1], column.name, *bad.rows[0][2], column.type));
        bad_value_->hint("correct the file, or load the table under a new name with `columns:` of a wider type");
        return &*bad_value_;
      } catch (const Error&) {
        return nullptr;  // the file is broken in another way, too: the first error stands
      }
    }
    return nullptr;
  }

  std::string name_;
  std::filesystem::path folder_;
  Engine engine_;                     // for looking at files; rows are read by the caller's session
  std::unique_ptr<Session> session_;
  std::map<std::string, std::vector<Column>> described_;
  std::vector<FoundFile> read_;
  struct Reading {
    SourceTable table;
    std::vector<FoundFile> files;
    FileFormat format = FileFormat::Csv;
    CsvDialect dialect;
  };
  Reading reading_;
  std::string reading_rows_;          // the table function of the last select
  SoundCopies copies_;
  std::vector<Column> casts_;
  mutable std::optional<Error> bad_value_;
};

}  // namespace

std::unique_ptr<Source> make_files_source(const Connection& connection) { return std::make_unique<FilesSource>(connection); }

}  // namespace lochan

#include "sink/file_carry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <set>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "engine/lake_type.h"
#include "sink/lake_rows.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

constexpr const char* kChanges = "temp.main.lochan_changes";  // what the session keeps between its statements
constexpr const char* kNumber = "_lochan_file";               // a folder of the engine's, not of the table's

std::string_view word(SinkFormat format) {
  switch (format) {
    case SinkFormat::Parquet:
      return "parquet";
    case SinkFormat::Csv:
      return "csv";
    case SinkFormat::JsonText:
      return "json";
  }
  return "";
}

std::string_view word(SinkCompression compression) {
  switch (compression) {
    case SinkCompression::None:
      return "uncompressed";
    case SinkCompression::Gzip:
      return "gzip";
    case SinkCompression::Snappy:
      return "snappy";
    case SinkCompression::Zstd:
      return "zstd";
  }
  return "";
}

SinkCompression compression_of(const SinkFiles& options) {
  if (options.compression) return *options.compression;
  return options.format == SinkFormat::Parquet ? SinkCompression::Zstd : SinkCompression::None;
}

std::string ending_of(const SinkFiles& options) {
  const SinkCompression compression = compression_of(options);
  const std::string ending = "." + std::string(word(options.format));
  if (options.format == SinkFormat::Parquet || compression == SinkCompression::None) return ending;
  return ending + (compression == SinkCompression::Gzip ? ".gz" : ".zst");
}

std::string setting_of(const SinkFiles& options) {
  std::vector<std::string> partitions;
  for (const LocatedText& column : options.partition_by) partitions.push_back(*column);
  return fmt::format("{} {} {} {} {} {} {} {}", word(options.format), word(compression_of(options)),
                     fmt::join(partitions, ","), options.max_rows, options.delimiter, options.quote, options.header,
                     options.null_text);
}

std::vector<std::string> partitions_of(const SinkFiles& options, const CarryTable& table) {
  std::vector<std::string> names, partitions;
  for (const Column& column : table.columns) names.push_back(column.name);
  for (const LocatedText& column : options.partition_by) {
    if (std::ranges::find(names, *column) == names.end())
      throw Error(ErrorKind::Data, fmt::format("no column `{}` in `{}`", *column, to_string(table.table->table)))
          .at(column.position)
          .hint(text::did_you_mean(*column, names, fmt::format("its columns are {}", fmt::join(names, ", "))));
    partitions.push_back(*column);
  }
  if (!partitions.empty() && partitions.size() == names.size())
    throw Error(ErrorKind::Data,
                fmt::format("`partition_by` of `{}` names all its columns", to_string(table.table->table)))
        .at(options.partition_by[0].position)
        .hint("a file has the columns that its folders don't name: leave one to it");
  return partitions;
}

bool lies_in(const std::string& name, const std::set<std::string>& folders) {
  const auto slash = name.rfind('/');
  return folders.contains(slash == std::string::npos ? "" : name.substr(0, slash));
}

}  // namespace

FileCarry::FileCarry(SinkPlace& place, Session& session, const CarryRequest& request, const CarryTable& table,
                     std::function<void()> before_commit)
    : place_(place),
      session_(session),
      request_(request),
      carry_(table),
      options_(table.table->files ? *table.table->files : SinkFiles{}),
      before_commit_(std::move(before_commit)),
      partitions_(partitions_of(options_, table)) {
  if (const auto manifest = place_.manifest()) mark_ = parse_manifest(*manifest, place_.shown());
  there_ = place_.files();
  next_.project = request.project;
  next_.sink = request.sink->name;
  next_.table = to_string(table.table->table);
  next_.publication = request.publication;
  next_.data_version = table.data_version;
  next_.loaded_at = table.loaded_at;
  next_.setting = setting_of(options_);
  next_.partition_by = partitions_;
  carried_.table = table.table->table;
  carried_.publication = request.publication;
  carried_.data_version = table.data_version;
}

void FileCarry::refuse_foreign() const {
  if (mark_ && mark_->project != request_.project)
    throw Error(ErrorKind::Data, fmt::format("`{}` is written by sink `{}` of project `{}`", place_.shown(),
                                             mark_->sink, mark_->project))
        .at(carry_.table->position)
        .hint("give one of the two another folder: `to: name`");
  if (!mark_ && !there_.empty() && !carry_.was_carried)
    throw Error(ErrorKind::Data, fmt::format("`{}` is there, and this project didn't make it", place_.shown()))
        .at(carry_.table->position)
        .hint("drop or rename it there, or give the table another folder: `to: name`");
}

// Not so when a run that planned later was first.
bool FileCarry::is_behind() const {
  return !mark_ || mark_->publication <= request_.publication ||
         !request_.rows_at(carry_.table->table, mark_->publication, mark_->data_version);
}

// All files that the manifest names are there, each as large as it was.
bool FileCarry::is_as_left() const {
  if (!mark_ || request_.in_full || mark_->table != next_.table || mark_->setting != next_.setting) return false;
  return there_.size() == mark_->files.size() && std::ranges::all_of(mark_->files, [&](const ManifestFile& file) {
           const auto found = there_.find(file.name);
           return found != there_.end() && found->second == file.size_bytes;
         });
}

void FileCarry::carry() {
  refuse_foreign();
  if (!is_behind()) {
    carried_.publication = mark_->publication;
    carried_.data_version = mark_->data_version;
    return;
  }
  const bool is_left = is_as_left();
  if (is_left && mark_->data_version == carry_.data_version) return;
  next_.rows = carry_.row_count;
  const auto before =
      is_left ? request_.rows_at(carry_.table->table, mark_->publication, mark_->data_version) : std::nullopt;
  if (carry_.table->write == SinkWrite::Append)
    append(before);
  else
    replace(before);
}

void FileCarry::replace(const std::optional<std::string>& before) {
  if (!before) return write_whole();
  if (are_same_rows(session_, carry_.rows, *before)) return commit(mark_->files);
  if (partitions_.empty()) return write_whole();
  replace_partitions(*before);
}

// Only the folders of which a row differs.
void FileCarry::replace_partitions(const std::string& before) {
  const std::string columns = sql::identifiers(partitions_);
  session_.execute(fmt::format(
      "create or replace temp table lochan_changes as select distinct {0} from ((from {1} except all from {2}) "
      "union all (from {2} except all from {1}))",
      columns, carry_.rows, before));
  const std::vector<std::string> folders = folders_of(kChanges);
  const std::set<std::string> changed(folders.begin(), folders.end());
  std::vector<ManifestFile> kept;
  for (const ManifestFile& file : mark_->files)
    if (!lies_in(file.name, changed)) kept.push_back(file);
  write_files(
      fmt::format("(select n.* from {} n semi join {} b on {})", carry_.rows, kChanges, same_values(partitions_)));
  carried_.changed = true;
  commit(std::move(kept));
}

// The engine itself says what the folders of values are called.
std::vector<std::string> FileCarry::folders_of(const std::string& rows) {
  const fs::path scratch = place_.staging() / "_folders";
  session_.execute(fmt::format("copy (select {}, 0 as {} from {}) to {} (format csv, partition_by ({}))",
                               sql::identifiers(partitions_), kNumber, rows, sql::literal(scratch.string()),
                               sql::identifiers(partitions_)));
  std::set<std::string> folders;
  for (const auto& entry : fs::recursive_directory_iterator(scratch))
    if (entry.is_regular_file())
      folders.insert(entry.path().parent_path().lexically_relative(scratch).generic_string());
  fs::remove_all(scratch);
  return {folders.begin(), folders.end()};
}

void FileCarry::write_whole() {
  write_files(carry_.rows);
  carried_.changed = true;
  commit({});
}

// Of a log all rows that came later than those that are there. When some of those are gone from the lake, it is no
// longer that log.
bool FileCarry::append_by_loaded_at() {
  if (carry_.loaded_at.empty() || mark_->loaded_at.empty()) return false;
  const std::string instant = fmt::format("{}::timestamptz", sql::literal(mark_->loaded_at));
  if (count_rows(session_, fmt::format("{} where _loaded_at <= {}", carry_.rows, instant)) != mark_->rows) return false;
  if (next_.rows > mark_->rows) write_files(fmt::format("(from {} where _loaded_at > {})", carry_.rows, instant));
  return true;
}

void FileCarry::append(const std::optional<std::string>& before) {
  if (!before) return write_whole();
  if (!append_by_loaded_at()) {
    session_.execute(
        fmt::format("create or replace temp table lochan_changes as from {} except all from {}", carry_.rows, *before));
    const std::int64_t added = count_rows(session_, kChanges);
    if (count_rows(session_, *before) + added != next_.rows) return write_whole();
    if (added > 0) write_files(kChanges);
  }
  carried_.changed = carried_.rows_written > 0;
  commit(mark_->files);
}

// What a file has of a row, and what names its folder. The engine writes JSON into no folders: there its text is
// written as a line of its own.
std::string FileCarry::file_columns() const {
  const bool is_json_in_folders = options_.format == SinkFormat::JsonText && has_folders();
  std::vector<std::string> selects, members;
  for (const Column& column : carry_.columns) {
    const std::string name = sql::identifier(column.name), lake = lake_type(column.type);
    const std::string value = lake == column.type ? name : fmt::format("cast({} as {})", name, lake);
    const bool is_folder = std::ranges::find(partitions_, column.name) != partitions_.end();
    if (is_json_in_folders && !is_folder)
      members.push_back(fmt::format("{} := {}", name, value));
    else
      selects.push_back(fmt::format("{} as {}", value, name));
  }
  if (is_json_in_folders)
    selects.push_back(fmt::format("to_json(struct_pack({})) as _lochan_line", fmt::join(members, ", ")));
  if (options_.max_rows == 0) return fmt::format("{}", fmt::join(selects, ", "));
  const std::string over = partitions_.empty() ? "" : "partition by " + sql::identifiers(partitions_);
  return fmt::format("{}, (row_number() over ({}) - 1) // {} as {}", fmt::join(selects, ", "), over, options_.max_rows,
                     kNumber);
}

std::string FileCarry::copy_options() const {
  std::string text = fmt::format("format {}", word(options_.format));
  if (options_.format == SinkFormat::JsonText && has_folders())
    text = "format csv, delimiter '\n', quote '', escape '', header false";
  const SinkCompression compression = compression_of(options_);
  if (options_.format == SinkFormat::Parquet || compression != SinkCompression::None)
    text += fmt::format(", compression {}", word(compression));
  if (options_.format == SinkFormat::Csv)
    text += fmt::format(", delimiter {}, quote {}, header {}, nullstr {}", sql::literal(options_.delimiter),
                        sql::literal(options_.quote), options_.header, sql::literal(options_.null_text));
  std::vector<std::string> folders;
  for (const std::string& column : partitions_) folders.push_back(sql::identifier(column));
  if (options_.max_rows > 0) folders.emplace_back(kNumber);
  if (has_folders()) text += fmt::format(", partition_by ({})", fmt::join(folders, ", "));
  return text;
}

void FileCarry::write_files(const std::string& rows) {
  const fs::path made = place_.staging() / "_made";
  if (!has_folders()) fs::create_directories(made);
  carried_.rows_written =
      session_.execute(fmt::format("copy (select {} from {}) to {} ({})", file_columns(), rows,
                                   sql::literal((has_folders() ? made : made / "all").string()), copy_options()));
  take_files(made);
}

// The engine makes folders and files of names of its own; they are moved to where the table has them.
void FileCarry::take_files(const fs::path& made) {
  std::vector<fs::path> files;
  std::error_code none;
  for (const auto& entry : fs::recursive_directory_iterator(made, none))
    if (entry.is_regular_file()) files.push_back(entry.path());
  std::ranges::sort(files);
  for (std::size_t at = 0; at < files.size(); ++at) {
    fs::path folder = files[at].parent_path().lexically_relative(made);
    if (options_.max_rows > 0) folder = folder.parent_path();
    const std::string file = fmt::format("part-{}-{}{}", place_.id(), at, ending_of(options_));
    const std::string name = folder.empty() || folder == "." ? file : (folder / file).generic_string();
    fs::create_directories((place_.staging() / name).parent_path());
    added_.push_back({name, fs::file_size(files[at])});
    fs::rename(files[at], place_.staging() / name);
  }
  fs::remove_all(made);
}

// With nothing but another publication to say, the mark alone is written.
void FileCarry::commit(std::vector<ManifestFile> kept) {
  FileChange change;
  for (const ManifestFile& file : kept) change.kept.push_back(file.name);
  for (const ManifestFile& file : added_) change.added.push_back(file.name);
  next_.files = std::move(kept);
  next_.files.insert(next_.files.end(), added_.begin(), added_.end());
  std::ranges::sort(next_.files, {}, &ManifestFile::name);
  change.manifest = next_.text();
  before_commit_();
  place_.commit(change);
}

}  // namespace lochan

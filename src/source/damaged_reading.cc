// What is wrong with the files of a table: told in words, and set aside where it can be.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/sql.h"
#include "base/text.h"
#include "source/file_reading.h"

namespace lochan {
namespace {

// What follows `marker` up to the end of its line.
std::string after(const std::string& message, std::string_view marker) {
  const auto at = message.find(marker);
  if (at == std::string::npos) return {};
  const auto begin = at + marker.size();
  return std::string(text::trim(std::string_view(message).substr(begin, message.find('\n', begin) - begin)));
}

std::string first_part(const std::string& message) { return message.substr(0, message.find('\n')); }

// The engine repeats the path of a file that a person knows by another name.
std::string without_path(std::string message, const std::string& path, const std::string& name) {
  for (auto at = message.find(path); at != std::string::npos; at = message.find(path))
    message.replace(at, path.size(), name);
  return message;
}

}  // namespace

FileReading::Prepared* FileReading::find(const std::string& name) {
  const auto found = std::ranges::find_if(files_, [&](const Prepared* file) { return file->from.file.name == name; });
  return found == files_.end() ? nullptr : *found;
}

// False when it can't be taken apart, or no record is refused and none `even_if_sound`.
bool FileReading::add_copy(Prepared& prepared, std::map<std::int64_t, std::string> refuse, bool even_if_sound) {
  const bool is_csv = prepared.group.format == FileFormat::Csv;
  DamagedFile file{prepared.path, prepared.from.file.name, prepared.group.format, prepared.group.dialect,
                   std::move(refuse)};
  const std::filesystem::path copy = copies_.next(prepared.from.file.name, is_csv ? ".csv" : ".jsonl");
  std::optional<PartedFile> parted = take_apart(file, copy);
  if (!parted || (parted->refused.empty() && !even_if_sound)) {
    std::filesystem::remove(copy);
    return false;
  }
  if (prepared.sound) std::filesystem::remove(prepared.sound->path);
  prepared.sound = Sound{std::move(file), *std::move(parted), copy};
  return true;
}

bool FileReading::set_aside() { return set_aside_lines() || set_aside_values() || set_aside_files(is_known_); }

bool FileReading::set_aside_lines() {
  bool found = false;
  for (Prepared* file : files_)
    if (is_read(*file) && !file->sound) found = add_copy(*file, {}, false) || found;
  return found;
}

bool FileReading::set_aside_values() {
  std::vector<std::string> failing, reasons;
  for (const Cast& cast : casts_) {
    const std::string name = sql::identifier(cast.column.name);
    failing.push_back(is_no_value(name, cast.from, cast.column.type));
    reasons.push_back(
        fmt::format("case when {} then '`' || {}::varchar || {} end", failing.back(), name,
                    sql::literal(fmt::format("` in column `{}` is no {}", cast.column.name, cast.column.type))));
  }
  if (failing.empty() || rows_.empty()) return false;
  std::vector<Column> wanted;
  for (const Cast& cast : casts_) wanted.push_back(cast.column);
  const std::string where = fmt::format("where {}", fmt::join(failing, " or "));
  try {
    const Rows in =
        looking_.query(fmt::format("select distinct {} from {} {}", file_name_of("filename"), rows_, where));
    for (const auto& row : in.rows) {
      Prepared* file = find(*row[0]);  // so that its lines have numbers
      if (file == nullptr || (!file->sound && !add_copy(*file, {}, true))) return false;
    }
    rows_ = rows_of(files_, CellTypes::Text, looking_, wanted);
    const Rows bad =
        looking_.query(fmt::format("select {}, {}::bigint, concat_ws('; ', {}) from {} {}", file_name_of("filename"),
                                   kLineColumn, fmt::join(reasons, ", "), rows_, where));
    std::map<std::string, std::map<std::int64_t, std::string>> refuse;
    for (const auto& row : bad.rows) refuse[*row[0]][std::stoll(*row[1])] = *row[2];
    for (auto& [name, lines] : refuse) {
      Prepared* file = find(name);
      lines.insert(file->sound->file.refuse.begin(), file->sound->file.refuse.end());
      if (!add_copy(*file, std::move(lines), false)) return false;
    }
    return !refuse.empty();
  } catch (const Error&) {
    return false;  // broken in another way, too
  }
}

// As if it were the only one; "": it can be read.
std::string FileReading::why_unreadable(Prepared& prepared) {
  const std::vector<Prepared*> all = std::exchange(files_, {&prepared});
  const std::string rows = std::exchange(rows_, rows_of(files_, CellTypes::Text, looking_, {}));
  std::string why;
  try {
    const std::vector<Column> there = looking_.describe("select * from " + rows_);
    std::vector<std::string> counts = {"count(*)"};
    for (const Cast& cast : casts_) {
      const auto found = std::ranges::find_if(
          there, [&](const Column& column) { return text::lower(column.name) == text::lower(cast.column.name); });
      if (found != there.end())
        counts.push_back(fmt::format("count({})", value_of({cast.column, found->type, cast.has_offset})));
    }
    if (counts.size() == 1) counts.push_back("count(columns(*))");
    looking_.query(fmt::format("select {} from {}", fmt::join(counts, ", "), rows_));
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::Data) why = explain(error).message();
  }
  files_ = all;
  rows_ = rows;
  const std::string prefix = fmt::format("connection `{}`: ", connection_), name = prepared.from.file.name;
  if (why.starts_with(prefix)) why.erase(0, prefix.size());
  if (why.starts_with(name + ": ")) why.erase(0, name.size() + 2);
  return why;
}

// Each file by itself: those that can't be read keep the others from nothing.
bool FileReading::set_aside_files(bool may_be_all) {
  std::vector<std::pair<Prepared*, std::string>> bad;
  std::size_t sound = 0;
  const std::vector<Prepared*> all = files_;
  for (Prepared* file : all) {
    if (!is_read(*file)) continue;
    if (std::string why = why_unreadable(*file); why.empty())
      ++sound;
    else
      bad.emplace_back(file, std::move(why));
  }
  if (bad.empty() || (sound == 0 && !may_be_all)) return false;
  for (auto& [file, why] : bad) file->refusal = std::move(why);
  return true;
}

Error FileReading::explain(const Error& error) const {
  const std::string& message = error.message();
  if (error.kind() != ErrorKind::Data || message.starts_with("connection ")) return error;
  if (message.find("CSV Error") != std::string::npos || message.find("sniffing") != std::string::npos)
    return explain_csv(message);
  if (auto cast = find_bad_value()) return *std::move(cast);
  std::string said = first_part(message);
  for (const Prepared* file : files_)
    said = without_path(without_path(said, file->path.string(), file->from.file.name), file->from.path.string(),
                        file->from.file.name);
  return Error(ErrorKind::Data, fmt::format("connection `{}`: {}", connection_, said))
      .hint("correct the file, or give `columns:` in the source file");
}

// The engine says that no dialect fits, or names a line; what a person needs is the row that has not as many values as
// the first, or the letters that are no text.
Error FileReading::explain_csv(const std::string& message) const {
  std::string file = after(message, "file = ");
  if (file.empty()) file = after(message, "sniffing file \"");
  if (file.empty()) file = after(message, "sniffing file `");
  file = file.substr(0, file.find_first_of("\"`"));
  const std::string hint = "correct the file, or give `delimiter:`, `quote:` or `header:` in the source file";
  for (const Prepared* found : files_) {
    if (!is_read(*found) || found->group.format != FileFormat::Csv || found->sound) continue;
    const auto ragged = find_ragged_row(found->path, found->group.dialect);
    if (!ragged) continue;
    return Error(ErrorKind::Data, fmt::format("connection `{}`: {}:{}: {} where the first line has {}", connection_,
                                              found->from.file.name, ragged->line,
                                              text::plural(ragged->values, "value"), ragged->expected))
        .hint(hint);
  }
  const std::string copied = copies_.original(file);  // whose lines are others
  if (!copied.empty()) file = copied;
  if (!folder_.empty() && file.starts_with(folder_.string())) file = file.substr(folder_.string().size() + 1);
  const std::string line = after(message, "CSV Error on Line: ");
  if (!line.empty() && copied.empty()) file += ":" + line.substr(0, line.find(' '));
  if (file.empty()) file = files_.size() == 1 ? files_.front()->from.file.name : table_.from;
  // The engine's guesses at a dialect name an encoding too.
  if (message.find("nvalid unicode") != std::string::npos || message.find("not utf-8 encoded") != std::string::npos)
    return Error(ErrorKind::Data, fmt::format("connection `{}`: {}: it is not written in UTF-8", connection_, file))
        .hint("give `encoding: latin-1`, `windows-1251` or another in the source file");
  return Error(ErrorKind::Data,
               fmt::format("connection `{}`: {}: it is no sound CSV: perhaps a quote is opened and never closed",
                           connection_, file))
      .hint(hint);
}

// A cast failed somewhere: looks for the first value that is not what its column is.
std::optional<Error> FileReading::find_bad_value() const {
  if (rows_.empty()) return std::nullopt;
  for (const Cast& cast : casts_) {
    const std::string name = sql::identifier(cast.column.name);
    try {
      const Rows bad = looking_.query(
          fmt::format("select {0}, {1}::varchar, n from (select *, row_number() over (partition by filename) as n from "
                      "{2}) where {3} order by 1, n limit 1",
                      file_name_of("filename"), name, rows_, is_no_value(name, cast.from, cast.column.type)));
      if (bad.empty()) continue;
      return Error(ErrorKind::Data,
                   fmt::format("connection `{}`: {}: `{}` in column `{}` (row {}) is no {}", connection_,
                               *bad.rows[0][0], *bad.rows[0][1], cast.column.name, *bad.rows[0][2], cast.column.type))
          .hint("correct the file, or load the table under a new name with `columns:` of a wider type");
    } catch (const Error&) {
      return std::nullopt;  // the file is broken in another way, too: the first error stands
    }
  }
  return std::nullopt;
}

}  // namespace lochan

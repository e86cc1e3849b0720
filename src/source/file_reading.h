// The files of one table, as the engine reads them: what isn't text or Parquet is made into it, what is damaged is
// taken apart, and what can't be read at all is set aside.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/rejected_rows.h"
#include "project/column.h"
#include "project/project.h"
#include "source/damaged_file.h"
#include "source/file_copies.h"
#include "source/file_format.h"
#include "source/file_place.h"
#include "source/text_kinds.h"

namespace lochan {

/// The column that says which file a row came from.
inline const std::string kFileColumn = "_file";

struct LocalFile {
  FoundFile file;
  std::filesystem::path path;
};

class FileReading {
 public:
  /// `folder` is where files lie that aren't copies. `looking` is a session for looking at files: rows are read by
  /// another one.
  FileReading(std::string connection, SourceTable table, std::filesystem::path folder, FileCopies& copies,
              Session& looking);

  /// These are read from now on. What was found out about those that were read before stays.
  void take(std::span<const LocalFile> files);
  /// The user's types first, then those that the lake has (`known`) or wider ones of the files, then what all values of
  /// a column are. Throws Error when no file can be read and nothing is known.
  std::vector<Column> columns(std::span<const Column> known);
  /// All rows of them, with these columns.
  std::string select(Session& session, std::span<const Column> wanted);
  /// Select of what is refused of them; "": nothing.
  std::string refused();

  /// After data could not be read: whether records or whole files could be set aside. Lines that are no records come
  /// first, then values that aren't what their columns are, then files that can't be read at all.
  bool set_aside();
  Error explain(const Error& error) const;

 private:
  struct Sound {
    DamagedFile file;
    PartedFile parted;
    std::filesystem::path path;
  };
  struct Prepared {
    LocalFile from;
    std::filesystem::path path;  // what the engine reads, unless there is a sound copy
    FileGroup group{};
    std::string refusal{};  // nothing of it is read, and why
    std::vector<Refused::Record> refused{};
    std::vector<TextColumn> texts{};  // XML: what the values of its columns are
    std::optional<Sound> sound{};
  };
  struct Cast {
    Column column;
    std::string from;         // its type in the files
    bool has_offset = false;  // texts of timestamps with one
  };

  Prepared prepare(const LocalFile& file);
  void prepare_text(Prepared& prepared);
  void make_records(Prepared& prepared, const std::string& word);

  bool is_read(const Prepared& prepared) const;
  FileGroup group_of(const Prepared& prepared) const;
  std::string rows_of(std::span<Prepared* const> files, CellTypes types, Session& session,
                      std::span<const Column> wanted) const;
  std::string group_rows(const FileGroup& group, std::span<const Prepared* const> files, CellTypes types,
                         Session& session, std::span<const Column> wanted) const;
  const std::vector<Column>& describe(Session& session, const std::string& rows);
  std::vector<Column> find_columns(CellTypes types);
  std::vector<Column> find_sound_columns(CellTypes types, const Error& first);
  std::map<std::string, TextKinds> kinds_of_texts() const;
  std::vector<Column> written_columns() const;
  std::string widened(const Column& lake, const std::string& found);
  std::string value_of(const Cast& cast) const;

  bool add_copy(Prepared& prepared, std::map<std::int64_t, std::string> refuse, bool even_if_sound);
  bool set_aside_lines();
  bool set_aside_values();
  bool set_aside_files(bool may_be_all);
  std::string why_unreadable(Prepared& prepared);
  Prepared* find(const std::string& name);
  std::string file_name_of(std::string_view column) const;
  Error explain_csv(const std::string& message) const;
  std::optional<Error> find_bad_value() const;

  const std::string connection_;
  const SourceTable table_;
  const std::filesystem::path folder_;
  FileCopies& copies_;
  Session& looking_;
  std::map<std::string, Prepared> prepared_;  // by name: all that were looked at
  std::vector<Prepared*> files_;              // those that are read
  std::vector<Cast> casts_;                   // of the last select
  std::string rows_;                          // the table function of the last select
  std::string described_;  // a table function, and its columns: to find them the engine opens each file
  std::vector<Column> described_columns_;
  bool is_known_ = false;  // the lake has the table
};

}  // namespace lochan

// Files as a source: in a folder, in a bucket, on a web server. A file is known by its name, its size, and its time or
// etag: each is read once, a rewritten one again. The column `_file` says which file a row came from.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <mutex>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"
#include "project/files_config.h"
#include "project/scalar.h"
#include "source/file_picks.h"
#include "source/file_reading.h"
#include "source/kinds.h"
#include "source/landed_bytes.h"
#include "source/landing.h"
#include "source/side_by_side.h"

namespace lochan {
namespace {

constexpr std::size_t kMaxStreams = 100;        // that are looked at to show what there is
constexpr std::uint64_t kLookedAt = 16u << 20;  // bytes fetched to see columns, before anything is loaded
constexpr std::size_t kFilesLookedAt = 5;

class FilesSource final : public Source, public LandingSource {
 public:
  explicit FilesSource(const Connection& connection)
      : connection_(connection),
        place_(make_file_place(connection_, {no_log_, [] { return false; }})),
        engine_(EngineOptions{.threads = 1}) {}

  std::vector<Stream> discover() override {
    std::vector<Stream> streams;
    std::uint64_t fetched = 0;
    for (const FoundFile& file : list({"**"})) {
      if (streams.size() == kMaxStreams) break;
      SourceTable table;
      table.name = table.from = file.name;
      Stream stream{file.name, {}, {}, {}};
      fetched += is_remote() ? file.size_bytes : 0;
      try {
        if (fetched <= kLookedAt) stream.columns = files_of(table, fetch({file})).columns({});
      } catch (const Error&) {
        continue;  // no table: its name or its content says so
      }
      streams.push_back(std::move(stream));
    }
    return streams;
  }

  Stream describe(const SourceTable& table, std::span<const Column> known) override {
    Stream stream{table.from, {}, {}, {}};
    if (is_of_bytes(table)) {
      stream.columns = bytes_columns(table.options.contains("inline"));
      return stream;
    }
    const auto picked = picks_.find(table.name);
    const std::vector<LocalFile> files = picked != picks_.end() ? picked->second.local : look(table);
    if (files.empty() && known.empty()) throw no_file(table);
    stream.columns = files_of(table, files).columns(known);
    described_[table.name] = stream.columns;
    return stream;
  }

  // What isn't ready has no part in it, so that it differs once it is.
  std::optional<std::string> change_mark(std::span<const SourceTable* const> tables) override {
    list_for(tables);
    std::string text;
    for (const SourceTable* table : tables)
      for (const FoundFile& file : ready_files(*table, listed_, *place_, clock_.now()).files)
        text += table->name + "|" + mark_of(file) + "\n";
    return sha256(text);
  }

  void land(const Landing& landing, std::span<const Table> tables) override {
    place_ = make_file_place(connection_, {landing.log, landing.is_stopped});
    std::vector<const SourceTable*> all;
    for (const Table& table : tables) all.push_back(table.table);
    if (!is_listed_) list_for(all);
    is_listed_ = false;
    picks_.clear();
    for (const Table& table : tables) land_table(landing, *table.table, table.from);
  }

  void open(Session&) override {}
  void close(Session&) noexcept override {}

  Extract extract(Session& session, const SourceTable& table, const Cursor&) override {
    // Of a source that is only looked at nothing was landed.
    if (!picks_.contains(table.name)) picks_[table.name].local = look_for_rows(table);
    const Picked& of = picks_.at(table.name);
    Extract extract;
    extract.reached = of.pick.reached;
    extract.is_whole = table.load == LoadMode::Full;
    extract.surely_nothing = of.pick.is_nothing_new;
    if (!is_of_bytes(table)) extract.notes = {kFileColumn};
    if (extract.surely_nothing) return extract;
    if (is_of_bytes(table)) {
      extract.select = bytes_select(of.landed, in_table(table), copies_.next("", ".jsonl"));
    } else {
      FileReading& files = files_of(table, of.local);
      if (!described_.contains(table.name)) described_[table.name] = files.columns({});
      extract.select = files.select(session, described_.at(table.name));
      extract.refused = files.refused();
    }
    extract.size_bytes = 0;
    std::vector<std::string> names;
    for (const LocalFile& file : of.local) {
      extract.files.push_back(file.file.name);
      names.push_back(sql::literal(file.file.name));
      *extract.size_bytes += file.file.size_bytes;
    }
    extract.again = of.pick.again;
    // A row with a key is compared with its last version, whatever file that came from.
    if (!extract.is_whole && table.key.empty())
      extract.within = names.empty() ? "false" : fmt::format("{} in ({})", kFileColumn, fmt::join(names, ", "));
    return extract;
  }

  void confirm() override {
    for (const auto& [table, picked] : picks_)
      for (const LocalFile& file : picked.local)
        if (!place_->is_unchanged(file.file))
          throw Error(ErrorKind::Unavailable,
                      fmt::format("connection `{}`: `{}` changed while it was read", connection_.name, file.file.name))
              .hint(
                  "give `settle: 1m`, or write files under another name, such as `.part`, and rename them when they "
                  "are whole");
  }

  // What was left out may be there again as it was: then the mark must not say that nothing is new.
  bool read_as_marked() const override { return !is_left_out_; }

  bool set_aside() override { return reading_ != nullptr && reading_->set_aside(); }
  Error explain(const Error& error) const override { return reading_ == nullptr ? error : reading_->explain(error); }

 private:
  struct Picked {
    FilePick pick;
    std::vector<LocalFile> local;
    std::vector<LandedBytes> landed{};  // of a table of bytes
  };

  static bool is_of_bytes(const SourceTable& table) { return file_option(table, "format") == "bytes"; }
  static std::optional<std::uint64_t> in_table(const SourceTable& table) {
    const std::string written = file_option(table, "inline");
    return written.empty() ? std::nullopt : parse_size(written);
  }
  bool is_remote() const { return place_->fetches_at_once() > 0; }

  std::vector<FoundFile> list(const std::vector<std::string>& patterns) { return place_->list(patterns); }

  void list_for(std::span<const SourceTable* const> tables) {
    std::vector<std::string> patterns;
    for (const SourceTable* table : tables)
      for (std::string& pattern : patterns_of(*table)) patterns.push_back(std::move(pattern));
    listed_ = list(patterns);
    is_listed_ = true;
  }

  FileReading& files_of(const SourceTable& table, const std::vector<LocalFile>& files) {
    auto& there = tables_[table.name];
    if (!session_) session_ = engine_.open_session();
    if (!there)
      there = std::make_unique<FileReading>(connection_.name, table, is_remote() ? "" : connection_.location, copies_,
                                            *session_);
    reading_ = there.get();
    reading_->take(files);
    return *reading_;
  }

  // From elsewhere no more than a little, all tables together.
  std::vector<LocalFile> look_for_rows(const SourceTable& table) {
    if (is_remote()) {
      for (const FoundFile& file : list({table.from})) looked_bytes_ += file.size_bytes;
      if (looked_bytes_ > kLookedAt)
        throw Error(ErrorKind::Usage, fmt::format("more than {} would be fetched for a look", text::human_bytes(kLookedAt)));
    }
    return look(table);
  }

  // Before anything is landed: of a folder all files, from elsewhere as many as show the columns.
  std::vector<LocalFile> look(const SourceTable& table) {
    const SourceTable* const one[] = {&table};
    list_for(one);
    is_listed_ = false;
    const ReadyFiles ready = ready_files(table, listed_, *place_, clock_.now());
    if (ready.files.empty() && !ready.waiting.empty())
      throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: no file of `{}` is ready: {}", connection_.name,
                                                      table.name, ready.waiting.front()))
          .at(table.position);
    if (!is_remote()) return fetch(ready.files);
    std::vector<FoundFile> some;
    std::uint64_t size = 0;
    for (const FoundFile& file : ready.files) {
      if (file.size_bytes == 0) continue;
      size += file.size_bytes;
      if (!some.empty() && (size > kLookedAt || some.size() == kFilesLookedAt)) break;
      some.push_back(file);
    }
    return fetch(some.empty() ? ready.files : some);
  }

  std::vector<LocalFile> fetch(const std::vector<FoundFile>& files) {
    std::vector<std::optional<std::filesystem::path>> paths(files.size());
    side_by_side(files.size(), place_->fetches_at_once(), [&](std::size_t i) { paths[i] = fetch_one(files[i]); });
    std::vector<LocalFile> local;
    for (std::size_t i = 0; i < files.size(); ++i)
      if (paths[i]) local.push_back({files[i], *paths[i]});
    return local;
  }

  std::optional<std::filesystem::path> fetch_one(const FoundFile& file) {
    if (!is_remote()) return place_->fetch(file, {});
    const std::string own = file.name.substr(file.name.rfind('/') + 1);
    const auto dot = own.find('.');
    return place_->fetch(file, copies_.next(file.name, dot == std::string::npos ? "" : own.substr(own.rfind('.'))));
  }

  void land_table(const Landing& landing, const SourceTable& table, const Cursor& from) {
    const ReadyFiles ready = ready_files(table, listed_, *place_, clock_.now());
    const auto say = [&](LogLevel level, const std::string& text) {
      landing.log.write(level, fmt::format("{}: `{}`: {}", connection_.name, table.name, text));
    };
    if (!ready.waiting.empty())
      say(LogLevel::Info,
          fmt::format("{} for another time: {}", text::plural(static_cast<std::int64_t>(ready.waiting.size()), "file"),
                      ready.waiting.front()));
    Picked picked{pick_files(table, ready.files, from), {}};
    for (const std::string& renamed : picked.pick.renamed)
      say(LogLevel::Info, renamed + ": its rows are there already");
    if (!picked.pick.is_nothing_new) {
      const std::vector<FoundFile> wanted = picked.pick.files;
      picked.local = fetch(wanted);
      std::uint64_t bytes = 0;
      for (const LocalFile& file : picked.local) bytes += file.file.size_bytes;
      for (const FoundFile& file : wanted)
        if (std::ranges::find(picked.local, file, &LocalFile::file) == picked.local.end())
          leave_out(file, table, from, picked, say);
      if (is_remote() && !picked.local.empty())
        say(LogLevel::Info,
            fmt::format("{}, {}, fetched", text::plural(static_cast<std::int64_t>(picked.local.size()), "file"),
                        text::human_bytes(bytes)));
      if (is_of_bytes(table)) land_all_bytes(landing, table, picked);
    }
    picks_.insert_or_assign(table.name, std::move(picked));
  }

  template <typename Say>
  void leave_out(const FoundFile& file, const SourceTable& table, const Cursor& from, Picked& picked, const Say& say) {
    const std::string what = fmt::format("`{}` is not what it was when it was listed", file.name);
    // A full load is of all files there are.
    if (table.load == LoadMode::Full)
      throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: {}", connection_.name, what))
          .hint("run again once it stays as it is");
    say(LogLevel::Warn, what + ": it is read another time");
    picked.pick.leave_out(file, from);
    is_left_out_ = true;
  }

  void land_all_bytes(const Landing& landing, const SourceTable& table, Picked& picked) {
    picked.landed.resize(picked.local.size());
    side_by_side(picked.local.size(), std::max(1, place_->fetches_at_once()), [&](std::size_t i) {
      if (landing.is_stopped())
        throw Error(ErrorKind::Unavailable, fmt::format("connection `{}`: interrupted", connection_.name));
      picked.landed[i] = land_bytes(landing, connection_.name, table.name, picked.local[i]);
    });
  }

  Error no_file(const SourceTable& table) {
    std::vector<std::string> names;
    for (const FoundFile& file : list({"**"})) names.push_back(file.name);
    return Error(ErrorKind::NotFound, fmt::format("connection `{}`: no file matches `{}` in `{}`", connection_.name,
                                                  table.from, connection_.location))
        .at(table.position)
        .hint(text::did_you_mean(table.from, names,
                                 names.empty() ? "there are no files" : fmt::format("there is `{}`", names.front())));
  }

  const Connection connection_;
  const SystemClock clock_;
  NullLog no_log_;
  std::unique_ptr<FilePlace> place_;
  FileCopies copies_;
  Engine engine_;  // for looking at files; rows are read by the caller's session
  std::unique_ptr<Session> session_;
  std::vector<FoundFile> listed_;
  bool is_listed_ = false;  // `listed_` is of the attempt that begins
  bool is_left_out_ = false;
  std::uint64_t looked_bytes_ = 0;
  std::map<std::string, Picked> picks_;                         // by table
  std::map<std::string, std::vector<Column>> described_;        // by table
  std::map<std::string, std::unique_ptr<FileReading>> tables_;  // by table
  FileReading* reading_ = nullptr;                              // whose files were looked at last
};

}  // namespace

std::unique_ptr<Source> make_files_source(const Connection& connection) {
  return std::make_unique<FilesSource>(connection);
}

}  // namespace lochan

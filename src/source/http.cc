// An HTTP API as a source. What it answers is landed first, each response as it was received; rows are read from there.
// The cursor names the extraction whose rows are in the table, and what the next one asks on from.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <set>

#include "base/error.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/json.h"
#include "base/sql.h"
#include "base/text.h"
#include "engine/lake_type.h"
#include "source/http_caller.h"
#include "source/http_extraction.h"
#include "source/http_page.h"
#include "source/http_records.h"
#include "source/http_rows.h"
#include "source/kinds.h"
#include "source/landing.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFileScheme = "file://";
constexpr std::size_t kRowsToLook = 10;  // of a query, until one of them has records

struct HttpCursor {
  std::string extraction;
  std::string since;
};

HttpCursor parse_cursor(const Cursor& cursor) {
  const Json json = Json::parse(cursor.text.empty() ? "{}" : cursor.text, nullptr, false);
  if (!json.is_object()) return {};
  return {json.value("extraction", ""), json.value("since", "")};
}

// Bodies that the engine reads from this machine.
class LocalCopies {
 public:
  LocalCopies() = default;
  ~LocalCopies() {
    std::error_code ignored;
    if (!folder_.empty()) fs::remove_all(folder_, ignored);
  }
  LocalCopies(const LocalCopies&) = delete;
  LocalCopies& operator=(const LocalCopies&) = delete;

  fs::path of(ObjectStore& store, const std::string& name) {
    const std::string uri = store.uri(name);
    if (uri.starts_with(kFileScheme)) return uri.substr(kFileScheme.size());
    const fs::path copy = folder() / fmt::format("{}.json.zst", sha256(name).substr(0, 32));
    if (!fs::exists(copy)) store.download(name, copy);
    return copy;
  }
  fs::path put(const std::string& body) {
    const fs::path file = folder() / fmt::format("{}.json", ++count_);
    write_file(file, body);
    return file;
  }

 private:
  const fs::path& folder() {
    if (folder_.empty()) folder_ = fs::temp_directory_path() / ("lochan-" + random_uuid());
    return folder_;
  }
  fs::path folder_;
  int count_ = 0;
};

class HttpSource final : public Source, public LandingSource {
 public:
  explicit HttpSource(const Connection& connection) : connection_(connection) {}

  // An API doesn't say what it has; whether it answers is all there is to find out.
  std::vector<Stream> discover() override {
    NullLog log;
    HttpApi api(connection_, log, [] { return false; });
    HttpClient client({.limits = {.connect_timeout = api.settings().connect_timeout,
                                  .timeout = api.settings().timeout,
                                  .certificates = api.settings().certificates}});
    try {
      client.send({.url = connection_.location});
    } catch (const Error& error) {
      throw Error(error.kind(), fmt::format("connection `{}`: {}", connection_.name, error.message()))
          .hint(error.hint());
    }
    return {};
  }

  Stream describe(const SourceTable& table, std::span<const Column> known) override {
    const auto landed = landed_.find(table.name);
    Stream stream{table.name, {}, {}, {}};
    const std::vector<HttpBody> bodies = landed == landed_.end() ? look(table) : bodies_of(landed->second);
    if (bodies.empty() && known.empty() && table.request->each_row && !table.options.contains("columns"))
      throw no_columns(table);
    found_[table.name] = told([&] { return find_record_columns(reading_session(), *table.request, bodies); });
    stream.columns = columns(table, found_[table.name], known);
    if (stream.columns.empty()) throw no_columns(table);
    described_[table.name] = stream.columns;
    return stream;
  }

  std::optional<std::string> change_mark(std::span<const SourceTable* const>) override { return std::nullopt; }
  void open(Session& session) override { session_ = &session; }
  void close(Session&) noexcept override { session_ = nullptr; }

  void land(const Landing& landing, std::span<const Table> tables) override {
    HttpApi api(connection_, landing.log, landing.is_stopped);
    landed_.clear();
    store_ = &landing.store;
    try {
      for (const Table& table : in_order(tables)) land_table(api, landing, table);
    } catch (...) {
      tell(api, landing);
      throw;
    }
    tell(api, landing);
  }

  Extract extract(Session& session, const SourceTable& table, const Cursor& from) override {
    if (!described_.contains(table.name)) describe(table, {});
    const auto found = landed_.find(table.name);
    const std::vector<HttpBody> bodies = found == landed_.end() ? look(table) : bodies_of(found->second);
    const RecordsSql records = told([&] {
      return records_sql(session, *table.request, bodies, found_[table.name], described_[table.name], ++count_);
    });
    Extract extract;
    extract.select = records.select;
    extract.refused = records.refused;
    extract.is_whole = table.load == LoadMode::Full && !is_asked_once(table);
    extract.may_stay = true;
    for (const HttpBody& body : bodies) extract.files.push_back(body.name);
    if (found == landed_.end()) return extract;
    std::int64_t rows = 0;
    std::string since = parse_cursor(from).since;
    for (const LandedResponse& response : found->second.responses()) {
      rows += response.records;
      since = later_value(since, response.reached);
    }
    if (records.refused.empty()) extract.rows = rows;
    extract.surely_nothing = rows == 0 && !extract.is_whole;
    const HttpCursor before = parse_cursor(from);
    if (rows > 0 && !before.since.empty()) extract.within = within(session, table, records.select);
    // What was read again up to where the cursor stood moves nothing.
    if (!extract.is_whole && !before.extraction.empty() && before.since == since) {
      extract.reached = from;
      return extract;
    }
    Json reached{{"extraction", found->second.name()}, {"since", since}};
    if (!extract.is_whole && table.cursor) {
      reached["column"] = **table.cursor;  // as cursors of databases say it: old days may leave by it
      reached["max"] = since;
    }
    extract.reached.text = reached.dump();
    return extract;
  }

  Error explain(const Error& error) const override {
    if (error.message().starts_with("connection ") || error.kind() != ErrorKind::Data) return error;
    return Error(error.kind(), fmt::format("connection `{}`: {}", connection_.name,
                                           error.message().substr(0, error.message().find('\n'))))
        .hint("look at `records`, or give `columns:` in the source file");
  }

 private:
  // What was read is no older than the oldest of it: what was asked tells nothing, as an API may give more.
  static std::string within(Session& session, const SourceTable& table, const std::string& records) {
    if (table.load == LoadMode::Full || !table.cursor) return "";
    const std::string column = sql::identifier(**table.cursor);
    const auto lowest = session.query(fmt::format("select cast(min({0}) as varchar), min(typeof({0})) from ({1})", column, records)).rows[0];
    if (!lowest[0]) return "";
    return fmt::format("({0} is null or {0} >= cast({1} as {2}))", column, sql::literal(*lowest[0]), *lowest[1]);
  }

  // Parents come before those that are asked for each of their records.
  std::vector<Table> in_order(std::span<const Table> tables) const {
    std::vector<Table> ordered;
    std::set<std::string> placed;
    while (ordered.size() < tables.size()) {
      const std::size_t before = ordered.size();
      for (const Table& table : tables) {
        const auto& parent = table.table->request->parent;
        if (placed.contains(table.table->name) || (parent && !placed.contains(**parent))) continue;
        placed.insert(table.table->name);
        ordered.push_back(table);
      }
      if (ordered.size() > before) continue;
      for (const Table& table : tables)
        if (!placed.contains(table.table->name))
          throw Error(ErrorKind::Usage,
                      fmt::format("`{}` is asked for each record of `{}`, which is not loaded with it",
                                  table.table->name, **table.table->request->parent))
              .at(table.table->position)
              .hint(fmt::format("select the whole source, or both: --select raw.{} --select raw.{}",
                                **table.table->request->parent, table.table->name));
    }
    return ordered;
  }

  void land_table(HttpApi& api, const Landing& landing, const Table& of) {
    const SourceTable& table = *of.table;
    const HttpCursor cursor = parse_cursor(of.from);
    HttpExtract extract{table, since_of(table, cursor), asked_by_itself(of, landing)};
    ExtractionStart start{fingerprint(table, extract.parents), extract.since, ""};
    if (const auto& parent = table.request->parent) start.parent = landed_.at(**parent).name();
    LandedExtraction landed = LandedExtraction::open(landing, connection_.name, table.name, start, cursor.extraction);
    const std::size_t there = landed.responses().size();
    if (landed.is_resumed())
      landing.log.write(
          LogLevel::Info,
          fmt::format("{}: `{}` goes on behind {} that {} landed before", connection_.name, table.name,
                      text::plural(static_cast<std::int64_t>(there), "response"), there == 1 ? "was" : "were"));
    if (!landed.is_complete()) {
      if (table.request->parent) extract.parents = parents_of(table);
      extract_pages(api, extract, landed);
      landed.complete();
    }
    std::int64_t records = 0;
    for (const LandedResponse& response : landed.responses()) records += response.records;
    landing.log.write(LogLevel::Info,
                      fmt::format("{}: `{}`: {} in {}", connection_.name, table.name, text::plural(records, "record"),
                                  text::plural(static_cast<std::int64_t>(landed.responses().size()), "response")));
    landed_.insert_or_assign(table.name, std::move(landed));
    parents_of_.insert_or_assign(table.name, &table);
  }

  void tell(const HttpApi& api, const Landing& landing) const {
    const LandingTally tally = api.tally();
    if (tally.calls == 0) return;
    const double seconds = std::chrono::duration<double>(tally.held).count();
    landing.log.write(LogLevel::Info, fmt::format("{}: {}, {} held back for {} in all, {} tried again",
                                                  connection_.name, text::plural(tally.calls, "call"), tally.held_back,
                                                  text::human_seconds(seconds), tally.tried_again));
    landing.tell(tally);
  }

  static std::string since_of(const SourceTable& table, const HttpCursor& cursor) {
    if (table.load != LoadMode::Incremental) return "";
    if (!cursor.since.empty()) return earlier_value(cursor.since, table.lookback);
    return table.request->start ? **table.request->start : "";
  }

  static bool is_asked_once(const SourceTable& table) {
    return table.request->each_row && table.request->each_row->once;
  }

  // What a table is asked for without a parent: rows of a query, but for those that the table has, or values.
  static std::vector<ParentRecord> asked_by_itself(const Table& of, const Landing& landing) {
    if (!of.table->request->each_row) return given_parents(*of.table);
    std::vector<ParentRecord> rows = rows_to_ask(*of.table, landing.is_stopped);
    if (!is_asked_once(*of.table)) return rows;
    std::vector<Key> keys;
    for (const ParentRecord& row : rows) {
      Key& key = keys.emplace_back();
      for (const LocatedText& column : of.table->key) key.push_back(row.at(of.table->request->from_parent.at(*column)));
    }
    const std::vector<bool> has = of.has(keys);
    std::vector<ParentRecord> unknown;
    for (std::size_t i = 0; i < rows.size(); ++i)
      if (!has[i]) unknown.push_back(std::move(rows[i]));
    landing.log.write(LogLevel::Info,
                      fmt::format("{}: {} of the query, {} to be asked for", of.table->name,
                                  text::plural(static_cast<std::int64_t>(rows.size()), "row"), unknown.size()));
    return unknown;
  }

  // Of all that is asked: an extraction is gone on with only when it is the same.
  std::string fingerprint(const SourceTable& table, const std::vector<ParentRecord>& parents) const {
    std::string text = connection_.location + "|" + http_fingerprint(*table.request);
    if (table.request->each_row) text += "|" + Json(parents).dump();
    return sha256(text).substr(0, 16);
  }

  static std::vector<ParentRecord> given_parents(const SourceTable& table) {
    std::vector<ParentRecord> parents;
    for (const std::string& value : table.request->each_values) parents.push_back({{*table.request->each, value}});
    return parents;
  }

  // Each of the parent's records once, those without a value for the path left out.
  std::vector<ParentRecord> parents_of(const SourceTable& table) const {
    const std::string& name = **table.request->parent;
    const LandedExtraction& landed = landed_.at(name);
    const std::vector<std::string> columns = parent_columns(*table.request);
    std::vector<ParentRecord> parents;
    std::set<ParentRecord> seen;
    HttpPageReader reader;
    bool has_any = false;
    std::set<std::string> met;
    for (const LandedResponse& response : landed.responses())
      reader.each_record(landed.read_body(response), *parents_of_.at(name)->request, columns,
                         [&](const HttpPageReader::Values& values) {
                           ParentRecord record;
                           has_any = true;
                           for (std::size_t i = 0; i < columns.size(); ++i)
                             if (values[i]) record[columns[i]] = *values[i];
                           for (const auto& [column, value] : record) met.insert(column);
                           if (record.size() == columns.size() && seen.insert(record).second)
                             parents.push_back(std::move(record));
                         });
    for (const std::string& column : columns)
      if (has_any && !met.contains(column))
        throw Error(ErrorKind::Data,
                    fmt::format("no record of `{}` has a `{}`, which `{}` is asked by", name, column, table.name))
            .at(table.request->position)
            .hint("`{…}` in `path` and the values of `from_parent` name columns of the parent's records");
    return parents;
  }

  std::vector<HttpBody> bodies_of(const LandedExtraction& landed) {
    std::vector<HttpBody> bodies;
    for (const LandedResponse& response : landed.responses()) {
      if (response.records == 0) continue;
      const std::string name = landed.body_name(response);
      bodies.push_back({copies_.of(*store_, name), name, response.bytes, response.is_list, response.from_parent});
    }
    return bodies;
  }

  // Before anything is landed: the first page tells the columns.
  std::vector<HttpBody> look(const SourceTable& table) {
    NullLog log;
    HttpApi api(connection_, log, [] { return false; }, HttpApi::For::Look);
    HttpCaller caller(api);
    HttpPageReader reader;
    std::vector<HttpBody> bodies;
    std::vector<ParentRecord> parents = looked_at(table);
    if (parents.empty()) {
      if (table.request->each_row) return {};
      ParentRecord parent;
      if (table.request->parent && !look_for_parent(caller, reader, table, parent)) return {};
      parents.push_back(std::move(parent));
    }
    for (const ParentRecord& parent : parents) {
      look_at(caller, reader, table, parent, bodies);
      if (!bodies.empty()) break;
    }
    return bodies;
  }

  static std::vector<ParentRecord> looked_at(const SourceTable& table) {
    if (!table.request->each_row) return given_parents(table);
    std::vector<ParentRecord> rows = rows_to_ask(table, [] { return false; });
    if (rows.size() > kRowsToLook) rows.resize(kRowsToLook);
    return rows;
  }

  std::string look_at(HttpCaller& caller, HttpPageReader& reader, const SourceTable& table, const ParentRecord& parent,
                      std::vector<HttpBody>& bodies) {
    const HttpAsk ask = ask_for_page(connection_, table, since_of(table, {}), &parent, 1, "");
    const HttpReply reply = caller.call(ask, [](const std::string&, const HttpReply&) {});
    try {
      const HttpPage page = reader.read(reply.body, *table.request, "");
      if (page.records == 0) return reply.body;
      HttpBody body{copies_.put(reply.body), "the first page", reply.body.size(), page.is_list, {}};
      for (const auto& [column, from] : table.request->from_parent)
        if (const auto value = parent.find(from); value != parent.end()) body.from_parent[column] = value->second;
      bodies.push_back(std::move(body));
    } catch (const Error& error) {
      if (error.message().starts_with("connection ")) throw;
      throw Error(error.kind(), fmt::format("connection `{}`: {}: {}", connection_.name, ask.what, error.message()))
          .at(error.position())
          .hint(error.hint());
    }
    return reply.body;
  }

  bool look_for_parent(HttpCaller& caller, HttpPageReader& reader, const SourceTable& table, ParentRecord& parent) {
    SourceTable of_parent;
    of_parent.name = **table.request->parent;
    of_parent.load = table.request->of_parent_load;
    of_parent.request = table.request->of_parent;
    ParentRecord grandparent;
    if (std::vector<ParentRecord> asked = looked_at(of_parent); !asked.empty())
      grandparent = std::move(asked.front());
    else if (of_parent.request->each_row)
      return false;
    if (of_parent.request->parent && !look_for_parent(caller, reader, of_parent, grandparent)) return false;
    std::vector<HttpBody> bodies;
    const std::string body = look_at(caller, reader, of_parent, grandparent, bodies);
    const std::vector<std::string> columns = parent_columns(*table.request);
    reader.each_record(body, *of_parent.request, columns, [&](const HttpPageReader::Values& values) {
      ParentRecord record;
      for (std::size_t i = 0; i < columns.size(); ++i)
        if (values[i]) record[columns[i]] = *values[i];
      if (parent.empty() && record.size() == columns.size()) parent = std::move(record);
    });
    return !parent.empty();
  }

  Error no_columns(const SourceTable& table) const {
    return Error(ErrorKind::Unavailable,
                 fmt::format("connection `{}`: `{}` has no record yet, so that nothing says which columns it has",
                             connection_.name, table.name))
        .at(table.position)
        .hint("give them as `columns:`, such as `columns: {id: BIGINT, name: VARCHAR}`");
  }

  // The user's types first, then those that the lake has, then what all values of a column are.
  static std::vector<Column> columns(const SourceTable& table, std::span<const Column> found,
                                     std::span<const Column> known) {
    std::vector<Column> result(found.begin(), found.end());
    for (Column& column : result) column.type = lake_type(column.type);
    const auto put = [&](const std::string& name, const std::string& type) {
      const auto there = std::ranges::find(result, name, &Column::name);
      if (there == result.end())
        result.push_back({name, lake_type(type), true});
      else
        there->type = lake_type(type);
    };
    if (const auto written = table.options.find("columns"); written != table.options.end()) {
      const auto types = nlohmann::ordered_json::parse(written->second);  // `items` refers to it
      for (const auto& [name, type] : types.items()) put(name, type.get<std::string>());
    }
    for (const Column& column : known)
      if (!is_own(column.name)) put(column.name, column.type);
    return result;
  }

  static bool is_own(const std::string& name) {
    return name == "_source" || name == "_loaded_at" || name == "_run" || name == "_deleted" || name == "dt";
  }

  Session& reading_session() {
    if (session_ != nullptr) return *session_;
    if (!own_session_) {
      own_engine_ = std::make_unique<Engine>(EngineOptions{.threads = 1});
      own_session_ = own_engine_->open_session();
    }
    return *own_session_;
  }

  template <typename Work>
  auto told(Work&& work) const -> decltype(work()) {
    try {
      return work();
    } catch (const Error& error) {
      throw explain(error);
    }
  }

  const Connection connection_;
  Session* session_ = nullptr;  // of the attempt, while it is open
  std::unique_ptr<Engine> own_engine_;
  std::unique_ptr<Session> own_session_;
  ObjectStore* store_ = nullptr;
  LocalCopies copies_;
  std::map<std::string, LandedExtraction> landed_;        // by table
  std::map<std::string, const SourceTable*> parents_of_;  // those landed, by name
  std::map<std::string, std::vector<Column>> found_;      // as the records have them
  std::map<std::string, std::vector<Column>> described_;
  int count_ = 0;
};

}  // namespace

std::unique_ptr<Source> make_http_source(const Connection& connection) {
  return std::make_unique<HttpSource>(connection);
}

}  // namespace lochan

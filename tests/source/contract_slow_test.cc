// The contract of sources, held by those that need no server. Slow: each test opens an engine with its extensions.
#include <sqlite3.h>

#include <fstream>
#include <map>
#include <mutex>

#include "base/http_server.h"
#include "base/json.h"
#include "project/http_config.h"
#include "source/http_address.h"
#include "tests/source/contract.h"
#include "tests/source/file_server.h"
#include "tests/source/files_system.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

class Folder {
 public:
  Folder() { fs::create_directories(path_); }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  const fs::path path_ = fs::temp_directory_path() / ("lochan-" + random_uuid());
};

class SqliteWriter final : public SqlSystem::Writer {
 public:
  explicit SqliteWriter(const fs::path& file) {
    EXPECT_EQ(sqlite3_open(file.c_str(), &database_), SQLITE_OK);
    sqlite3_busy_timeout(database_, 10'000);
  }
  ~SqliteWriter() override { sqlite3_close(database_); }
  void execute(const std::string& sql) override {
    char* message = nullptr;
    EXPECT_EQ(sqlite3_exec(database_, sql.c_str(), nullptr, nullptr, &message), SQLITE_OK)
        << (message == nullptr ? "" : message) << "\n"
        << sql;
    sqlite3_free(message);
  }

 private:
  sqlite3* database_ = nullptr;
};

class SqliteSystem final : public SqlSystem {
 public:
  SqliteSystem() { execute("pragma journal_mode = wal"); }
  Connection connection() const override {
    Connection connection;
    connection.name = "shop";
    connection.kind = "sqlite";
    connection.location = file().string();
    return connection;
  }
  std::unique_ptr<Writer> connect() const override { return std::make_unique<SqliteWriter>(file()); }
  std::string begin() const override { return "begin immediate"; }
  std::string type(ContractType type) const override {
    switch (type) {
      case ContractType::Whole:
        return "bigint";
      case ContractType::Exact:
        return "decimal(18,2)";
      case ContractType::Real:
        return "double";
      case ContractType::Text:
        return "text";
      case ContractType::Time:
        return "timestamp";
    }
    return "";
  }
  std::string literal(const std::string& text) const override {
    std::string written = sql::literal(text);
    for (auto nul = written.find('\0'); nul != std::string::npos; nul = written.find('\0'))
      written.replace(nul, 1, "' || char(0) || '");
    return written;
  }
  void go_away() override { fs::rename(file(), folder_.path() / "away"); }
  void come_back() override { fs::rename(folder_.path() / "away", file()); }
  // The log's name must stay beside the file's.
  bool may_go_away_while_written() const override { return false; }
  bool holds_nul() const override { return true; }

 private:
  fs::path file() const { return folder_.path() / "shop.db"; }
  const Folder folder_;
};

// A table loaded as a whole is one file, written anew; of others each change brings a file.
class FolderSystem final : public FilesSystem {
 public:
  FolderSystem() { fs::create_directories(drop()); }
  Connection connection() const override {
    Connection connection;
    connection.name = "shop";
    connection.kind = "files";
    connection.location = drop().string();
    return connection;
  }
  void go_away() override { fs::rename(drop(), folder_.path() / "away"); }
  void come_back() override { fs::rename(folder_.path() / "away", drop()); }

 private:
  fs::path drop() const { return folder_.path() / "drop"; }
  void write_file(const std::string& name, const std::string& text) override {
    const fs::path unfinished = drop() / (name + ".part");
    std::ofstream(unfinished, std::ios::binary) << text;
    fs::rename(unfinished, drop() / name);
  }

  const Folder folder_;
};

class WebSystem final : public FilesSystem {
 public:
  Connection connection() const override { return server_.connection("shop"); }
  void go_away() override { server_.stop(); }
  void come_back() override { server_.start(); }

 private:
  void write_file(const std::string& name, const std::string& text) override { server_.put(name, text); }
  FileServer server_;
};

// An API whose pages have two records each.
class HttpSystem final : public ContractSystem {
 public:
  HttpSystem() { come_back(); }
  Connection connection() const override {
    Connection connection;
    connection.name = "shop";
    connection.kind = "http";
    connection.location = fmt::format("http://127.0.0.1:{}/v1", port_);
    connection.http = std::make_shared<HttpSettings>(http_settings(connection));
    connection.http->retry_delay = std::chrono::milliseconds{1};
    connection.http->gate = std::make_shared<CallGate>(0, std::chrono::milliseconds{0});
    return connection;
  }
  void configure(SourceTable& read, const ContractTable& table) const override {
    HttpResource resource;
    resource.path.value = percent_encode(table.name);
    resource.records.value = "data.rows";
    resource.pagination.by = HttpPaging::PageNumber;
    resource.pagination.size = 2;
    if (read.load == LoadMode::Incremental) {
      resource.params = {{"since", "$since"}, {"by", **read.cursor}};
      resource.start = LocatedText{"1970-01-01T00:00:00", {}};
    }
    read.request = std::make_shared<HttpResource>(resource);
    nlohmann::ordered_json types;
    for (const ContractColumn& column : table.columns) types[column.name] = type_name(column.type);
    read.options = {{"columns", types.dump()}};
  }
  void make(const ContractTable& table) override {
    const std::lock_guard lock(mutex_);
    table_ = table;
  }
  void put(const SourceTable&, const ContractTable& table, const std::vector<ContractRow>& rows) override {
    const std::lock_guard lock(mutex_);
    table_ = table;
    for (const ContractRow& row : rows) rows_[table.has_key ? row.front().value() : fmt::format("{}", ++count_)] = row;
  }
  void remove(const SourceTable&, const ContractTable&, const std::string& key) override {
    const std::lock_guard lock(mutex_);
    rows_.erase(key);
  }
  void add_column(const ContractTable& table) override { make(table); }
  void make_text(const ContractTable&, const std::string& column) override {
    const std::lock_guard lock(mutex_);
    for (ContractColumn& of : table_.columns)
      if (of.name == column) of.type = ContractType::Text;
    is_text_ = column;
  }
  void go_away() override { server_.reset(); }
  void come_back() override {
    server_ = std::make_unique<HttpServer>(HttpServerOptions{.port = port_}, [this](const HttpRequest& request) { return answer(request); }, log_);
    port_ = server_->port();
  }

 private:
  std::string value(const ContractColumn& column, const std::optional<std::string>& text) const {
    if (!text) return "null";
    const bool is_plain = (column.type == ContractType::Whole || column.type == ContractType::Real) && column.name != is_text_;
    return is_plain ? *text : Json(*text).dump();
  }
  HttpResponse answer(const HttpRequest& request) {
    const std::lock_guard lock(mutex_);
    const auto query = parse_query(request.query);
    const std::size_t page = query.contains("page") ? std::stoul(query.at("page")) : 1;
    std::vector<std::string> records;
    for (const auto& [key, row] : rows_) {
      std::vector<std::string> cells;
      bool is_new = true;
      for (std::size_t i = 0; i < row.size(); ++i) {
        const ContractColumn& column = table_.columns.at(i);
        if (query.contains("by") && column.name == query.at("by") && row[i]) is_new = *row[i] >= text_of(query.at("since"));
        cells.push_back(Json(column.name).dump() + ":" + value(column, row[i]));
      }
      if (is_new) records.push_back(fmt::format("{{{}}}", fmt::join(cells, ",")));
    }
    const std::size_t begin = std::min(records.size(), (page - 1) * 2), end = std::min(records.size(), begin + 2);
    HttpResponse response;
    response.body = fmt::format(R"({{"data":{{"rows":[{}]}},"page":{}}})",
                                fmt::join(std::span(records).subspan(begin, end - begin), ","), page);
    return response;
  }
  // As the tests write times.
  static std::string text_of(std::string since) {
    std::ranges::replace(since, 'T', ' ');
    return since;
  }

  NullLog log_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  ContractTable table_;
  std::map<std::string, ContractRow> rows_;
  std::string is_text_;
  int count_ = 0;
  std::unique_ptr<HttpServer> server_;
};

template <typename System>
std::unique_ptr<ContractSystem> make() {
  return std::make_unique<System>();
}

INSTANTIATE_TEST_SUITE_P(Kinds, SourceContract,
                         testing::Values(ContractKind{"sqlite", make<SqliteSystem>},
                                         ContractKind{"files", make<FolderSystem>},
                                         ContractKind{"files_web", make<WebSystem>},
                                         ContractKind{"http", make<HttpSystem>}),
                         contract_name);
INSTANTIATE_TEST_SUITE_P(Kinds, TableSourceContract, testing::Values(ContractKind{"sqlite", make<SqliteSystem>}),
                         contract_name);

}  // namespace
}  // namespace lochan

// Files in a folder and in a bucket, as the contract of sinks sees them: whoever reads takes all files that are there.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <filesystem>

#include "base/file.h"
#include "base/hash.h"
#include "base/sql.h"
#include "engine/engine.h"
#include "project/files_config.h"
#include "tests/sink/contract_target.h"
#include "tests/support/s3_server.h"

namespace lochan {
namespace fs = std::filesystem;
namespace {

// A folder of this machine with a table's files in it.
class FolderOfFiles {
 public:
  FolderOfFiles() { fs::create_directories(root); }
  ~FolderOfFiles() {
    std::error_code ignored;
    fs::remove_all(root, ignored);
  }
  FolderOfFiles(const FolderOfFiles&) = delete;
  FolderOfFiles& operator=(const FolderOfFiles&) = delete;

  std::vector<fs::path> data() const {
    std::vector<fs::path> files;
    if (!fs::exists(sale)) return files;
    for (const auto& entry : fs::recursive_directory_iterator(sale))
      if (entry.path().extension() == ".parquet") files.push_back(entry.path());
    return files;
  }
  std::vector<std::string> rows(const std::string& columns) {
    std::vector<std::string> names, lines;
    for (const fs::path& file : data()) names.push_back(sql::literal(file.string()));
    if (names.empty()) return {};
    const std::string select =
        fmt::format("select {} from read_parquet([{}], union_by_name = true)", columns, fmt::join(names, ", "));
    for (const auto& row : session->query(select).rows) {
      std::string line;
      for (const auto& value : row) line += (line.empty() ? "" : "|") + value.value_or("null");
      lines.push_back(std::move(line));
    }
    std::ranges::sort(lines);
    return lines;
  }
  void make_foreign() {
    fs::create_directories(sale);
    session->execute(
        fmt::format("copy (select '' as mine where false) to {}", sql::literal((sale / "mine.parquet").string())));
  }
  // Of the files one has the row.
  void change(int id) {
    for (const fs::path& file : data()) {
      const std::string name = sql::literal(file.string());
      session->execute(fmt::format(
          "create or replace temp table changed as from {}; update changed set what = 'by hand' where id = {}", name,
          id));
      session->execute(fmt::format("copy changed to {}", name));
    }
  }

  const fs::path root = fs::temp_directory_path() / ("lochan_files_" + random_uuid());
  const fs::path sale = root / "dwh/sale";
  Engine engine{EngineOptions{.threads = 2}};
  std::unique_ptr<Session> session = engine.open_session();
};

class FolderTarget final : public ContractTarget {
 public:
  Connection connection() override {
    Connection connection;
    connection.name = "out";
    connection.kind = "files";
    connection.url = "files:" + files_.root.string();
    connection.location = files_.root;
    return connection;
  }
  std::vector<std::string> rows(const std::string& columns) override { return files_.rows(columns); }
  void empty() override {
    for (const fs::path& file : files_.data()) fs::remove(file);
  }
  void drop() override { fs::remove_all(files_.sale); }
  void make_foreign() override { files_.make_foreign(); }
  void back_up() override {
    fs::remove_all(files_.root / "kept");
    fs::copy(files_.sale, files_.root / "kept", fs::copy_options::recursive);
  }
  void restore() override {
    drop();
    fs::copy(files_.root / "kept", files_.sale, fs::copy_options::recursive);
  }
  void change(int id) override { files_.change(id); }
  bool sees_changes() const override { return true; }
  void lock(const std::function<void()>& work) override {
    const FileLock held = FileLock::acquire(files_.root / "dwh/.sale.lochan/lock");
    work();
  }

 private:
  FolderOfFiles files_;
};

class BucketTarget final : public ContractTarget {
 public:
  BucketTarget() {
    server_.make_bucket(kBucket);
    Connection there;
    there.name = "out";
    there.kind = "files";
    there.url = there.location = fmt::format("s3://{}/{}", kBucket, random_uuid());
    there.files = std::make_shared<FilesSettings>();
    there.files->bucket = server_.place(there.location);
    connection_ = there;
    store_ = make_s3_store(server_.place(there.location + "/dwh/sale"), clock_);
  }
  ~BucketTarget() override { drop(); }

  Connection connection() override { return connection_; }
  std::vector<std::string> rows(const std::string& columns) override {
    fetch();
    return here_.rows(columns);
  }
  void empty() override { remove(".parquet"); }
  void drop() override { remove(""); }
  void make_foreign() override {
    here_.make_foreign();
    store_->upload("mine.parquet", here_.sale / "mine.parquet");
  }
  void back_up() override {
    kept_.clear();
    for (const std::string& name : names()) kept_[name] = store_->read(name);
  }
  void restore() override {
    drop();
    for (const auto& [name, bytes] : kept_) store_->write(name, bytes);
  }
  void change(int id) override {
    fetch();
    here_.change(id);
    for (const fs::path& file : here_.data())
      store_->upload(file.lexically_relative(here_.sale).generic_string(), file);
  }
  bool sees_changes() const override { return true; }
  std::string why_uncut() const override { return "its client asks seven times: see BucketOnALine"; }
  bool has_lock() const override { return false; }
  void lock(const std::function<void()>& work) override { work(); }

 private:
  static constexpr const char* kBucket = "sink-contract";

  std::vector<std::string> names() {
    std::vector<std::string> found;
    store_->list("", [&](const ObjectInfo& info) { found.push_back(info.name); });
    return found;
  }
  void remove(const std::string& ending) {
    std::vector<std::string> gone;
    for (const std::string& name : names())
      if (name.ends_with(ending)) gone.push_back(name);
    store_->remove(gone);
  }
  void fetch() {
    fs::remove_all(here_.sale);
    for (const std::string& name : names()) store_->download(name, here_.sale / name);
  }

  const S3Server& server_ = S3Server::get();
  const SystemClock clock_;
  Connection connection_;
  std::unique_ptr<ObjectStore> store_;
  FolderOfFiles here_;
  std::map<std::string, std::string> kept_;
};

}  // namespace

std::unique_ptr<ContractTarget> make_folder_target() { return std::make_unique<FolderTarget>(); }
std::unique_ptr<ContractTarget> make_bucket_target() { return std::make_unique<BucketTarget>(); }

}  // namespace lochan

// PostgreSQL, MySQL, files in a bucket and those of nginx hold the contract of sources. In one file, as the contract may be included once in a program.
#include "project/files_config.h"
#include "tests/source/contract.h"
#include "tests/source/files_system.h"
#include "tests/source/postgres_system.h"
#include "tests/support/mysql_server.h"
#include "tests/support/proxy.h"
#include "tests/support/s3_server.h"
#include "tests/support/web_server.h"

namespace lochan {
namespace {

class MysqlWriter final : public SqlSystem::Writer {
 public:
  explicit MysqlWriter(const std::string& url) : connection_(url, "writer") {}
  void execute(const std::string& sql) override { connection_.execute(sql); }

 private:
  MysqlConnection connection_;
};

class MysqlSystem final : public SqlSystem {
 public:
  Connection connection() const override {
    Connection connection;
    connection.name = "shop";
    connection.kind = "mysql";
    connection.url = connection.location = proxy_.through(database_.url());
    return connection;
  }
  std::unique_ptr<Writer> connect() const override { return std::make_unique<MysqlWriter>(database_.url()); }
  std::string type(ContractType type) const override {
    switch (type) {
      case ContractType::Whole:
        return "bigint";
      case ContractType::Exact:
        return "decimal(18,2)";
      case ContractType::Real:
        return "double";
      case ContractType::Text:
        return "mediumtext";
      case ContractType::Time:
        return "datetime(6)";
    }
    return "";
  }
  std::string name(const std::string& text) const override { return mysql::identifier(text); }
  std::string literal(const std::string& text) const override { return mysql::literal(text); }
  void go_away() override { proxy_.cut(); }
  void come_back() override { proxy_.restore(); }
  bool holds_nul() const override { return true; }
  std::string lake_type_of_wide() const override { return "DECIMAL(38,9)"; }

 private:
  const MysqlDatabase database_;
  const Proxy proxy_{database_.port()};
};

class BucketSystem final : public FilesSystem {
 public:
  BucketSystem() {
    S3Server::get().make_bucket("contract");
    place_ = S3Server::get().place("s3://contract/" + random_uuid());
    store_ = make_s3_store(place_, clock_);
  }
  Connection connection() const override {
    Connection connection;
    connection.name = "shop";
    connection.kind = "files";
    connection.location = place_.location;
    connection.files = std::make_shared<FilesSettings>();
    connection.files->bucket = place_;
    connection.files->bucket.s3.endpoint = proxy_.through(place_.s3.endpoint);
    return connection;
  }
  void go_away() override { proxy_.cut(); }
  void come_back() override { proxy_.restore(); }

 private:
  void write_file(const std::string& name, const std::string& text) override { store_->write(name, text); }

  const SystemClock clock_;
  const Proxy proxy_{S3Server::get().port()};
  LakePlace place_;
  std::unique_ptr<ObjectStore> store_;
};

class NginxSystem final : public FilesSystem {
 public:
  Connection connection() const override { return folder_.connection("shop", proxy_.through(folder_.url())); }
  void go_away() override { proxy_.cut(); }
  void come_back() override { proxy_.restore(); }

 private:
  void write_file(const std::string& name, const std::string& text) override { folder_.put(name, text); }

  WebFolder folder_;
  const Proxy proxy_{folder_.port()};
};

template <typename System>
std::unique_ptr<ContractSystem> make() {
  return std::make_unique<System>();
}

const auto kServers = testing::Values(ContractKind{"mysql", make<MysqlSystem>}, ContractKind{"postgres", make<PostgresSystem>});
INSTANTIATE_TEST_SUITE_P(Servers, SourceContract, kServers, contract_name);
INSTANTIATE_TEST_SUITE_P(Files, SourceContract,
                         testing::Values(ContractKind{"files_bucket", make<BucketSystem>},
                                         ContractKind{"files_nginx", make<NginxSystem>}),
                         contract_name);
INSTANTIATE_TEST_SUITE_P(Servers, TableSourceContract, kServers, contract_name);

}  // namespace
}  // namespace lochan

// PostgreSQL and MySQL hold the contract of sources. In one file, as the contract may be included once in a program.
#include "tests/source/contract.h"
#include "tests/source/postgres_system.h"
#include "tests/support/mysql_server.h"
#include "tests/support/proxy.h"

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

template <typename System>
std::unique_ptr<ContractSystem> make() {
  return std::make_unique<System>();
}

const auto kServers = testing::Values(ContractKind{"mysql", make<MysqlSystem>}, ContractKind{"postgres", make<PostgresSystem>});
INSTANTIATE_TEST_SUITE_P(Servers, SourceContract, kServers, contract_name);
INSTANTIATE_TEST_SUITE_P(Servers, TableSourceContract, kServers, contract_name);

}  // namespace
}  // namespace lochan

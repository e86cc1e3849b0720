// PostgreSQL as the contract of sources writes into it.
#pragma once

#include "tests/source/contract_system.h"
#include "tests/support/postgres_server.h"
#include "tests/support/proxy.h"

namespace lochan {
class PostgresWriter final : public SqlSystem::Writer {
 public:
  explicit PostgresWriter(PostgresConnection connection) : connection_(std::move(connection)) {}
  void execute(const std::string& sql) override { connection_.execute(sql); }

 private:
  PostgresConnection connection_;
};

class PostgresSystem final : public SqlSystem {
 public:
  Connection connection() const override {
    Connection connection;
    connection.name = "shop";
    connection.kind = "postgres";
    connection.url = connection.location = proxy_.through(database_.url());
    return connection;
  }
  std::unique_ptr<Writer> connect() const override { return std::make_unique<PostgresWriter>(database_.connect()); }
  std::string type(ContractType type) const override {
    switch (type) {
      case ContractType::Whole:
        return "bigint";
      case ContractType::Exact:
        return "numeric(18,2)";
      case ContractType::Real:
        return "double precision";
      case ContractType::Text:
        return "text";
      case ContractType::Time:
        return "timestamp";
    }
    return "";
  }
  void go_away() override { proxy_.cut(); }
  void come_back() override { proxy_.restore(); }
  std::string lake_type_of_wide() const override { return "DECIMAL(38,9)"; }

 private:
  static int port(const std::string& url) { return std::stoi(url.substr(url.rfind(':') + 1)); }

  const PostgresDatabase database_;
  const Proxy proxy_{port(database_.url())};
};

}  // namespace lochan

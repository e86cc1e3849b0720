// Models made in a database of a real PostgreSQL, without a lake.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "model/postgres_build.h"
#include "model/postgres_sql.h"
#include "tests/support/postgres_server.h"

namespace lochan {

class PostgresBuildTest : public testing::Test {
 protected:
  PostgresBuildTest() : sql_(database_.connect()) {
    project_.name = "shop";
    sql_.execute(
        "create schema shop; create table shop.sale (id int primary key, day date, amount numeric(10,2), changed_at "
        "timestamptz default now()); "
        "insert into shop.sale values (1, '2026-01-01', 3.5), (2, '2026-01-02', 1.2)");
  }

  Model& model(const std::string& name, Materialization kind, const std::string& sql) {
    Model& model = project_.database_models[{"mart", name}];
    model.table = {"mart", name};
    model.file = "models/mart/" + name + ".sql";
    model.sql = sql;
    model.materialized = kind;
    if (!model.database) model.database = std::make_shared<DatabaseModel>();
    model.database->in = LocatedText{"warehouse", {}};
    return model;
  }

  PostgresBuilt build(const std::string& name, bool full_refresh = false) {
    PostgresConnection connection = database_.connect();
    return build(connection, name, full_refresh);
  }

  PostgresBuilt build(PostgresConnection& connection, const std::string& name, bool full_refresh = false) {
    const DatabaseNames names = database_names(project_, "warehouse", {});
    const Model& model = project_.database_models.at({"mart", name});
    return build_in_postgres(connection, {.project = project_,
                                          .names = names,
                                          .model = model,
                                          .full_refresh = full_refresh,
                                          .run = 7,
                                          .run_at = "2026-01-03 00:00:00+00",
                                          .audit = audit_});
  }

  std::vector<SurveyedModel> survey() {
    PostgresConnection connection = database_.connect();
    const DatabaseNames names = database_names(project_, "warehouse", {});
    return PostgresModels(connection, project_, names).survey();
  }

  std::string text(const std::string& query) {
    std::string text;
    for (const auto& row : sql_.query(query).rows) {
      for (const auto& value : row) text += (text.empty() || text.ends_with(' ') ? "" : "|") + value.value_or("null");
      text += ' ';
    }
    return text;
  }

  std::string error_of(const std::string& name) {
    try {
      build(name);
    } catch (const Error& error) {
      return error.what();
    }
    return "no error";
  }

  PostgresDatabase database_;
  PostgresConnection sql_;
  Project project_;
  std::function<void(const PostgresName&)> audit_ = [](const PostgresName&) {};
};

}  // namespace lochan

#include "plan/database_analysis.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/postgres_connection.h"
#include "base/sql.h"
#include "check/postgres_audit.h"
#include "model/postgres_models.h"
#include "project/database_model.h"
#include "source/postgres_catalog.h"

namespace lochan {
namespace {

PostgresName name_at(const SourceTable& table) {
  return parse_postgres_name(table.from).value_or(PostgresName{"public", table.from});
}

// By the address of their connections: two may lead to one database.
bool is_made_at(const Project& project, const Model& model, const PostgresName& name, const Connection& connection) {
  if (postgres_name(model) != name) return false;
  const auto made_in = project.connections.find(*model.database->in.value());
  return made_in != project.connections.end() && made_in->second.location == connection.location;
}

// As a source finds the columns of such a table: it is made, looked at, and never was.
std::vector<Column> columns_as_loaded(PostgresConnection& database, const PostgresName& name,
                                      const std::vector<Column>& made) {
  std::vector<std::string> lines;
  for (const Column& column : made) lines.push_back(sql::identifier(column.name) + " " + column.type);
  std::vector<Column> columns;
  struct Undo {};
  try {
    database.transaction([&] {
      database.execute(fmt::format("create schema if not exists {}", sql::identifier(name.schema)));
      database.execute(fmt::format("create table {} ({})", name.quoted(), fmt::join(lines, ", ")));
      const auto found = find_postgres_table(database, name.text());
      if (!found) throw Error(ErrorKind::Internal, fmt::format("`{}` was made and isn't there", name.text()));
      for (const PostgresColumn& column : found->columns) columns.push_back({column.name, column.lake_type(), true});
      throw Undo{};
    });
  } catch (const Undo&) {
  }
  return columns;
}

class DatabaseAnalyser {
 public:
  DatabaseAnalyser(const Project& project, Analysis& analysis) : project_(project), analysis_(analysis) {}

  void analyse() {
    std::set<std::string> connections;
    for (const auto& [table, model] : project_.database_models) connections.insert(*model.database->in.value());
    for (const std::string& name : connections) analyse_connection(name);
    for (auto& [table, model] : analysis_.database_models) {
      model.is_late = is_late(table);
      for (const CheckConfig& check : model.model->checks) verify(check);
    }
    find_raw_readers();
    put_in_order();
  }

 private:
  void analyse_connection(const std::string& name) {
    const auto connection = project_.connections.find(name);
    if (connection == project_.connections.end()) return;  // it is reported already
    const DatabaseNames names = database_names(project_, name, analysis_.columns);
    try {
      PostgresConnection database(connection->second.location, name);
      for (const SurveyedModel& surveyed : PostgresModels(database, project_, names).survey()) add(surveyed, names);
    } catch (const Error& error) {
      for (const auto& [ignored, model] : names.models) {
        AnalysedDatabaseModel analysed;
        analysed.model = model;
        analysed.problem = error;
        // What is declared is the best that is known.
        for (const LocatedText& source : model->database->sources)
          if (const auto input = parse_postgres_name(*source)) note(analysed, *input, names);
        order_.push_back(model->table);
        analysis_.database_models[model->table] = std::move(analysed);
      }
    }
  }

  void add(const SurveyedModel& surveyed, const DatabaseNames& names) {
    AnalysedDatabaseModel analysed;
    analysed.model = surveyed.model;
    analysed.columns = surveyed.columns;
    analysed.problem = surveyed.problem;
    for (const PostgresName& input : surveyed.reads) note(analysed, input, names);
    if (surveyed.stale) {
      analysed.stale = surveyed.stale->text;
      analysed.is_modified = surveyed.stale->rebuild;
    }
    order_.push_back(surveyed.model->table);
    analysis_.database_models[surveyed.model->table] = std::move(analysed);
  }

  static void note(AnalysedDatabaseModel& analysed, const PostgresName& input, const DatabaseNames& names) {
    const auto add_table = [&](const TableName& table) {
      if (std::ranges::find(analysed.reads, table) == analysed.reads.end()) analysed.reads.push_back(table);
    };
    if (const auto model = names.models.find(input); model != names.models.end()) {
      add_table(model->second->table);
    } else if (const auto carried = names.carried.find(input); carried != names.carried.end()) {
      add_table(carried->second.table);
      analysed.sinks.insert(carried->second.sink);
    } else {
      analysed.outside.push_back(input.text());
    }
  }

  // One that isn't known comes last, when all is there that may be there.
  bool is_late(const TableName& table) const {
    const AnalysedDatabaseModel& model = analysis_.database_models.at(table);
    const bool is_unbound =
        model.problem && model.problem->kind() != ErrorKind::Unavailable && !model.model->database->is_foreign;
    if (!model.sinks.empty() || is_unbound) return true;
    return std::ranges::any_of(model.reads, [&](const TableName& input) {
      const auto found = analysis_.database_models.find(input);
      return found != analysis_.database_models.end() && !found->second.problem && is_late(input);
    });
  }

  void verify(const CheckConfig& check) {
    try {
      postgres_failing_rows(check, {"public", "t"}, "now");
    } catch (const Error& error) {
      analysis_.problems.push_back(error);
    }
  }

  void find_raw_readers() {
    for (const auto& [name, source] : project_.sources) {
      for (const LocatedText& from : source.from) {
        const auto connection = project_.connections.find(*from);
        if (connection == project_.connections.end() || connection->second.kind != "postgres") continue;
        for (const SourceTable& table : source.tables) {
          for (const auto& [made, model] : analysis_.database_models)
            if (!model.is_late && is_made_at(project_, *model.model, name_at(table), connection->second))
              analysis_.raw_reads[table.table()].push_back(made);
        }
      }
    }
  }

  void put_in_order() {
    std::vector<TableName> order;
    for (const bool is_late : {false, true}) {
      for (const TableName& table : order_)
        if (analysis_.database_models.at(table).is_late == is_late) order.push_back(table);
      if (!is_late) order.insert(order.end(), analysis_.order.begin(), analysis_.order.end());
    }
    analysis_.order = std::move(order);
  }

  const Project& project_;
  Analysis& analysis_;
  std::vector<TableName> order_;
};

}  // namespace

struct ColumnsToCome::Surveyed {
  PostgresConnection database;
  std::vector<SurveyedModel> models;
};

ColumnsToCome::ColumnsToCome(const Project& project) : project_(project) {}
ColumnsToCome::~ColumnsToCome() = default;

std::optional<std::vector<Column>> ColumnsToCome::of(const Connection& connection, const SourceTable& table) {
  const PostgresName name = name_at(table);
  for (const auto& [ignored, model] : project_.database_models) {
    if (model.database->is_foreign || !is_made_at(project_, model, name, connection)) continue;
    const std::string& in = *model.database->in.value();
    std::unique_ptr<Surveyed>& surveyed = databases_[in];
    if (!surveyed) {
      auto fresh = std::make_unique<Surveyed>(Surveyed{PostgresConnection(connection.location, in), {}});
      const DatabaseNames names = database_names(project_, in, {});
      fresh->models = PostgresModels(fresh->database, project_, names).survey();
      surveyed = std::move(fresh);
    }
    const auto found = std::ranges::find(surveyed->models, &model, &SurveyedModel::model);
    if (found == surveyed->models.end()) continue;
    if (found->problem) throw *found->problem;
    return columns_as_loaded(surveyed->database, name, found->columns);
  }
  return std::nullopt;
}

void analyse_databases(const Project& project, Analysis& analysis) {
  if (!project.database_models.empty()) DatabaseAnalyser(project, analysis).analyse();
}

}  // namespace lochan

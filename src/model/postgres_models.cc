#include "model/postgres_models.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/hash.h"
#include "model/postgres_sql.h"
#include "sink/postgres_column.h"
#include "sink/postgres_marks.h"
#include "sink/postgres_table.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

// What a query names isn't there, or isn't there yet.
bool is_missing(const std::string& code) { return code == "42P01" || code == "3F000"; }

constexpr const char* kRights =
    "the connection's user needs `temporary` on the database, `usage` on the schemas and `select` on the tables it "
    "reads, "
    "and to own the schema that its models are made in";

// A model that is met again on its own path; of the rest, inputs come first.
class Order {
 public:
  explicit Order(std::map<PostgresName, SurveyedModel>& models) : models_(models) {}

  std::vector<SurveyedModel> take() {
    for (auto& [name, model] : models_) visit(name);
    std::vector<SurveyedModel> result;
    for (const PostgresName& name : order_) result.push_back(std::move(models_.at(name)));
    return result;
  }

 private:
  void visit(const PostgresName& name) {
    if (std::ranges::find(path_, name) != path_.end()) {
      SurveyedModel& model = models_.at(name);
      std::vector<std::string> names;
      for (auto at = std::ranges::find(path_, name); at != path_.end(); ++at) names.push_back(at->text());
      names.push_back(name.text());
      model.is_circular = true;
      model.problem =
          Error(ErrorKind::Project, fmt::format("models are made from each other: {}", fmt::join(names, " → ")))
              .at(model.model->position)
              .hint("take one of them out of the other's `from`");
      return;
    }
    if (!visited_.insert(name).second) return;
    path_.push_back(name);
    for (const PostgresName& input : models_.at(name).reads)
      if (models_.contains(input)) visit(input);
    path_.pop_back();
    order_.push_back(name);
  }

  std::map<PostgresName, SurveyedModel>& models_;
  std::set<PostgresName> visited_;
  std::vector<PostgresName> path_, order_;
};

}  // namespace

DatabaseNames database_names(const Project& project, const std::string& connection,
                             const std::map<TableName, std::vector<Column>>& lake_columns) {
  DatabaseNames names;
  for (const auto& [table, model] : project.database_models)
    if (*model.database->in.value() == connection) names.models[postgres_name(model)] = &model;
  for (const auto& [name, sink] : project.sinks) {
    if (*sink.to != connection) continue;
    names.mark_schemas.insert(sink.schema.empty() ? "public" : sink.schema);
    for (const SinkTable& table : sink.tables) {
      if (table.fields == SinkFields::Add) continue;  // the table stays what it was: another's
      CarriedInto& carried = names.carried[postgres_name(sink, table)];
      carried.sink = name;
      carried.table = table.table;
      if (const auto columns = lake_columns.find(table.table); columns != lake_columns.end())
        carried.columns = columns->second;
    }
  }
  return names;
}

std::string model_declarations(const Model& model) {
  SinkTable table;
  table.indexes = model.database->indexes;
  table.grants = model.database->grants;
  std::vector<std::string> key;
  for (const LocatedText& column : model.key) key.push_back(*column);
  return declarations_text(declarations_of(table, key));
}

PostgresModels::PostgresModels(PostgresConnection& connection, const Project& project, const DatabaseNames& names)
    : connection_(connection), project_(project), names_(names) {}

void PostgresModels::look() {
  std::set<PostgresName> all;
  std::set<std::string> schemas;
  for (const auto& [name, model] : names_.models) {
    all.insert(name);
    schemas.insert(name.schema);
  }
  for (const auto& [name, carried] : names_.carried) all.insert(name);
  relations_ = find_relations(connection_, all);
  marks_ = read_model_marks(connection_, schemas);
  carried_ = read_carried_versions(connection_, names_.mark_schemas);
}

const PostgresRelation* PostgresModels::there(const PostgresName& name) const {
  const auto found = relations_.find(name);
  return found == relations_.end() ? nullptr : &found->second;
}

const PostgresModelMark* PostgresModels::mark(const PostgresName& name) const {
  const auto found = marks_.find(name);
  return found == marks_.end() ? nullptr : &found->second;
}

std::optional<std::string> PostgresModels::version(const PostgresName& name) const {
  std::set<PostgresName> path;
  return version(name, path);
}

// A view moves when what it reads moves.
std::optional<std::string> PostgresModels::version(const PostgresName& name, std::set<PostgresName>& path) const {
  if (names_.carried.contains(name)) {
    const auto found = carried_.find(name);
    return found == carried_.end() ? std::nullopt : std::optional(found->second);
  }
  const auto model = names_.models.find(name);
  const PostgresModelMark* made = mark(name);
  if (model == names_.models.end() || model->second->database->is_foreign || made == nullptr) return std::nullopt;
  if (!made->version.empty()) return made->version;
  if (!path.insert(name).second) return std::nullopt;
  std::string text = made->fingerprint;
  for (const auto& [input, ignored] : made->inputs) {
    const auto of_input = version(input, path);
    if (!of_input) return std::nullopt;
    text += fmt::format("|{}={}", input.text(), *of_input);
  }
  path.erase(name);
  return sha256(text).substr(0, 16);
}

bool PostgresModels::is_as_left(const Model& model, const std::string& fingerprint) const {
  const PostgresName name = postgres_name(model);
  const PostgresModelMark* made = mark(name);
  const PostgresRelation* relation = there(name);
  return made != nullptr && relation != nullptr && made->fingerprint == fingerprint &&
         made->identity == relation->identity;
}

// What is said of it without asking for its query.
SurveyedModel PostgresModels::known(const Model& model) const {
  SurveyedModel surveyed;
  surveyed.model = &model;
  if (!model.database->is_foreign) {
    try {
      surveyed.fingerprint = postgres_fingerprint(project_, model);
    } catch (const Error& error) {
      surveyed.problem = error;
      return surveyed;
    }
  }
  const PostgresName name = postgres_name(model);
  const PostgresRelation* relation = there(name);
  if (model.database->is_foreign) {
    check_foreign(surveyed);
    if (surveyed.problem) return surveyed;
    surveyed.reads = read_by(connection_, relation->id);
    surveyed.columns = columns_of(connection_, relation->id);
  } else if (relation != nullptr && (mark(name) == nullptr || mark(name)->project != project_.name)) {
    surveyed.problem = Error(ErrorKind::Data, fmt::format("`{}` is there, a {}, and no model of this project made it",
                                                          name.text(), kind_word(relation->kind)))
                           .at({model.file, 0, 0})
                           .hint("drop or rename it there, or make the model elsewhere: `schema: name`");
  } else if (is_as_left(model, surveyed.fingerprint)) {
    for (const auto& [input, version] : mark(name)->inputs) surveyed.reads.push_back(input);
    surveyed.columns = columns_of(connection_, relation->id);
  }
  return surveyed;
}

void PostgresModels::check_foreign(SurveyedModel& surveyed) const {
  const Model& model = *surveyed.model;
  const PostgresName name = postgres_name(model);
  const PostgresRelation* relation = there(name);
  if (relation == nullptr)
    surveyed.problem = Error(ErrorKind::Data, fmt::format("no materialized view `{}` in the database", name.text()))
                           .at(model.position)
                           .hint("make it there, or take it off the list");
  else if (relation->kind != 'm')
    surveyed.problem = Error(ErrorKind::Data, fmt::format("`{}` is a {}, not a materialized view", name.text(),
                                                          kind_word(relation->kind)))
                           .at(model.position)
                           .hint("take it off the list");
}

std::vector<SurveyedModel> PostgresModels::survey() {
  try {
    return survey_all();
  } catch (const Error& error) {
    if (!error.hint().empty() || connection_.last_code() != "42501") throw;
    throw Error(error).hint(kRights);
  }
}

std::vector<SurveyedModel> PostgresModels::survey_all() {
  look();
  std::map<PostgresName, SurveyedModel> surveyed;
  bool has_unbound = false;
  std::set<PostgresName> changed;
  for (const auto& [name, model] : names_.models) {
    SurveyedModel& known_model = surveyed.emplace(name, known(*model)).first->second;
    const bool is_bound =
        known_model.problem || model->database->is_foreign || is_as_left(*model, known_model.fingerprint);
    has_unbound = has_unbound || !is_bound;
    if (!is_bound && there(name) != nullptr) changed.insert(name);
  }
  if (has_unbound) {
    auto bound = surveyed;
    bind_all(bound, {});
    // What changed may have columns that its readers wait for.
    const bool has_failed = std::ranges::any_of(
        bound, [&](const auto& one) { return one.second.problem && !surveyed.at(one.first).problem; });
    if (has_failed) {
      for (const auto& [name, carried] : names_.carried)
        if (there(name) != nullptr && !holds_columns(name, carried.columns)) changed.insert(name);
      if (!changed.empty()) {
        bound = surveyed;
        bind_all(bound, changed);
      }
    }
    surveyed = std::move(bound);
  }
  for (auto& [name, one] : surveyed) {
    check_sources(one);
    if (!one.problem) one.stale = stale(one);
  }
  return Order(surveyed).take();
}

bool PostgresModels::holds_columns(const PostgresName& name, const std::vector<Column>& columns) {
  const std::vector<Column> found = columns_of(connection_, there(name)->id);
  return std::ranges::all_of(columns, [&](const Column& column) {
    return std::ranges::find(found, column.name, &Column::name) != found.end();
  });
}

// In a transaction that is rolled back: those that aren't there are stood in for by empty tables, in the order in which
// their queries can be read.
void PostgresModels::bind_all(std::map<PostgresName, SurveyedModel>& surveyed, const std::set<PostgresName>& replaced) {
  connection_.execute("begin");
  struct RollBack {
    PostgresConnection& connection;
    ~RollBack() {
      try {
        if (connection.is_open()) connection.execute("rollback");
      } catch (const Error&) {
        // The connection is gone, and the transaction with it.
      }
    }
  } const roll_back{connection_};
  connection_.execute("set local lock_timeout = '5s'");
  for (const PostgresName& name : replaced)
    connection_.execute(
        fmt::format("alter table {} rename to {}", name.quoted(), sql::identifier(name.name + "__lochan")));
  stand_in_for_carried(replaced);
  std::set<PostgresName> waiting;
  for (const auto& [name, one] : surveyed)
    if (!one.problem && !one.model->database->is_foreign && !is_as_left(*one.model, one.fingerprint))
      waiting.insert(name);
  for (bool goes_on = true; goes_on && !waiting.empty();) {
    goes_on = false;
    for (const PostgresName& name : std::vector(waiting.begin(), waiting.end())) {
      SurveyedModel& one = surveyed.at(name);
      if (!try_bind(one, *one.model, true)) continue;
      goes_on = true;
      waiting.erase(name);
      if (!one.problem && (there(name) == nullptr || replaced.contains(name))) stand_in(name, one.columns);
    }
  }
  for (const PostgresName& name : waiting) try_bind(surveyed.at(name), *surveyed.at(name).model, false);
}

void PostgresModels::stand_in_for_carried(const std::set<PostgresName>& replaced) {
  for (const auto& [name, carried] : names_.carried) {
    if (carried.columns.empty() || (there(name) != nullptr && !replaced.contains(name))) continue;
    std::vector<Column> columns;
    for (const Column& column : carried.columns) columns.push_back({column.name, postgres_column(column).type});
    stand_in(name, columns);
  }
}

void PostgresModels::stand_in(const PostgresName& name, const std::vector<Column>& columns) {
  require_schema(connection_, name.schema);
  std::vector<std::string> lines;
  for (const Column& column : columns) lines.push_back(sql::identifier(column.name) + " " + column.type);
  connection_.execute(fmt::format("create table {} ({})", name.quoted(), fmt::join(lines, ", ")));
}

// False when it reads what may still come; then it is as it was.
bool PostgresModels::try_bind(SurveyedModel& surveyed, const Model& model, bool may_come) {
  connection_.execute("savepoint lochan_bind");
  try {
    bind(surveyed, model);
    connection_.execute("release savepoint lochan_bind");
  } catch (const Error& error) {
    if (!connection_.is_open() || error.kind() == ErrorKind::Unavailable) throw;
    const bool is_to_come = may_come && is_missing(connection_.last_code());
    connection_.execute("rollback to savepoint lochan_bind; release savepoint lochan_bind");
    if (is_to_come) return false;
    surveyed.problem = error;
  }
  return true;
}

void PostgresModels::bind(SurveyedModel& surveyed, const Model& model) {
  const std::string sql = postgres_sql(project_, model, {.since = {}, .run_at = "now"});
  try {
    BoundQuery bound = bind_query(connection_, sql);
    surveyed.reads = std::move(bound.reads);
    surveyed.columns = std::move(bound.columns);
  } catch (const Error& error) {
    const int letter = connection_.last_position() - letters_before_query();
    Error explained(error.kind() == ErrorKind::Data ? ErrorKind::Project : error.kind(), error.message());
    explained.at(position_in(model, sql, letter)).hint(error.hint());
    if (error.hint().empty() && connection_.last_code() == "42P01")
      explained.hint("name tables with their schema; a model, a sink or somebody else must make it");
    if (error.hint().empty() && connection_.last_code() == "42501") explained.hint(kRights);
    throw explained;
  }
}

SurveyedModel PostgresModels::examine(const Model& model) {
  SurveyedModel surveyed = known(model);
  if (surveyed.problem) throw *surveyed.problem;
  if (!model.database->is_foreign && !is_as_left(model, surveyed.fingerprint)) bind(surveyed, model);
  check_sources(surveyed);
  if (surveyed.problem) throw *surveyed.problem;
  surveyed.stale = stale(surveyed);
  return surveyed;
}

void PostgresModels::check_sources(SurveyedModel& surveyed) const {
  const auto& declared = surveyed.model->database->sources;
  if (surveyed.problem || declared.empty()) return;
  std::set<PostgresName> said;
  for (const LocatedText& text : declared) {
    const PostgresName name = *parse_postgres_name(*text);
    said.insert(name);
    if (std::ranges::find(surveyed.reads, name) != surveyed.reads.end()) continue;
    std::vector<std::string> names;
    for (const PostgresName& read : surveyed.reads) names.push_back(fmt::format("`{}`", read.text()));
    surveyed.problem =
        Error(ErrorKind::Project,
              fmt::format("`{}` is said to read `{}`, and doesn't", to_string(surveyed.model->table), name.text()))
            .at(text.position)
            .hint(names.empty() ? "PostgreSQL finds nothing that it reads"
                                : fmt::format("PostgreSQL finds that it reads {}", fmt::join(names, ", ")));
    return;
  }
  for (const PostgresName& read : surveyed.reads) {
    if (said.contains(read)) continue;
    surveyed.problem = Error(ErrorKind::Project, fmt::format("`{}` reads `{}`, which its `sources` don't name",
                                                             to_string(surveyed.model->table), read.text()))
                           .at(declared.front().position)
                           .hint("add it there: PostgreSQL's own dependencies say so");
    return;
  }
}

std::optional<PostgresStale> PostgresModels::stale(const SurveyedModel& surveyed) const {
  const Model& model = *surveyed.model;
  if (model.database->is_foreign) return PostgresStale{"it is refreshed in every run"};
  const PostgresName name = postgres_name(model);
  const PostgresModelMark* made = mark(name);
  const PostgresRelation* relation = there(name);
  if (made == nullptr) return PostgresStale{"never built", true};
  if (relation == nullptr) return PostgresStale{"it is gone from the database", true};
  if (made->fingerprint != surveyed.fingerprint) return PostgresStale{"its code changed", true};
  if (made->identity != relation->identity) return PostgresStale{"it was changed by hand in the database", true};
  std::vector<std::string> reasons;
  if (made->declarations != model_declarations(model)) reasons.push_back("its indexes or grants changed");
  std::vector<std::string> moved, unknown;
  if (model.materialized != Materialization::View) {
    for (const PostgresName& input : surveyed.reads) {
      const auto now = version(input);
      const auto before = made->inputs.find(input);
      if (!now)
        unknown.push_back(input.text());
      else if (before == made->inputs.end() || before->second != *now)
        moved.push_back(input.text());
    }
  }
  if (!moved.empty()) reasons.push_back(fmt::format("{} moved", fmt::join(moved, ", ")));
  if (!unknown.empty()) reasons.push_back(fmt::format("{} may have moved", fmt::join(unknown, ", ")));
  if (reasons.empty()) return std::nullopt;
  return PostgresStale{fmt::format("{}", fmt::join(reasons, "; "))};
}

}  // namespace lochan

#include "model/postgres_build.h"

#include <fmt/format.h>

#include "base/error.h"
#include "model/postgres_dependents.h"
#include "model/postgres_sql.h"
#include "sink/postgres_marks.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

void make(PostgresWork& work) {
  switch (work.model.materialized) {
    case Materialization::View:
      return build_postgres_view(work);
    case Materialization::Incremental:
      return build_postgres_incremental(work);
    case Materialization::MaterializedView:
      return build_postgres_materialized_view(work);
    case Materialization::Table:
    case Materialization::Append:
    case Materialization::Scd2:
      return build_postgres_table(work);
  }
}

// The mark, with the version that tells its readers that it moved.
void save(PostgresWork& work, const PostgresModels& models, const SurveyedModel& surveyed) {
  const auto now =
      work.connection.query("select now(), (extract(epoch from now()) * 1000000)::bigint || '/' || txid_current()");
  PostgresModelMark mark;
  mark.project = work.request.project.name;
  mark.fingerprint = surveyed.fingerprint;
  for (const PostgresName& input : surveyed.reads) mark.inputs[input] = models.version(input).value_or("");
  const bool keeps_version = !work.built.changed && work.mark != nullptr;
  if (work.model.materialized != Materialization::View)
    mark.version = keeps_version ? work.mark->version : *now.rows[0][1];
  mark.identity = find_relations(work.connection, {work.name}).at(work.name).identity;
  mark.declarations = model_declarations(work.model);
  mark.since = *now.rows[0][0];
  mark.run = work.request.run;
  save_model_mark(work.connection, work.name, mark);
}

void build(PostgresConnection& connection, const PostgresBuildRequest& request, PostgresBuilt& built) {
  connection.execute("set local lock_timeout = '30s'");
  const PostgresName name = postgres_name(request.model);
  const bool is_foreign = request.model.database->is_foreign;
  if (!is_foreign) require_schema(connection, name.schema);
  PostgresModels models(connection, request.project, request.names);
  models.look();
  const SurveyedModel surveyed = models.examine(request.model);
  if (!surveyed.stale && !request.full_refresh) return;
  PostgresWork work{.connection = connection, .request = request, .model = request.model, .name = name};
  work.there = models.there(name);
  work.mark = models.mark(name);
  work.columns = surveyed.columns;
  work.rebuild = request.full_refresh || (surveyed.stale && surveyed.stale->rebuild);
  work.built.reason = surveyed.stale ? surveyed.stale->text : "full refresh";
  if (!is_foreign) {
    PostgresTimes times{.since = {}, .run_at = request.run_at};
    if (work.mark != nullptr && !work.rebuild) times.since = work.mark->since;
    work.sql = postgres_sql(request.project, request.model, times);
  }
  make(work);
  if (!is_foreign) save(work, models, surveyed);
  built = work.built;
}

// Others that make the same one wait.
class ModelLock {
 public:
  ModelLock(PostgresConnection& connection, std::string name) : connection_(connection), name_{std::move(name)} {
    connection_.query("select pg_advisory_lock(hashtextextended($1, 0))", name_);
  }
  ~ModelLock() {
    try {
      if (connection_.is_open()) connection_.query("select pg_advisory_unlock(hashtextextended($1, 0))", name_);
    } catch (const Error&) {
      // It ends with the connection.
    }
  }
  ModelLock(const ModelLock&) = delete;
  ModelLock& operator=(const ModelLock&) = delete;

 private:
  PostgresConnection& connection_;
  const Values name_;
};

Error explain(const Error& error, const PostgresConnection& connection, const Model& model) {
  Error explained = error;
  if (error.kind() == ErrorKind::Data && !error.position().is_known()) explained.at({model.file, 0, 0});
  if (!error.hint().empty()) return explained;
  const std::string& code = connection.last_code();
  if (code == "42501")
    explained.hint(
        "the connection's user must own the schema and what is made in it: `create schema … authorization …`, and may "
        "read what the model reads");
  if (code == "55P03") explained.hint("somebody holds a lock on it: see `pg_stat_activity` there");
  if (code == "2BP01")
    explained.hint("something there depends on it that isn't a view: take that off, run, and make it again");
  if (code == "21000") explained.hint("the query gives two rows with the same key: check it by `unique`");
  return explained;
}

}  // namespace

Declarations PostgresWork::before() const {
  return mark == nullptr ? Declarations{} : parse_declarations(mark->declarations);
}
Declarations PostgresWork::declared() const { return parse_declarations(model_declarations(model)); }

PostgresBuilt build_in_postgres(PostgresConnection& connection, const PostgresBuildRequest& request) {
  PostgresBuilt built;
  // Before the transaction begins, as that is when its `now()` stands still.
  const ModelLock lock(connection, "lochan model " + postgres_name(request.model).text());
  try {
    connection.transaction([&] { build(connection, request, built); });
  } catch (const Error& error) {
    throw explain(error, connection, request.model);
  }
  return built;
}

void take_its_place(PostgresWork& work, char kind) {
  PostgresConnection& connection = work.connection;
  TargetTable made(connection, work.beside(), kind);
  if (work.there == nullptr) {
    connection.execute(
        fmt::format("alter table {} rename to {}", work.beside().quoted(), sql::identifier(work.name.name)));
    return made.renamed(work.name);
  }
  DependentViews views(connection, work.there->id);
  views.drop();
  if (work.there->kind == kind) {
    TargetTable old(connection, work.name, kind);
    if (kind == 'r' && !old.may_be_swapped(work.before(), work.declared()))
      throw Error(
          ErrorKind::Data,
          fmt::format("`{}` has to be made anew, and something hangs on it that would be lost: a foreign key, a "
                      "trigger, a policy, a setting, or an index made by hand",
                      work.name.text()))
          .hint("declare the index in the model, or take the rest off, run, and put it on again");
    old.swap_in(made);
  } else {
    connection.execute(fmt::format("drop {} {}", kind_word(work.there->kind), work.name.quoted()));
    connection.execute(
        fmt::format("alter table {} rename to {}", work.beside().quoted(), sql::identifier(work.name.name)));
    made.renamed(work.name);
  }
  put_back(work, views);
}

// A model's view that can't be made again has its own step: there it is made by its code of now.
void put_back(PostgresWork& work, DependentViews& views) {
  const auto table = [](const PostgresName& name) { return PostgresName{name.schema, "lochan_model"}.quoted(); };
  views.restore([&](const PostgresName& name) {
    const auto model = work.request.names.models.find(name);
    if (model == work.request.names.models.end() || model->second->database->is_foreign) return false;
    work.connection.execute(fmt::format("update {} set identity = '' where name = $1", table(name)), Values{name.name});
    return true;
  });
  for (const PostgresName& name : views.restored()) {
    const auto model = work.request.names.models.find(name);
    if (model == work.request.names.models.end() || model->second->database->is_foreign) continue;
    const auto found = find_relations(work.connection, {name});
    work.connection.execute(fmt::format("update {} set identity = $2 where name = $1", table(name)),
                            Values{name.name, found.at(name).identity});
  }
}

}  // namespace lochan

#include "model/postgres_dependents.h"

#include <fmt/format.h>

#include <ranges>

#include "base/error.h"
#include "model/postgres_relations.h"

namespace lochan {
namespace {

using Values = std::vector<PostgresValue>;

// Each with the length of the longest way to it.
constexpr std::string_view kDependents = R"(
with recursive reader(id, depth) as (
  select r.ev_class, 1 from pg_depend d join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where d.refclassid = 'pg_class'::regclass and d.refobjid = $1::oid and r.ev_class <> d.refobjid
  union
  select r.ev_class, reader.depth + 1 from reader join pg_depend d on d.refclassid = 'pg_class'::regclass and d.refobjid = reader.id
    join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid where r.ev_class <> reader.id
)
select c.oid, n.nspname, c.relname, c.relkind, pg_get_viewdef(c.oid), pg_get_userbyid(c.relowner) = current_user,
  obj_description(c.oid, 'pg_class'), array_to_string(c.reloptions, ', ')
  from (select id, max(depth) depth from reader group by id) reader join pg_class c on c.oid = reader.id
  join pg_namespace n on n.oid = c.relnamespace where c.relkind in ('v', 'm') order by reader.depth, 2, 3)";

}  // namespace

std::vector<std::string> grants_of(PostgresConnection& connection, const std::string& id, const PostgresName& name) {
  std::vector<std::string> statements;
  const auto rows = connection.query(
      "select case when a.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(a.grantee)) end, a.privilege_type "
      "from "
      "pg_class c, aclexplode(c.relacl) a where c.oid = $1::oid and a.grantee <> c.relowner",
      Values{id});
  for (const auto& row : rows.rows)
    statements.push_back(fmt::format("grant {} on {} to {}", *row[1], name.quoted(), *row[0]));
  return statements;
}

DependentViews::DependentViews(PostgresConnection& connection, const std::string& id) : connection_(connection) {
  for (const auto& row : connection_.query(kDependents, Values{id}).rows) {
    View view{{*row[1], *row[2]}, row[3]->front(), {}};
    const std::string_view word = kind_word(view.kind);
    if (row[5] != "t")
      throw Error(ErrorKind::Data,
                  fmt::format("the {} `{}`, which belongs to somebody else, reads what has to be made anew", word,
                              view.name.text()))
          .hint("drop it there, run, and make it again");
    const std::string options = row[7] && !row[7]->empty() ? fmt::format(" with ({})", *row[7]) : "";
    view.statements.push_back(fmt::format("create {} {}{} as {}", word, view.name.quoted(), options, *row[4]));
    if (view.kind == 'm')
      for (const auto& index :
           connection_
               .query("select pg_get_indexdef(indexrelid) from pg_index where indrelid = $1::oid", Values{*row[0]})
               .rows)
        view.statements.push_back(*index[0]);
    if (row[6])
      view.statements.push_back(fmt::format("comment on {} {} is {}", word, view.name.quoted(), sql::literal(*row[6])));
    for (std::string& grant : grants_of(connection_, *row[0], view.name)) view.statements.push_back(std::move(grant));
    views_.push_back(std::move(view));
  }
}

void DependentViews::drop() {
  for (const View& view : std::views::reverse(views_))
    connection_.execute(fmt::format("drop {} {}", kind_word(view.kind), view.name.quoted()));
}

void DependentViews::restore(const std::function<bool(const PostgresName&)>& may_stay_away) {
  for (const View& view : views_) {
    connection_.execute("savepoint lochan_restore");
    try {
      for (const std::string& statement : view.statements) connection_.execute(statement);
      connection_.execute("release savepoint lochan_restore");
      restored_.push_back(view.name);
    } catch (const Error& error) {
      if (!connection_.is_open() || error.kind() == ErrorKind::Unavailable) throw;
      connection_.execute("rollback to savepoint lochan_restore; release savepoint lochan_restore");
      if (may_stay_away(view.name)) continue;
      throw Error(ErrorKind::Data, fmt::format("the {} `{}` can't be made again of what it would read: {}",
                                               kind_word(view.kind), view.name.text(), error.message()))
          .hint("drop it there, run, and make it again");
    }
  }
}

}  // namespace lochan

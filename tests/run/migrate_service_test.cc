// Tables of one server brought to another with all that belongs to them; what stops it on the way, and going on.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "run/journal.h"
#include "tests/run/migrate_fixture.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Of each kind of thing one: a domain, an enum, a composite type; serial, identity and generated columns; two tables
// that refer to each other; partitions below partitions; indexes, triggers, functions, an aggregate, views of three
// kinds.
constexpr std::string_view kShop = R"(
create schema shop; create schema reports;
set search_path to shop;
create type size as enum ('small', 'big');
create type place as (row integer, shelf text);
create domain money_amount as numeric(8,2) constraint positive check (value >= 0);
create table store (id serial primary key, name varchar(20) not null collate "C" unique, manager integer not null, opened date default '2026-01-01');
create table staff (id integer generated always as identity (start with 10) primary key, name text, store_id integer not null references store (id));
insert into store (name, manager) values ('north', 10), ('south', 11), ('it''s "odd"', 10);
insert into staff (name, store_id) values ('Anna', 1), (null, 2);
alter table store add constraint store_manager_fkey foreign key (manager) references staff (id);
create function touch() returns trigger language plpgsql as $$ begin new.touched := 'by trigger'; return new; end $$;
create table item (
  id bigserial primary key, sizes size[] not null, at place, price money_amount check (price < 1000), taxed numeric generated always as (price * 1.2) stored,
  touched text, doc jsonb, raw bytea, when_made timestamptz, store_id integer references store (id), tags text[]);
create index item_price on item (price desc) where price > 5;
create index item_lower on item (lower(touched));
insert into item (sizes, at, price, touched, doc, raw, when_made, store_id, tags)
  select array['small', 'big']::size[], row(n, 's' || n)::place, n % 100, case n % 3 when 0 then null when 1 then '' else e'tab\tline\n\\N' end, jsonb_build_object('n', n),
         decode(lpad(to_hex(n), 8, '0'), 'hex'), '2026-01-01'::timestamptz + n * interval '1 minute', 1 + n % 3, array['a,b', '"q"', null] from generate_series(1, 2000) n;
create trigger touched before insert or update on item for each row execute function touch();
alter table item disable trigger touched;
create trigger touched_staff before update on staff for each row when (old.name is distinct from new.name) execute function touch();
create table sale (id integer not null, day date not null, item_id bigint references item (id), amount double precision, primary key (id, day)) partition by range (day);
create table sale_2026_01 partition of sale for values from ('2026-01-01') to ('2026-02-01') partition by hash (id);
create table sale_2026_01_even partition of sale_2026_01 for values with (modulus 2, remainder 0);
create table sale_2026_01_odd partition of sale_2026_01 for values with (modulus 2, remainder 1);
create table sale_rest partition of sale default;
create index sale_item on sale (item_id);
create index only_january on sale_2026_01 (amount);
insert into sale select n, date '2026-01-01' + n % 60, 1 + n % 2000, n / 7.0 from generate_series(1, 3000) n;
create function price_of(item_id bigint) returns numeric language sql stable as $$ select price from item where id = item_id $$;
create function items_at(s size) returns setof item language sql stable as $$ select * from item where s = any(sizes) $$;
create function join_texts(a text, b text) returns text language sql immutable as $$ select concat_ws('+', a, b) $$;
create aggregate joined(text) (sfunc = join_texts, stype = text);
create view expensive as select id, price_of(id) as price from item where price > 90;
create view reports.by_store as select s.name, count(*) as items, joined(distinct e.price::text order by e.price::text) as prices
  from store s join item i on i.store_id = s.id join expensive e on e.id = i.id group by s.name;
create materialized view reports.totals as select day, sum(amount) as amount from sale group by day;
create unique index totals_day on reports.totals (day);
create table other (id integer primary key);
create view mixed as select o.id from other o join store s on s.id = o.id;
)";

constexpr std::string_view kTables = R"([
  {"name": "sale", "schema_in": "shop", "schema_out": "dwh", "depends_on": ["item"]},
  {"name": "item", "schema_in": "shop", "schema_out": "dwh", "depends_on": ["store"]},
  {"name": "staff", "schema_in": "shop", "schema_out": "dwh", "depends_on": []},
  {"name": "store", "schema_in": "shop", "schema_out": "dwh", "depends_on": ["staff"]}
])";

class MigrateServiceTest : public MigrateTest {
 protected:
  MigrateServiceTest() {
    old_.connect().execute(kShop);
    write("tables.json", std::string(kTables));
  }
  void at_new(const std::string& sql) { new_.connect().execute(sql); }
  void at_old(const std::string& sql) { old_.connect().execute(sql); }
  std::string counts() const {
    return rows(new_,
                "select (select count(*) from dwh.staff), (select count(*) from dwh.store), (select count(*) from "
                "dwh.item), (select count(*) from dwh.sale)");
  }
  std::string marks() const {
    return rows(new_, "select name, rows, finished_at is not null from dwh.lochan_migration order by name");
  }

  // All that a target has besides rows.
  static constexpr std::string_view kMade = R"(
    select string_agg(t, e'\n' order by t collate "C") from (
      select 'column ' || c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || a.attnotnull::text || a.attidentity::text || a.attgenerated::text || coalesce(pg_get_expr(d.adbin, d.adrelid), '') as t
        from pg_attribute a join pg_class c on c.oid = a.attrelid left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
       where c.relnamespace = 'SCHEMA'::regnamespace and c.relkind in ('r', 'p', 'v') and a.attnum > 0 and c.relname not in ('lochan_migration', 'other', 'mixed')
      union all select 'constraint ' || conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) from pg_constraint
       where connamespace = 'SCHEMA'::regnamespace and conrelid <> 0 and conrelid::regclass::text not like '%other' and conrelid::regclass::text not like '%lochan_migration'
      union all select 'index ' || pg_get_indexdef(c.oid, 0, true) from pg_class c join pg_index i on i.indexrelid = c.oid where c.relnamespace in ('SCHEMA'::regnamespace, 'reports'::regnamespace)
        and i.indrelid::regclass::text not like '%other' and i.indrelid::regclass::text not like '%lochan_migration'
      union all select 'trigger ' || pg_get_triggerdef(oid, true) || tgenabled::text from pg_trigger where not tgisinternal
      union all select 'function ' || proname || pg_get_function_arguments(oid) || prosrc from pg_proc where pronamespace = 'SCHEMA'::regnamespace
      union all select 'view ' || c.relname || ' ' || pg_get_viewdef(c.oid) from pg_class c where c.relkind in ('v', 'm') and c.relnamespace in ('SCHEMA'::regnamespace, 'reports'::regnamespace) and relname <> 'mixed'
      union all select 'type ' || typname || coalesce((select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid), '') from pg_type t
       where typnamespace = 'SCHEMA'::regnamespace and typtype in ('e', 'd') or typname = 'place'
    ) x)";
  static std::string made(const PostgresDatabase& database, const std::string& schema) {
    std::string sql{kMade};
    for (std::size_t at = sql.find("SCHEMA"); at != std::string::npos; at = sql.find("SCHEMA"))
      sql.replace(at, 6, schema);
    PostgresConnection connection = database.connect();
    connection.execute(fmt::format("set search_path to {}", schema));
    return connection.query(sql).value();
  }
};

TEST_F(MigrateServiceTest, BringsTablesWithAllThatBelongsToThem) {
  const MigrateOutcome outcome = migrate();
  ASSERT_EQ(outcome.state, RunState::Succeeded) << result();
  EXPECT_EQ(outcome.rows, 5005);
  std::vector<std::string> steps;
  for (const StepReport& step : outcome.steps)
    steps.push_back(fmt::format("{} {} {}", step.name, to_string(step.state), step.rows_written));
  EXPECT_THAT(steps, testing::ElementsAre("schema built 0", "dwh.staff built 2", "dwh.store built 3",
                                          "dwh.item built 2000", "dwh.sale built 3000", "keys and views built 0"));
  EXPECT_EQ(outcome.steps[3].reason, "shop.item of old to dwh.item of new");
  EXPECT_THAT(outcome.left_out, testing::ElementsAre("view `shop.mixed`: it reads tables that the file doesn't have"));
  EXPECT_EQ(made(new_, "dwh"), made(old_, "shop"));
  for (const std::string table : {"staff", "store", "item", "sale", "sale_2026_01_odd"}) {
    const std::string sql = "select count(*), md5(string_agg(t::text, '' order by t::text)) from {}." + table + " t";
    EXPECT_EQ(rows(new_, fmt::format(fmt::runtime(sql), "dwh")), rows(old_, fmt::format(fmt::runtime(sql), "shop")))
        << table;
  }
  EXPECT_EQ(rows(new_, "select * from reports.by_store order by 1"),
            rows(old_, "select * from reports.by_store order by 1"));
  EXPECT_EQ(rows(new_, "select count(*) from reports.totals"), "60");
  // Sequences go on where the source's are.
  EXPECT_EQ(rows(new_, "insert into dwh.store (name, manager) values ('new', 10) returning id"), "4");
  EXPECT_EQ(rows(new_, "insert into dwh.staff (name, store_id) values ('new', 4) returning id"), "12");
  EXPECT_EQ(rows(new_, "insert into dwh.item (sizes) values ('{small}') returning id"), "2001");
}

TEST_F(MigrateServiceTest, IsARunWithAJournal) {
  const std::int64_t run = migrate().run;
  Secrets secrets;
  const ReadProject read = read_project(folder_, secrets);
  const SystemClock clock;
  Lake lake(read.project, clock);
  const Journal journal(lake.state());
  const auto record = journal.find(run);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->command, "migrate");
  EXPECT_EQ(record->selection, "tables.json");
  EXPECT_EQ(record->author, "anna");
  EXPECT_EQ(record->state, RunState::Succeeded);
  EXPECT_EQ(journal.steps(run).size(), 6u);
}

TEST_F(MigrateServiceTest, ASecondCallFindsAllThere) {
  migrate();
  const MigrateOutcome again = migrate();
  EXPECT_EQ(again.state, RunState::Succeeded);
  EXPECT_EQ(again.rows, 0);
  for (const StepReport& step : again.steps) EXPECT_EQ(step.state, StepState::Unchanged) << step.name;
}

TEST_F(MigrateServiceTest, AFailingRowInTheLastTableLeavesItEmptyAndASecondCallFinishes) {
  at_new(
      "create schema dwh; create table dwh.sale (id integer, day date, item_id bigint check (item_id <> 1234), amount "
      "double precision)");
  const std::string failure = result();
  EXPECT_THAT(failure, StartsWith("dwh.sale: connection `new`: new row for relation \"sale\" violates check constraint "
                                  "\"sale_item_id_check\""));
  EXPECT_EQ(counts(), "2|3|2000|0");
  EXPECT_EQ(marks(), "item|2000|f; staff|2|f; store|3|f");
  // Nothing is built on what isn't whole.
  EXPECT_EQ(rows(new_, "select count(*) from pg_constraint where contype = 'f'"), "0");
  at_new("alter table dwh.sale drop constraint sale_item_id_check");
  const MigrateOutcome second = migrate();
  EXPECT_EQ(second.state, RunState::Succeeded);
  EXPECT_EQ(second.rows, 3000);
  EXPECT_EQ(second.steps[3].state, StepState::Unchanged);
  EXPECT_EQ(counts(), "2|3|2000|3000");
  EXPECT_EQ(marks(), "item|2000|t; sale|3000|t; staff|2|t; store|3|t");
  EXPECT_EQ(rows(new_, "select count(*) from pg_constraint where contype = 'f'"), "3");
}

TEST_F(MigrateServiceTest, GoesOnAfterItIsCutAnywhere) {
  const std::string url = new_.url();
  const auto colon = url.rfind(':');
  const Proxy proxy(std::stoi(url.substr(colon + 1)));
  connect(old_.url(), proxy.through(url));
  const std::string wanted = made(old_, "shop");
  int cuts = 0;
  for (int bytes = 2600;; bytes += 401) {
    SCOPED_TRACE(bytes);
    proxy.cut_after(bytes);
    const std::string first = result();
    proxy.restore();
    if (first != "succeeded") {
      ++cuts;
      ASSERT_EQ(result(), "succeeded") << first;
    }
    EXPECT_EQ(counts(), "2|3|2000|3000");
    EXPECT_EQ(made(new_, "dwh"), wanted);
    at_new("drop schema dwh cascade; drop schema reports cascade");
    if (first == "succeeded") break;
  }
  EXPECT_GT(cuts, 10);
}

TEST_F(MigrateServiceTest, TheSourceGoesAwayInTheMiddle) {
  const std::string url = old_.url();
  const Proxy proxy(std::stoi(url.substr(url.rfind(':') + 1)));
  connect(proxy.through(url), new_.url());
  observer_.on_step = [&](const StepReport& step) {
    if (step.name == "dwh.item") proxy.cut();
  };
  EXPECT_THAT(result(), StartsWith("dwh.item: connection `old`: "));
  EXPECT_EQ(counts(), "2|3|0|0");
  EXPECT_THAT(result(), HasSubstr("connection `old`: connection to server at \"127.0.0.1\""));
  observer_.on_step = nullptr;
  proxy.restore();
  EXPECT_EQ(result(), "succeeded");
}

TEST_F(MigrateServiceTest, AStopLeavesTheTableEmpty) {
  std::stop_source stop;
  observer_.on_step = [&](const StepReport& step) {
    if (step.name == "dwh.item") stop.request_stop();
  };
  const MigrateOutcome outcome = migrate(stop.get_token());
  EXPECT_EQ(outcome.state, RunState::Cancelled);
  EXPECT_EQ(counts(), "2|3|0|0");
  observer_.on_step = nullptr;
  EXPECT_EQ(result(), "succeeded");
}

TEST_F(MigrateServiceTest, ASourceThatMovedOnMeanwhileIsBroughtAgain) {
  at_new(
      "create schema dwh; create table dwh.sale (id integer, day date, item_id bigint check (item_id <> 1234), amount "
      "double precision)");
  EXPECT_THAT(result(), StartsWith("dwh.sale: "));
  at_new("alter table dwh.sale drop constraint sale_item_id_check");
  at_old(
      "update shop.item set touched = 'later' where id = 7; delete from shop.sale where item_id = 8; delete from "
      "shop.item where id = 8");
  const MigrateOutcome second = migrate();
  EXPECT_EQ(second.state, RunState::Succeeded);
  EXPECT_EQ(second.steps[2].state, StepState::Unchanged);
  EXPECT_EQ(second.steps[3].rows_written, 1999);
  EXPECT_EQ(rows(new_, "select touched from dwh.item where id in (7, 8)"), "later");
}

TEST_F(MigrateServiceTest, SaysWhatChangedAfterwards) {
  migrate();
  at_old("insert into shop.sale values (9000, '2026-01-01', 1, 1)");
  EXPECT_EQ(result(),
            "tables.json:2:3: `dwh.sale` has changed at the source since run 1 brought it: 3000 rows then, 3001 now\n"
            "  hint: a migration is made once: a source and a sink follow what changes; to migrate again, drop what is "
            "at the target: `drop table \"dwh\".\"sale\" cascade`");
  at_new("update dwh.store set name = 'other' where id = 1");
  EXPECT_EQ(result(),
            "tables.json:5:3: `dwh.store` was changed at the target since run 1 brought it: as many rows, 3, with "
            "other values\n"
            "  hint: to have it migrated again, drop it: `drop table \"dwh\".\"store\" cascade`; nothing was written");
}

TEST_F(MigrateServiceTest, RefusesATargetThatDoesNotFitBeforeAnythingIsWritten) {
  struct Case {
    const char* target;
    const char* says;
  };
  for (const Case& each : {
           Case{"create table dwh.staff (id integer, store_id integer)",
                "tables.json:4:3: `dwh.staff` lacks the column `name`, which the source has\n  hint: `alter table "
                "\"dwh\".\"staff\" add column \"name\" text`; nothing was written"},
           Case{"create table dwh.staff (id integer, name text, store_id smallint)",
                "tables.json:4:3: column `store_id` of `dwh.staff` is `smallint`, and `integer` at the source\n  hint: "
                "`alter table \"dwh\".\"staff\" alter column \"store_id\" type integer`; nothing was written"},
           Case{"create table dwh.staff (id integer, name text, store_id integer, born date not null)",
                "tables.json:4:3: column `born` of `dwh.staff` has no counterpart at the source, and must not be "
                "null\n  hint: give it a default, or drop it; nothing was written"},
           Case{"create view dwh.staff as select 1 as id",
                "tables.json:4:3: `dwh.staff` is at the target, and no table\n  hint: rename or drop it, or choose "
                "another `schema_out`"},
           Case{"create table dwh.staff (id integer, name text, store_id integer); insert into dwh.staff values (1)",
                "tables.json:4:3: `dwh.staff` has rows already, and no migration brought them\n  hint: empty or drop "
                "it, or choose another `schema_out`: nothing was written"},
       }) {
    at_new("drop schema if exists dwh cascade; create schema dwh");
    at_new(each.target);
    EXPECT_EQ(result(), each.says);
    EXPECT_EQ(
        rows(new_, "select count(*) from pg_class where relnamespace = 'dwh'::regnamespace and relkind in ('r', 'v')"),
        "1");
  }
}

TEST_F(MigrateServiceTest, WiderAndFurtherColumnsOfTheTargetAreUsedAsTheyAre) {
  at_new("create schema dwh; create table dwh.staff (note text default 'none', store_id bigint, name text, id text)");
  write("tables.json", R"([{"name": "staff", "schema_in": "shop", "schema_out": "dwh"}])");
  EXPECT_EQ(result(), "succeeded");
  EXPECT_EQ(rows(new_, "select id, name, store_id, note from dwh.staff order by 1"), "10|Anna|1|none; 11|null|2|none");
}

TEST_F(MigrateServiceTest, SaysWhichRightsAreMissing) {
  const auto role = "reader_" + random_uuid().substr(0, 8);
  at_old(fmt::format("create role {} login", role));
  const auto as = [&](const PostgresDatabase& database) {
    std::string url = database.url();
    return url.replace(url.find("postgres@"), 8, role);
  };
  connect(as(old_), new_.url());
  EXPECT_EQ(result(),
            "tables.json:4:3: `shop.staff` may not be read by the connection's user\n  hint: `grant usage on schema "
            "\"shop\"` and `grant select` on it");
  connect(old_.url(), as(new_));
  EXPECT_EQ(result(),
            "the target has no schema `dwh`, and its user may not make one\n  hint: `create schema \"dwh\" "
            "authorization` that user, as a superuser");
  at_new(fmt::format("create schema dwh; create schema reports; grant usage on schema dwh to {}", role));
  EXPECT_EQ(result(),
            "the target's user may not make tables in the schema `dwh`\n  hint: `grant usage, create on schema \"dwh\" "
            "to` that user");
  at_new(fmt::format(
      "grant create on schema dwh, reports to {}; create table dwh.staff (id integer, name text, store_id integer)",
      role));
  at_new(fmt::format("grant usage on schema reports to {}", role));
  EXPECT_EQ(result(),
            "tables.json:4:3: the target's user lacks the right to select on `dwh.staff`\n  hint: `grant select, "
            "insert on \"dwh\".\"staff\" to` that user");
  at_new(fmt::format("drop table dwh.staff; grant all on schema dwh to {}", role));
  EXPECT_EQ(result(), "succeeded");
  at_new(fmt::format("drop schema dwh cascade; drop schema reports cascade; drop owned by {}", role));
  at_old(fmt::format("drop owned by {0}; drop role {0}", role));
}

TEST_F(MigrateServiceTest, SaysWhatIsWrongWithItsPlaces) {
  from_ = "odl";
  EXPECT_EQ(result(), "no connection `odl`\n  hint: did you mean `old`?");
  from_ = "file";
  EXPECT_EQ(result(),
            "lochan.yaml:5:3: `file` is a connection of the kind `sqlite`, and a migration goes from PostgreSQL to "
            "PostgreSQL\n"
            "  hint: a source and a sink carry other kinds over");
  from_ = "old";
  std::string wrong = old_.url();
  wrong.replace(wrong.find("postgres@"), 8, "nobody:hush");
  connect(wrong, new_.url());
  const std::string refused = result();
  EXPECT_THAT(refused, HasSubstr("connection `old`: connection to server at"));
  EXPECT_THAT(refused, HasSubstr("role \"nobody\" does not exist"));
  EXPECT_THAT(refused, testing::Not(HasSubstr("hush")));
  connect(old_.url(), old_.url());
  write("tables.json", R"([{"name": "staff", "schema_in": "shop", "schema_out": "shop"}])");
  EXPECT_EQ(result(),
            "tables.json:1:2: `shop.staff` would be migrated onto itself\n  hint: give another `schema_out`, or "
            "another connection");
}

TEST_F(MigrateServiceTest, SaysWhatCanNotBeMigrated) {
  at_old("create table shop.child () inherits (shop.other)");
  struct Case {
    const char* table;
    const char* says;
  };
  for (const Case& each : {
           Case{"missing",
                "tables.json:1:2: `shop.missing` is not at the source\n  hint: check `name` and `schema_in`; `lochan "
                "source show` lists what there is"},
           Case{"expensive",
                "tables.json:1:2: `shop.expensive` is a view\n  hint: take it out: views come along with the tables "
                "that they read"},
           Case{"sale_rest",
                "tables.json:1:2: `shop.sale_rest` is a partition\n  hint: take it out: partitions come along with "
                "their table"},
           Case{"child",
                "tables.json:1:2: `shop.child` inherits from another table\n  hint: inheritance is not migrated: make "
                "the table at the target, without it"},
           Case{"other",
                "tables.json:1:2: `shop.other` has `child` below it, which is a table that inherits from it\n"
                "  hint: only partitions come along: detach it (`alter table … no inherit …`), or take the table out "
                "of the file"},
       }) {
    write("tables.json", fmt::format(R"([{{"name": "{}", "schema_in": "shop", "schema_out": "dwh"}}])", each.table));
    EXPECT_EQ(result(), each.says);
  }
}

TEST_F(MigrateServiceTest, WithinOneDatabaseAndWithPartOfTheTables) {
  connect(old_.url(), old_.url());
  write("tables.json", R"([{"name": "staff", "schema_in": "shop", "schema_out": "archive", "depends_on": []}])");
  const MigrateOutcome outcome = migrate();
  ASSERT_EQ(outcome.state, RunState::Succeeded);
  EXPECT_THAT(
      outcome.left_out,
      testing::Contains("function `shop.items_at(s size)`: a type of its arguments or result does not come along"));
  EXPECT_THAT(outcome.left_out,
              testing::Contains("foreign key `staff_store_id_fkey` of `staff`: the file doesn't have `store`"));
  EXPECT_EQ(rows(old_, "select id, name from archive.staff order by 1"), "10|Anna; 11|null");
}

TEST_F(MigrateServiceTest, WhatLiesInOtherSchemasKeepsThem) {
  at_old(
      "create schema types; create type types.mood as enum ('good', 'bad'); create sequence types.numbers start with "
      "7; create table shop.day (id integer default "
      "nextval('types.numbers'), mood types.mood); insert into shop.day (mood) values ('bad'); create schema parts; "
      "create table shop.log (id integer) partition by "
      "range (id); create table parts.log_1 partition of shop.log for values from (1) to (10); insert into shop.log "
      "values (1)");
  write(
      "tables.json",
      R"([{"name": "day", "schema_in": "shop", "schema_out": "dwh"}, {"name": "log", "schema_in": "shop", "schema_out": "dwh"}])");
  EXPECT_EQ(result(), "succeeded");
  EXPECT_EQ(rows(new_, "select id, mood from dwh.day"), "7|bad");
  EXPECT_EQ(rows(new_, "insert into dwh.day default values returning id"), "8");
  EXPECT_EQ(rows(new_, "select * from parts.log_1"), "1");
}

TEST_F(MigrateServiceTest, OneAtATime) {
  auto other = new_.connect();
  other.query("select pg_advisory_lock(hashtextextended('lochan migrate dwh', 0))");
  EXPECT_EQ(
      result(),
      "another migration is writing to the schema `dwh`\n  hint: wait for it to end, or cancel it: `lochan cancel`");
}

TEST_F(MigrateServiceTest, AMillionRowsNeedLittleMemory) {
  at_old(
      "create table shop.big as select n as id, md5(n::text) as a, md5((n + 1)::text) as b, n * 1.5 as c from "
      "generate_series(1, 1000000) n");
  write("tables.json", R"([{"name": "big", "schema_in": "shop", "schema_out": "dwh"}])");
  // In a process of its own, whose peak is read at its end.
  const pid_t child = fork();
  if (child == 0) {
    std::filesystem::current_path(folder_);
    const std::string program = std::getenv("LOCHAN_BIN");
    execl(program.c_str(), program.c_str(), "-q", "migrate", "tables.json", "--from", "old", "--to", "new", nullptr);
    _exit(127);
  }
  int status = 0;
  rusage used{};
  ASSERT_EQ(wait4(child, &status, 0, &used), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(rows(new_, "select count(*), sum(id) from dwh.big"), "1000000|500000500000");
  RecordProperty("peak_kilobytes", static_cast<int>(used.ru_maxrss));
  EXPECT_LT(used.ru_maxrss, 100 * 1024);
}

}  // namespace
}  // namespace lochan

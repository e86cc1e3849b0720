// The catalog's part of the state database.
#include <array>

#include "catalog/catalog.h"

namespace lochan {
namespace {

// Times are microseconds since 1970. `to_publication` of what main has now is the highest number there is.
constexpr std::array<Migration, 6> kMigrations{
    {{"catalog", 1, R"sql(
create table publication(number bigint primary key, run bigint not null, author text not null, at bigint not null,
  message text not null);
create table entry(layer text not null, name text not null, kind text not null, metadata_location text not null,
  data_version text not null, columns text not null, properties text not null, from_publication bigint not null,
  to_publication bigint not null, primary key(layer, name, from_publication));
create index entry_by_end on entry(to_publication);
create index entry_by_begin on entry(from_publication);
create table branch(name text primary key, kind text not null, parent text not null, base_publication bigint not null,
  base_generation bigint not null, generation bigint not null, state text not null, created_at bigint not null);
create table branch_entry(branch text not null, layer text not null, name text not null, inherited bigint not null,
  dropped bigint not null, kind text not null, metadata_location text not null, data_version text not null,
  columns text not null, properties text not null, primary key(branch, inherited, layer, name));
create table namespace(ref text not null, name text not null, properties text not null, primary key(ref, name));
create table claim(target text not null, layer text not null, name text not null, run bigint not null,
  primary key(target, layer, name));
create table reader(id text primary key, publication bigint not null, since bigint not null);
create table pending_write(id text primary key, since bigint not null);
create table held(layer text not null, name text not null, publication bigint not null, primary key(layer, name));
)sql"},
     // Tending's claims: who wants the table takes it.
     {"catalog", 2, R"sql(
alter table claim add column gives_way bigint not null default 0;
)sql"},
     // Names that people give publications.
     {"tag", 1, R"sql(
create table tag(name text primary key, publication bigint not null, author text not null, at bigint not null);
)sql"},
     // The code that had made what a rollback took back.
     {"tag", 2, R"sql(
alter table held add column fingerprint text not null default ''
)sql"},
     // See tag_record.h.
     {"tag", 3, R"sql(
create table recorded_tag(name text primary key)
)sql"},
     // See publication_record.h; `whole` is the newest that names all tables.
     {"record", 1, R"sql(
create table unrecorded(publication bigint primary key);
create table recorded(whole bigint not null)
)sql"}}};

}  // namespace

std::span<const Migration> Catalog::migrations() { return kMigrations; }

}  // namespace lochan

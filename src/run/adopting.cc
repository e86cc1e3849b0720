#include "run/adopting.h"

#include "catalog/tag_record.h"
#include "run/journal.h"
#include "run/open_state.h"
#include "run/state_migrations.h"

namespace lochan {
namespace {

// A run's number is in the rows it loaded: those to come go on from the last.
void go_on_from(Database& state, const Adoption& adoption, const std::string& author, Instant now) {
  Journal journal(state);
  RunRecord record;
  record.run = adoption.last_run + 1;
  record.state = RunState::Running;
  record.command = "adopt";
  record.author = author;
  record.target = "main";
  record.started_at = now;
  journal.insert(record);
  journal.finish(record.run, RunState::Succeeded, adoption.publication.number, now, "");
}

// What came after the publication that is gone back to would be taken for its future.
void remove_later_records(ObjectStore& store, std::int64_t publication) {
  std::vector<std::string> later;
  store.list(kRecordFolder, [&](const ObjectInfo& info) {
    if (info.name > record_name(publication)) later.push_back(info.name);
  });
  store.list(kTagFolder, [&](const ObjectInfo& info) {
    try {
      if (parse_tag_record(store.read(info.name)).tag.publication > publication) later.push_back(info.name);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Data) throw;  // it is no tag then
    }
  });
  for (const std::string& name : later) store.remove(name);
  store.sync();
}

}  // namespace

Adoption adopt_lake(const Project& project, const Clock& clock, std::optional<std::int64_t> at, const std::string& author) {
  const auto state = open_state(project.state);
  migrate(*state, state_migrations());
  const auto store = open_lake_store(project, clock);
  Catalog catalog(*state, *store, clock, {});
  require_no_publications(catalog);
  Adoption adoption = read_adoption(catalog, at);
  if (!adoption.damaged.empty()) return adoption;
  if (at) remove_later_records(*store, *at);
  adopt(catalog, adoption, [&] { go_on_from(*state, adoption, author, clock.now()); });
  write_missing_records(catalog);
  return adoption;
}

}  // namespace lochan

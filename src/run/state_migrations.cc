#include "run/state_migrations.h"

#include <vector>

#include "catalog/catalog.h"
#include "run/alert_rows.h"
#include "run/backfills.h"
#include "run/command_marks.h"
#include "run/journal.h"
#include "run/lifecycle.h"
#include "run/measures.h"
#include "run/run_queue.h"
#include "run/sink_marks.h"
#include "run/ticks.h"

namespace lochan {
namespace {

/// Layers that lie elsewhere than the lake.
std::span<const Migration> place_migrations() {
  static const std::vector<Migration> kMigrations{
      {"lake", 1, "create table lake_place(layer text primary key, location text not null)"}};
  return kMigrations;
}

}  // namespace

std::span<const Migration> state_migrations() {
  static const std::vector<Migration> all = [] {
    std::vector<Migration> migrations;
    for (const std::span<const Migration> part :
         {Catalog::migrations(), Journal::migrations(), SinkMarks::migrations(), Backfills::migrations(),
          AlertRows::migrations(), Ticks::migrations(), Measures::migrations(), AgingLooks::migrations(),
          CommandMarks::migrations(), RunQueue::migrations(), place_migrations()})
      migrations.insert(migrations.end(), part.begin(), part.end());
    return migrations;
  }();
  return all;
}

}  // namespace lochan

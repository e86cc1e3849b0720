// Random histories against an oracle: each key is one, built on load after load. Slow: a thousand builds of real
// tables.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cstdlib>
#include <random>

#include "check/history.h"
#include "model/model_build.h"
#include "tests/check/history_oracle.h"
#include "tests/support/run_lake.h"

namespace lochan {
namespace {

const TableName kProduct{"staging", "product"};
constexpr int kKeys = 25;
constexpr int kLoads = 5;

struct Kind {
  std::string name;
  HistoryRules rules;
  bool is_whole = false;  // the SELECT gives everything each time, and names no `$since`
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

class Histories : public RunLake, public testing::WithParamInterface<Kind> {
 protected:
  Histories() : RunLake({kProduct}) {
    model_.table = kProduct;
    model_.file = "models/staging/product.sql";
    model_.materialized = Materialization::Scd2;
    model_.key = {LocatedText{"id", {}}};
    model_.updated_at = LocatedText{"updated_at", {}};
    model_.deletes = rules().deletes;
    if (!rules().compares_all) model_.compare = {LocatedText{"what", {}}};
    if (!rules().are_load_marks) model_.deleted = LocatedText{"gone", {}};
  }
  const HistoryRules& rules() const { return GetParam().rules; }

  static std::string time(int minute) { return fmt::format("(timestamp '2026-01-01' + interval {} minute)", minute); }
  static std::string load_time(int load) {
    return fmt::format("2026-01-01 {:02}:{:02}:00+00", minute_of_load(load) / 60, minute_of_load(load) % 60);
  }

  std::string select() const {
    std::vector<std::string> lines{"(null, null, null, null, null, null)"};
    for (const Version& v : log_)
      lines.push_back(fmt::format("({}, {}, {}, {}, timestamptz '{}', {})", v.id, v.what ? "'" + *v.what + "'" : "null",
                                  v.note, time(v.at), load_time(v.loaded), v.deleted));
    return fmt::format(
        "select id::integer as id, what::varchar as what, note::integer as note, updated_at::timestamp as "
        "updated_at{}, "
        "gone::boolean as {} from (values {}) t(id, what, note, updated_at, loaded, gone) where id is not null{}",
        rules().knows_load ? ", loaded::timestamptz as _loaded_at" : "", rules().are_load_marks ? "_deleted" : "gone",
        fmt::join(lines, ", "), GetParam().is_whole ? "" : " and ($since is null or loaded > $since)");
  }

  // What the log has after one more load: versions of some keys, most in order, some late, equal or twice.
  void add_load(int load) {
    for (int id = 1; id <= kKeys; ++id) {
      if (roll(3) == 0) continue;
      if (!rules().are_load_marks && roll(4) == 0) {
        delete_key(id, load);
        continue;
      }
      for (int i = roll(3); i >= 0; --i) log_.push_back(version(id, load));
      if (roll(4) == 0) log_.push_back(log_.back());
      if (roll(2) == 0) delete_key(id, load);
    }
    std::shuffle(log_.begin(), log_.end(), random_);
  }
  Version version(int id, int load) {
    const std::vector<std::optional<std::string>> kWhat{"a", "a", "b", std::nullopt};
    const int around = minute_of_load(load) - 20 + roll(20);
    const int at = roll(3) == 0 ? roll(minute_of_load(load)) : roll(3) == 0 ? around / 5 * 5 : around;
    return {id, kWhat[static_cast<std::size_t>(roll(4))], roll(4) / 3, at, load, false};
  }
  // A load's mark repeats the key's last version, and comes only where the key was there before.
  void delete_key(int id, int load) {
    if (!rules().are_load_marks) {
      Version deletion = version(id, load);
      deletion.deleted = true;
      return log_.push_back(deletion);
    }
    std::erase_if(log_, [&](const Version& v) { return v.id == id && v.loaded == load; });
    std::optional<Version> last;
    for (const Version& v : log_)
      if (v.id == id && (!last || v.loaded > last->loaded)) last = v;
    if (!last || last->deleted) return;
    last->deleted = true;
    last->loaded = load;
    log_.push_back(*last);
  }
  int roll(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }

  ModelBuilt build(std::optional<std::string> since) {
    ModelBuildRequest request{
        model_,
        select(),
        {{"since", {"TIMESTAMPTZ", since}}, {"run_at", {"TIMESTAMPTZ", "2026-02-01 00:00:00+00"}}},
        find(kProduct)};
    request.rebuild = !request.current;
    request.names_since = !GetParam().is_whole;
    request.reads_on = request.names_since && since.has_value();
    ModelBuilt built = build_model(session(), request);
    const bool is_gapless = rules().deletes != HistoryDeletes::Close;
    EXPECT_EQ(audit_history(session(), history_check(model_, is_gapless), kProduct, in_place("LAKE.staging.product"),
                            built.touched)
                  .failing,
              0);
    if (built.changed) publish({{kProduct, {}}});
    return built;
  }

  std::vector<std::string> found() {
    const std::string minutes = "coalesce((epoch({0} - timestamp '2026-01-01') / 60)::integer::varchar, '-')";
    return rows(
        fmt::format("select concat_ws('|', id, coalesce(what, '-'), note, {}, {}, {}, {}, {}) as line from "
                    "LAKE.staging.product order by line",
                    fmt::format(fmt::runtime(minutes), "updated_at"),
                    rules().knows_load ? fmt::format(fmt::runtime(minutes), "_loaded_at::timestamp") : "'-'",
                    fmt::format(fmt::runtime(minutes), "valid_from"), fmt::format(fmt::runtime(minutes), "valid_to"),
                    rules().deletes == HistoryDeletes::NewRecord ? "is_deleted" : "false"));
  }

  Model model_;
  std::vector<Version> log_;
  std::mt19937 random_;
};

TEST_P(Histories, AreWhatAllTheirVersionsSay) {
  // The same in each test run; LOCHAN_SEED asks for another one.
  const char* wanted = std::getenv("LOCHAN_SEED");
  const unsigned seed = wanted != nullptr ? static_cast<unsigned>(std::strtoul(wanted, nullptr, 10)) : 1;
  random_.seed(seed);
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::optional<std::string> since;
  for (int load = 1; load <= kLoads; ++load) {
    add_load(load);
    build(since);
    since = load_time(load);
    ASSERT_EQ(found(), expected_history(log_, rules())) << "after load " << load;
  }
  EXPECT_FALSE(build(since).changed) << "a run with nothing new writes nothing";
  EXPECT_FALSE(build(std::nullopt).changed) << "a run that reads everything again writes nothing";
}

std::vector<Kind> kinds() {
  std::vector<Kind> all;
  for (const auto& [name, deletes] :
       {std::pair("Close", HistoryDeletes::Close), std::pair("Ignore", HistoryDeletes::Ignore),
        std::pair("NewRecord", HistoryDeletes::NewRecord)})
    for (const bool is_whole : {false, true})
      for (const bool compares_all : {true, false}) {
        const std::string end = std::string(name) + (is_whole ? "Whole" : "Since") + (compares_all ? "" : "One");
        all.push_back({"Marks" + end, {deletes, compares_all, true, true}, is_whole});
        all.push_back({"Flags" + end, {deletes, compares_all, false, false}, is_whole});
        if (compares_all) all.push_back({"FlagsOfLoads" + end, {deletes, compares_all, true, false}, is_whole});
      }
  return all;
}

INSTANTIATE_TEST_SUITE_P(Random, Histories, testing::ValuesIn(kinds()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace lochan

// Random histories against an oracle: each key is one, built on load after load by runs that are killed, or read again
// what they have read. Slow: hundreds of builds of real tables.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <random>
#include <tuple>

#include "check/history.h"
#include "model/model_build.h"
#include "tests/check/history_oracle.h"
#include "tests/support/run_lake.h"

namespace lochan {
namespace {

const TableName kProduct{"staging", "product"};
constexpr int kKeys = 25;   // each is a history, of one seed
constexpr int kSeeds = 10;  // in one lake
constexpr int kLoads = 6;

struct Kind {
  std::string name;
  HistoryRules rules;
  bool is_whole = false;  // the SELECT gives everything each time, and names no `$since`
};
void PrintTo(const Kind& kind, std::ostream* out) { *out << kind.name; }

unsigned number_from(const char* variable, unsigned otherwise) {
  const char* wanted = std::getenv(variable);
  return wanted == nullptr ? otherwise : static_cast<unsigned>(std::strtoul(wanted, nullptr, 10));
}

// The versions that come of one seed: load after load, of its own keys.
class Shop {
 public:
  Shop(unsigned seed, int first_id, const HistoryRules& rules) : random_(seed), first_id_(first_id), rules_(rules) {}

  // Versions of some keys, most in order, some late, equal or twice; each is new, or what the key was once.
  void add_load(int load) {
    for (int id = first_id_; id < first_id_ + kKeys; ++id) {
      if (roll(3) == 0) continue;
      if (!rules_.are_load_marks && roll(4) == 0) {
        log_.push_back(deletion(id, load));
        continue;
      }
      for (int i = roll(3); i >= 0; --i) log_.push_back(roll(6) == 0 ? restored(id, load) : version(id, load));
      if (roll(4) == 0) log_.push_back(log_.back());
      if (roll(2) == 0) delete_key(id, load);
    }
  }
  const std::vector<Version>& log() const { return log_; }

 private:
  int roll(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }

  Version version(int id, int load) {
    const std::vector<std::optional<std::string>> kWhat{"a", "a", "b", std::nullopt};
    const int around = minute_of_load(load) - 20 + roll(20);
    const int at = roll(3) == 0 ? roll(minute_of_load(load)) : roll(3) == 0 ? around / 5 * 5 : around;
    return {id, kWhat[static_cast<std::size_t>(roll(4))], roll(4) / 3, at, load, false};
  }
  Version deletion(int id, int load) {
    Version deletion = version(id, load);
    deletion.deleted = true;
    return deletion;
  }
  Version restored(int id, int load) {
    Version was = version(id, load);
    for (const Version& v : log_)
      if (v.id == id && !v.deleted && roll(2) == 0) was = v;
    was.loaded = load;
    return was;
  }
  // A load's mark repeats the key's last version, and comes where the key was there before; where several sources give
  // one key, also after another one's mark.
  void delete_key(int id, int load) {
    if (!rules_.are_load_marks) return log_.push_back(deletion(id, load));
    std::erase_if(log_, [&](const Version& v) { return v.id == id && v.loaded == load; });
    std::optional<Version> last;
    for (const Version& v : log_)
      if (v.id == id && (!last || v.loaded > last->loaded)) last = v;
    if (!last || (last->deleted && roll(3) > 0)) return;
    last->deleted = true;
    last->loaded = load;
    log_.push_back(*last);
  }

  std::mt19937 random_;
  const int first_id_;
  const HistoryRules& rules_;
  std::vector<Version> log_;
};

// Seeds LOCHAN_SEED (1) and the next ones, LOCHAN_SEEDS of them in all, kSeeds in each lake.
class Histories : public RunLake, public testing::WithParamInterface<std::tuple<Kind, unsigned>> {
 protected:
  Histories() : RunLake({kProduct}), random_(first_seed()) {
    model_.table = kProduct;
    model_.file = "models/staging/product.sql";
    model_.materialized = Materialization::Scd2;
    model_.key = {LocatedText{"id", {}}};
    model_.updated_at = LocatedText{"updated_at", {}};
    model_.deletes = rules().deletes;
    if (!rules().compares_all) model_.compare = {LocatedText{"what", {}}};
    if (!rules().are_load_marks) model_.deleted = LocatedText{"gone", {}};
    for (unsigned i = 0; i < kSeeds; ++i)
      shops_.emplace_back(first_seed() + i, static_cast<int>(i) * kKeys + 1, rules());
  }
  static const Kind& kind() { return std::get<0>(GetParam()); }
  static const HistoryRules& rules() { return kind().rules; }
  static unsigned first_seed() { return number_from("LOCHAN_SEED", 1) + std::get<1>(GetParam()) * kSeeds; }

  static std::string load_time(int load) {
    return fmt::format("2026-01-01 {:02}:{:02}:00+00", minute_of_load(load) / 60, minute_of_load(load) % 60);
  }
  int roll(int sides) { return static_cast<int>(random_() % static_cast<unsigned>(sides)); }

  void add_load(int load) {
    log_.clear();
    for (Shop& shop : shops_) {
      shop.add_load(load);
      log_.insert(log_.end(), shop.log().begin(), shop.log().end());
    }
    std::shuffle(log_.begin(), log_.end(), random_);
    write_log();
  }

  // As a file, which costs less than as text of SQL.
  void write_log() const {
    std::ofstream file(folder_ / "log.csv");
    for (const Version& v : log_)
      file << fmt::format("{},{},{},{},{},{}\n", v.id, v.what.value_or(""), v.note, v.at, minute_of_load(v.loaded),
                          v.deleted);
  }
  std::string select() const {
    const std::string loaded = "(timestamp '2026-01-01' + to_minutes(loaded))::timestamptz";
    return fmt::format(
        "select id, what, note, timestamp '2026-01-01' + to_minutes(minute) as updated_at{}, gone as {} from "
        "read_csv('{}', columns = {{id: 'INTEGER', what: 'VARCHAR', note: 'INTEGER', minute: 'INTEGER', loaded: "
        "'INTEGER', "
        "gone: 'BOOLEAN'}}, header = false, auto_detect = false){}",
        rules().knows_load ? ", " + loaded + " as _loaded_at" : "", rules().are_load_marks ? "_deleted" : "gone",
        (folder_ / "log.csv").string(),
        kind().is_whole ? "" : fmt::format(" where $since is null or {} > $since", loaded));
  }

  // On the run's branch alone.
  ModelBuilt build(int since) {
    ModelBuildRequest request{model_,
                              select(),
                              {{"since", {"TIMESTAMPTZ", since == 0 ? std::nullopt : std::optional(load_time(since))}},
                               {"run_at", {"TIMESTAMPTZ", "2026-02-01 00:00:00+00"}}},
                              find(kProduct)};
    request.rebuild = !request.current;
    request.names_since = !kind().is_whole;
    request.reads_on = request.names_since && since > 0;
    ModelBuilt built = build_model(session(), request);
    const bool is_gapless = rules().deletes != HistoryDeletes::Close;
    EXPECT_EQ(audit_history(session(), history_check(model_, is_gapless), kProduct, in_place("LAKE.staging.product"),
                            built.touched)
                  .failing,
              0);
    return built;
  }

  std::vector<std::string> found() {
    const std::string minutes = "coalesce((epoch({0} - timestamp '2026-01-01') / 60)::integer::varchar, '-')";
    std::vector<std::string> lines = rows(fmt::format(
        "select concat_ws('|', id, coalesce(what, '-'), note, {}, {}, {}, {}, {}) from LAKE.staging.product",
        fmt::format(fmt::runtime(minutes), "updated_at"),
        rules().knows_load ? fmt::format(fmt::runtime(minutes), "_loaded_at::timestamp") : "'-'",
        fmt::format(fmt::runtime(minutes), "valid_from"), fmt::format(fmt::runtime(minutes), "valid_to"),
        rules().deletes == HistoryDeletes::NewRecord ? "is_deleted" : "false"));
    std::ranges::sort(lines);
    return lines;
  }

  // "": the table is what its versions say. Else the first key that went wrong, and how to see it again.
  std::string difference() {
    const std::vector<std::string> there = found(), wanted = expected_history(log_, rules());
    if (there == wanted) return "";
    std::vector<std::string> differing;
    std::ranges::set_symmetric_difference(there, wanted, std::back_inserter(differing));
    const int id = std::stoi(differing.at(0));
    std::string text = fmt::format("LOCHAN_SEED={} --gtest_filter='*/{}_0'; the seed of key {} is {}\n", first_seed(),
                                   kind().name, id, first_seed() + static_cast<unsigned>((id - 1) / kKeys));
    const auto show = [&](const char* what, const std::vector<std::string>& lines) {
      for (const std::string& line : lines)
        if (line.starts_with(fmt::format("{}|", id))) text += fmt::format("{} {}\n", what, line);
    };
    show("found   ", there);
    show("expected", wanted);
    for (const Version& v : log_)
      if (v.id == id)
        text += fmt::format("given    {}|{}|{}|{}|{}{}\n", v.id, v.what.value_or("-"), v.note, v.at,
                            minute_of_load(v.loaded), v.deleted ? " deletion" : "");
    return text;
  }

  Model model_;
  std::vector<Shop> shops_;
  std::vector<Version> log_;
  std::mt19937 random_;
};

TEST_P(Histories, AreWhatAllTheirVersionsSay) {
  int since = 0;
  for (int load = 1; load <= kLoads; ++load) {
    add_load(load);
    if (load < kLoads && roll(5) == 0) continue;  // the next run gets two loads
    if (roll(4) == 0) {                           // a run that was killed before it published: its branch is dropped
      build(since);
      abandon();
    }
    ModelBuilt built = build(since);
    if (roll(4) == 0) built.changed |= build(since).changed;  // of an attempt whose end was never heard of
    if (built.changed) publish({{kProduct, {}}});
    const std::string wrong = difference();
    ASSERT_TRUE(wrong.empty()) << "after load " << load << ": " << wrong;
    if (roll(4) > 0) since = load;  // else the next run reads it once more
  }
  EXPECT_FALSE(build(since).changed) << "a run with nothing new writes nothing";
  EXPECT_FALSE(build(kLoads).changed) << "a run with nothing new writes nothing";
  EXPECT_FALSE(build(0).changed) << "a run that reads everything again writes nothing";
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
        all.push_back({"FlagsOfLoads" + end, {deletes, compares_all, true, false}, is_whole});
      }
  return all;
}

INSTANTIATE_TEST_SUITE_P(
    Random, Histories,
    testing::Combine(testing::ValuesIn(kinds()),
                     testing::Range(0U, (number_from("LOCHAN_SEEDS", kSeeds) + kSeeds - 1) / kSeeds)),
    [](const auto& test) { return fmt::format("{}_{}", std::get<0>(test.param).name, std::get<1>(test.param)); });

}  // namespace
}  // namespace lochan

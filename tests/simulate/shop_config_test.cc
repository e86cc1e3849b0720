#include "simulate/shop_config.h"

#include <map>

#include "base/error.h"
#include "base/file.h"
#include "tests/simulate/shop_fixture.h"

namespace lochan {
namespace {

class ShopConfigTest : public ShopTest {
 protected:
  ShopConfig read(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
    write_file("shop.yaml", yaml);
    return read_shop_config("shop.yaml", lookup(environment));
  }
  std::string problem(const std::string& yaml, const std::map<std::string, std::string>& environment = {}) {
    try {
      read(yaml, environment);
    } catch (const Error& error) {
      return error.what();
    }
    return "no problem";
  }

  static Environment lookup(std::map<std::string, std::string> environment) {
    return [environment](const std::string& name) -> std::optional<std::string> {
      const auto found = environment.find(name);
      return found == environment.end() ? std::nullopt : std::optional(found->second);
    };
  }

  void SetUp() override {
    before_ = std::filesystem::current_path();
    std::filesystem::current_path(folder_);
  }
  void TearDown() override { std::filesystem::current_path(before_); }

  std::filesystem::path before_;
};

TEST_F(ShopConfigTest, HasDefaultsWithoutAFile) {
  const ShopConfig config = read_shop_config(std::nullopt, lookup({}));
  EXPECT_EQ(config.seed, 1);
  EXPECT_EQ(config.tick_interval, std::chrono::seconds{1});
  EXPECT_EQ(config.rows_per_tick.sale, 3);
  EXPECT_FALSE(config.delete_older_than);
}

TEST_F(ShopConfigTest, ReadsNamesInUpperAndLowerCase) {
  const ShopConfig config = read("generator_seed: 42\nTICK_INTERVAL_SEC: 0.25\n",
                                 {{"UPDATE_ROWS_PER_TICK", "5"}, {"delete_older_than_sec", "3600"}});
  EXPECT_EQ(config.seed, 42);
  EXPECT_EQ(config.tick_interval, std::chrono::milliseconds{250});
  EXPECT_EQ(config.update_rows_per_tick, 5);
  EXPECT_EQ(config.delete_older_than, std::chrono::hours{1});
}

TEST_F(ShopConfigTest, EnvironmentWinsOverTheFile) {
  EXPECT_EQ(read("generator_seed: 1\n", {{"GENERATOR_SEED", "2"}}).seed, 2);
}

TEST_F(ShopConfigTest, ZeroMeansNever) {
  const ShopConfig config =
      read("delete_older_than_sec: 0\nstop_generator_after_sec: 0\nstop_generator_after_ticks: 0\n");
  EXPECT_FALSE(config.delete_older_than);
  EXPECT_FALSE(config.stop_after);
  EXPECT_FALSE(config.ticks);
}

TEST_F(ShopConfigTest, SaysWhereAndWhatIsWrong) {
  EXPECT_EQ(problem("generator_seed: 1\nupdate_row_per_tick: 2\n"),
            "shop.yaml:2:1: unknown key `update_row_per_tick`\n  hint: did you mean `update_rows_per_tick`?");
  EXPECT_EQ(problem("generator_seed: many\n"),
            "shop.yaml:1:17: `generator_seed`: `many` is not a whole number from 0 to 9223372036854775807\n"
            "  hint: write it in digits, e.g. 3");
  EXPECT_EQ(problem("tick_interval_sec: [1, 2]\n"),
            "shop.yaml:1:20: `tick_interval_sec` is not a single value\n  hint: write `tick_interval_sec: VALUE`");
  EXPECT_EQ(problem("generator_seed: 1\nGENERATOR_SEED: 2\n"),
            "shop.yaml:2:1: `generator_seed` stands here twice\n  hint: keep one of the two lines");
  EXPECT_EQ(problem("- generator_seed\n"),
            "shop.yaml:1:1: the settings are not a map of names and values\n"
            "  hint: write a line for each, e.g. `generator_seed: 42`");
}

TEST_F(ShopConfigTest, NamesTheVariableWithABadNumber) {
  EXPECT_EQ(problem("", {{"TICK_INTERVAL_SEC", "soon"}}),
            "the environment variable `TICK_INTERVAL_SEC`: `soon` is not a number of seconds\n"
            "  hint: write it in digits, e.g. 30 or 0.5");
  EXPECT_EQ(problem("", {{"update_rows_per_tick", "-1"}}),
            "the environment variable `update_rows_per_tick`: `-1` is not a whole number from 0 to 1000000\n"
            "  hint: write it in digits, e.g. 3");
}

TEST_F(ShopConfigTest, RefusesWhatContradictsItself) {
  ShopConfig endless;
  endless.fast = true;
  EXPECT_THROW(check_shop_config(endless), Error);
  ShopConfig empty_baskets;
  empty_baskets.rows_per_tick = {.sale = 3, .sale_item = 2};
  EXPECT_THROW(check_shop_config(empty_baskets), Error);
  ShopConfig nothing_to_sell;
  nothing_to_sell.initial_rows.product = 0;
  EXPECT_THROW(check_shop_config(nothing_to_sell), Error);
  EXPECT_NO_THROW(check_shop_config(ShopConfig{}));
}

}  // namespace
}  // namespace lochan

#include "lineage/origins.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/engine.h"
#include "engine/shadow.h"

namespace lochan {
namespace {

class OriginsTest : public testing::Test {
 protected:
  // "raw.sale: id, day(i) = day; joined to raw.product", a line for each input, with columns computed shown by a mark.
  std::string read(const std::string& sql) {
    Shadow shadow;
    OriginContext context;
    context.aggregates = {"sum", "count", "max", "count_star"};
    context.columns = [](const TableName& table) -> std::vector<std::string> {
      if (table.name == "sale") return {"id", "product_id", "sold_at", "amount"};
      if (table.name == "product") return {"product_id", "name"};
      return {};
    };
    const Origins origins = read_origins(shadow.parse(sql, "m.sql").canonical, context);
    std::string text = origins.is_grouped ? "grouped\n" : "";
    for (const OriginInput& input : origins.inputs) {
      text += to_string(input.table) + ":";
      for (const OriginInput::Match& match : input.matches)
        text += " " + match.column +
                (match.tree.find("\"class\":\"COLUMN_REF\"") == 1 ||
                         match.tree.find("\"alias\":\"\",\"class\":\"COLUMN_REF\"") == 1
                     ? ""
                     : "*");
      for (const OriginInput::Link& link : input.links)
        text += fmt::format(" ->{}", to_string(origins.inputs[link.input].table));
      text += "\n";
    }
    return text + (origins.unknown.empty() ? "" : "unknown " + origins.unknown + "\n");
  }
};

TEST_F(OriginsTest, FollowsColumnsAndWhatIsComputedOfOneRow) {
  EXPECT_EQ(
      read("select id, upper(amount::varchar) as shown, row_number() over (order by id) as n, 1 as one from raw.sale"),
      "raw.sale: id shown*\n");
}

TEST_F(OriginsTest, KeepsOnlyTheGroupsOfAGrouping) {
  EXPECT_EQ(read("select sold_at::date as day, sum(amount) as amount from raw.sale group by 1"),
            "grouped\nraw.sale: day*\n");
  EXPECT_EQ(read("select sold_at::date as day, sum(amount) as amount from raw.sale group by day"),
            "grouped\nraw.sale: day*\n");
  EXPECT_EQ(read("select product_id, sold_at::date as day, count(*) as n from raw.sale group by all"),
            "grouped\nraw.sale: product_id day*\n");
  EXPECT_EQ(read("select s.product_id, rank() over (order by sum(s.amount)) as rank from raw.sale s group by s.product_id"),
            "grouped\nraw.sale: product_id\n");
  EXPECT_EQ(read("select max(id) as newest from raw.sale"), "grouped\nraw.sale:\n");
}

TEST_F(OriginsTest, KnowsWhatIsJoined) {
  EXPECT_EQ(read("select s.id, s.amount from raw.sale s join raw.product p on p.product_id = s.product_id"),
            "raw.sale: id amount ->raw.product\nraw.product: ->raw.sale\n");
  EXPECT_EQ(read("select id, name from raw.sale left join raw.product using (product_id)"),
            "raw.sale: id ->raw.product\nraw.product: name ->raw.sale\n");
}

TEST_F(OriginsTest, GoesThroughWithSubqueriesStarsAndUnions) {
  EXPECT_EQ(read("with recent as (select * exclude (amount) from raw.sale where amount > 1) select r.* from (select * "
                 "from recent) r"),
            "raw.sale: id product_id sold_at\n");
  EXPECT_EQ(read("select id, amount from raw.sale union all select product_id, 0 from raw.product"),
            "raw.sale: id amount\nraw.product: id\n");
  EXPECT_EQ(read("select id, amount from raw.sale union all by name select 0 as amount, product_id as id from raw.product"),
            "raw.sale: id amount\nraw.product: id\n");
  EXPECT_EQ(read("with days as (select sold_at::date as day, sum(amount) as amount from raw.sale group by 1) select "
                 "day, amount from days"),
            "grouped\nraw.sale: day*\n");
}

TEST_F(OriginsTest, SaysWhatItDoesNotUnderstand) {
  EXPECT_EQ(
      read(
          "with recursive r as (select id from raw.sale union all select id + 1 from r where id < 3) select id from r"),
      "unknown its recursive query\n");
}

}  // namespace
}  // namespace lochan

// What every Sink does, whatever it writes to: after it, the target holds the lake's rows; a kind joins by one line in
// kKinds and a ContractTarget.
#include <random>
#include <thread>

#include "tests/sink/carry_fixture.h"
#include "tests/sink/contract_target.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

struct ContractKind {
  std::string name;
  std::unique_ptr<ContractTarget> (*make)();
  std::vector<SinkWrite> writes;
};

const ContractKind kKinds[] = {
    {"postgres", make_postgres_target, {SinkWrite::Replace, SinkWrite::Append, SinkWrite::Upsert, SinkWrite::Scd2}},
    {"mongodb", make_mongodb_target, {SinkWrite::Replace, SinkWrite::Upsert, SinkWrite::Scd2}},
    {"folder", make_folder_target, {SinkWrite::Replace, SinkWrite::Append}},
    {"bucket", make_bucket_target, {SinkWrite::Replace, SinkWrite::Append}},
};

std::string word(SinkWrite write) {
  switch (write) {
    case SinkWrite::Replace:
      return "replace";
    case SinkWrite::Append:
      return "append";
    case SinkWrite::Upsert:
      return "upsert";
    case SinkWrite::Scd2:
      return "scd2";
  }
  return "";
}

struct ContractCase {
  ContractKind kind;
  SinkWrite write;
  std::string name;
};
void PrintTo(const ContractCase& each, std::ostream* out) { *out << each.name; }

std::vector<ContractCase> cases() {
  std::vector<ContractCase> result;
  for (const ContractKind& kind : kKinds)
    for (const SinkWrite write : kind.writes) result.push_back({kind, write, kind.name + "_" + word(write)});
  return result;
}

constexpr const char* kColumns = "id, what, price, valid_from";

class SinkContract : public CarryFixture, public testing::TestWithParam<ContractCase> {
 protected:
  SinkContract() {
    table_.write = GetParam().write;
    if (table_.write == SinkWrite::Upsert || table_.write == SinkWrite::Scd2) table_.key = {{"id", {}}};
  }

  void publish_three() {
    publish("select * from (values (1, 'mango', 3.5::decimal(10,2), date '2026-01-01'), (2, null, 1.2, date '2026-01-01'), "
            "(3, 'fig', null, date '2026-01-02')) t(id, what, price, valid_from)");
  }
  CarriedTable carry() { return CarryFixture::carry(target_->connection()); }
  void expect_equal(const char* columns = kColumns) { EXPECT_EQ(target_->rows(columns), lake_rows(columns)); }

  const std::unique_ptr<ContractTarget> target_ = GetParam().kind.make();
};

TEST_P(SinkContract, FirstMakesTheTableAndThenWritesNothing) {
  publish_three();
  const CarriedTable first = carry();
  EXPECT_EQ(first.rows_written, 3);
  EXPECT_TRUE(first.changed);
  expect_equal();
  const CarriedTable again = carry();
  EXPECT_EQ(again.rows_written, 0);
  EXPECT_FALSE(again.changed);
  expect_equal();
}

TEST_P(SinkContract, BuiltAnewWithTheSameRowsWritesNothing) {
  publish_three();
  carry();
  change("");
  const CarriedTable again = carry();
  EXPECT_EQ(again.rows_written, 0);
  EXPECT_FALSE(again.changed);
}

TEST_P(SinkContract, NewRowsArrive) {
  publish_three();
  carry();
  change("insert into SALE values (4, 'kiwi', 2, '2026-01-03'), (5, '', -0.01, '2026-01-03')");
  const CarriedTable carried = carry();
  EXPECT_EQ(carried.rows_written, table_.write == SinkWrite::Replace ? 5 : 2);
  EXPECT_EQ(carried.rows_removed, 0);
  expect_equal();
}

TEST_P(SinkContract, ChangedAndRemovedRowsDoToo) {
  publish_three();
  carry();
  change("update SALE set price = 4 where id = 1; delete from SALE where id = 2");
  const CarriedTable carried = carry();
  EXPECT_TRUE(carried.changed);
  if (!table_.key.empty()) {
    EXPECT_EQ(carried.rows_written, 1);
    EXPECT_EQ(carried.rows_removed, 1);
  }
  expect_equal();
}

TEST_P(SinkContract, SeveralPublicationsAtOnce) {
  publish_three();
  carry();
  change("update SALE set price = 4 where id = 1");
  change("insert into SALE values (4, 'kiwi', 2, '2026-01-03')");
  change("delete from SALE where id = 3");
  carry();
  expect_equal();
}

TEST_P(SinkContract, EmptyTableIsEmptyThereToo) {
  publish("select 1 as id, 'a' as what, 1::decimal(10,2) as price, date '2026-01-01' as valid_from where false");
  EXPECT_EQ(carry().rows_written, 0);
  expect_equal();
  change("insert into SALE values (4, 'kiwi', 2, '2026-01-03')");
  carry();
  expect_equal();
  change("delete from SALE");
  carry();
  expect_equal();
}

TEST_P(SinkContract, MarkedPublicationBeyondRetentionIsComparedInFull) {
  publish_three();
  carry();
  forgotten_.insert(publication_);
  change("update SALE set what = 'pear' where id = 1; delete from SALE where id = 3");
  const CarriedTable carried = carry();
  EXPECT_EQ(carried.rows_written, table_.key.empty() ? 2 : 1) << "rows that are the same are left alone";
  expect_equal();
}

TEST_P(SinkContract, EmptiedDroppedAndRestoredTargetsAreNoticed) {
  publish_three();
  carry();
  target_->back_up();
  change("insert into SALE values (4, 'kiwi', 2, '2026-01-03')");
  carry();
  target_->empty();
  carry();
  expect_equal();
  target_->drop();
  carry();
  expect_equal();
  change("insert into SALE values (5, 'lime', 2, '2026-01-03')");
  carry();
  target_->restore();
  carry();
  expect_equal();
  target_->restore();
  change("insert into SALE values (6, 'plum', 2, '2026-01-03'); delete from SALE where id = 1");
  carry();
  expect_equal();
}

TEST_P(SinkContract, RowChangedByHandIsPutRightWhenAllIsCompared) {
  publish_three();
  carry();
  target_->change(1);
  if (!target_->sees_changes()) {
    EXPECT_FALSE(carry().changed);
  }
  in_full_ = true;
  EXPECT_TRUE(carry().changed);
  expect_equal();
}

TEST_P(SinkContract, ForeignTableIsLeftAlone) {
  target_->make_foreign();
  publish_three();
  EXPECT_THAT(error([&] { carry(); }),
              testing::HasSubstr("is there, and this project didn't make it (drop or rename it there"));
  EXPECT_TRUE(target_->rows("mine").empty());
}

TEST_P(SinkContract, TwoProjectsDontShareATable) {
  publish_three();
  carry();
  project_ = "another";
  EXPECT_THAT(error([&] { carry(); }), testing::HasSubstr("is written by sink `dwh` of project `shop`"));
}

TEST_P(SinkContract, ColumnsAreAddedAndWidened) {
  publish_three();
  carry();
  publish("select id::bigint as id, what, price::decimal(12,2) as price, valid_from, 7 as more from memory.main.sale_1");
  carry();
  expect_equal("id, what, price, valid_from, more");
}

TEST_P(SinkContract, ColumnThatIsGoneIsNullInNewRows) {
  publish_three();
  carry();
  publish("select id + 3 as id, price, valid_from from memory.main.sale_1");
  carry();
  expect_equal("id, price, valid_from");
}

TEST_P(SinkContract, LaterPlannedRunWins) {
  publish_three();
  carry();
  change("insert into SALE values (4, 'kiwi', 2, '2026-01-03')");
  carry();
  publication_ = 1;
  const CarriedTable late = carry();
  EXPECT_FALSE(late.changed);
  EXPECT_EQ(late.publication, 2);
  publication_ = 2;
  expect_equal();
}

TEST_P(SinkContract, TwoAtOnceWriteOnce) {
  publish_three();
  carry();
  change("insert into SALE values (4, 'kiwi', 2, '2026-01-03')");
  CarryFixture other;
  other.table_ = table_;
  other.publish("from (values (1, 'mango', 3.5::decimal(10,2), date '2026-01-01'), (2, null, 1.2, date '2026-01-01'), "
                "(3, 'fig', null, date '2026-01-02')) t(id, what, price, valid_from)");
  other.change("insert into SALE values (4, 'kiwi', 2, '2026-01-03')");
  CarriedTable theirs;
  {
    std::jthread thread([&] { theirs = other.carry(target_->connection()); });
    const CarriedTable ours = carry();
    thread.join();
    EXPECT_NE(ours.changed, theirs.changed);
  }
  expect_equal();
}

TEST_P(SinkContract, CancelEndsTheWaitForALock) {
  if (!target_->has_lock()) GTEST_SKIP() << "nobody waits for anybody there";
  publish_three();
  carry();
  change("delete from SALE where id = 1");
  const Connection connection = target_->connection();
  target_->lock([&] {
    const auto sink = make_sink(connection);
    std::jthread impatient([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds{300});
      sink->cancel();
    });
    const auto started = std::chrono::steady_clock::now();
    EXPECT_THAT(error([&] { CarryFixture::carry(*sink); }), testing::StartsWith("unavailable"));
    EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds{10});
  });
  carry();
  expect_equal();
}

// The server's answers are cut short after every few bytes: after each statement, and while its answer to the commit is on
// the way. What was committed is not done again, what was not is done then.
TEST_P(SinkContract, CutAtAnyPointNeitherLosesNorDoubles) {
  if (target_->port() == 0) GTEST_SKIP() << target_->why_uncut();
  const Proxy proxy(target_->port());
  Connection through = target_->connection();
  through.location = through.url = proxy.through(through.url);
  publish_three();
  carry();
  constexpr int kFine = 8;
  int cuts = 0, unknown = 0;
  for (int bytes = 300, step = 70; bytes < 40'000; bytes += step) {
    change(fmt::format("insert into SALE values ({0}, 'kiwi', 2, '2026-01-03'); update SALE set price = {0} where id = 3",
                       100 + bytes));
    proxy.cut_after(bytes);
    const auto sink = make_sink(through);
    std::string failure;
    try {
      CarryFixture::carry(*sink);
    } catch (const Error& error) {
      failure = error.what();
      ++cuts;
      EXPECT_TRUE(error.kind() == ErrorKind::Unavailable || error.kind() == ErrorKind::CommitUnknown) << failure;
      if (error.kind() == ErrorKind::CommitUnknown) ++unknown;
    }
    proxy.restore();
    if (failure.empty() && step == kFine) break;
    if (failure.empty()) {
      // The answer to the commit is the last and a short one: once more around it, in small steps.
      bytes -= 2 * step;
      step = kFine;
      continue;
    }
    EXPECT_TRUE(CarryFixture::carry(*sink).changed) << "cut after " << bytes << ": " << failure;
    EXPECT_EQ(target_->rows(kColumns), lake_rows(kColumns)) << "cut after " << bytes << ": " << failure;
  }
  EXPECT_GT(cuts, 10);
  if (target_->has_transactions()) {
    EXPECT_GT(unknown, 0);
  }
  expect_equal();
}

TEST_P(SinkContract, ServerThatGoesAwayWhileItCopiesLeavesNothingHalf) {
  if (GetParam().name == "mongodb_scd2")
    GTEST_SKIP() << "the tests' server finds none of a thousand documents whose key is a document";
  publish("select id::int as id, repeat('x', 100) as what, 1::decimal(10,2) as price, date '2026-01-01' as valid_from from "
          "range(" + std::to_string(target_->many_rows()) + ") t(id)");
  const bool could = target_->disturb([&] {
    for (int i = 0; i < 3; ++i) EXPECT_THAT(error([&] { carry(); }), testing::StartsWith("unavailable"));
  });
  if (!could) GTEST_SKIP() << "no server is asked";
  carry();
  EXPECT_EQ(target_->rows("count(*)"), std::vector<std::string>{std::to_string(target_->many_rows())});
}

// Any history of changes, publications that are forgotten, targets that lose their rows, and connections that are cut.
TEST_P(SinkContract, AnyHistoryEndsEqual) {
  if (target_->port() == 0) GTEST_SKIP() << target_->why_uncut();
  const Proxy proxy(target_->port());
  Connection through = target_->connection();
  through.location = through.url = proxy.through(through.url);
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto below = [&](int bound) { return static_cast<int>(random() % static_cast<unsigned>(bound)); };
  publish_three();
  carry();
  for (int step = 0; step < 40; ++step) {
    for (int changes = below(3); changes >= 0; --changes) {
      const int id = below(30);
      const bool grows = table_.write == SinkWrite::Append && below(4) > 0;
      const int what = grows ? 0 : below(4);
      change(what == 0   ? fmt::format("insert into SALE select {0}, 'n{0}', {1}, date '2026-01-01' where {0} not in (select id from SALE)",
                                       grows ? 1000 + step : id, below(100))
             : what == 1 ? fmt::format("update SALE set price = {} where id = {}", below(100), id)
             : what == 2 ? fmt::format("update SALE set what = null where id = {}", id)
                         : fmt::format("delete from SALE where id % 7 = {}", below(7)));
    }
    if (below(6) == 0) forgotten_.insert(1 + below(static_cast<int>(publication_)));
    if (below(12) == 0) target_->empty();
    if (below(20) == 0) target_->drop();
    if (below(3) == 0) {
      proxy.cut_after(300 + below(4000));
      const std::string failed = error([&] { CarryFixture::carry(through); });
      EXPECT_THAT(failed, testing::AnyOf(testing::StartsWith("unavailable"), testing::StartsWith("commit_unknown"),
                                         testing::StartsWith("nothing")));
      proxy.restore();
      was_carried_ = true;
    }
    carry();
    ASSERT_EQ(target_->rows(kColumns), lake_rows(kColumns)) << "step " << step;
    ASSERT_FALSE(carry().changed) << "step " << step;
  }
}

std::string name_of(const testing::TestParamInfo<ContractCase>& each) { return each.param.name; }

INSTANTIATE_TEST_SUITE_P(All, SinkContract, testing::ValuesIn(cases()), name_of);

}  // namespace
}  // namespace lochan

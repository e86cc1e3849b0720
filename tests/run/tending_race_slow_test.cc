// A run that publishes while tending is asking: whichever questions are asked before and after, none of its files is
// removed.
#include "project/rejected_name.h"
#include "run/started_run.h"
#include "tests/run/tended_lake.h"

namespace lochan {
namespace {

const TableName kRaw{"raw", "sale"};

// A run that has written its files, and whose commit is under way: nothing names them yet.
class BusyRun {
 public:
  BusyRun(Lake& lake, const std::function<void()>& let_time_pass)
      : lake_(lake), run_(lake, {.command = "run", .selection = "", .author = "a test"}) {
    const std::vector<TableName> tables{kRaw};
    run_.write([&] { EXPECT_FALSE(lake_.catalog().claim(run_.number(), "main", tables)); });
    branch_ = run_.new_branch(0);
    let_time_pass();  // its files are younger than its branch
    const Catalog::Savepoint before = lake_.catalog().savepoint(branch_, tables);
    insert();
    written_ = lake_.catalog().savepoint(branch_, tables);
    lake_.catalog().restore(before);
  }

  void publish() {
    lake_.catalog().restore(written_);
    PublishRequest request;
    request.branch = branch_;
    request.run = run_.number();
    request.tables = {{kRaw, {}}};
    request.also = [&](std::int64_t publication) {
      run_.close(RunState::Succeeded, publication, "", BranchState::Published);
    };
    ASSERT_TRUE(lake_.catalog().publish(request).published);
  }

 private:
  void insert() {
    Engine engine(lake_.engine_options());
    const std::string token = lake_.catalog().grant_token({branch_, true, {kRaw}, ""});
    const auto session = engine.open_session({lake_.uri(), branch_, token});
    const std::string name = session->lake() + ".raw.sale";
    session->execute(fmt::format("insert into {0} select * from {0} limit 1", name));
  }

  Lake& lake_;
  StartedRun run_;
  std::string branch_;
  Catalog::Savepoint written_;
};

class TendingRace : public TendedLake {
 protected:
  // How often tending asks for the time; at question `moment` the run publishes.
  int tend_beside(BusyRun& run, int moment) {
    int asked = 0;
    bool is_publishing = false;  // which asks for the time too
    clock_.when_asked([&] {
      if (is_publishing || ++asked != moment) return;
      is_publishing = true;
      run.publish();
      is_publishing = false;
    });
    tend({.budget_bytes = 0});
    clock_.when_asked(nullptr);
    return asked;
  }
};

// Tending asks for the time before each of its questions of who is at work, so each of the gaps between them is met.
TEST_F(TendingRace, ARunThatPublishesAtAnyMomentKeepsItsFiles) {
  drop_and_run(1);
  int published = 1, asked = 0;
  for (int moment = 1; moment == 1 || moment <= asked; ++moment) {
    BusyRun run(lake(), [&] { clock_.advance(std::chrono::minutes{1}); });
    asked = tend_beside(run, moment);
    if (moment > asked) break;
    ++published;
    ASSERT_EQ(ask("select count(*) from raw.sale"), std::to_string(published))
        << "published at question " << moment << " of " << asked;
  }
  EXPECT_GT(published, 5) << "tending no longer asks for the time, so nothing is met between its questions";
}

// Tending claims what nobody has: a log that it took for its own would lose the files a run is about to name.
TEST_F(TendingRace, ARunHoldsTheLogsOfWhatItRefusesToo) {
  class Looking final : public Observer {
   public:
    explicit Looking(Lake& lake) : lake_(lake) {}
    void run_started(std::int64_t, int) override {}
    void step_started(const StepReport&) override {
      for (const Catalog::Claimed& claimed : lake_.catalog().claims()) held.push_back(claimed.table);
    }
    void step_finished(const StepReport&) override {}
    void check_finished(const CheckResult&) override {}
    void write(LogLevel, std::string_view) noexcept override {}

    std::vector<TableName> held;

   private:
    Lake& lake_;
  };
  write("drop/first.csv", "id,amount\n1,2\n");
  Looking looking(lake());
  ASSERT_EQ(lochan::run(lake(), {}, looking, {}).state, RunState::Succeeded);
  EXPECT_THAT(looking.held, testing::UnorderedElementsAre(kRaw, rejected_table(kRaw)));
}

}  // namespace
}  // namespace lochan

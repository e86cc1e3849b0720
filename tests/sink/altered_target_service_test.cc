// A target that somebody altered: put right where that is safe, else told with what to do there; the old rows stay.
#include <fmt/ranges.h>

#include <filesystem>
#include <fstream>

#include "base/file.h"
#include "base/hash.h"
#include "tests/sink/to_postgres.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;

class AlteredTarget : public CarriesToPostgres, public testing::Test {
 protected:
  AlteredTarget() {
    files_.name = "out";
    files_.kind = "files";
    files_.location = root_.string();
  }
  ~AlteredTarget() override { fs::remove_all(root_); }

  Connection files_;
  const fs::path root_ = fs::temp_directory_path() / ("lochan_altered_" + random_uuid());
};

// What is "" is put right by the next carry.
TEST_F(AlteredTarget, OfPostgresIsPutRightOrTold) {
  struct Case {
    const char* altered;
    const char* told;
  };
  table_.write = SinkWrite::Upsert;
  table_.key = {{"id", {}}};
  for (const Case& each : {
           Case{"alter table dwh.sale drop column what", ""},
           Case{"alter table dwh.sale rename column what to name", ""},
           Case{"alter table dwh.sale drop constraint sale_pkey", ""},
           Case{"alter table dwh.sale add column note text", ""},
           Case{"alter table dwh.sale alter column what type varchar(5)", ""},
           Case{
               "alter table dwh.sale alter column price type text",
               "data: column `price` of `\"dwh\".\"sale\"` is `text` there, and `numeric(10,2)` is to be written to it "
               "(drop the table there: the next run makes it anew)"},
           Case{"alter table dwh.sale add column note text not null default 'x'; alter table dwh.sale alter note drop "
                "default",
                ""},
           Case{"alter table dwh.sale add constraint dear check (price < 4)",
                "data: connection `dwh`: new row for relation \"sale\" violates check constraint \"dear\" (Failing row "
                "contains (1, mango, 5.00).) (somebody put that constraint on the table there: take it off, or hold "
                "such "
                "rows back by a check of the model)"},
           Case{"alter table dwh.sale rename to sales; create view dwh.sale as select * from dwh.sales",
                "data: `\"dwh\".\"sale\"` is there, and is no plain table (drop or rename it there, or give the table "
                "another name: `to: name`)"},
       }) {
    SCOPED_TRACE(each.altered);
    here_.execute("drop schema if exists dwh cascade");
    was_carried_ = false;
    publish_two();
    carry();
    was_carried_ = true;
    here_.execute(each.altered);
    change("insert into SALE values (3, 'passion fruit', 7); update SALE set price = 5 where id = 1");
    const std::string told = error([&] { carry(); });
    EXPECT_EQ(told, *each.told == '\0' ? "nothing was thrown" : each.told);
    if (*each.told == '\0') {
      EXPECT_THAT(there("select id, what, price from dwh.sale order by id"),
                  ElementsAre("1|mango|5.00", "2|fig|1.20", "3|passion fruit|7.00"));
    }
  }
}

TEST_F(AlteredTarget, OfFilesIsPutRightOrTold) {
  publish_two();
  carry(files_);
  const fs::path manifest = root_ / "dwh/sale/_lochan.json";
  const std::string before = read_file(manifest);
  std::ofstream(manifest) << before.substr(0, before.size() / 2);
  change("insert into SALE values (3, 'plum', 7)");
  EXPECT_EQ(error([&] { carry(files_); }),
            fmt::format("data: the manifest of `{}` can't be read (move the folder away: the next run writes it anew)",
                        (root_ / "dwh/sale").string()));
  fs::rename(root_ / "dwh/sale", root_ / "dwh/aside");
  was_carried_ = true;
  EXPECT_EQ(carry(files_).rows_written, 3);
  // A file in place of the folder.
  fs::remove_all(root_ / "dwh/sale");
  std::ofstream(root_ / "dwh/sale") << "mine";
  change("insert into SALE values (4, 'kiwi', 7)");
  EXPECT_EQ(
      error([&] { carry(files_); }),
      fmt::format("data: `{}` is there, and is no folder (move it away, or give the table another folder: `to: name`)",
                  (root_ / "dwh/sale").string()));
  EXPECT_EQ(read_file(root_ / "dwh/sale"), "mine");
}

}  // namespace
}  // namespace lochan

// Files of a real web server, nginx, on a bad line: slow, cut in the middle, gone and back; and whom it doesn't let in.
#include <gmock/gmock.h>

#include "tests/source/load_fixture.h"
#include "tests/support/proxy.h"
#include "tests/support/web_server.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WebFilesOnALine : public LoadFixture {
 protected:
  WebFilesOnALine() {
    table_.from = "**.csv";
    table_.load = LoadMode::Incremental;
  }
  LoadedTable load() {
    Connection from = folder_.connection("shop", proxy_.through(folder_.url()));
    if (alter_) alter_(from);
    const auto source = make_source(from);
    return LoadFixture::load(*source, from);
  }
  std::string load_error() {
    return error([&] { load(); });
  }
  void put(int file) {
    std::string text = "id,what\n";
    for (int i = 0; i < 1000; ++i) text += fmt::format("{},{}\n", file * 1000 + i, std::string(500, 'x'));
    folder_.put(fmt::format("{}.csv", file), text);
  }
  std::string loaded() { return rows("select count(*) || ' ' || count(distinct id) from LAKE.raw.sale").front(); }

  WebFolder folder_;
  const Proxy proxy_{folder_.port()};
  std::function<void(Connection&)> alter_;
};

TEST_F(WebFilesOnALine, AreReadOnce) {
  folder_.put("a b, ü.csv", "id\n1\n");
  folder_.put("2026/c.csv", "id\n2\n");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_FALSE(load().changed);
  folder_.put("2026/c.csv", "id\n2\n3\n");
  EXPECT_EQ(load().rows_written, 1);
  folder_.remove("2026/c.csv");
  EXPECT_FALSE(load().changed);
  EXPECT_THAT(rows("select id, _file from LAKE.raw.sale order by all"),
              ElementsAre("1|a b, ü.csv", "2|2026/c.csv", "3|2026/c.csv"));
}

TEST_F(WebFilesOnALine, ConnectionsThatAreCutAndSlowChangeNothing) {
  for (int file = 0; file < 3; ++file) put(file);
  proxy_.delay(50);
  EXPECT_EQ(load().rows_written, 3000);
  put(3);
  for (const int bytes : {100, 2'000, 200'000}) {  // of the list, behind it, of a file: it never comes whole
    proxy_.restore();
    proxy_.cut_after(bytes);
    EXPECT_THAT(load_error(), AllOf(HasSubstr("unavailable: connection `shop`: "), HasSubstr(", 3 times"))) << bytes;
    EXPECT_EQ(loaded(), "3000 3000");
  }
  proxy_.restore();
  EXPECT_EQ(load().rows_written, 1000);
  EXPECT_EQ(loaded(), "4000 4000");
}

TEST_F(WebFilesOnALine, AServerThatGoesAwayAndComesBack) {
  put(0);
  load();
  put(1);
  proxy_.cut();
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `shop`: the list of files: no answer from `127.0.0.1"));
  proxy_.restore();
  EXPECT_EQ(load().rows_written, 1000);
  EXPECT_EQ(loaded(), "2000 2000");
}

TEST_F(WebFilesOnALine, ASlowAnswerTakesNoLongerThanItsTimeout) {
  put(0);
  proxy_.delay(5'000);
  alter_ = [](Connection& from) { from.http->timeout = std::chrono::milliseconds{200}; };
  EXPECT_THAT(load_error(), HasSubstr("unavailable: connection `shop`: the list of files: "));
  proxy_.restore();
  alter_ = nullptr;
  EXPECT_EQ(load().rows_written, 1000);
}

// With status 200, as some servers answer for what is away for a while.
TEST_F(WebFilesOnALine, APageOfHtmlInPlaceOfAFileIsRejectedWhole) {
  folder_.put("a.csv", "id\n1\n");
  folder_.put("b.csv", "<!DOCTYPE html>\n<html><head><title>Down for maintenance</title></head></html>\n");
  EXPECT_EQ(load().rows_rejected, 1);
  EXPECT_THAT(rows("select reason, position from LAKE.raw.sale__rejected"),
              ElementsAre("it is a page of HTML where csv was wanted, of the title `Down for maintenance`|b.csv"));
  folder_.put("b.csv", "id\n2\n");
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(rows("select id, _file from LAKE.raw.sale order by all"), ElementsAre("1|a.csv", "2|b.csv"));
}

// What the server says of it is a page: its title tells enough.
TEST_F(WebFilesOnALine, WhoIsNotLetInIsTold) {
  put(0);
  alter_ = [](Connection& from) { from.http->auth.token = "wrong"; };
  EXPECT_THAT(load_error(),
              AllOf(HasSubstr("connection `shop`: the list of files: `127.0.0.1"),
                    HasSubstr("answered 401 with a page of HTML, of the title `401 Authorization Required` "
                              "(look at the connection's `auth`: these credentials are not let in)")));
  alter_ = [](Connection& from) { from.http->auth = {}; };
  EXPECT_THAT(load_error(), HasSubstr("(it wants to know who we are: give the connection an `auth`)"));
  alter_ = nullptr;
  EXPECT_EQ(load().rows_written, 1000);
}

}  // namespace
}  // namespace lochan

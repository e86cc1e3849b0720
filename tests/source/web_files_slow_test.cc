// Files on a web server: listed by its pages, each read once, and what the server does wrong is told.
#include <gmock/gmock.h>

#include "tests/source/file_server.h"
#include "tests/source/load_fixture.h"

namespace lochan {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class WebFiles : public LoadFixture {
 protected:
  WebFiles() {
    table_.from = "*.csv";
    table_.load = LoadMode::Incremental;
  }
  LoadedTable load() {
    const Connection from = connection_ ? *connection_ : server_.connection("shop");
    const auto source = make_source(from);
    return LoadFixture::load(*source, from);
  }
  std::string load_error() {
    return error([&] { load(); });
  }
  std::vector<std::string> loaded() { return rows("select id, _file from LAKE.raw.sale order by all"); }

  FileServer server_;
  std::optional<Connection> connection_;
};

TEST_F(WebFiles, AreThoseThatThePagesLinkTo) {
  table_.from = "**.csv";
  server_.put("a b.csv", "id\n1\n");
  server_.put("2026/01/c.csv", "id\n2\n");
  server_.put("2026/readme.txt", "no table");
  EXPECT_EQ(load().rows_written, 2);
  EXPECT_THAT(loaded(), ElementsAre("1|a b.csv", "2|2026/01/c.csv"));
  const int before = server_.count("GET");
  EXPECT_FALSE(load().changed);
  EXPECT_EQ(server_.count("GET") - before, 3) << "the pages alone";
  server_.put("a b.csv", "id\n1\n7\n");
  EXPECT_EQ(load().rows_written, 1);
}

TEST_F(WebFiles, AreThoseThatAreNamedWhereNoPageListsThem) {
  server_.put("a.csv", "id\n1\n");
  server_.put("b.csv", "id\n2\n");
  server_.list_nothing();
  EXPECT_THAT(load_error(), HasSubstr("not_found: connection `shop`: no page at `"));
  connection_ = server_.connection("shop");
  connection_->files->names = {{"a.csv", {}}, {"gone.csv", {}}};
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(loaded(), ElementsAre("1|a.csv"));
}

TEST_F(WebFiles, AFileThatChangesBehindTheListIsReadAnotherTime) {
  server_.put("a.csv", "id\n1\n");
  load();
  server_.put("b.csv", "id\n2\n");
  int times = 0;
  server_.before_get([&] {
    if (times++ == 0) server_.put("b.csv", "id\n3\n");
  });
  EXPECT_EQ(load().rows_written, 0);
  EXPECT_EQ(load().rows_written, 1);
  EXPECT_THAT(loaded(), ElementsAre("1|a.csv", "3|b.csv"));
}

TEST_F(WebFiles, LargeOnesComeInParts) {
  std::string text = "id,what\n";
  for (int i = 0; text.size() < (20u << 20); ++i) text += fmt::format("{},{}\n", i, std::string(1000, 'x'));
  const auto lines = std::ranges::count(text, '\n') - 1;
  server_.put("a.csv", text);
  EXPECT_EQ(load().rows_written, lines);
}

TEST_F(WebFiles, WhoIsNotLetInIsTold) {
  server_.put("a.csv", "id\n1\n");
  server_.want_bearer("right");
  EXPECT_THAT(load_error(), HasSubstr("connection `shop`: the list of files: `127.0.0.1"));
  EXPECT_THAT(load_error(), HasSubstr("answered 401"));
  connection_ = server_.connection("shop");
  connection_->http->auth.kind = HttpAuthKind::Bearer;
  connection_->http->auth.token = "wrong";
  EXPECT_THAT(load_error(), HasSubstr("these credentials are not let in"));
  connection_->http->auth.token = "right";
  EXPECT_EQ(load().rows_written, 1);
}

}  // namespace
}  // namespace lochan

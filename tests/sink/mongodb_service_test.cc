// The sink to MongoDB beyond the contract: documents, keys, fields of others, indexes, and what it refuses.
#include <fmt/format.h>

#include <algorithm>

#include "sink/mongodb_client.h"
#include "tests/sink/carry_fixture.h"
#include "tests/support/mongo_server.h"
#include "tests/support/proxy.h"
#include "tests/support/refusing_mongo.h"

namespace lochan {
namespace {

using testing::HasSubstr;

class MongoSinkTest : public CarryFixture, public testing::Test {
 protected:
  MongoSinkTest() {
    config_.schema = "";
    table_.write = SinkWrite::Upsert;
    table_.key = {{"id", {}}};
  }
  ~MongoSinkTest() override { here_.command(database_.name(), Bson().add("dropDatabase", 1)); }

  static Connection at(const std::string& url) {
    Connection connection;
    connection.name = "documents";
    connection.kind = "mongodb";
    connection.url = connection.location = url;
    return connection;
  }
  CarriedTable carry() { return CarryFixture::carry(connection_); }
  std::vector<std::string> documents(const std::string& collection = "sale") {
    std::vector<std::string> found;
    here_.find({database_.name(), collection}, Bson(), Bson(), [&](const bson_t* document) {
      char* json = bson_as_canonical_extended_json(document, nullptr);
      found.emplace_back(json);
      bson_free(json);
    });
    std::ranges::sort(found);
    return found;
  }
  std::string document_of(const std::string& word) {
    for (const std::string& document : documents())
      if (document.find(word) != std::string::npos) return document;
    return "";
  }
  std::vector<std::string> indexes() {
    std::vector<std::string> names;
    const Bson reply = here_.command(database_.name(), Bson().add("listIndexes", "sale"));
    for (const Bson& index : bson_documents(reply.get(), "cursor.firstBatch"))
      names.push_back(bson_text(index.get(), "name"));
    std::ranges::sort(names);
    return names;
  }
  void set_by_hand(int id, const std::string& field, const std::string& value) {
    here_.command(database_.name(),
                  Bson()
                      .add("update", "sale")
                      .add("updates", std::vector{Bson()
                                                      .add("q", Bson().add("_id", id))
                                                      .add("u", Bson().add("$set", Bson().add(field, value)))
                                                      .add("upsert", true)}));
  }

  MongoDatabase database_;
  const Connection connection_ = at(database_.url());
  MongoClient here_{connection_};
};

TEST_F(MongoSinkTest, ValuesArriveAsTheTableOfTypesSays) {
  publish(
      R"(select 1 as id, true as flag, 9007199254740993::bigint as big, 1.5::float as f, 0.1::double as d, -12.50::decimal(10,2) as price,
      12345678901234567890123456789012::hugeint as huge, date '2026-11-21' as day, time '10:30:00.5' as at,
      timestamp '2026-11-21 10:30:00.123456' as moment, timestamptz '1969-12-31 23:59:59.999999+00' as instant, 'ö' as what, '\x01\x02'::blob as bytes,
      '12345678-9abc-def0-1234-56789abcdef0'::uuid as uid, null::varchar as nothing,
      [{'film': 'Alien', 'fee': 2.99::decimal(5,2)}, {'film': null, 'fee': null}] as rentals, map {'a': 1, 'b.c': 2} as counts, map {7: 'x'} as ids)");
  carry();
  EXPECT_EQ(
      documents(),
      std::vector<std::string>{
          R"({ "_id" : { "$numberInt" : "1" }, "id" : { "$numberInt" : "1" }, "flag" : true, "big" : { "$numberLong" : "9007199254740993" }, )"
          R"("f" : { "$numberDouble" : "1.5" }, "d" : { "$numberDouble" : "0.10000000000000000555" }, "price" : { "$numberDecimal" : "-12.50" }, )"
          R"("huge" : { "$numberDecimal" : "12345678901234567890123456789012" }, "day" : { "$date" : { "$numberLong" : "1795219200000" } }, )"
          R"("at" : "10:30:00.500000", "moment" : { "$date" : { "$numberLong" : "1795257000123" } }, "instant" : { "$date" : { "$numberLong" : "-1" } }, )"
          R"("what" : "ö", "bytes" : { "$binary" : { "base64" : "AQI=", "subType" : "00" } }, )"
          R"("uid" : { "$binary" : { "base64" : "EjRWeJq83vASNFZ4mrze8A==", "subType" : "04" } }, "nothing" : null, )"
          R"("rentals" : [ { "film" : "Alien", "fee" : { "$numberDecimal" : "2.99" } }, { "film" : null, "fee" : null } ], )"
          R"("counts" : { "a" : { "$numberInt" : "1" }, "b.c" : { "$numberInt" : "2" } }, )"
          R"("ids" : [ { "key" : { "$numberInt" : "7" }, "value" : "x" } ] })"});
}

TEST_F(MongoSinkTest, OnlyDocumentsThatChangedAreWritten) {
  publish("select i as id, ['a', 'b'] as names from range(50) r(i)");
  EXPECT_EQ(carry().rows_written, 50);
  change("update SALE set names = ['c'] where id = 7; delete from SALE where id = 9");
  const CarriedTable carried = carry();
  EXPECT_EQ(carried.rows_written, 1);
  EXPECT_EQ(carried.rows_removed, 1);
  forgotten_.insert(publication_);
  change("update SALE set names = ['d'] where id = 8");
  EXPECT_EQ(carry().rows_written, 1) << "the server itself finds what differs";
}

TEST_F(MongoSinkTest, KeyOfSeveralColumnsIsADocument) {
  table_.key = {{"shop", {}}, {"id", {}}};
  publish("select 1 as id, 'north' as shop, 5 as n");
  carry();
  EXPECT_THAT(documents().at(0), HasSubstr(R"("_id" : { "shop" : "north", "id" : { "$numberInt" : "1" } })"));
  change("update SALE set n = 6");
  EXPECT_EQ(carry().rows_written, 1);
  EXPECT_EQ(documents().size(), 1U);
}

// A key of another type is the same to the server; its documents must not be taken for ones that are gone.
TEST_F(MongoSinkTest, WiderKeyKeepsItsDocuments) {
  publish("select i::int as id, 1 as n from range(5) r(i)");
  carry();
  publish("select i::bigint as id, 1 as n from range(5) r(i)");
  carry();
  EXPECT_EQ(documents().size(), 5U);
  publish("select i::decimal(12,3) as id, 1 as n from range(5) r(i)");
  carry();
  EXPECT_EQ(documents().size(), 5U);
}

TEST_F(MongoSinkTest, WhatCantBeAKeyIsRefused) {
  publish("select null::int as id, 1 as n");
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("`id`, of the key, is null"));
  publish("select 1 as id, n from range(2) r(n)");
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("two rows of `mart.sale` have the key id = 1"));
  EXPECT_TRUE(documents().empty());
}

TEST_F(MongoSinkTest, DocumentOver16MegabytesIsNamed) {
  publish("select i as id, repeat('x', 1 + i * 17000000) as what from range(2) r(i)");
  EXPECT_EQ(error([&] { carry(); }),
            "data: the document of `mart.sale` with the key { \"id\" : 1 } is 16.2 MB large, and MongoDB takes up to "
            "16 MB (keep fewer items in its "
            "lists, or carry them as a table of their own)");
}

TEST_F(MongoSinkTest, WhatDocumentsCantHoldIsRefused) {
  publish("select 1 as id, 12345678901234567890123456789012345678::decimal(38,0) as n");
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("`n` has a number of more than 34 digits"));
  publish("select 1 as id, 2 as \"a.b\"");
  EXPECT_THAT(error([&] { carry(); }), HasSubstr("column `a.b` of `mart.sale` can't be a field of a document"));
}

TEST_F(MongoSinkTest, IndexesComeAndGoAsDeclared) {
  table_.indexes = {{{{"what", {}}}, false}, {{{"what", {}}, {"n", {}}}, true}};
  publish("select 1 as id, 'a' as what, 1 as n");
  carry();
  here_.command(database_.name(),
                Bson()
                    .add("createIndexes", "sale")
                    .add("indexes", std::vector{Bson().add("key", Bson().add("n", 1)).add("name", "mine")}));
  EXPECT_EQ(indexes(), (std::vector<std::string>{"_id_", "lochan_what", "lochan_what_n_unique", "mine"}));
  table_.indexes = {{{{"what", {}}}, false}};
  EXPECT_TRUE(carry().changed);
  EXPECT_EQ(indexes(), (std::vector<std::string>{"_id_", "lochan_what", "mine"}));
  table_.write = SinkWrite::Replace;
  change("update SALE set n = 2");
  carry();
  EXPECT_EQ(indexes(), (std::vector<std::string>{"_id_", "lochan_what", "mine"}))
      << "a replaced collection keeps what others made";
}

TEST_F(MongoSinkTest, DoubleInAUniqueIndexIsNamed) {
  table_.indexes = {{{{"what", {}}}, true}};
  publish("select 1 as id, 'a' as what");
  carry();
  change("insert into SALE values (2, 'a')");
  EXPECT_THAT(error([&] { carry(); }), testing::AllOf(HasSubstr("data: "), HasSubstr("E11000 duplicate key error"),
                                                      HasSubstr("lochan_what_unique")));
}

TEST_F(MongoSinkTest, OwnFieldsLeaveThoseOfOthersAlone) {
  table_.fields = SinkFields::Own;
  publish("select i as id, 'n' || i as what, 1 as n from range(3) r(i)");
  carry();
  set_by_hand(1, "category", "gold");
  change("update SALE set what = 'other' where id = 1; delete from SALE where id = 2");
  carry();
  EXPECT_EQ(documents().size(), 2U);
  EXPECT_THAT(documents().at(1), testing::AllOf(HasSubstr(R"("what" : "other")"), HasSubstr(R"("category" : "gold")")));
  publish("select id, what from memory.main.sale_2");
  carry();
  EXPECT_THAT(documents().at(1),
              testing::AllOf(testing::Not(HasSubstr(R"("n" :)")), HasSubstr(R"("category" : "gold")")));
}

TEST_F(MongoSinkTest, AddedFieldsComeAndGoInDocumentsOfOthers) {
  set_by_hand(1, "name", "Anna");
  set_by_hand(2, "name", "Bob");
  table_.fields = SinkFields::Add;
  publish("select * from (values (1, 'gold'), (3, 'new')) t(id, category)");
  EXPECT_EQ(carry().rows_written, 2);
  EXPECT_THAT(document_of("Anna"), HasSubstr(R"("category" : "gold")"));
  change("delete from SALE where id = 1");
  EXPECT_EQ(carry().rows_removed, 1);
  EXPECT_THAT(document_of("Anna"), testing::AllOf(HasSubstr("Anna"), testing::Not(HasSubstr("category"))));
  in_full_ = true;
  change("delete from SALE");
  carry();
  EXPECT_EQ(documents().size(), 3U) << "documents of others stay, and what was begun of one";
  EXPECT_EQ(document_of("category"), "");
}

TEST_F(MongoSinkTest, ReplacedCollectionOfRowsWithoutAKey) {
  table_.write = SinkWrite::Replace;
  table_.key.clear();
  publish("select i as id from range(3) r(i)");
  EXPECT_EQ(carry().rows_written, 3);
  change("delete from SALE where id = 0");
  carry();
  EXPECT_EQ(documents().size(), 2U);
}

TEST_F(MongoSinkTest, ServerThatIsAwayIsTriedAgain) {
  publish("select 1 as id");
  const Connection nobody = at("mongodb://127.0.0.1:1/x");
  EXPECT_THAT(error([&] { CarryFixture::carry(nobody); }),
              testing::StartsWith("unavailable: connection `documents`: No suitable servers found"));
}

TEST_F(MongoSinkTest, UserThatIsRefusedIsNotTriedAgain) {
  publish("select 1 as id");
  const RefusingMongo server;
  const Connection anna = at(fmt::format("mongodb://anna:secret@{}/shop?authSource=staff", server.address()));
  EXPECT_EQ(error([&] { CarryFixture::carry(anna); }),
            "project: connection `documents`: the server refuses the user `anna` of database `staff`: Authentication "
            "failed. (check user and password of the URL, and `?authSource=`, the database that knows the user)");
}

TEST_F(MongoSinkTest, BrokenUrlIsSaid) {
  publish("select 1 as id");
  EXPECT_THAT(error([&] { CarryFixture::carry(at("mongodb://an@na:p@host/x")); }),
              HasSubstr("the URL of connection `documents` can't be used"));
}

TEST_F(MongoSinkTest, SlowServerIsWaitedFor) {
  const Proxy proxy(database_.port());
  const Connection through = at(proxy.through(database_.url()));
  proxy.delay(100);
  publish("select i as id from range(20) r(i)");
  EXPECT_EQ(CarryFixture::carry(through).rows_written, 20);
}

TEST_F(MongoSinkTest, LargestDocumentThereCanBeIsCarried) {
  publish("select i as id, repeat('x', 16 * 1024 * 1024 - 1000) as what from range(2) r(i)");
  EXPECT_EQ(carry().rows_written, 2);
  EXPECT_EQ(documents().size(), 2U);
}

// A writer that died on this host is noticed at once: nobody holds its file.
TEST_F(MongoSinkTest, LockOfADeadWriterIsTakenOver) {
  publish("select 1 as id");
  carry();
  const Bson reply =
      here_.command(database_.name(), Bson().add("find", "lochan_mark").add("filter", Bson().add("_id", "lock sale")));
  const std::vector<Bson> found = bson_documents(reply.get(), "cursor.firstBatch");
  ASSERT_EQ(found.size(), 1U);
  here_.command(database_.name(),
                Bson()
                    .add("update", "lochan_mark")
                    .add("updates", std::vector{Bson()
                                                    .add("q", Bson().add("_id", "lock sale"))
                                                    .add("u", Bson().add("$set", Bson().add("owner", "0-dead")))}));
  change("insert into SALE values (2)");
  EXPECT_EQ(carry().rows_written, 1);
}

}  // namespace
}  // namespace lochan

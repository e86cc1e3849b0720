// MongoDB, as the contract of sinks sees it.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/clock.h"
#include "base/text.h"
#include "sink/mongodb_client.h"
#include "sink/mongodb_lock.h"
#include "tests/sink/contract_target.h"
#include "tests/support/mongo_server.h"
#include "tests/support/proxy.h"

namespace lochan {
namespace {

std::string text_of(const bson_iter_t& value) {
  if (BSON_ITER_HOLDS_UTF8(&value)) return bson_iter_utf8(&value, nullptr);
  if (BSON_ITER_HOLDS_NUMBER(&value)) return std::to_string(bson_iter_as_int64(&value));
  if (BSON_ITER_HOLDS_DATE_TIME(&value))
    return to_string(instant_from_micros(bson_iter_date_time(&value) * 1000)).substr(0, 10);
  if (BSON_ITER_HOLDS_DECIMAL128(&value)) {
    bson_decimal128_t decimal;
    char text[BSON_DECIMAL128_STRING];
    bson_iter_decimal128(&value, &decimal);
    bson_decimal128_to_string(&decimal, text);
    return text;
  }
  return "null";
}

class MongoTarget final : public ContractTarget {
 public:
  MongoTarget() { command(Bson().add("dropDatabase", 1)); }
  ~MongoTarget() override { command(Bson().add("dropDatabase", 1)); }

  Connection connection() override {
    Connection connection = connection_;
    if (proxy_) connection.url = connection.location = proxy_->through(database_.url());
    return connection;
  }
  std::vector<std::string> rows(const std::string& columns) override {
    std::vector<std::string> lines;
    here_.find(sale_, Bson(), Bson(), [&](const bson_t* found) {
      std::string line;
      for (const std::string& column : text::split(columns, ',')) {
        const auto value = bson_at(found, std::string(text::trim(column)).c_str());
        line += (line.empty() ? "" : "|") + (value ? text_of(*value) : "null");
      }
      lines.push_back(std::move(line));
    });
    if (columns == "count(*)") return {std::to_string(lines.size())};
    std::ranges::sort(lines);
    return lines;
  }
  void empty() override {
    command(Bson().add("delete", "sale").add("deletes", std::vector{Bson().add("q", Bson()).add("limit", 0)}));
  }
  void drop() override { command(Bson().add("drop", "sale")); }
  void make_foreign() override { command(Bson().add("create", "sale")); }
  void back_up() override {
    sales_ = all("sale");
    marks_ = all("lochan_mark");
  }
  void restore() override {
    drop();
    command(Bson().add("drop", "lochan_mark"));
    command(Bson().add("insert", "sale").add("documents", sales_));
    command(Bson().add("insert", "lochan_mark").add("documents", marks_));
  }
  void change(int id) override {
    command(Bson()
                .add("update", "sale")
                .add("updates", std::vector{Bson()
                                                .add("q", Bson().add("id", id))
                                                .add("u", Bson().add("$set", Bson().add("what", "by hand")))}));
  }
  // A writer of another host holds it.
  void lock(const std::function<void()>& work) override {
    const Bson id = Bson().add("_id", "lock sale");
    const auto set = [&](const Bson& holder) {
      command(Bson()
                  .add("update", kMongoMarks)
                  .add("updates",
                       std::vector{Bson().add("q", id).add("u", Bson().add("$set", holder)).add("upsert", true)}));
    };
    set(Bson().add("owner", "somebody").add("host", "elsewhere").add("beat", 7));
    work();
    set(Bson().add_null("owner"));
  }
  bool has_transactions() const override { return false; }
  int many_rows() const override { return 5'000; }
  // Each connection ends while the answers to the first batches come.
  bool disturb(const std::function<void()>& work) override {
    proxy_.emplace(database_.port());
    proxy_->cut_after(2500);
    work();
    proxy_.reset();
    return true;
  }
  int port() const override { return database_.port(); }

 private:
  void command(const Bson& command) { here_.command(sale_.database, command); }
  std::vector<Bson> all(const std::string& collection) {
    std::vector<Bson> documents;
    here_.find({sale_.database, collection}, Bson(), Bson(),
               [&](const bson_t* found) { documents.emplace_back(bson_copy(found)); });
    return documents;
  }

  MongoDatabase database_;
  const Connection connection_ = [this] {
    Connection connection;
    connection.name = "documents";
    connection.kind = "mongodb";
    connection.url = connection.location = database_.url();
    return connection;
  }();
  const MongoName sale_{"dwh", "sale"};  // what the fixture's sink calls its schema
  MongoClient here_{connection_};
  std::vector<Bson> sales_, marks_;
  std::optional<Proxy> proxy_;  // while the server is disturbed
};

}  // namespace

std::unique_ptr<ContractTarget> make_mongodb_target() { return std::make_unique<MongoTarget>(); }

}  // namespace lochan

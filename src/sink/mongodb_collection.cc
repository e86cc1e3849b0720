#include "sink/mongodb_collection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::string_view kOurs = "lochan_";  // begins the names of our indexes
constexpr std::int64_t kBatch = 1000;
constexpr std::size_t kBatchBytes = 8u << 20;

std::string index_name(const SinkIndex& index) {
  std::vector<std::string> columns;
  for (const LocatedText& column : index.columns) columns.push_back(*column);
  return fmt::format("{}{}{}", kOurs, fmt::join(columns, "_"), index.unique ? "_unique" : "");
}

Bson index_document(const SinkIndex& index) {
  Bson key;
  for (const LocatedText& column : index.columns) key.add(*column, 1);
  Bson document;
  document.add("key", key).add("name", index_name(index));
  if (index.unique) document.add("unique", true);
  return document;
}

void must(bool is_done, const bson_error_t& error, const MongoClient& client) {
  if (!is_done) throw client.explain(error);
}

}  // namespace

MongoCollection::MongoCollection(const MongoClient& client, MongoName name) : client_(&client), name_(std::move(name)) {
  const Bson reply = client_->command(
      name_.database, Bson().add("listCollections", 1).add("filter", Bson().add("name", name_.collection)));
  for (const Bson& found : bson_documents(reply.get(), "cursor.firstBatch")) {
    if (bson_text(found.get(), "name") != name_.collection) continue;
    if (const std::string type = bson_text(found.get(), "type"); type == "view" || type == "timeseries")
      throw Error(ErrorKind::Data, fmt::format("`{}` is a {}, no collection", name_.full(), type))
          .hint("give the table another name: `to: name`");
    exists_ = true;
    if (const auto uuid = bson_at(found.get(), "info.uuid"); uuid && BSON_ITER_HOLDS_BINARY(&*uuid)) {
      bson_subtype_t subtype{};
      std::uint32_t size = 0;
      const std::uint8_t* bytes = nullptr;
      bson_iter_binary(&*uuid, &subtype, &size, &bytes);
      for (std::uint32_t at = 0; at < size; ++at) uuid_ += fmt::format("{:02x}", bytes[at]);
    }
  }
}

std::int64_t MongoCollection::count() const {
  return bson_number(client_->command(name_.database, Bson().add("count", name_.collection)).get(), "n");
}

void MongoCollection::create() {
  client_->command(name_.database, Bson().add("create", name_.collection));
  *this = MongoCollection(*client_, name_);
}

std::vector<Bson> MongoCollection::indexes() const {
  if (!exists_) return {};
  return bson_documents(client_->command(name_.database, Bson().add("listIndexes", name_.collection)).get(),
                        "cursor.firstBatch");
}

bool MongoCollection::declare(const std::vector<SinkIndex>& declared) const {
  std::set<std::string> there, wanted;
  for (const Bson& index : indexes()) there.insert(bson_text(index.get(), "name"));
  std::vector<Bson> missing;
  for (const SinkIndex& index : declared)
    if (wanted.insert(index_name(index)).second && !there.contains(index_name(index)))
      missing.push_back(index_document(index));
  bool changed = !missing.empty();
  for (const std::string& name : there) {
    if (!name.starts_with(kOurs) || wanted.contains(name)) continue;
    client_->command(name_.database, Bson().add("dropIndexes", name_.collection).add("index", name));
    changed = true;
  }
  if (!missing.empty())
    client_->command(name_.database, Bson().add("createIndexes", name_.collection).add("indexes", missing));
  return changed;
}

void MongoCollection::take_indexes_of(const MongoCollection& other) const {
  std::vector<Bson> theirs;
  for (const Bson& index : other.indexes()) {
    const std::string name = bson_text(index.get(), "name");
    if (name == "_id_" || name.starts_with(kOurs)) continue;
    Bson copy;  // without the name of the collection, which old servers put into it
    bson_copy_to_excluding_noinit(index.get(), copy.put(), "ns", "v", nullptr);
    theirs.push_back(std::move(copy));
  }
  if (!theirs.empty())
    client_->command(name_.database, Bson().add("createIndexes", name_.collection).add("indexes", theirs));
}

void MongoCollection::replace(const MongoCollection& other) const {
  client_->command("admin",
                   Bson().add("renameCollection", name_.full()).add("to", other.name_.full()).add("dropTarget", true));
}

void drop_collections(const MongoClient& client, const std::string& database, const std::string& prefix) {
  std::vector<std::string> names;
  client.list_collections(database, [&](BsonView found) { names.push_back(bson_text(found, "name")); });
  for (const std::string& name : names)
    if (name.starts_with(prefix)) client.command(database, Bson().add("drop", name));
}

MongoWriter::MongoWriter(const MongoClient& client, const MongoName& name, std::function<void()> before_batch)
    : client_(client), collection_(client.collection(name)), before_batch_(std::move(before_batch)) {}

void MongoWriter::added(std::size_t bytes) {
  bytes_ += bytes;
  if (++operations_ >= kBatch || bytes_ >= kBatchBytes) finish();
}

namespace {

// The driver's own look at names costs a tenth of the time, and the names are known to be good.
const Bson& unchecked() {
  static const Bson kOptions = Bson().add("validate", false);
  return kOptions;
}
const Bson& upserting() {
  static const Bson kOptions = Bson().add("upsert", true).add("validate", false);
  return kOptions;
}

mongoc_bulk_operation_t* begin(MongoBulk& bulk, mongoc_collection_t* collection) {
  static const Bson kUnordered = Bson().add("ordered", false);
  if (!bulk) bulk.reset(mongoc_collection_create_bulk_operation_with_opts(collection, kUnordered.get()));
  return bulk.get();
}

}  // namespace

void MongoWriter::insert(const Bson& document) {
  bson_error_t error{};
  must(mongoc_bulk_operation_insert_with_opts(begin(bulk_, collection_.get()), document.get(), unchecked().get(),
                                              &error),
       error, client_);
  added(document.get()->len);
}

void MongoWriter::upsert(const Bson& selector, const Bson& document, bool is_update) {
  bson_error_t error{};
  mongoc_bulk_operation_t* bulk = begin(bulk_, collection_.get());
  const bool is_done = is_update ? mongoc_bulk_operation_update_one_with_opts(bulk, selector.get(), document.get(),
                                                                              upserting().get(), &error)
                                 : mongoc_bulk_operation_replace_one_with_opts(bulk, selector.get(), document.get(),
                                                                               upserting().get(), &error);
  must(is_done, error, client_);
  added(selector.get()->len + document.get()->len);
}

void MongoWriter::update(const Bson& selector, const Bson& document) {
  bson_error_t error{};
  must(mongoc_bulk_operation_update_one_with_opts(begin(bulk_, collection_.get()), selector.get(), document.get(),
                                                  unchecked().get(), &error),
       error, client_);
  added(selector.get()->len + document.get()->len);
}

void MongoWriter::remove(const Bson& selector) {
  bson_error_t error{};
  must(mongoc_bulk_operation_remove_one_with_opts(begin(bulk_, collection_.get()), selector.get(), nullptr, &error),
       error, client_);
  added(selector.get()->len);
}

void MongoWriter::finish() {
  if (!bulk_) return;
  before_batch_();
  bson_t reply;
  bson_error_t error{};
  const bool is_done = mongoc_bulk_operation_execute(bulk_.get(), &reply, &error) != 0;
  const Bson answer(bson_copy(&reply));
  bson_destroy(&reply);
  bulk_.reset();
  operations_ = 0;
  bytes_ = 0;
  written_ += bson_number(answer.get(), "nInserted") + bson_number(answer.get(), "nUpserted") +
              bson_number(answer.get(), "nModified");
  removed_ += bson_number(answer.get(), "nRemoved");
  must(is_done, error, client_);
}

}  // namespace lochan

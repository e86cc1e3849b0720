#include "sink/mongodb_collection.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"

namespace lochan {
namespace {

constexpr std::string_view kOurs = "lochan_";  // begins the names of our indexes
constexpr std::uint32_t kBatch = 1000;
constexpr std::uint32_t kBatchBytes = 8u << 20;  // but one that is larger goes alone

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
    : client_(client), name_(name), collection_(client.collection(name)), before_batch_(std::move(before_batch)) {}

bson_t* MongoWriter::begin_statement() {
  bson_reinit(statement_.put());
  return statement_.put();
}

void MongoWriter::update(const bson_iter_t& id, const Bson& document) {
  begin_statement();
  statement_.add("q", Bson().add("_id", id)).add("u", document);
  add(Kind::Update);
}

void MongoWriter::remove(const bson_iter_t& id) {
  begin_statement();
  statement_.add("q", Bson().add("_id", id)).add("limit", 1);
  add(Kind::Delete);
}

// The server takes a command that is a little larger than its largest document.
void MongoWriter::add(Kind kind) {
  const bson_t* const statement = statement_.get();
  if (operations_ > 0 && (kind != kind_ || command_.get()->len + statement->len > kBatchBytes)) finish();
  if (operations_ == 0) begin_command(kind);
  const char* key = nullptr;
  char memory[16];
  const std::size_t size = bson_uint32_to_string(operations_, &key, memory, sizeof memory);
  bson_append_document(&statements_, key, static_cast<int>(size), statement);
  if (++operations_ == kBatch) finish();
}

void MongoWriter::begin_command(Kind kind) {
  kind_ = kind;
  const char* const verb = kind == Kind::Insert ? "insert" : kind == Kind::Update ? "update" : "delete";
  const char* const list = kind == Kind::Insert ? "documents" : kind == Kind::Update ? "updates" : "deletes";
  bson_reinit(command_.put());
  command_.add(verb, name_.collection).add("ordered", false);
  bson_append_array_begin(command_.put(), list, -1, &statements_);
}

void MongoWriter::finish() {
  if (operations_ == 0) return;
  bson_append_array_end(command_.put(), &statements_);
  operations_ = 0;
  before_batch_();
  const Bson answer = client_.write(collection_.get(), command_);
  const std::int64_t done = bson_number(answer.get(), "n");
  if (kind_ == Kind::Insert) written_ += done;
  if (kind_ == Kind::Update) written_ += bson_number(answer.get(), "nModified") + bson_count(answer.get(), "upserted");
  if (kind_ == Kind::Delete) removed_ += done;
}

}  // namespace lochan

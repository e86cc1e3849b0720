// A collection that a sink writes: what is there, its indexes, and documents in batches.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "project/project.h"
#include "sink/mongodb_client.h"

namespace lochan {

class MongoCollection {
 public:
  MongoCollection(const MongoClient& client, MongoName name);

  const MongoName& name() const { return name_; }
  bool exists() const { return exists_; }
  const std::string& uuid() const { return uuid_; }  // "" where the server has none
  std::int64_t count() const;

  void create();
  /// Makes the indexes that are declared, and takes back those of ours that are so no more. Whether that was anything.
  bool declare(const std::vector<SinkIndex>& indexes) const;
  /// Makes here the indexes that somebody else made there.
  void take_indexes_of(const MongoCollection& other) const;
  /// Takes the place of another one.
  void replace(const MongoCollection& other) const;

 private:
  std::vector<Bson> indexes() const;

  const MongoClient* client_;
  MongoName name_;
  bool exists_ = false;
  std::string uuid_;
};

/// Those of the database whose names begin so.
void drop_collections(const MongoClient& client, const std::string& database, const std::string& prefix);

/// Writes that go in batches, in any order. A batch is one command, built in place as its rows come: the driver's own
/// bulk writes copy each document several times.
class MongoWriter {
 public:
  /// `before_batch` may throw.
  MongoWriter(const MongoClient& client, const MongoName& name, std::function<void()> before_batch);

  /// `document` appends the members of a new document.
  template <typename Append>
  void insert(const Append& document) {
    document(begin_statement());
    add(Kind::Insert);
  }
  /// `id` appends the `_id`; `document` appends `$set` and the like, or the members of the whole document.
  template <typename AppendId, typename Append>
  void upsert(const AppendId& id, const Append& document) {
    bson_t* const statement = begin_statement();
    bson_t child;
    bson_append_document_begin(statement, "q", 1, &child);
    id(&child);
    bson_append_document_end(statement, &child);
    bson_append_document_begin(statement, "u", 1, &child);
    document(&child);
    bson_append_document_end(statement, &child);
    bson_append_bool(statement, "upsert", 6, true);
    add(Kind::Update);
  }
  void update(const bson_iter_t& id, const Bson& document);
  void remove(const bson_iter_t& id);
  /// The last batch.
  void finish();

  std::int64_t written() const { return written_; }
  std::int64_t removed() const { return removed_; }

 private:
  enum class Kind { Insert, Update, Delete };
  bson_t* begin_statement();
  void add(Kind kind);
  void begin_command(Kind kind);

  const MongoClient& client_;
  const MongoName name_;
  const MongoCollectionHandle collection_;
  const std::function<void()> before_batch_;
  Bson statement_;       // the one that is built; its memory is used again
  Bson command_;         // as far as it is built
  bson_t statements_{};  // its list
  Kind kind_ = Kind::Insert;
  std::uint32_t operations_ = 0;
  std::int64_t written_ = 0, removed_ = 0;
};

}  // namespace lochan

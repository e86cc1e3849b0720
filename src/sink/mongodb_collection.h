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

/// Writes that go in batches, in any order.
class MongoWriter {
 public:
  /// `before_batch` may throw.
  MongoWriter(const MongoClient& client, const MongoName& name, std::function<void()> before_batch);

  void insert(const Bson& document);
  /// The selector names an `_id`. `is_update`: the document has `$set`, else it is the whole.
  void upsert(const Bson& selector, const Bson& document, bool is_update);
  void update(const Bson& selector, const Bson& document);
  void remove(const Bson& selector);
  /// The last batch.
  void finish();

  std::int64_t written() const { return written_; }
  std::int64_t removed() const { return removed_; }

 private:
  void added(std::size_t bytes);

  const MongoClient& client_;
  const MongoCollectionHandle collection_;
  const std::function<void()> before_batch_;
  MongoBulk bulk_;
  std::int64_t operations_ = 0;
  std::size_t bytes_ = 0;
  std::int64_t written_ = 0, removed_ = 0;
};

}  // namespace lochan

// The collection `lochan_mark` beside the collections of a sink: which publication each of them holds. There is no
// transaction around the rows and the mark, so a mark also names the publications of which some rows may be there
// already.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sink/mongodb_client.h"

namespace lochan {

struct MongoVersion {
  std::int64_t publication = 0;
  std::string data_version;
  friend bool operator==(const MongoVersion&, const MongoVersion&) = default;
};

struct MongoMark {
  std::string id;  // the collection; of a sink that adds fields: `customer + segments`
  std::string collection;
  std::string project;
  std::string sink;
  std::string source;               // the lake's table
  MongoVersion holds;               // all rows of it; no publication: of none
  std::vector<MongoVersion> begun;  // and perhaps some rows of these
  std::int64_t rows = 0;
  std::string uuid;     // of the collection when this was written; "" where the server has none
  std::string setting;  // how its documents are made: other ones are compared in full
  std::vector<std::string> columns;
};

class MongoMarks {
 public:
  MongoMarks(MongoClient& client, std::string database) : client_(client), database_(std::move(database)) {}

  std::optional<MongoMark> find(const std::string& id) const;
  /// Whether this project has any mark of the collection.
  bool has_one(const std::string& collection, const std::string& project) const;
  void save(const MongoMark& mark) const;

 private:
  MongoClient& client_;
  std::string database_;
};

}  // namespace lochan

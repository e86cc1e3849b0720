// One table carried to a collection of MongoDB, whose lock is held.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/session.h"
#include "sink/bson_rows.h"
#include "sink/mongodb_collection.h"
#include "sink/mongodb_marks.h"
#include "sink/sink.h"

namespace lochan {

class MongoCarry {
 public:
  /// All must outlive it. `before_batch` ends the work by throwing.
  MongoCarry(MongoClient& client, Session& session, const CarryRequest& request, const CarryTable& table,
             const MongoName& name, std::function<void()> before_batch);

  /// Writes what is new and the mark of it. Throws Error{CommitUnknown} when the answer to the mark was lost: `carried`
  /// is then what it said.
  void carry();
  const CarriedTable& carried() const { return carried_; }

 private:
  void refuse_foreign() const;
  void refuse_names() const;
  bool is_behind() const;
  bool is_as_left() const;
  std::optional<std::vector<std::string>> rows_then() const;
  void begin_writing();
  void replace(const std::optional<std::vector<std::string>>& before);
  void merge(const std::vector<std::string>& before);
  void take_back_gone(MongoWriter& writer);
  void compare_in_full();
  void finish();

  std::string selects() const;
  void send(MongoWriter& writer, const std::string& rows, std::vector<std::string>* ids);
  void take_back(MongoWriter& writer, const bson_iter_t& id) const;
  Bson document(const RowChunk& rows, std::size_t row) const;
  void refuse_large(const Bson& document, const RowChunk& rows, std::size_t row) const;
  std::vector<std::string> names() const;
  bool is_field(const std::string& column) const;
  std::vector<std::string> fields() const;  // what documents have of the row
  std::string setting() const;

  MongoClient& client_;
  Session& session_;
  const CarryRequest& request_;
  const CarryTable& carry_;
  const SinkFields fields_;
  const std::function<void()> before_batch_;
  const std::vector<std::string> key_;
  MongoCollection collection_;
  MongoMarks marks_;
  std::optional<MongoMark> mark_;
  MongoMark next_;                         // the mark to come
  std::vector<std::string> gone_columns_;  // own, add: fields of ours that the lake has no more
  CarriedTable carried_;
};

}  // namespace lochan

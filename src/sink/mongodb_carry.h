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
  void take_back_others(MongoWriter& writer, std::vector<ValueMark> ids);
  void finish();

  std::string selects() const;
  void send(MongoWriter& writer, const std::string& rows, std::vector<ValueMark>* ids);
  void take_back(MongoWriter& writer, const bson_iter_t& id) const;
  void append_document(bson_t* into, const RowChunk& rows, std::size_t row) const;
  void append_fields(bson_t* into, const RowChunk& rows, std::size_t row) const;
  void refuse_large(const bson_t* document, const RowChunk& rows, std::size_t row) const;
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
  std::vector<std::size_t> field_columns_;  // those of the row that are fields
  MongoCollection collection_;
  MongoMarks marks_;
  std::optional<MongoMark> mark_;
  MongoMark next_;                         // the mark to come
  std::vector<std::string> gone_columns_;  // own, add: fields of ours that the lake has no more
  Bson gone_fields_;                       // as `$unset` names them
  CarriedTable carried_;
};

}  // namespace lochan

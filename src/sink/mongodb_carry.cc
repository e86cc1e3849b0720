#include "sink/mongodb_carry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "base/error.h"
#include "base/hash.h"
#include "base/sql.h"
#include "sink/lake_rows.h"

namespace lochan {
namespace {

constexpr const char* kChanges = "temp.main.lochan_changes";  // what the session keeps between its statements
constexpr const char* kGone = "temp.main.lochan_gone";
constexpr std::uint32_t kLargestDocument = 16u << 20;  // the server's maxBsonObjectSize

std::string mark_id(const CarryRequest& request, const SinkTable& table, const MongoName& name) {
  return table.fields == SinkFields::Add ? fmt::format("{} + {}", name.collection, request.sink->name)
                                         : name.collection;
}

bson_iter_t id_of(const bson_t* document) { return *bson_at(document, "_id"); }

}  // namespace

MongoCarry::MongoCarry(MongoClient& client, Session& session, const CarryRequest& request, const CarryTable& table,
                       const MongoName& name, std::function<void()> before_batch)
    : client_(client),
      session_(session),
      request_(request),
      carry_(table),
      fields_(table.table->fields),
      before_batch_(std::move(before_batch)),
      key_(key_of(table)),
      collection_(client, name),
      marks_(client, name.database),
      mark_(marks_.find(mark_id(request, *table.table, name))) {
  carried_.table = table.table->table;
  carried_.publication = request.publication;
  carried_.data_version = table.data_version;
  next_.id = mark_id(request, *table.table, name);
  next_.collection = name.collection;
  next_.project = request.project;
  next_.sink = request.sink->name;
  next_.source = to_string(table.table->table);
  next_.setting = setting();
  next_.columns = fields();
  if (mark_ && fields_ != SinkFields::Whole)
    for (const std::string& column : mark_->columns)
      if (std::ranges::find(next_.columns, column) == next_.columns.end()) gone_columns_.push_back(column);
  for (const std::string& column : gone_columns_) gone_fields_.add(column, "");
  for (std::size_t at = 0; at < carry_.columns.size(); ++at)
    if (is_field(carry_.columns[at].name)) field_columns_.push_back(at);
}

std::vector<std::string> MongoCarry::names() const {
  std::vector<std::string> result;
  for (const Column& column : carry_.columns) result.push_back(column.name);
  return result;
}

// Documents of others have their key already, under names of their own.
bool MongoCarry::is_field(const std::string& column) const {
  return column != "_id" && (fields_ != SinkFields::Add || std::ranges::find(key_, column) == key_.end());
}

std::vector<std::string> MongoCarry::fields() const {
  std::vector<std::string> result = names();
  std::erase_if(result, [&](const std::string& column) { return !is_field(column); });
  return result;
}

// What documents depend on, beside the columns.
std::string MongoCarry::setting() const {
  const bool is_replace = carry_.table->write == SinkWrite::Replace;
  return fmt::format("{} {} {}", is_replace ? "replace" : "upsert", static_cast<int>(fields_), fmt::join(key_, ","));
}

void MongoCarry::refuse_foreign() const {
  const std::string name = collection_.name().full();
  if (mark_ && mark_->project != request_.project)
    throw Error(ErrorKind::Data,
                fmt::format("`{}` is written by sink `{}` of project `{}`", name, mark_->sink, mark_->project))
        .at(carry_.table->position)
        .hint("give one of the two another database, or the table another name: `to: name`");
  const bool is_ours = mark_ || carry_.was_carried || fields_ == SinkFields::Add ||
                       marks_.has_one(collection_.name().collection, request_.project);
  if (collection_.exists() && !is_ours)
    throw Error(ErrorKind::Data, fmt::format("`{}` is there, and this project didn't make it", name))
        .at(carry_.table->position)
        .hint(
            "drop or rename it there, or give the table another name: `to: name`; `fields: add` adds to documents of "
            "others");
}

// Updates would take them for paths and operators.
void MongoCarry::refuse_names() const {
  for (const Column& column : carry_.columns) {
    const bool is_odd = column.name.find('.') != std::string::npos || column.name.starts_with('$') ||
                        (column.name == "_id" && (key_.size() != 1 || key_[0] != "_id"));
    if (is_odd)
      throw Error(ErrorKind::Data, fmt::format("column `{}` of `{}` can't be a field of a document", column.name,
                                               to_string(carry_.table->table)))
          .at(carry_.table->position)
          .hint("give it another name in a model: without `.`, not beginning with `$`, and `_id` only as the key");
  }
  if (fields_ != SinkFields::Whole && next_.columns.empty())
    throw Error(ErrorKind::Data, fmt::format("`{}` has no column beside its key", to_string(carry_.table->table)))
        .at(carry_.table->position)
        .hint("there is nothing to add to documents: give it one, or write `fields: whole`");
}

// Not so when a run that planned later was first.
bool MongoCarry::is_behind() const {
  if (!mark_ || mark_->holds.publication <= request_.publication) return true;
  return !request_.rows_at(carry_.table->table, mark_->holds.publication, mark_->holds.data_version);
}

// A collection that was made anew has another uuid; one that was emptied, fewer documents.
bool MongoCarry::is_as_left() const {
  return mark_ && mark_->holds.publication > 0 && !request_.in_full && mark_->source == next_.source &&
         mark_->setting == next_.setting && collection_.exists() && mark_->uuid == collection_.uuid() &&
         (fields_ == SinkFields::Add || collection_.count() >= mark_->rows) &&
         (fields_ != SinkFields::Whole || collection_.count() == mark_->rows || !mark_->begun.empty());
}

// What may be there, as the lake had it: the marked publication, and those of which some rows may have been written.
std::optional<std::vector<std::string>> MongoCarry::rows_then() const {
  if (!is_as_left()) return std::nullopt;
  std::vector<MongoVersion> versions = mark_->begun;
  versions.insert(versions.begin(), mark_->holds);
  std::vector<std::string> result;
  for (const MongoVersion& version : versions) {
    auto rows = request_.rows_at(carry_.table->table, version.publication, version.data_version);
    if (!rows) return std::nullopt;
    result.push_back(std::move(*rows));
  }
  return result;
}

void MongoCarry::carry() {
  refuse_foreign();
  refuse_names();
  if (!is_behind()) {
    carried_.publication = mark_->holds.publication;
    carried_.data_version = mark_->holds.data_version;
    return;
  }
  next_.rows = carry_.row_count;
  const bool is_same = is_as_left() && mark_->begun.empty() && mark_->holds.data_version == carry_.data_version;
  if (is_same) {
    carried_.changed = fields_ != SinkFields::Add && collection_.declare(carry_.table->indexes);
    return;
  }
  const auto before = rows_then();
  if (carry_.table->write == SinkWrite::Replace)
    replace(before);
  else if (before)
    merge(*before);
  else
    compare_in_full();
  finish();
}

// Before the first row of a publication is written, the mark says that some may be there.
void MongoCarry::begin_writing() {
  before_batch_();
  MongoMark mark = mark_ && mark_->holds.publication > 0 ? *mark_ : next_;
  const MongoVersion now{request_.publication, carry_.data_version};
  if (std::ranges::find(mark.begun, now) == mark.begun.end()) mark.begun.push_back(now);
  marks_.save(mark);
  if (!collection_.exists()) collection_.create();
}

void MongoCarry::finish() {
  if (fields_ != SinkFields::Add) carried_.changed = collection_.declare(carry_.table->indexes) || carried_.changed;
  next_.holds = {request_.publication, carry_.data_version};
  next_.begun.clear();
  next_.uuid = collection_.uuid();
  before_batch_();
  try {
    marks_.save(next_);
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::Unavailable) throw;
    throw Error(ErrorKind::CommitUnknown, error.message());
  }
}

std::string MongoCarry::selects() const {
  std::vector<std::string> selects;
  for (const Column& column : carry_.columns) selects.push_back(select_for_bson(column));
  return fmt::format("{}", fmt::join(selects, ", "));
}

void MongoCarry::append_fields(bson_t* into, const RowChunk& rows, std::size_t row) const {
  for (const std::size_t at : field_columns_) append_value(into, carry_.columns[at].name, rows.column(at), row);
}

// All columns are fields, those of the key too. `_id` stands in the selector alone: a document's own can't be changed.
void MongoCarry::append_document(bson_t* into, const RowChunk& rows, std::size_t row) const {
  if (fields_ == SinkFields::Whole) {
    append_fields(into, rows, row);
  } else {
    bson_t fields;
    bson_append_document_begin(into, "$set", 4, &fields);
    append_fields(&fields, rows, row);
    bson_append_document_end(into, &fields);
    if (!gone_columns_.empty()) bson_append_document(into, "$unset", 6, gone_fields_.get());
  }
  refuse_large(into, rows, row);
}

void MongoCarry::refuse_large(const bson_t* document, const RowChunk& rows, std::size_t row) const {
  if (document->len <= kLargestDocument) return;
  Bson key;
  for (const std::string& column : key_) {
    const auto at = std::ranges::find(carry_.columns, column, &Column::name) - carry_.columns.begin();
    append_value(key.put(), column, rows.column(static_cast<std::size_t>(at)), row);
  }
  char* json = bson_as_relaxed_extended_json(key.get(), nullptr);
  const std::string shown = json == nullptr ? "" : json;
  bson_free(json);
  throw Error(ErrorKind::Data, fmt::format("the document of `{}`{} is {:.1f} MB large, and MongoDB takes up to 16 MB",
                                           to_string(carry_.table->table), key_.empty() ? "" : " with the key " + shown,
                                           static_cast<double>(document->len) / (1 << 20)))
      .at(carry_.table->position)
      .hint("keep fewer items in its lists, or carry them as a table of their own");
}

// Rows with all columns of the table, in order.
void MongoCarry::send(MongoWriter& writer, const std::string& rows, std::vector<ValueMark>* ids) {
  std::vector<std::size_t> at;
  for (const std::string& column : key_)
    at.push_back(
        static_cast<std::size_t>(std::ranges::find(carry_.columns, column, &Column::name) - carry_.columns.begin()));
  const BsonKey key(key_, at);
  session_.stream(fmt::format("select {} from {}", selects(), rows), [&](const RowChunk& chunk) {
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      const auto document = [&](bson_t* into) { append_document(into, chunk, row); };
      const auto id = [&](bson_t* into) {
        key.append_id(into, chunk, row);
        if (ids != nullptr) ids->push_back(value_mark(id_of(into)));
      };
      if (key_.empty())
        writer.insert(document);
      else
        writer.upsert(id, document);
    }
  });
}

// A row is gone: its document is, or what we added to it.
void MongoCarry::take_back(MongoWriter& writer, const bson_iter_t& id) const {
  if (fields_ != SinkFields::Add) return writer.remove(id);
  Bson fields = gone_fields_;
  for (const std::string& column : next_.columns) fields.add(column, "");
  writer.update(id, Bson().add("$unset", fields));
}

// Beside the collection, and then in its place: readers see one or the other.
void MongoCarry::replace(const std::optional<std::vector<std::string>>& before) {
  if (before && before->size() == 1 && are_same_rows(session_, carry_.rows, before->front())) return;
  carried_.changed = true;
  if (!key_.empty()) refuse_doubles(session_, carry_, key_, "");
  begin_writing();
  const std::string prefix = fmt::format("lochan_{}_", sha256(collection_.name().full()).substr(0, 16));
  drop_collections(client_, collection_.name().database, prefix);  // of tries that were cut short
  // A new name each time: servers that keep files by names would find the last one's.
  const MongoName beside{collection_.name().database, prefix + random_uuid().substr(0, 8)};
  MongoCollection made(client_, beside);
  made.create();
  MongoWriter writer(client_, beside, before_batch_);
  send(writer, carry_.rows, nullptr);
  writer.finish();
  carried_.rows_written = writer.written();
  made.take_indexes_of(collection_);
  made.declare(carry_.table->indexes);
  before_batch_();
  made.replace(collection_);
  collection_ = MongoCollection(client_, collection_.name());
}

// The rows of the session's table of keys that are gone.
void MongoCarry::take_back_gone(MongoWriter& writer) {
  std::vector<std::size_t> at;
  std::vector<std::string> selects;
  for (const std::string& column : key_) {
    at.push_back(at.size());
    selects.push_back(select_for_bson(*std::ranges::find(carry_.columns, column, &Column::name)));
  }
  const BsonKey key(key_, at);
  session_.stream(fmt::format("select {} from {}", fmt::join(selects, ", "), kGone), [&](const RowChunk& chunk) {
    for (std::size_t row = 0; row < chunk.size(); ++row) {
      Bson selector;
      key.append_id(selector.put(), chunk, row);
      take_back(writer, id_of(selector.get()));
    }
  });
  writer.finish();
  carried_.rows_removed = fields_ == SinkFields::Add ? writer.written() : writer.removed();
}

void MongoCarry::merge(const std::vector<std::string>& before) {
  std::vector<std::string> changed, gone;
  // By key, and only then by value: hashing lists and structs of both sides costs more.
  std::vector<std::string> differs{"b.lochan_then is null"};
  for (const std::string& column : names())
    if (std::ranges::find(key_, column) == key_.end())
      differs.push_back(fmt::format("n.{0} is distinct from b.{0}", sql::identifier(column)));
  for (const std::string& then : before) {
    changed.push_back(
        fmt::format("select n.* from {} n left join (select *, true as lochan_then from {}) b on {} where {}",
                    carry_.rows, then, same_values(key_), fmt::join(differs, " or ")));
    gone.push_back(fmt::format("select {} from {} n anti join {} b on {}", sql::identifiers(key_, "n."), then,
                               carry_.rows, same_values(key_)));
  }
  session_.execute(fmt::format("create or replace temp table lochan_changes as {}", fmt::join(changed, " union ")));
  const std::int64_t changes = count_rows(session_, kChanges);
  session_.execute(fmt::format("create or replace temp table lochan_gone as {}", fmt::join(gone, " union ")));
  const std::int64_t losses = count_rows(session_, kGone);
  if (changes == 0 && losses == 0) return;
  refuse_doubles(session_, carry_, key_, kChanges);
  begin_writing();
  MongoWriter writer(client_, collection_.name(), before_batch_);
  // First what is gone, so that its values in unique indexes are free.
  if (losses > 0) take_back_gone(writer);
  const std::int64_t taken_back = writer.written();
  if (changes > 0) send(writer, kChanges, nullptr);
  writer.finish();
  carried_.rows_written = writer.written() - taken_back;
  carried_.changed = true;
}

// All rows go there; the server changes only documents that differ. Then what else is there is taken away: nothing,
// where the collection is made only now.
void MongoCarry::compare_in_full() {
  refuse_doubles(session_, carry_, key_, "");
  const bool is_new = !collection_.exists();
  begin_writing();
  std::vector<ValueMark> ids;
  MongoWriter writer(client_, collection_.name(), before_batch_);
  send(writer, carry_.rows, is_new ? nullptr : &ids);
  writer.finish();
  carried_.rows_written = writer.written();
  if (!is_new) take_back_others(writer, std::move(ids));
  carried_.changed = is_new || !mark_ || carried_.rows_written > 0 || carried_.rows_removed > 0;
}

// All documents but these. Of documents of others only those that have fields of ours.
void MongoCarry::take_back_others(MongoWriter& writer, std::vector<ValueMark> ids) {
  std::ranges::sort(ids);
  Bson filter;
  if (fields_ == SinkFields::Add) {
    std::vector<Bson> with_ours;
    for (const std::string& column : next_.columns)
      with_ours.push_back(Bson().add(column, Bson().add("$exists", true)));
    filter.add("$or", with_ours);
  }
  // Some servers send all that is left at once, unless they are told.
  Bson options = Bson().add("projection", Bson().add("_id", 1)).add("batchSize", 10'000);
  // Of all documents the server then reads the index alone, and none of them.
  if (fields_ != SinkFields::Add) options.add("hint", Bson().add("_id", 1));
  client_.find(collection_.name(), filter, options, [&](const bson_t* found) {
    const bson_iter_t id = id_of(found);
    if (!std::ranges::binary_search(ids, value_mark(id))) take_back(writer, id);
  });
  writer.finish();
  carried_.rows_removed = fields_ == SinkFields::Add ? writer.written() - carried_.rows_written : writer.removed();
}

}  // namespace lochan

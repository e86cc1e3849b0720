#include "sink/mongodb_marks.h"

#include "sink/mongodb_lock.h"

namespace lochan {
namespace {

Bson version_document(const MongoVersion& version) {
  return Bson().add("publication", version.publication).add("data_version", version.data_version);
}

MongoMark parse(const bson_t* found) {
  MongoMark mark;
  mark.id = bson_text(found, "_id");
  mark.collection = bson_text(found, "collection");
  mark.project = bson_text(found, "project");
  mark.sink = bson_text(found, "sink");
  mark.source = bson_text(found, "source");
  mark.holds = {bson_number(found, "publication"), bson_text(found, "data_version")};
  for (const Bson& begun : bson_documents(found, "begun"))
    mark.begun.push_back({bson_number(begun.get(), "publication"), bson_text(begun.get(), "data_version")});
  mark.rows = bson_number(found, "rows");
  mark.uuid = bson_text(found, "uuid");
  mark.setting = bson_text(found, "setting");
  for (const Bson& column : bson_documents(found, "columns")) mark.columns.push_back(bson_text(column.get(), "name"));
  return mark;
}

}  // namespace

std::optional<MongoMark> MongoMarks::find(const std::string& id) const {
  std::optional<MongoMark> mark;
  client_.find({database_, kMongoMarks}, Bson().add("_id", id), Bson(),
               [&](const bson_t* found) { mark = parse(found); });
  return mark;
}

bool MongoMarks::has_one(const std::string& collection, const std::string& project) const {
  bool is_there = false;
  client_.find({database_, kMongoMarks}, Bson().add("collection", collection).add("project", project), Bson(),
               [&](const bson_t*) { is_there = true; });
  return is_there;
}

void MongoMarks::save(const MongoMark& mark) const {
  std::vector<Bson> begun, columns;
  for (const MongoVersion& version : mark.begun) begun.push_back(version_document(version));
  for (const std::string& column : mark.columns) columns.push_back(Bson().add("name", column));
  const Bson document = Bson()
                            .add("_id", mark.id)
                            .add("collection", mark.collection)
                            .add("project", mark.project)
                            .add("sink", mark.sink)
                            .add("source", mark.source)
                            .add("publication", mark.holds.publication)
                            .add("data_version", mark.holds.data_version)
                            .add("begun", begun)
                            .add("rows", mark.rows)
                            .add("uuid", mark.uuid)
                            .add("setting", mark.setting)
                            .add("columns", columns);
  client_.command(
      database_,
      Bson()
          .add("update", kMongoMarks)
          .add("updates",
               std::vector{Bson().add("q", Bson().add("_id", mark.id)).add("u", document).add("upsert", true)}));
}

}  // namespace lochan

// The keys of models in a database, and the lists of materialized views that others made.
#include <fmt/format.h>

#include "base/text.h"
#include "project/database_model.h"
#include "project/file_keys.h"
#include "project/read_files.h"
#include "project/scalar.h"

namespace lochan {
namespace {

using Shape = ValueType::Shape;
using Count = ValueType::Count;

DatabaseModel& database(Model& model) {
  if (!model.database) model.database = std::make_shared<DatabaseModel>();
  return *model.database;
}

template <typename M>
void add(Keys<Model>& keys, std::string_view name, M DatabaseModel::* member, std::string_view help,
         Shape shape = Shape::Text) {
  Key key{.name = name, .type = Member<M>::type(), .help = help};
  key.type.shape = shape;
  keys.add(key, [key, member](ValueReader& reader, const YamlValue& value, Model& model) {
    Member<M>::read(reader, value, key, database(model).*member);
  });
}

void read_model_indexes(ValueReader& reader, const YamlValue& value, Model& model) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::List, .keys = &sink_index_keys().table()};
  if (value.kind != YamlValue::Kind::List) return reader.add_wrong_type(value, "indexes", type);
  for (const YamlValue& item : value.items) {
    SinkIndex index;
    sink_index_keys().read(reader, item, index);
    if (!index.columns.empty()) database(model).indexes.push_back(std::move(index));
  }
}

// A file of a list: `[{"schema", "materialized_view", "sources": [{"schema", "table"}]}]`.
struct ListedView {
  LocatedText schema, name;
  std::vector<LocatedText> sources;
};

struct ListedSource {
  std::string schema, table;
};

const Keys<ListedSource>& listed_source_keys() {
  static const Keys<ListedSource> kKeys =
      Keys<ListedSource>("listed_source", "A source of a listed view", "A table that a view reads.")
          .add("schema", &ListedSource::schema, "where it is", {.is_required = true})
          .add("table", &ListedSource::table, "its name", {.is_required = true});
  return kKeys;
}

void read_listed_sources(ValueReader& reader, const YamlValue& value, ListedView& view) {
  const ValueType type{.shape = Shape::Mapping, .count = Count::List, .keys = &listed_source_keys().table()};
  if (value.kind != YamlValue::Kind::List) return reader.add_wrong_type(value, "sources", type);
  for (const YamlValue& item : value.items) {
    ListedSource source;
    listed_source_keys().read(reader, item, source);
    view.sources.push_back({source.schema + "." + source.table, item.position});
  }
}

const Keys<ListedView>& listed_view_keys() {
  static const Keys<ListedView> kKeys = [] {
    Keys<ListedView> keys("listed_view", "A view of a list", "A materialized view.");
    keys.add("schema", &ListedView::schema, "where it is", {.is_required = true})
        .add("materialized_view", &ListedView::name, "its name", {.is_required = true});
    keys.add({.name = "sources",
              .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &listed_source_keys().table()},
              .help = "the tables it reads"},
             read_listed_sources);
    return keys;
  }();
  return kKeys;
}

void add_view(const ViewList& list, const YamlValue& item, ValueReader& reader, Project& project) {
  ListedView view;
  const std::size_t before = reader.problems().size();
  listed_view_keys().read(reader, item, view);
  if (reader.problems().size() > before) return;
  const auto table = parse_table_name(*view.schema + "." + *view.name);
  if (!table)
    return reader.problems().add(view.name.position,
                                 fmt::format("`{}.{}` can't be a table's name here", *view.schema, *view.name),
                                 "schema and name are letters, digits and `_`, and begin with a letter");
  Model model;
  model.table = *table;
  model.file = *list.file;
  model.position = item.position;
  model.materialized = Materialization::MaterializedView;
  model.tags = list.tags;
  model.limits = list.limits;
  model.database = std::make_shared<DatabaseModel>();
  model.database->in = list.in;
  model.database->refreshed_at = list.refreshed_at;
  model.database->sources = view.sources;
  model.database->is_foreign = true;
  const auto [first, is_new] = project.database_models.emplace(*table, model);
  if (!is_new)
    reader.problems().add(item.position, fmt::format("`{}` is made twice", to_string(*table)),
                          fmt::format("the other one is {}", to_string(first->second.position)));
}

}  // namespace

void add_database_keys(Keys<Model>& keys) {
  add(keys, "in", &DatabaseModel::in,
      "the PostgreSQL connection whose database runs this SQL, in its own dialect, and holds the table; without it the "
      "lake "
      "does. See docs/postgres-models.md",
      Shape::Word);
  add(keys, "schema", &DatabaseModel::schema, "in a database: the schema of the table there; by default the layer");
  keys.add({.name = "indexes",
            .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &sink_index_keys().table()},
            .help = "in a database: indexes to make, beside the primary key"},
           read_model_indexes);
  add(keys, "grants", &DatabaseModel::grants, "in a database: the roles that may read it");
  add(keys, "refreshed_at", &DatabaseModel::refreshed_at,
      "materialized_view: the column that says when it was refreshed, which must then have moved; by default "
      "`last_refresh_date`, if it has one");
  add(keys, "sources", &DatabaseModel::sources,
      "in a database: the tables it reads, each `schema.table`; they must be those that PostgreSQL finds");
}

const Keys<ViewList>& view_list_keys() {
  static const Keys<ViewList> kKeys = [] {
    Keys<ViewList> keys(
        "materialized_views", "A list of views, in `materialized_views`",
        "A JSON file that lists materialized views which others made in a database: each is refreshed, and "
        "must then have moved. See docs/postgres-models.md.");
    keys.add("in", &ViewList::in, "the connection", {.shape = Shape::Word, .is_required = true})
        .add("file", &ViewList::file,
             "the list: `[{\"schema\", \"materialized_view\", \"sources\": [{\"schema\", \"table\"}]}]`",
             {.is_required = true})
        .add("refreshed_at", &ViewList::refreshed_at, "the column of each that says when it was refreshed")
        .add("tags", &ViewList::tags, "words to select them by, as in `--select tag:nightly`", {.shape = Shape::Word});
    add_limit_keys(keys);
    return keys;
  }();
  return kKeys;
}

Key view_lists_key() {
  return {.name = "materialized_views",
          .type = {.shape = Shape::Mapping, .count = Count::List, .keys = &view_list_keys().table()},
          .help = "lists of materialized views that others made in a database, to be refreshed"};
}

void read_view_lists(ValueReader& reader, const YamlValue& value, Project& project) {
  if (value.kind != YamlValue::Kind::List)
    return reader.add_wrong_type(value, "materialized_views", view_lists_key().type);
  for (const YamlValue& item : value.items) {
    ViewList list;
    const std::size_t before = reader.problems().size();
    view_list_keys().read(reader, item, list);
    if (reader.problems().size() == before) project.view_lists.push_back(std::move(list));
  }
}

void read_view_files(ProjectFiles& files, ValueReader& reader, Project& project) {
  for (const ViewList& list : project.view_lists) {
    if (!files.exists(*list.file)) {
      reader.problems().add(list.file.position, fmt::format("no file `{}`", *list.file),
                            "paths begin at the project's folder");
      continue;
    }
    auto text = files.read(*list.file);
    if (!text) continue;
    for (char& letter : *text)
      if (letter == '\t') letter = ' ';  // JSON may be indented so, YAML not
    const auto tree = read_yaml(*text, *list.file, reader.problems());
    if (!tree) continue;
    if (tree->kind != YamlValue::Kind::List) {
      reader.problems().add(tree->position, fmt::format("a list of views is wanted, found {}", describe_found(*tree)),
                            "write `[{\"schema\": \"…\", \"materialized_view\": \"…\", \"sources\": [{\"schema\": "
                            "\"…\", \"table\": \"…\"}]}]`");
      continue;
    }
    for (const YamlValue& item : tree->items) add_view(list, item, reader, project);
  }
}

}  // namespace lochan

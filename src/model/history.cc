#include "model/history.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "engine/lake_type.h"

namespace lochan {
namespace {

constexpr std::string_view kLoadedAt = "_loaded_at";
constexpr std::string_view kLoadMark = "_deleted";
/// What a raw table says of the load and not of the row: it differs without anything having changed.
constexpr std::array<std::string_view, 3> kOfTheLoad = {"_loaded_at", "_run", "dt"};
constexpr std::array<std::string_view, 4> kAdded = {"valid_from", "valid_to", "is_current", "is_deleted"};
constexpr std::array<std::string_view, 3> kTimes = {"TIMESTAMP", "TIMESTAMP WITH TIME ZONE", "DATE"};

template <typename Range>
bool contains(const Range& range, std::string_view name) {
  return std::ranges::find(range, name) != std::ranges::end(range);
}

class Shaper {
 public:
  Shaper(const Model& model, std::span<const Column> selected) : model_(model), selected_(selected) {
    for (const Column& column : selected) names_.push_back(column.name);
    shape_.deletes = model.deletes;
  }

  HistoryShape shape() {
    for (const LocatedText& column : model_.key) shape_.key.push_back(find(column).name);
    find_time();
    find_deleted();
    sort_columns();
    add_columns();
    return std::move(shape_);
  }

 private:
  const Column& find(const LocatedText& name) const {
    const auto found = std::ranges::find(selected_, *name, &Column::name);
    if (found == selected_.end())
      throw Error(ErrorKind::Project, fmt::format("no column `{}` in `{}`", *name, to_string(model_.table)))
          .at(name.position)
          .hint(text::did_you_mean(*name, names_, fmt::format("its SQL gives {}", fmt::join(names_, ", "))));
    return *found;
  }

  [[noreturn]] void refuse(const Position& position, const std::string& what, const std::string& hint) const {
    throw Error(ErrorKind::Project, what).at(position).hint(hint);
  }

  const Column* find_if_there(std::string_view name) const {
    const auto found = std::ranges::find(selected_, name, &Column::name);
    return found == selected_.end() ? nullptr : &*found;
  }

  void find_time() {
    const Column* loaded_at = find_if_there(kLoadedAt);
    const Column* time = model_.updated_at ? &find(*model_.updated_at) : loaded_at;
    shape_.time_type = time == nullptr ? "TIMESTAMP WITH TIME ZONE" : lake_type(time->type);
    const Position position = model_.updated_at ? model_.updated_at->position : model_.position;
    if (!contains(kTimes, shape_.time_type))
      refuse(position,
             fmt::format("`{}` is {}, wanted a TIMESTAMP, TIMESTAMP WITH TIME ZONE or DATE", time->name, time->type),
             fmt::format("cast it in the SQL, such as `{0}::timestamp as {0}`", time->name));
    if (time != nullptr) shape_.time = time->name;
    if (loaded_at == nullptr || loaded_at == time) return;
    if (!lake_type(loaded_at->type).starts_with("TIMESTAMP"))
      refuse(model_.position,
             fmt::format("`{}` is {}, wanted the time of the load as raw tables have it", kLoadedAt, loaded_at->type),
             "give the column another name");
    shape_.loaded_at = loaded_at->name;
  }

  void find_deleted() {
    const Column* deleted = model_.deleted ? &find(*model_.deleted) : find_if_there(kLoadMark);
    if (deleted == nullptr) {
      if (shape_.deletes == HistoryDeletes::NewRecord && !shape_.is_snapshot())
        refuse(
            model_.position,
            fmt::format("`{}` keeps a record of deletions, and its SQL gives none", to_string(model_.table)),
            "select `_deleted` of the raw table, or name the column that is true of a deletion: `deleted: is_removed`");
      return;
    }
    if (deleted->type != "BOOLEAN")
      refuse(model_.deleted ? model_.deleted->position : model_.position,
             fmt::format("`{}` is {}, wanted BOOLEAN: true of a deletion", deleted->name, deleted->type),
             fmt::format("make it one in the SQL, such as `{0} = 1 as {0}`", deleted->name));
    shape_.deleted = deleted->name;
    shape_.is_load_mark = deleted->name == kLoadMark;
    const bool knows_when = shape_.is_snapshot() || shape_.time == kLoadedAt || !shape_.loaded_at.empty();
    if (shape_.is_load_mark && !knows_when && shape_.deletes != HistoryDeletes::Ignore)
      refuse(
          model_.position,
          "`_deleted` says that a load no longer found the row, and the SQL doesn't give `_loaded_at`, which says when",
          "select `_loaded_at` too, or write `deletes: ignore`");
  }

  void sort_columns() {
    for (const LocatedText& column : model_.compare) {
      const std::string& name = find(column).name;
      if (contains(shape_.key, name) || name == shape_.time || name == shape_.deleted)
        refuse(column.position,
               fmt::format("`{}` is the key, the time or the mark of deletion, so it is not compared", name),
               "`compare` names what makes a new version; leave it out for all other columns");
      shape_.compared.push_back(name);
    }
    for (const Column& column : selected_) {
      if (column.name == shape_.deleted) continue;
      shape_.own.push_back(column.name);
      shape_.columns.push_back({column.name, lake_type(column.type), true});
      if (contains(shape_.key, column.name) || column.name == shape_.time) continue;
      if (model_.compare.empty() && !contains(kOfTheLoad, column.name)) shape_.compared.push_back(column.name);
      if (!contains(shape_.compared, column.name)) shape_.others.push_back(column.name);
    }
  }

  void add_columns() {
    for (const std::string_view name : kAdded) {
      if (name == "is_deleted" && !shape_.shows_deletions()) continue;
      if (contains(shape_.own, name))
        refuse(model_.position,
               fmt::format("`{}` gives a column `{}`, which a table with history has of its own",
                           to_string(model_.table), name),
               "give it another name in the SQL");
    }
    shape_.columns.push_back({"valid_from", shape_.time_type, true});
    shape_.columns.push_back({"valid_to", shape_.time_type, true});
    shape_.columns.push_back({"is_current", "BOOLEAN", true});
    if (shape_.shows_deletions()) shape_.columns.push_back({"is_deleted", "BOOLEAN", true});
  }

  const Model& model_;
  const std::span<const Column> selected_;
  std::vector<std::string> names_;
  HistoryShape shape_;
};

}  // namespace

HistoryShape history_shape(const Model& model, std::span<const Column> selected) {
  return Shaper(model, selected).shape();
}

}  // namespace lochan

// What the keys of an incremental model by time must agree on.
#include <fmt/format.h>

#include "project/time_range.h"
#include "project/verify_project.h"

namespace lochan {
namespace {

class IntervalKeys {
 public:
  IntervalKeys(const Project& project, const Model& model, Problems& problems)
      : project_(project), model_(model), problems_(problems), name_(to_string(model.table)) {}

  void verify() {
    if (!model_.time) return refuse_without_time();
    if (model_.materialized != Materialization::Incremental)
      return problems_.add(model_.time->position,
                           fmt::format("`time` is for `materialized: incremental`, and `{}` is of kind `{}`", name_,
                                       to_string(model_.materialized)),
                           "remove it, or add `materialized: incremental`");
    if (!model_.key.empty())
      problems_.add(model_.key[0].position, fmt::format("`{}` has both `key` and `time`", name_),
                    "rows are merged by `key`, or intervals are built again by `time`: keep one of them");
    if (const auto layer = project_.layers.find(model_.table.layer);
        layer != project_.layers.end() && layer->second.immutable)
      problems_.add(model_.time->position,
                    fmt::format("intervals of `{}` are built again, and layer `{}` is immutable", name_, layer->first),
                    "put the model in another layer, or make it `materialized: append`");
    verify_begin();
    verify_inputs();
  }

 private:
  void refuse_without_time() {
    const std::string hint = "it is for incremental models by time: add `time:`, or remove it";
    if (model_.begin) problems_.add(model_.begin->position, fmt::format("`begin` of `{}` wants a `time`", name_), hint);
    if (!model_.inputs.empty())
      problems_.add(model_.inputs[0].table.position, fmt::format("`inputs` of `{}` wants a `time`", name_), hint);
    if (model_.interval != Interval::Day)
      problems_.add({model_.file, 1, 1}, fmt::format("`interval` of `{}` wants a `time`", name_), hint);
  }

  void verify_begin() {
    if (!model_.begin) return;
    const auto begin = parse_time(**model_.begin);
    if (!begin)
      return problems_.add(model_.begin->position, fmt::format("`begin` is text `{}`, wanted a time", **model_.begin),
                           "write it as 2024-01-31, or 2024-01-31 05:00 (UTC)");
    if (const Instant first = interval_begin(*begin, model_.interval); first != *begin)
      problems_.add(model_.begin->position,
                    fmt::format("`begin` {} is inside of an interval of `{}`", **model_.begin, name_),
                    fmt::format("the interval begins at {}", show_time(first)));
  }

  void verify_inputs() {
    for (std::size_t i = 0; i < model_.inputs.size(); ++i) {
      const LocatedText& table = model_.inputs[i].table;
      if (!parse_table_name(*table))
        problems_.add(table.position, fmt::format("`{}` in `inputs` is not a table's name", *table),
                      "wanted `layer.name`");
    }
  }

  const Project& project_;
  const Model& model_;
  Problems& problems_;
  const std::string name_;
};

}  // namespace

void verify_intervals(const Project& project, Problems& problems) {
  for (const auto& [table, model] : project.models) IntervalKeys(project, model, problems).verify();
}

}  // namespace lochan

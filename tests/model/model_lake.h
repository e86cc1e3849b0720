// A lake in which one model is built on a real branch, publication after publication.
#pragma once

#include "model/model_build.h"
#include "tests/support/run_lake.h"

namespace lochan {

class ModelLake : public RunLake {
 protected:
  /// `others`: what is published beside the model's table.
  explicit ModelLake(const TableName& table, const std::vector<TableName>& others = {}) : RunLake(with(table, others)) {
    model_.table = table;
    model_.file = "models/" + table.layer + "/" + table.name + ".sql";
  }

  /// On the run's branch; what an error leaves there is never seen.
  ModelBuilt build_on_branch(const ModelBuildRequest& request) {
    try {
      return build_model(session(), request);
    } catch (...) {
      abandon();
      throw;
    }
  }
  /// And publishes the table when it has changed.
  ModelBuilt build_and_publish(const ModelBuildRequest& request) {
    ModelBuilt built = build_on_branch(request);
    if (built.changed) publish({{model_.table, {}}});
    return built;
  }

  Model model_;

 private:
  static std::vector<TableName> with(const TableName& table, std::vector<TableName> others) {
    others.insert(others.begin(), table);
    return others;
  }
};

}  // namespace lochan

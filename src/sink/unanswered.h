// What tries wrote whose commit or mark got no answer.
#pragma once

#include <vector>

#include "sink/sink.h"

namespace lochan {

class Unanswered {
 public:
  void add(const CarriedTable& table) { tables_.push_back(table); }
  void add(const std::vector<CarriedTable>& tables) { tables_.insert(tables_.end(), tables.begin(), tables.end()); }

  /// A further try finds nothing to do where one of these was done after all: what that one wrote counts. Forgets them.
  void recall(std::vector<CarriedTable>& carried) {
    for (CarriedTable& table : carried)
      for (const CarriedTable& before : tables_)
        if (!table.changed && before.changed && before.table == table.table && before.publication == table.publication)
          table = before;
    tables_.clear();
  }

 private:
  std::vector<CarriedTable> tables_;
};

}  // namespace lochan

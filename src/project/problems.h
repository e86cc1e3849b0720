// What is wrong with a project: collected, so that a person sees all of it at once.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"

namespace lochan {

class Problems {
 public:
  void add(Position position, std::string message, std::string hint = "");
  void add(Error error) { errors_.push_back(std::move(error)); }
  std::size_t size() const { return errors_.size(); }
  /// In the order of files, lines and columns; leaves none behind.
  std::vector<Error> take_sorted();

 private:
  std::vector<Error> errors_;
};

}  // namespace lochan

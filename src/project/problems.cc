#include "project/problems.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lochan {

void Problems::add(Position position, std::string message, std::string hint) {
  Error error(ErrorKind::Project, std::move(message));
  error.at(std::move(position));
  if (!hint.empty()) error.hint(std::move(hint));
  errors_.push_back(std::move(error));
}

std::vector<Error> Problems::take_sorted() {
  std::ranges::stable_sort(errors_, [](const Error& a, const Error& b) {
    return std::tie(a.position().file, a.position().line, a.position().column) <
           std::tie(b.position().file, b.position().line, b.position().column);
  });
  return std::exchange(errors_, {});
}

}  // namespace lochan

#include "serve/health.h"

#include <nlohmann/json.hpp>

#include "run/documents.h"

namespace lochan {

void Health::set(const std::string& part, std::vector<Error> problems) {
  const std::lock_guard lock(mutex_);
  if (problems.empty())
    problems_.erase(part);
  else
    problems_[part] = std::move(problems);
}

void Health::stop() {
  const std::lock_guard lock(mutex_);
  is_stopping_ = true;
}

bool Health::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return is_stopping_;
}

Document Health::problems() const {
  const std::lock_guard lock(mutex_);
  Document all = Document::array();
  for (const auto& [part, problems] : problems_)
    for (const Error& problem : problems) {
      Document document = {{"part", part}};
      document.update(to_document(problem));
      all.push_back(std::move(document));
    }
  return all;
}

}  // namespace lochan

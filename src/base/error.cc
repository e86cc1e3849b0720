#include "base/error.h"

#include <utility>

namespace lochan {

std::string to_string(const Position& position) {
  std::string text = position.file;
  if (position.line > 0) text += ":" + std::to_string(position.line);
  if (position.line > 0 && position.column > 0) text += ":" + std::to_string(position.column);
  return text;
}

std::string_view to_string(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::Usage: return "usage";
    case ErrorKind::Project: return "project";
    case ErrorKind::NotFound: return "not_found";
    case ErrorKind::Data: return "data";
    case ErrorKind::Conflict: return "conflict";
    case ErrorKind::Unavailable: return "unavailable";
    case ErrorKind::CommitUnknown: return "commit_unknown";
    case ErrorKind::Internal: return "internal";
  }
  return "internal";
}

Error::Error(ErrorKind kind, std::string message) : kind_(kind), message_(std::move(message)) { compose(); }

Error& Error::at(Position position) {
  if (!position_.is_known()) position_ = std::move(position);
  compose();
  return *this;
}

Error& Error::hint(std::string hint) {
  hint_ = std::move(hint);
  compose();
  return *this;
}

void Error::compose() {
  text_ = position_.is_known() ? to_string(position_) + ": " + message_ : message_;
  if (!hint_.empty()) text_ += "\n  hint: " + hint_;
}

}  // namespace lochan

// Asks an API a few times and drafts the source file for it: where its records stand, what names them, how its pages follow
// one another, and which column says what is new.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "project/project.h"

namespace lochan {

struct HttpDraft {
  std::string name;        // of the table, and of the source
  std::string yaml;        // the source file
  std::vector<std::string> notes;  // what was found out, and what could not be
};

/// `connection` is what `url` is asked by: its URL is the beginning of that. Throws Error as a load does.
HttpDraft probe_http(const Connection& connection, const std::string& url, Log& log);

/// The part of a URL up to its last `/`, for a connection of its own.
std::string probe_base(const std::string& url);

}  // namespace lochan

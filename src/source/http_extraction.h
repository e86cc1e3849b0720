// Brings all pages of one table's resource into its landing: page after page where one leads to the next, side by side
// where they don't depend on one another. What is there already isn't asked for.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "project/http_config.h"
#include "source/http_caller.h"
#include "source/landing.h"

namespace lochan {

/// A record of the parent's table: its columns as text.
using ParentRecord = std::map<std::string, std::string>;

struct HttpExtract {
  const SourceTable& table;
  std::string since;                  // what `$since` stands for
  std::vector<ParentRecord> parents;  // of a table that is asked for each of them
};

/// Throws what ends the attempt; what was landed by then stays.
void extract_pages(HttpApi& api, const HttpExtract& extract, LandedExtraction& landed);

/// The columns of the parent's record that are needed: the path, `params`, `body` and `from_parent` name them.
std::vector<std::string> parent_columns(const HttpResource& resource);
/// What is asked for a page. `next` is what the page before it led to; "" for the first.
HttpAsk ask_for_page(const Connection& connection, const SourceTable& table, const std::string& since,
                     const ParentRecord* parent, int page, const std::string& next);

}  // namespace lochan

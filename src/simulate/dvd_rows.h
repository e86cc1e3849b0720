// The rows of a DVD rental on its first evening: 92 days of business at two stores, made from a seed and nothing else.
#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace lochan {

/// Rows of each table as `copy … from stdin` reads them, without the columns that triggers fill.
struct DvdTableRows {
  std::string columns;  // "actor_id, first_name, …"
  std::string text;
  std::int64_t count = 0;
};

std::map<std::string, DvdTableRows> make_dvd_rows(std::uint64_t seed);

}  // namespace lochan

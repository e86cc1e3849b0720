// One page of an API: the body of a response, looked into as far as is needed to go on.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "project/http_config.h"

namespace lochan {

struct HttpPage {
  std::int64_t records = 0;
  bool is_list = true;
  std::string next;              // json_link, cursor, keyset: what leads on; "": nothing does
  std::int64_t total = -1;
  std::string signature;         // of the records: equal for pages that give the same
  std::string reached;           // the greatest value of the cursor's column, as it is written; "": none
};

/// Owned by one thread; keeps its memory from page to page.
class HttpPageReader {
 public:
  HttpPageReader();
  ~HttpPageReader();
  HttpPageReader(HttpPageReader&&) noexcept;

  /// Throws Error{Data} that says what stands there instead of what was wanted; Error{Unavailable} for a body that was cut
  /// off, which may come whole the next time.
  HttpPage read(std::string_view body, const HttpResource& resource, const std::string& cursor);
  /// The values of these columns of each record, as text; null where there is none.
  using Values = std::vector<std::optional<std::string>>;
  void each_record(std::string_view body, const HttpResource& resource, const std::vector<std::string>& columns,
                   const std::function<void(const Values&)>& found);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

/// The greater of two values of a cursor's column: numbers, times in ISO 8601, or else text. "" is less than all.
const std::string& later_value(const std::string& a, const std::string& b);
/// A value so much earlier: of a time, of a day, or of a number of seconds or milliseconds since 1970.
std::string earlier_value(const std::string& value, std::chrono::seconds by);

}  // namespace lochan

// What is asked for each row of a query: the rows, as a PostgreSQL database gives them.
#pragma once

#include <functional>
#include <vector>

#include "source/http_extraction.h"

namespace lochan {

/// The rows of `for_each`'s query as the parents of what is asked, each once and in an order of their own, so that an
/// extraction that was cut off goes on with the same; those without a value that is needed are left out. Throws
/// Error{Unavailable} when the database is away, Error{Data} for what it refuses and for columns that the query doesn't
/// give.
std::vector<ParentRecord> rows_to_ask(const SourceTable& table, std::function<bool()> is_stopped);

}  // namespace lochan

// What the sinks ask the lake of a table: its key, and what differs between two publications. Rows are FROM items of
// the session's SQL.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "sink/sink.h"

namespace lochan {

/// The columns that name a row; of a history also when a version began. Throws Error{Data} when the table has not all.
std::vector<std::string> key_of(const CarryTable& table);

/// `b.id is not distinct from n.id and …`
std::string same_values(const std::vector<std::string>& columns);

std::int64_t count_rows(Session& session, const std::string& rows);
bool are_same_rows(Session& session, const std::string& some, const std::string& others);

/// Throws Error{Data} when two rows have one key. `among`: only keys that these rows have are looked at; "": all.
void refuse_doubles(Session& session, const CarryTable& table, const std::vector<std::string>& key,
                    const std::string& among);

/// An error with the place of the table in its sink's file, where it has none.
Error at_table(Error error, const CarryTable& table);

}  // namespace lochan

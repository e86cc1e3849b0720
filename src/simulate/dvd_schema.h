// The schema of the DVD rental: fifteen tables with types, keys, indexes, triggers and functions in one schema, and
// views over them in another. The shape is the well-known sample's; the words are ours.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/postgres_connection.h"

namespace lochan {

std::span<const std::string_view> dvd_tables();

/// The schema that has the fifteen tables: `dvd_rental`, or `public` where a dump of the real sample was restored; ""
/// when there is none. Throws Error{Data} when `dvd_rental` has some of them only, and names those that are missing.
std::string find_dvd_schema(PostgresConnection& connection);

/// Makes both schemas, empty: `dvd_rental` and `v_dvd_rental`. Keys, indexes and triggers come with
/// `finish_dvd_schema`, when the rows are there.
void make_dvd_schema(PostgresConnection& connection);
void finish_dvd_schema(PostgresConnection& connection);

/// The real sample's cities have no coordinates. Returns whether columns were added.
bool add_coordinates(PostgresConnection& connection, const std::string& schema);

}  // namespace lochan

// The keys of HTTP APIs, for the tables that they are part of.
#pragma once

#include <vector>

#include "project/keys.h"
#include "project/project.h"

namespace lochan {

/// `headers`, `auth`, `rate_limit` and the others that connections of kind http have.
void add_http_settings(Keys<Connection>& keys);

/// The row for the key `request` of a source's table, and its reader.
Key http_request_key();
void read_http_request(ValueReader& reader, const YamlValue& value, SourceTable& table);

std::vector<const KeyTable*> http_connection_key_tables();
std::vector<const KeyTable*> http_source_key_tables();

}  // namespace lochan

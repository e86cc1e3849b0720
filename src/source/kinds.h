// The factories of the registry's kinds, each in the file of its name.
#pragma once

#include <memory>

#include "source/source.h"

namespace lochan {

std::unique_ptr<Source> make_sqlite_source(const Connection& connection);
std::unique_ptr<Source> make_files_source(const Connection& connection);
std::unique_ptr<Source> make_postgres_source(const Connection& connection);
std::unique_ptr<Source> make_http_source(const Connection& connection);
std::unique_ptr<Source> make_mysql_source(const Connection& connection);

}  // namespace lochan

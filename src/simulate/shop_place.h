// Where a shop lives, or another simulated system (`what`): a database of a connection, or one that a URL names.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/database.h"
#include "project/project.h"

namespace lochan {

/// `URL` or `NAME=URL` of a command line as a connection; by default it has the name of its database or file. Throws
/// Error{Usage}.
Connection shop_at(const std::string& text, std::string_view what = "a shop");

/// Opens the database of a connection for a simulator; statements wait a second for a lock, so that a stop is heard.
/// Throws Error{Project} at the connection for a kind that no shop can live in, Error{Unavailable} when its server is
/// away.
std::unique_ptr<Database> open_shop_database(const Connection& connection, std::string_view what = "a shop");

}  // namespace lochan

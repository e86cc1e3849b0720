// One function for each kind of sink, for the table in registry.cc.
#pragma once

#include <memory>

#include "sink/sink.h"

namespace lochan {

std::unique_ptr<Sink> make_files_sink(const Connection& connection);
std::unique_ptr<Sink> make_mongodb_sink(const Connection& connection);
std::unique_ptr<Sink> make_postgres_sink(const Connection& connection);

}  // namespace lochan

# Debian's libraries, by the floor that needs them first; the floors above have them too.
# A line why for each: docs/decisions/0002-dependencies.md

find_package(Threads REQUIRED)
find_package(fmt 9 REQUIRED)
find_package(spdlog 1.10 REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(yaml-cpp 0.7 REQUIRED)
find_package(SQLite3 3.40 REQUIRED)
find_package(PostgreSQL REQUIRED)
find_package(OpenSSL 3 REQUIRED)
find_package(CURL 7.88 REQUIRED)
find_package(ZLIB REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(CLI11 2.1 REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(LibXml2 2.9 REQUIRED)
find_package(mongoc-1.0 1.23 REQUIRED)
find_package(bson-1.0 1.23 REQUIRED)

find_library(MARIADB_LIBRARY mariadb REQUIRED)
find_path(MARIADB_INCLUDE_DIR mysql.h PATH_SUFFIXES mariadb REQUIRED)
add_library(mariadb::mariadb UNKNOWN IMPORTED)
set_target_properties(mariadb::mariadb PROPERTIES
  IMPORTED_LOCATION "${MARIADB_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${MARIADB_INCLUDE_DIR}")

find_library(ZSTD_LIBRARY zstd REQUIRED)
find_path(ZSTD_INCLUDE_DIR zstd.h REQUIRED)
add_library(zstd::zstd UNKNOWN IMPORTED)
set_target_properties(zstd::zstd PROPERTIES
  IMPORTED_LOCATION "${ZSTD_LIBRARY}" INTERFACE_INCLUDE_DIRECTORIES "${ZSTD_INCLUDE_DIR}")

# Boost is headers only here (Asio and Beast). Asio 1.74 with coroutines uses std::exchange: include <utility> before it.
set(lochan_base_libraries Threads::Threads fmt::fmt spdlog::spdlog nlohmann_json::nlohmann_json SQLite::SQLite3
  PostgreSQL::PostgreSQL mariadb::mariadb OpenSSL::SSL OpenSSL::Crypto CURL::libcurl ZLIB::ZLIB zstd::zstd Boost::headers absl::time)
set(lochan_project_libraries yaml-cpp)
set(lochan_engine_libraries duckdb::duckdb)
set(lochan_source_libraries simdjson::simdjson LibXml2::LibXml2)
# Of libmongoc the headers only: it is loaded when a connection is opened (sink/mongodb_driver.h).
add_library(mongoc_headers INTERFACE)
target_include_directories(mongoc_headers SYSTEM INTERFACE
  $<TARGET_PROPERTY:mongo::mongoc_shared,INTERFACE_INCLUDE_DIRECTORIES>)
set(lochan_sink_libraries mongoc_headers mongo::bson_shared ${CMAKE_DL_LIBS})
set(lochan_cli_libraries CLI11::CLI11)

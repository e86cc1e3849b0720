# duckdb::duckdb: the pinned library and header. The build folder gets links to the library and to extensions/, where
# the engine looks for both: beside the running binary.

if(NOT LOCHAN_DUCKDB_DIR)
  execute_process(COMMAND "${CMAKE_SOURCE_DIR}/cmake/fetch_duckdb.sh"
    OUTPUT_VARIABLE LOCHAN_DUCKDB_DIR OUTPUT_STRIP_TRAILING_WHITESPACE COMMAND_ERROR_IS_FATAL ANY)
endif()

file(CREATE_LINK "${LOCHAN_DUCKDB_DIR}/lib/libduckdb.so" "${CMAKE_BINARY_DIR}/libduckdb.so" SYMBOLIC)
file(CREATE_LINK "${LOCHAN_DUCKDB_DIR}/extensions" "${CMAKE_BINARY_DIR}/extensions" SYMBOLIC)

add_library(duckdb::duckdb SHARED IMPORTED)
set_target_properties(duckdb::duckdb PROPERTIES
  IMPORTED_LOCATION "${CMAKE_BINARY_DIR}/libduckdb.so"
  IMPORTED_SONAME libduckdb.so
  INTERFACE_INCLUDE_DIRECTORIES "${LOCHAN_DUCKDB_DIR}/include")

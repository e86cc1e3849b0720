# lochan_examples: the files of examples/ as text in the program, for `lochan init`. Left out: data, exercises, and what
# only the repository uses (demo.sh and its parts, postgres.sh, buckets.py, served.py). A new file is seen at the next configure.

file(GLOB_RECURSE lochan_example_files RELATIVE "${CMAKE_SOURCE_DIR}/examples" CONFIGURE_DEPENDS
  "${CMAKE_SOURCE_DIR}/examples/*")
list(FILTER lochan_example_files EXCLUDE REGEX "/(data|grades|lake|ingested|processed|\\.lochan)/|/\\.env$|/(demo|demo_parts|postgres)\\.sh$|/(buckets|compare|served)\\.py$|\\.db$")
list(FILTER lochan_example_files INCLUDE REGEX "/")
list(SORT lochan_example_files)

set(lochan_example_source "${CMAKE_BINARY_DIR}/generated/example_files.cc")
list(TRANSFORM lochan_example_files PREPEND "${CMAKE_SOURCE_DIR}/examples/" OUTPUT_VARIABLE lochan_example_paths)
add_custom_command(OUTPUT "${lochan_example_source}"
  COMMAND "${CMAKE_COMMAND}" "-DROOT=${CMAKE_SOURCE_DIR}/examples" "-DFILES=${lochan_example_files}"
    "-DOUTPUT=${lochan_example_source}" -P "${CMAKE_SOURCE_DIR}/cmake/embed_examples.cmake"
  DEPENDS ${lochan_example_paths} "${CMAKE_SOURCE_DIR}/cmake/embed_examples.cmake"
  COMMENT "Embedding examples/" VERBATIM)

add_library(lochan_examples STATIC "${lochan_example_source}")
target_include_directories(lochan_examples PRIVATE "${CMAKE_SOURCE_DIR}/src")
target_link_libraries(lochan_examples PRIVATE lochan_compiler)
list(APPEND lochan_cli_libraries lochan_examples)

# How everything is compiled: C++20, warnings, sanitizers, link-time optimization, and the tools that make it quick.

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(THREADS_PREFER_PTHREAD_FLAG ON)

option(LOCHAN_WERROR "Warnings are errors" OFF)
option(LOCHAN_LTO "Optimize `lochan` when it is linked; tests are linked without" OFF)
option(LOCHAN_MOLD "Link with mold where it is installed" ON)
set(LOCHAN_SANITIZE "" CACHE STRING "What -fsanitize takes, e.g. address,undefined")

if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()

add_library(lochan_compiler INTERFACE)
target_compile_options(lochan_compiler INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Werror=switch -ffile-prefix-map=${CMAKE_SOURCE_DIR}/=)
if(LOCHAN_WERROR)
  target_compile_options(lochan_compiler INTERFACE -Werror)
endif()
if(LOCHAN_SANITIZE)
  target_compile_options(lochan_compiler INTERFACE
    -fsanitize=${LOCHAN_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(lochan_compiler INTERFACE -fsanitize=${LOCHAN_SANITIZE})
endif()
if(LOCHAN_SANITIZE MATCHES "thread")
  # The thread sanitizer does not know fences; Asio's locks are enough without them here.
  target_compile_definitions(lochan_compiler INTERFACE BOOST_ASIO_DISABLE_FENCED_BLOCK)
endif()
# What the program is made of, linked by those libraries alone: tests are compiled once, without a second form for LTO.
# Fat objects hold machine code too, so that only `lochan` pays for the slow link.
add_library(lochan_lto INTERFACE)
if(LOCHAN_LTO)
  target_compile_options(lochan_lto INTERFACE -flto=auto -ffat-lto-objects)
endif()

# Makes `target` an executable beside libduckdb.so and extensions/, found through $ORIGIN. LTO: optimize at the link.
function(lochan_executable target)
  cmake_parse_arguments(PARSE_ARGV 1 arg "LTO" "" "")
  set_target_properties(${target} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}" BUILD_RPATH_USE_ORIGIN ON)
  find_program(LOCHAN_MOLD_PROGRAM mold)
  if(arg_LTO AND LOCHAN_LTO)
    target_link_options(${target} PRIVATE -flto=auto)
  elseif(LOCHAN_MOLD AND LOCHAN_MOLD_PROGRAM)
    target_link_options(${target} PRIVATE -fno-lto -fuse-ld=mold)
  else()
    target_link_options(${target} PRIVATE -fno-lto)
  endif()
endfunction()

# The base folder lets build folders and clones share what one of them compiled.
find_program(LOCHAN_CCACHE ccache)
if(LOCHAN_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  set(CMAKE_CXX_COMPILER_LAUNCHER
    "${CMAKE_COMMAND};-E;env;CCACHE_BASEDIR=${CMAKE_SOURCE_DIR};CCACHE_NOHASHDIR=true;${LOCHAN_CCACHE}")
endif()

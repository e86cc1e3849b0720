// The example projects, built into the program by cmake/examples.cmake: the files of examples/, without their data.
#pragma once

#include <span>
#include <string_view>

namespace lochan {

struct ExampleFile {
  std::string_view example;  // the folder in examples/
  std::string_view path;     // in that folder
  std::string_view text;
};

std::span<const ExampleFile> example_files();

}  // namespace lochan

// `lochan schema`: what may stand in a project's files, from the table that the reader itself goes by.
#include <nlohmann/json.hpp>

#include "cli/commands.h"
#include "project/read_project.h"

namespace lochan {
namespace {

class SchemaCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.choice("-o,--output", format_, {"json", "markdown"}, "a JSON Schema for editors, or a page to read");
  }

  int run(Context& context) override {
    std::string text = format_ == "json" ? project_json_schema() : project_reference();
    if (text.ends_with('\n')) text.pop_back();
    context.terminal.print(text);
    return kExitDone;
  }

 private:
  std::string format_ = "json";
};

}  // namespace

CommandKind schema_command() {
  return {.name = "schema",
          .group = "a project",
          .summary = "every key of the project's files: a JSON Schema or a page",
          .more = "",
          .examples = {{"schema > lochan.schema.json", "for your editor's YAML support"},
                       {"schema --output markdown", "the same as a page to read"}},
          .make = make_command<SchemaCommand>};
}

}  // namespace lochan

// `lochan doctor`: what a new user may have wrong, a line each.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "catalog/object_store.h"
#include "cli/commands.h"
#include "cli/connection_session.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "engine/engine.h"
#include "plan/analysis.h"
#include "run/lake.h"
#include "run/open_state.h"
#include "source/source.h"

namespace lochan {
namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kLittleSpace = 1'000'000'000;

enum class Health { Ok, Warn, Fail };

std::string_view word(Health health) {
  switch (health) {
    case Health::Ok:
      return "ok";
    case Health::Warn:
      return "warn";
    case Health::Fail:
      return "fail";
  }
  return "fail";
}

struct Finding {
  Health health = Health::Ok;
  std::string subject;
  std::string says;
  std::string hint;
};

/// The nearest folder upwards that is there.
fs::path existing(fs::path folder) {
  while (!folder.empty() && !fs::exists(folder) && folder != folder.parent_path()) folder = folder.parent_path();
  return folder;
}

class Examination {
 public:
  explicit Examination(Context& context) : context_(context) {}

  std::vector<Finding> examine() {
    examine_engine();
    const std::optional<Project> project = examine_project();
    if (!project) return std::move(findings_);
    examine_place("lake", project->lake, {});
    for (const auto& [name, layer] : project->layers)
      if (layer.lake) examine_place("lake of " + name, *layer.lake, {.object_lock = layer.object_lock});
    for (const auto& [name, layer] : project->layers)
      if (layer.archive) examine_place("archive of " + name, *layer.archive, {});
    if (project->state.is_shared())
      examine("state", [&] { return has_state(project->state), project->state.shown(); });
    else
      examine_folder("state", project->state.file.parent_path());
    examine_state(*project);
    for (const auto& [name, connection] : project->connections) examine_connection(connection);
    return std::move(findings_);
  }

 private:
  /// What `work` returns is told as ok; what it throws is what is wrong.
  void examine(const std::string& subject, const std::function<std::string()>& work) {
    try {
      findings_.push_back({Health::Ok, subject, work(), ""});
    } catch (const Error& error) {
      const std::string place = error.position().is_known() ? to_string(error.position()) + ": " : "";
      findings_.push_back({Health::Fail, subject, place + error.message(), error.hint()});
    } catch (const std::exception& error) {
      findings_.push_back({Health::Fail, subject, error.what(), ""});
    }
  }

  void examine_engine() {
    examine("engine", [] {
      Engine engine({});
      const auto session = engine.open_session();
      const Rows version = session->query("select library_version from pragma_version()");
      return "DuckDB " + version.rows.at(0).at(0).value_or("");
    });
    for (const std::string_view extension : {"avro", "httpfs", "iceberg", "sqlite_scanner"}) {
      examine(fmt::format("extension {}", extension), [&] {
        const fs::path file = fs::read_symlink("/proc/self/exe").parent_path() / "extensions" /
                              fmt::format("{}.duckdb_extension", extension);
        if (!fs::exists(file))
          throw Error(ErrorKind::NotFound, fmt::format("`{}` is not there", file.string()))
              .hint("keep the folder `extensions` beside the program, or build it again: make build");
        return file.parent_path().string();
      });
    }
  }

  std::optional<Project> examine_project() {
    std::optional<Project> project;
    try {
      project = open_project(context_);
      findings_.push_back(
          {Health::Ok, "project", fmt::format("{} in {}", project->name, project->folder.string()), ""});
    } catch (const ProjectProblems& problems) {
      findings_.push_back({Health::Fail, "project",
                           text::plural(static_cast<std::int64_t>(problems.problems().size()), "problem"),
                           "`lochan validate` tells them"});
    } catch (const Error& error) {
      findings_.push_back({Health::Fail, "project", error.message(), error.hint()});
    }
    return project;
  }

  void examine_folder(const std::string& subject, const fs::path& folder) {
    const fs::path there = existing(folder);
    if (::access(there.c_str(), W_OK | X_OK) != 0) {
      findings_.push_back({Health::Fail, subject, fmt::format("`{}` can't be written", there.string()),
                           fmt::format("give your user the right to write there, or name another `{}:` in lochan.yaml",
                                       subject.substr(0, subject.find(' ')))});
      return;
    }
    std::error_code failed;
    const fs::space_info space = fs::space(there, failed);
    if (!failed && space.available < kLittleSpace) {
      findings_.push_back({Health::Warn, subject,
                           fmt::format("only {} are free at {}", text::human_bytes(space.available), there.string()),
                           "make room: `lochan maintain` removes what nothing can reach"});
      return;
    }
    findings_.push_back({Health::Ok, subject,
                         fmt::format("{}, {} free", folder.string(), text::human_bytes(failed ? 0 : space.available)),
                         ""});
  }

  void examine_place(const std::string& subject, const LakePlace& place, S3StoreOptions options) {
    if (!place.is_on_s3()) return examine_folder(subject, place.location);
    options.attempts = 2;
    examine(subject, [&] {
      make_s3_store(place, context_.clock, options)->check();
      return fmt::format("{} at {}", place.location, place.s3.endpoint.empty() ? "AWS, " + place.s3.region : place.s3.endpoint);
    });
  }

  void examine_state(const Project& project) {
    examine("history", [&]() -> std::string {
      if (!has_state(project.state)) return "nothing was run yet";
      Lake lake(project, context_.clock);
      const std::size_t dead = lake.recovered().size();
      return fmt::format("{} published{}", text::plural(lake.catalog().current_publication(), "time"),
                         dead == 0 ? ""
                                   : fmt::format(", {} found dead and cleaned up",
                                                 text::plural(static_cast<std::int64_t>(dead), "run")));
    });
  }

  void examine_connection(const Connection& connection) {
    examine("connection " + connection.name, [&] {
      const auto streams = make_source(connection)->discover();
      return fmt::format("{}, {}", connection.kind, text::plural(static_cast<std::int64_t>(streams.size()), "table"));
    });
  }

  Context& context_;
  std::vector<Finding> findings_;
};

class DoctorCommand final : public Command {
 public:
  void add_options(Options& options) override { output_.add(options); }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    const std::vector<Finding> findings = Examination(context).examine();
    const bool is_well =
        std::ranges::none_of(findings, [](const Finding& finding) { return finding.health == Health::Fail; });
    if (output_.is_json()) {
      Document list = Document::array();
      for (const Finding& finding : findings)
        list.push_back({{"state", word(finding.health)},
                        {"subject", finding.subject},
                        {"says", finding.says},
                        {"hint", finding.hint}});
      print_document(context.terminal, {{"ok", is_well}, {"findings", std::move(list)}});
    } else {
      print(context.terminal, findings);
    }
    return is_well ? kExitDone : kExitFailed;
  }

 private:
  static void print(Terminal& terminal, const std::vector<Finding>& findings) {
    for (const Finding& finding : findings) {
      const Color color = finding.health == Health::Ok     ? Color::Green
                          : finding.health == Health::Warn ? Color::Yellow
                                                           : Color::Red;
      terminal.print(fmt::format("{} {} {}", terminal.paint(color, padded(word(finding.health), 5)),
                                 padded(finding.subject, 24), finding.says));
      if (!finding.hint.empty()) terminal.print("      hint: " + finding.hint);
    }
  }

  OutputOption output_;
};

}  // namespace

CommandKind doctor_command() {
  return {.name = "doctor",
          .group = "this program",
          .summary = "look for what may be wrong with the installation or the lake",
          .more = "Exit code 1 when something is wrong. Works outside a project too.",
          .examples = {{"doctor", "a line for each thing, with what to do"},
                       {"doctor -C my_shop --output json", "for a program"}},
          .make = make_command<DoctorCommand>};
}

}  // namespace lochan

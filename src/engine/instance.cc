#include "engine/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/sql.h"
#include "engine/fault.h"
#include "engine/statements.h"

namespace lochan {
namespace {

constexpr std::uint64_t kMebibyte = std::uint64_t{1} << 20;

// The number after `name` in a file of lines like "MemAvailable:  24117248 kB".
std::optional<std::uint64_t> number_after(const char* path, std::string_view name) {
  std::ifstream file(path);
  std::string word;
  while (file >> word) {
    std::uint64_t number = 0;
    if (word == name && file >> number) return number;
  }
  return std::nullopt;
}

// "max" when there is no limit, so nothing.
std::optional<std::uint64_t> number_in(const char* path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  if (file >> number) return number;
  return std::nullopt;
}

std::filesystem::path beside_the_executable() {
  std::error_code error;
  const std::filesystem::path program = std::filesystem::read_symlink("/proc/self/exe", error);
  return program.parent_path() / "extensions";
}

void set(duckdb_config config, const char* name, const std::string& value) {
  if (duckdb_set_config(config, name, value.c_str()) != DuckDBSuccess)
    throw Error(ErrorKind::Project, fmt::format("`{}` is no value of the engine's setting `{}`", value, name))
        .hint("see `engine:` in lochan.yaml");
}

DuckConfig configuration(const EngineOptions& options) {
  DuckConfig config;
  if (duckdb_create_config(config.put()) != DuckDBSuccess) throw Error(ErrorKind::Unavailable, "out of memory");
  set(config.get(), "memory_limit", options.memory_limit.empty() ? default_memory_limit() : options.memory_limit);
  if (options.threads > 0) set(config.get(), "threads", std::to_string(options.threads));
  set(config.get(), "temp_directory",
      options.spill.empty() ? std::filesystem::temp_directory_path() / "lochan-spill" : options.spill);
  set(config.get(), "allow_unsigned_extensions", "false");
  set(config.get(), "autoinstall_known_extensions", "false");
  set(config.get(), "autoload_known_extensions", "false");
  set(config.get(), "errors_as_json", "true");
  return config;
}

}  // namespace

std::string default_memory_limit() {
  std::uint64_t bytes = 4096 * kMebibyte;
  if (const auto free = number_after("/proc/meminfo", "MemAvailable:")) bytes = *free * 1024;
  if (const auto limit = number_in("/sys/fs/cgroup/memory.max")) bytes = std::min(bytes, *limit);
  return fmt::format("{}MiB", std::max<std::uint64_t>(bytes / 2 / kMebibyte, 128));
}

Instance::Instance(EngineOptions options) : options_(std::move(options)) {
  if (options_.extensions.empty()) options_.extensions = beside_the_executable();
  const DuckConfig config = configuration(options_);
  char* text = nullptr;
  if (duckdb_open_ext(nullptr, database_.put(), config.get(), &text) != DuckDBSuccess) {
    const Fault fault = parse_fault(take_text(text));
    throw Error(fault.type == "IO" ? ErrorKind::Unavailable : ErrorKind::Project,
                "the engine can't be opened: " + fault.message)
        .hint("see `engine:` in lochan.yaml");
  }
  // What a query gives must not depend on the machine's own time zone.
  const DuckConnection connection = connect();
  const Outcome outcome = run_statements(connection.get(), "set global TimeZone = 'UTC'");
  if (outcome.fault) throw to_error(*outcome.fault);
  outside_tables_.make_function(connection.get());
}

DuckConnection Instance::connect() {
  DuckConnection connection;
  if (duckdb_connect(database_.get(), connection.put()) != DuckDBSuccess)
    throw Error(ErrorKind::Unavailable, "the engine takes no new connection");
  return connection;
}

void Instance::load_extension(std::string_view name) {
  const std::lock_guard lock(mutex_);
  if (loaded_.contains(name)) return;
  const std::filesystem::path file = options_.extensions / fmt::format("{}.duckdb_extension", name);
  std::error_code error;
  if (!std::filesystem::exists(file, error))
    throw Error(ErrorKind::Unavailable,
                fmt::format("the engine's extension `{}` is not there: {}", name, file.string()))
        .hint("run `make build`, which puts it beside the program");
  const DuckConnection connection = connect();
  const Outcome outcome = run_statements(connection.get(), "load " + sql::literal(file.string()));
  if (outcome.fault) throw to_error(*outcome.fault).hint("run `make build`: the file may be broken");
  loaded_.emplace(name);
}

}  // namespace lochan

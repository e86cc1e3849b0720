#include "engine/instance.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <optional>
#include <system_error>

#include "base/error.h"
#include "base/sql.h"
#include "engine/fault.h"
#include "engine/statements.h"
#include "engine/trusted_file.h"

namespace lochan {
namespace {

constexpr std::array<const char*, 3> kOfLake = {"avro", "httpfs", "iceberg"};  // in this order

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

DuckConfig configuration(const EngineOptions& options, bool checks_signatures) {
  DuckConfig config;
  if (duckdb_create_config(config.put()) != DuckDBSuccess) throw Error(ErrorKind::Unavailable, "out of memory");
  set(config.get(), "memory_limit", options.memory_limit.empty() ? default_memory_limit() : options.memory_limit);
  if (options.threads > 0) set(config.get(), "threads", std::to_string(options.threads));
  set(config.get(), "temp_directory",
      options.spill.empty() ? std::filesystem::temp_directory_path() / "lochan-spill" : options.spill);
  set(config.get(), "allow_unsigned_extensions", checks_signatures ? "false" : "true");
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

Instance::Instance(EngineOptions options, bool has_lake) : options_(std::move(options)) {
  if (options_.extensions.empty()) options_.extensions = beside_the_executable();
  // The check of their signatures takes longer than all else at the start. It is of use where somebody can change these
  // files who can't change the program, or the engine's own library, which has no signature.
  options_.readers.insert(options_.readers.begin(), kOfLake.begin(), kOfLake.end());
  const bool is_trusting = has_lake && std::ranges::all_of(options_.readers, [this](const std::string& name) { return is_trusted(file(name)); });
  const DuckConfig config = configuration(options_, !is_trusting);
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
  if (is_trusting) load_for_lake();
}

// Then the engine's door is shut, before anything of the user's is run: it can't be opened again.
void Instance::load_for_lake() {
  for (const std::string& name : options_.readers) load_extension(name);
  const DuckConnection connection = connect();
  const Outcome outcome = run_statements(connection.get(), "set global allow_unsigned_extensions = false");
  if (outcome.fault) throw to_error(*outcome.fault);
}

std::filesystem::path Instance::file(std::string_view extension) const {
  return options_.extensions / fmt::format("{}.duckdb_extension", extension);
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
  const std::filesystem::path path = file(name);
  std::error_code error;
  if (!std::filesystem::exists(path, error))
    throw Error(ErrorKind::Unavailable,
                fmt::format("the engine's extension `{}` is not there: {}", name, path.string()))
        .hint("run `make build`, which puts it beside the program");
  const DuckConnection connection = connect();
  const Outcome outcome = run_statements(connection.get(), "load " + sql::literal(path.string()));
  if (outcome.fault) throw to_error(*outcome.fault).hint("run `make build`: the file may be broken");
  loaded_.emplace(name);
  if (name == "httpfs") set_up_s3(connection);
}

// The way to S3 is httpfs's, and its settings are there once it is loaded. A file goes up in parts that are held in
// memory: by default of 80 MB each, for files of up to 800 GB.
void Instance::set_up_s3(const DuckConnection& connection) const {
  std::string sql = "set global s3_uploader_max_filesize = '50GB'; set global enable_curl_server_cert_verification = true";
  if (!options_.certificates.empty()) sql += "; set global ca_cert_file = " + sql::literal(options_.certificates.string());
  const Outcome outcome = run_statements(connection.get(), sql);
  if (outcome.fault) throw to_error(*outcome.fault);
}

}  // namespace lochan

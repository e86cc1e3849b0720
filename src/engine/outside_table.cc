#include "engine/outside_table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "engine/outside_tables.h"

namespace lochan {
namespace {

constexpr const char* kFunction = "lochan_outside";

DuckType logical_type(const std::string& type) {
  static constexpr std::array<std::pair<std::string_view, duckdb_type>, 12> kTypes = {
      {{"BOOLEAN", DUCKDB_TYPE_BOOLEAN},
       {"INTEGER", DUCKDB_TYPE_INTEGER},
       {"BIGINT", DUCKDB_TYPE_BIGINT},
       {"FLOAT", DUCKDB_TYPE_FLOAT},
       {"DOUBLE", DUCKDB_TYPE_DOUBLE},
       {"VARCHAR", DUCKDB_TYPE_VARCHAR},
       {"BLOB", DUCKDB_TYPE_BLOB},
       {"DATE", DUCKDB_TYPE_DATE},
       {"TIME", DUCKDB_TYPE_TIME},
       {"TIMESTAMP", DUCKDB_TYPE_TIMESTAMP},
       {"TIMESTAMP WITH TIME ZONE", DUCKDB_TYPE_TIMESTAMP_TZ},
       {"UUID", DUCKDB_TYPE_UUID}}};
  if (const int width = decimal_width(type); width > 0) {
    const auto scale = text::trim(std::string_view(type).substr(type.find(',') + 1));
    int digits = 0;
    std::from_chars(scale.data(), scale.data() + scale.size(), digits);
    return DuckType(duckdb_create_decimal_type(static_cast<std::uint8_t>(width), static_cast<std::uint8_t>(digits)));
  }
  const auto found = std::ranges::find(kTypes, type, &std::pair<std::string_view, duckdb_type>::first);
  if (found == kTypes.end()) throw Error(ErrorKind::Internal, fmt::format("an outside table can't have a column of type {}", type));
  return DuckType(duckdb_create_logical_type(found->second));
}

// One statement's use of a table.
struct Scan {
  std::atomic<std::size_t> next_part = 0;
};

struct Part {
  std::unique_ptr<PartReader> reader;
  std::vector<RowBatch::ColumnOut> columns;
};

template <typename T>
void destroy(void* object) {
  delete static_cast<T*>(object);
}

// Nothing may be thrown through the engine.
template <typename SetError, typename Work>
void guarded(ReaderFault* fault, SetError&& set_error, Work&& work) noexcept {
  try {
    work();
  } catch (const Error& error) {
    if (fault != nullptr) fault->keep(error);
    set_error(error.message().c_str());
  } catch (const std::exception& error) {
    set_error(error.what());
  }
}

void bind(duckdb_bind_info info) {
  guarded(
      nullptr, [&](const char* text) { duckdb_bind_set_error(info, text); },
      [&] {
        const DuckValue value(duckdb_bind_get_parameter(info, 0));
        const std::string id = take_text(duckdb_get_varchar(value.get()));
        auto found = static_cast<OutsideTables*>(duckdb_bind_get_extra_info(info))->find(id);
        if (!found) throw Error(ErrorKind::Internal, fmt::format("no outside table `{}`", id));
        for (const Column& column : found->table->columns())
          duckdb_bind_add_result_column(info, column.name.c_str(), logical_type(column.type).get());
        duckdb_bind_set_cardinality(info, static_cast<idx_t>(std::max<std::int64_t>(found->table->expected_rows(), 0)), false);
        duckdb_bind_set_bind_data(info, new RegisteredTable(std::move(*found)), destroy<RegisteredTable>);
      });
}

void start_scan(duckdb_init_info info) {
  guarded(
      nullptr, [&](const char* text) { duckdb_init_set_error(info, text); },
      [&] {
        const auto* table = static_cast<const RegisteredTable*>(duckdb_init_get_bind_data(info));
        duckdb_init_set_max_threads(info, std::max<idx_t>(table->table->parts(), 1));
        duckdb_init_set_init_data(info, new Scan(), destroy<Scan>);
      });
}

void start_thread(duckdb_init_info info) {
  guarded(
      nullptr, [&](const char* text) { duckdb_init_set_error(info, text); },
      [&] { duckdb_init_set_init_data(info, new Part(), destroy<Part>); });
}

void read(duckdb_function_info info, duckdb_data_chunk output) {
  auto& table = *static_cast<RegisteredTable*>(duckdb_function_get_bind_data(info));
  auto& scan = *static_cast<Scan*>(duckdb_function_get_init_data(info));
  auto& part = *static_cast<Part*>(duckdb_function_get_local_init_data(info));
  guarded(
      table.fault.get(), [&](const char* text) { duckdb_function_set_error(info, text); },
      [&] {
        part.columns.resize(table.table->columns().size());
        for (std::size_t i = 0; i < part.columns.size(); ++i) {
          duckdb_vector vector = duckdb_data_chunk_get_vector(output, i);
          part.columns[i] = {vector, duckdb_vector_get_data(vector)};
        }
        RowBatch batch(duckdb_vector_size(), part.columns);
        std::size_t rows = 0;
        while (rows == 0) {
          if (!part.reader) {
            const std::size_t next = scan.next_part++;
            if (next >= table.table->parts()) break;
            part.reader = table.table->open(next);
          }
          rows = part.reader->read(batch);
          if (rows == 0) part.reader.reset();
        }
        duckdb_data_chunk_set_size(output, rows);
      });
}

}  // namespace

int decimal_width(std::string_view type) {
  if (!type.starts_with("DECIMAL(")) return 0;
  int width = 0;
  std::from_chars(type.data() + 8, type.data() + type.size(), width);
  return width;
}

void RowBatch::put_text(std::size_t column, std::size_t row, std::string_view text) {
  duckdb_unsafe_vector_assign_string_element_len(static_cast<duckdb_vector>(columns_[column].vector), row, text.data(), text.size());
}

void RowBatch::put_null(std::size_t column, std::size_t row) {
  auto* vector = static_cast<duckdb_vector>(columns_[column].vector);
  duckdb_vector_ensure_validity_writable(vector);
  duckdb_validity_set_row_invalid(duckdb_vector_get_validity(vector), row);
}

void ReaderFault::keep(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!error_) error_ = error;
}

std::optional<Error> ReaderFault::take() {
  const std::lock_guard lock(mutex_);
  return std::exchange(error_, std::nullopt);
}

void OutsideTables::add(const std::string& id, RegisteredTable table) {
  const std::lock_guard lock(mutex_);
  tables_[id] = std::move(table);
}

void OutsideTables::remove(const std::string& id) {
  const std::lock_guard lock(mutex_);
  tables_.erase(id);
}

std::optional<RegisteredTable> OutsideTables::find(const std::string& id) const {
  const std::lock_guard lock(mutex_);
  const auto found = tables_.find(id);
  return found == tables_.end() ? std::nullopt : std::optional(found->second);
}

void OutsideTables::make_function(duckdb_connection connection) {
  const Owned<duckdb_table_function, duckdb_destroy_table_function> function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.get(), kFunction);
  duckdb_table_function_add_parameter(function.get(), logical_type("VARCHAR").get());
  duckdb_table_function_set_extra_info(function.get(), this, nullptr);
  duckdb_table_function_set_bind(function.get(), bind);
  duckdb_table_function_set_init(function.get(), start_scan);
  duckdb_table_function_set_local_init(function.get(), start_thread);
  duckdb_table_function_set_function(function.get(), read);
  if (duckdb_register_table_function(connection, function.get()) != DuckDBSuccess)
    throw Error(ErrorKind::Internal, "the engine takes no function of ours");
}

}  // namespace lochan

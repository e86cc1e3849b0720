// The eleven tables of totesys, and where their generator is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "base/database.h"
#include "simulate/life.h"

namespace lochan {

/// In an order in which each comes after those that it refers to.
enum class TotesysTable {
  Address,
  Department,
  PaymentType,
  Currency,
  Design,
  Staff,
  Counterparty,
  SalesOrder,
  PurchaseOrder,
  Transaction,
  Payment
};
constexpr std::size_t kTotesysTables = 11;

struct TotesysTableText {
  std::string_view name;
  std::string_view sql_name;              // quoted where it must be
  std::vector<std::string_view> columns;  // without created_at and last_updated, which all have; the first is the key
};
const TotesysTableText& totesys_table(TotesysTable table);

/// A number for each table.
struct TotesysRows {
  std::array<std::int64_t, kTotesysTables> of{};
  std::int64_t& operator[](TotesysTable table) { return of[static_cast<std::size_t>(table)]; }
  std::int64_t operator[](TotesysTable table) const { return of[static_cast<std::size_t>(table)]; }
};

/// Makes the tables, keys and indexes that are missing, and `generator_state`. SQL that SQLite and PostgreSQL read.
void create_totesys_tables(Database& database);

/// Kept in the table `generator_state`, changed in each tick's own transaction.
struct TotesysState {
  LifeMoment moment;
  TotesysRows last_id{};
};
/// Nothing when no generator has opened this company.
std::optional<TotesysState> read_totesys_state(Database& database);
void write_totesys_state(Database& database, const TotesysState& state);

}  // namespace lochan

// What a trading company's data is made of.
#pragma once

#include <span>
#include <string_view>

namespace lochan {

struct TotesysDepartment {
  std::string_view name, location;
};

struct TotesysCity {
  std::string_view city, district, country, postal_code, dialling;
};

std::span<const TotesysDepartment> totesys_departments();
std::span<const TotesysCity> totesys_cities();
std::span<const std::string_view> totesys_currencies();
std::span<const std::string_view> totesys_payment_types();
std::span<const std::string_view> totesys_streets();
std::span<const std::string_view> totesys_materials();
std::span<const std::string_view> company_words();
std::span<const std::string_view> company_forms();

}  // namespace lochan

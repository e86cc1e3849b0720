// What a shop is made of: fruit from far away, people, towns.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lochan {

struct Fruit {
  std::string_view name;
  std::string_view country;
  std::string_view unit;  // kg or piece
  std::int64_t cents;     // the usual price of a unit
};

std::span<const Fruit> fruits();
std::span<const std::string_view> first_names();
std::span<const std::string_view> last_names();
std::span<const std::string_view> cities();
/// The first is the branch manager's, who is hired first.
std::span<const std::string_view> positions();
std::span<const std::string_view> payment_types();
/// What tells a second `Mango` of the assortment from the first.
std::span<const std::string_view> varieties();

}  // namespace lochan

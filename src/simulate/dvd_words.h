// The words that films, people, cities and countries of the DVD rental are made of.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "simulate/random.h"

namespace lochan {

std::span<const std::string_view> film_categories();  // sixteen
std::span<const std::string_view> film_languages();   // six

/// "Silent Harbour"; there are thousands.
std::string film_title(Random& random);
std::string film_description(Random& random);
/// "Velmaria", "Tornovia": no country there is.
std::string country_name(Random& random);
std::string city_name(Random& random);
std::string district_name(Random& random);
std::string street_address(Random& random);

}  // namespace lochan

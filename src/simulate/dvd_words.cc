#include "simulate/dvd_words.h"

#include <fmt/format.h>

#include <array>

namespace lochan {
namespace {

using Words = std::string_view;

constexpr std::array<Words, 16> kCategories = {"Action", "Animation", "Children", "Classics", "Comedy", "Documentary",
                                               "Drama",  "Family",    "Foreign",  "Games",    "Horror", "Music",
                                               "New",    "Sci-Fi",    "Sports",   "Travel"};
constexpr std::array<Words, 6> kLanguages = {"English", "Italian", "Japanese", "Mandarin", "French", "German"};

constexpr Words kTitleFirst[] = {
    "Silent",   "Amber",    "Last",   "Hidden", "Crooked", "Winter",   "Paper",   "Golden", "Broken",    "Distant",
    "Velvet",   "Iron",     "Lucky",  "Hollow", "Second",  "Burning",  "Patient", "Salt",   "Wild",      "Quiet",
    "Northern", "Stolen",   "Blue",   "Clumsy", "Empty",   "Famous",   "Gentle",  "Honest", "Invisible", "Jolly",
    "Lonely",   "Midnight", "Narrow", "Open",   "Proud",   "Restless", "Sleepy",  "Tender", "Useless",   "Warm",
};
constexpr Words kTitleSecond[] = {
    "Harbour",  "Orchard", "Signal",  "Bridge",   "Clockmaker", "Lantern",  "Island",   "Promise",  "Train",
    "Garden",   "Letter",  "Compass", "Piano",    "Waiter",     "River",    "Umbrella", "Attic",    "Comet",
    "Ferry",    "Kitchen", "Mirror",  "Notebook", "Pilot",      "Quarry",   "Recipe",   "Shadow",   "Tailor",
    "Upstairs", "Valley",  "Window",  "Archive",  "Beekeeper",  "Carousel", "Dentist",  "Elevator", "Fountain",
    "Glacier",  "Horizon", "Ink",     "Juggler",  "Kite",       "Library",
};
constexpr Words kPeople[] = {
    "a retired sailor",    "a young botanist", "two sisters",       "a night porter",
    "a clumsy spy",        "an honest thief",  "a village teacher", "a chess player",
    "a lighthouse keeper", "an orchestra",     "a taxi driver",     "a lost tourist",
    "a stubborn inventor", "a baker",
};
constexpr Words kDeeds[] = {
    "search for",  "quarrel over",      "inherit", "bury",    "win back",
    "set fire to", "fall in love over", "hide",    "auction", "rebuild",
};
constexpr Words kThings[] = {
    "an old map",         "a haunted hotel", "a winning ticket", "the wrong suitcase", "a family recipe",
    "a ship in a bottle", "the last cinema", "a stolen violin",  "a hot-air balloon",  "a garden of glass",
};
constexpr Words kPlaces[] = {
    "by the sea",
    "during a long strike",
    "on the night train",
    "in a town without clocks",
    "high above the clouds",
    "in the rainy season",
    "behind the opera",
    "at the end of the line",
    "before the flood",
    "on a frozen lake",
};
constexpr Words kSyllables[] = {
    "ba", "be", "bo", "da", "de", "do", "fa", "ga", "ka", "ke", "ko", "la", "le", "li",
    "lo", "ma", "me", "mi", "mo", "na", "ne", "no", "pa", "po", "ra", "re", "ri", "ro",
    "sa", "se", "so", "ta", "te", "ti", "to", "va", "ve", "vi", "zo", "zu",
};
constexpr Words kCountryEnds[] = {"ria", "land", "nia", "stan", "mark", "via", "lia", "gua"};
constexpr Words kCityEnds[] = {"burg",  "ville", "port", "grad",  "ton", "sk",
                               "mouth", "field", "sund", "polis", "n",   "ra"};
constexpr Words kStreets[] = {"Mill", "Church", "Garden", "Station", "Lake",   "Market",
                              "Hill", "School", "Bridge", "Elm",     "Fisher", "Long"};
constexpr Words kWays[] = {"Street", "Road", "Lane", "Avenue", "Way", "Square"};

template <std::size_t N>
Words pick(Random& random, const Words (&words)[N]) {
  return random.pick(std::span<const Words>(words));
}

std::string word(Random& random, std::int64_t syllables) {
  std::string text;
  for (std::int64_t i = 0; i < syllables; ++i) text += pick(random, kSyllables);
  text[0] = static_cast<char>(text[0] - 'a' + 'A');
  return text;
}

}  // namespace

std::span<const std::string_view> film_categories() { return kCategories; }
std::span<const std::string_view> film_languages() { return kLanguages; }

std::string film_title(Random& random) {
  const Words first = pick(random, kTitleFirst);
  return fmt::format("{} {}", first, pick(random, kTitleSecond));
}

std::string film_description(Random& random) {
  const Words first = pick(random, kPeople), second = pick(random, kPeople), deed = pick(random, kDeeds),
              thing = pick(random, kThings);
  return fmt::format("How {} and {} {} {} {}.", first, second, deed, thing, pick(random, kPlaces));
}

std::string country_name(Random& random) {
  const std::string stem = word(random, random.between(2, 3));
  return stem + std::string(pick(random, kCountryEnds));
}

std::string city_name(Random& random) {
  const std::string stem = word(random, random.between(2, 3));
  return stem + std::string(pick(random, kCityEnds));
}

std::string district_name(Random& random) { return word(random, random.between(2, 4)); }

std::string street_address(Random& random) {
  const std::int64_t number = random.between(1, 1999);
  const Words street = pick(random, kStreets);
  return fmt::format("{} {} {}", number, street, pick(random, kWays));
}

}  // namespace lochan

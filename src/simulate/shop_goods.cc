#include "simulate/shop_goods.h"

#include <array>

namespace lochan {
namespace {

using Words = std::string_view;

constexpr std::array kFruits = {
    Fruit{"Mango", "India", "piece", 249},
    Fruit{"Papaya", "Brazil", "piece", 429},
    Fruit{"Rambutan", "Malaysia", "kg", 1190},
    Fruit{"Mangosteen", "Thailand", "kg", 1650},
    Fruit{"Durian", "Thailand", "kg", 1890},
    Fruit{"Lychee", "Madagascar", "kg", 1290},
    Fruit{"Longan", "Vietnam", "kg", 990},
    Fruit{"Dragon fruit", "Vietnam", "piece", 399},
    Fruit{"Passion fruit", "Colombia", "piece", 79},
    Fruit{"Carambola", "Malaysia", "piece", 219},
    Fruit{"Guava", "Mexico", "kg", 850},
    Fruit{"Cherimoya", "Spain", "piece", 349},
    Fruit{"Soursop", "Ecuador", "piece", 749},
    Fruit{"Jackfruit", "Bangladesh", "kg", 690},
    Fruit{"Tamarind", "India", "kg", 780},
    Fruit{"Kumquat", "China", "kg", 890},
    Fruit{"Pomelo", "China", "piece", 319},
    Fruit{"Persimmon", "Spain", "kg", 520},
    Fruit{"Physalis", "Colombia", "kg", 1990},
    Fruit{"Tamarillo", "New Zealand", "kg", 1450},
    Fruit{"Feijoa", "New Zealand", "kg", 1350},
    Fruit{"Kiwano", "Kenya", "piece", 289},
    Fruit{"Salak", "Indonesia", "kg", 1540},
    Fruit{"Langsat", "Philippines", "kg", 1180},
    Fruit{"Sapodilla", "Sri Lanka", "kg", 1080},
    Fruit{"Black sapote", "Mexico", "piece", 379},
    Fruit{"Breadfruit", "Samoa", "piece", 459},
    Fruit{"Ackee", "Jamaica", "kg", 1620},
    Fruit{"Acerola", "Brazil", "kg", 1740},
    Fruit{"Jabuticaba", "Brazil", "kg", 2190},
    Fruit{"Cupuacu", "Brazil", "piece", 899},
    Fruit{"Lucuma", "Peru", "piece", 329},
    Fruit{"Pitanga", "Uruguay", "kg", 1490},
    Fruit{"Naranjilla", "Ecuador", "kg", 940},
    Fruit{"Prickly pear", "Morocco", "kg", 610},
    Fruit{"Medlar", "Georgia", "kg", 730},
    Fruit{"Yuzu", "Japan", "piece", 259},
    Fruit{"Buddha's hand", "Japan", "piece", 1290},
    Fruit{"Finger lime", "Australia", "kg", 9900},
    Fruit{"Marula", "South Africa", "kg", 1120},
};

constexpr Words kFirstNames[] = {
    "Anna",   "Piotr", "Maria",   "Jan",   "Zofia", "Tomasz", "Julia", "Adam", "Elena", "Viktor", "Ingrid", "Lars",
    "Chiara", "Marco", "Camille", "Hugo",  "Amara", "Kofi",   "Leila", "Omar", "Mei",   "Hiro",   "Priya",  "Arjun",
    "Fatima", "Yusuf", "Ana",     "Diego", "Lucia", "Mateo",  "Nora",  "Emil", "Olga",  "Ivan",   "Daria",  "Pavel",
};

constexpr Words kLastNames[] = {
    "Kowalska", "Nowak",     "Lewandowski", "Zielinska", "Wojcik",    "Mazur",    "Rossi",  "Bianchi", "Dubois",
    "Moreau",   "Schmidt",   "Weber",       "Hansen",    "Lindqvist", "Novakova", "Horvat", "Silva",   "Costa",
    "Garcia",   "Fernandez", "Okafor",      "Mensah",    "Haddad",    "Rahman",   "Sharma", "Patel",   "Tanaka",
    "Chen",     "Nguyen",    "Kim",         "Petrova",   "Ivanova",   "Sokolov",  "Orlova", "OBrien",  "Murphy",
};

constexpr Words kCities[] = {
    "Warszawa", "Kraków", "Łódź", "Wrocław", "Poznań", "Gdańsk", "Szczecin", "Lublin", "Katowice", "Białystok",
};

constexpr Words kPositions[] = {
    "branch manager", "cashier", "sales assistant", "fruit buyer", "storekeeper", "courier",
};

constexpr Words kPaymentTypes[] = {"card", "cash", "mobile", "voucher"};

constexpr Words kVarieties[] = {"organic", "ripe", "select", "small", "gift box"};

}  // namespace

std::span<const Fruit> fruits() { return kFruits; }
std::span<const std::string_view> first_names() { return kFirstNames; }
std::span<const std::string_view> last_names() { return kLastNames; }
std::span<const std::string_view> cities() { return kCities; }
std::span<const std::string_view> positions() { return kPositions; }
std::span<const std::string_view> payment_types() { return kPaymentTypes; }
std::span<const std::string_view> varieties() { return kVarieties; }

}  // namespace lochan

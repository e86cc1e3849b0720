#include "simulate/dvd_rows.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "base/hash.h"
#include "base/text.h"
#include "simulate/dvd_business.h"
#include "simulate/dvd_words.h"
#include "simulate/random.h"
#include "simulate/shop_goods.h"

namespace lochan {
namespace {

// The sizes of the well-known sample.
constexpr std::int64_t kActors = 200, kCountries = 109, kCities = 600, kAddresses = 603, kCustomers = 599,
                       kFilms = 1000, kFilmActors = 5462, kStockedFilms = 958, kCopies = 4581, kRentals = 16044,
                       kPayments = 14596, kInactive = 15, kCitiesWithoutPlace = 30;
constexpr std::string_view kWritten = "2026-04-02 23:59:00";  // last_update

class Maker {
 public:
  explicit Maker(std::uint64_t seed) : seed_(seed) {}

  std::map<std::string, DvdTableRows> make() {
    make_places();
    make_people();
    make_films();
    make_copies();
    make_rentals();
    return std::move(tables_);
  }

 private:
  struct Film {
    DvdTerms terms;
  };
  struct Copy {
    std::int64_t film = 0, store = 0;
    DvdDay back_on{};  // rented again from the day after this
  };
  struct Rental {
    std::string at;
    std::int64_t copy = 0, customer = 0;
    DvdDay day{};
    std::int64_t days_out = 0;
    std::string back;  // "" while it is out
    std::int64_t id = 0;
  };

  Random stream(std::string_view name) const { return Random(seed_, name, 0); }

  template <typename... Values>
  void add(const std::string& table, const Values&... values) {
    DvdTableRows& rows = tables_[table];
    std::string line;
    ((line += fmt::format("{}\t", values)), ...);
    line.back() = '\n';
    rows.text += line;
    ++rows.count;
  }
  void columns(const std::string& table, std::string names) { tables_[table].columns = std::move(names); }

  template <typename Make>
  static std::string unused(std::set<std::string>& used, const Make& make) {
    for (;;)
      if (const auto [text, is_new] = used.insert(make()); is_new) return *text;
  }

  void make_places() {
    columns("country", "country_id, country, last_update");
    columns("city", "city_id, city, country_id, longitude, latitude, last_update");
    Random random = stream("place");
    std::set<std::string> used;
    std::vector<std::pair<std::int64_t, std::int64_t>> centres;  // hundredths of a degree
    for (std::int64_t id = 1; id <= kCountries; ++id) {
      add("country", id, unused(used, [&] { return country_name(random); }), kWritten);
      centres.push_back({random.between(-17000, 17000), random.between(-5000, 6500)});
    }
    used.clear();
    for (std::int64_t id = 1; id <= kCities; ++id) {
      const std::string name = unused(used, [&] { return city_name(random); });
      // Each country has one; the rest goes to a few big ones more often.
      const std::int64_t country =
          id <= kCountries ? id : std::min(random.between(1, kCountries), random.between(1, kCountries));
      const auto [longitude, latitude] = centres[static_cast<std::size_t>(country - 1)];
      const auto degrees = [&](std::int64_t centre) {
        return fmt::format("{:.4f}", static_cast<double>(centre * 100 + random.between(-40000, 40000)) / 10000);
      };
      const std::string east = degrees(longitude), north = degrees(latitude);
      const bool is_unknown = id % (kCities / kCitiesWithoutPlace) == 0;
      add("city", id, name, country, is_unknown ? "\\N" : east, is_unknown ? "\\N" : north, kWritten);
    }
    columns("address", "address_id, address, address2, district, city_id, postal_code, phone, last_update");
    for (std::int64_t id = 1; id <= kAddresses; ++id) {
      const std::string street = street_address(random), district = district_name(random);
      const std::int64_t city = id <= 4 ? id : random.between(1, kCities);
      const std::int64_t postal_code = random.between(10000, 99999), phone = random.between(100000000000, 999999999999);
      add("address", id, street, id <= 4 ? "\\N" : "", district, city, postal_code, phone, kWritten);
    }
  }

  // A name nobody else has.
  std::pair<std::string, std::string> person(Random& random, std::set<std::string>& used) const {
    std::string first, last;
    unused(used, [&] {
      first = random.pick(first_names());
      last = random.pick(last_names());
      return first + " " + last;
    });
    return {first, last};
  }

  void make_people() {
    columns("actor", "actor_id, first_name, last_name, last_update");
    columns("customer",
            "customer_id, store_id, first_name, last_name, email, address_id, activebool, create_date, last_update, "
            "active");
    columns("staff",
            "staff_id, first_name, last_name, address_id, email, store_id, active, username, password, last_update, "
            "picture");
    columns("store", "store_id, manager_staff_id, address_id, last_update");
    Random random = stream("people");
    std::set<std::string> actors, others;
    for (std::int64_t id = 1; id <= kActors; ++id) {
      const auto [first, last] = person(random, actors);
      add("actor", id, first, last, kWritten);
    }
    for (std::int64_t id = 1; id <= 2; ++id) {
      const auto [first, last] = person(random, others);
      const std::string user = text::lower(first);
      add("staff", id, first, last, id + 2, fmt::format("{}.{}@staff.example", user, text::lower(last)), id, "t", user,
          sha256(fmt::format("{}{}", user, random.next())).substr(0, 40), kWritten,
          id == 1 ? "\\\\x" + sha256(user) : "\\N");
      add("store", id, id, id, kWritten);
    }
    for (std::int64_t id = 1; id <= kCustomers; ++id) {
      const auto [first, last] = person(random, others);
      const bool is_active = id % (kCustomers / kInactive) != 0;
      const std::int64_t store = random.between(1, 2);
      customer_stores_.push_back(store);
      add("customer", id, store, first, last,
          fmt::format("{}.{}@customer.example", text::lower(first), text::lower(last)), id + 4, is_active ? "t" : "f",
          dvd_date(kDvdFirstDay - std::chrono::days{random.between(1, 900)}), kWritten, is_active ? 1 : 0);
    }
  }

  void make_films() {
    columns("category", "category_id, name, last_update");
    columns("language", "language_id, name, last_update");
    columns("film",
            "film_id, title, description, release_year, language_id, rental_duration, rental_rate, length, "
            "replacement_cost, rating, last_update, special_features");
    columns("film_category", "film_id, category_id, last_update");
    columns("film_actor", "actor_id, film_id, last_update");
    for (std::size_t i = 0; i < film_categories().size(); ++i) add("category", i + 1, film_categories()[i], kWritten);
    for (std::size_t i = 0; i < film_languages().size(); ++i) add("language", i + 1, film_languages()[i], kWritten);
    Random random = stream("film");
    std::set<std::string> used;
    for (std::int64_t id = 1; id <= kFilms; ++id) {
      make_film(random, id, unused(used, [&] { return film_title(random); }));
      add("film_category", id, random.between(1, static_cast<std::int64_t>(film_categories().size())), kWritten);
    }
    // Each film has an actor and each actor a film; then at random.
    std::set<std::pair<std::int64_t, std::int64_t>> casts;
    for (std::int64_t id = 1; id <= kFilms; ++id) casts.insert({1 + (id * 7 + random.below(3)) % kActors, id});
    for (std::int64_t id = 1; id <= kActors; ++id) casts.insert({id, random.between(1, kFilms)});
    while (static_cast<std::int64_t>(casts.size()) < kFilmActors)
      casts.insert({random.between(1, kActors), random.between(1, kFilms)});
    for (const auto& [actor, film] : casts) add("film_actor", actor, film, kWritten);
  }

  void make_film(Random& random, std::int64_t id, const std::string& title) {
    static constexpr std::array<std::int64_t, 3> kRates = {99, 299, 499};
    static constexpr std::array<std::string_view, 5> kRatings = {"G", "PG", "PG-13", "R", "NC-17"};
    static constexpr std::array<std::string_view, 4> kFeatures = {"Trailers", "Commentaries", "Deleted Scenes",
                                                                  "Behind the Scenes"};
    Film film;
    film.terms = {.rental_days = random.between(3, 7),
                  .rate_cents = random.pick(std::span<const std::int64_t>(kRates)),
                  .worth_cents = random.between(9, 29) * 100 + 99};
    films_.push_back(film);
    std::vector<std::string> features;
    const std::int64_t mask = random.between(1, 15);
    for (std::size_t i = 0; i < kFeatures.size(); ++i)
      if ((mask >> i & 1) != 0) features.push_back(fmt::format("\"{}\"", kFeatures[i]));
    const std::string description = film_description(random);
    const std::int64_t year = random.between(1950, 2025), language = random.chance(70) ? 1 : random.between(2, 6),
                       length = random.between(46, 185);
    add("film", id, title, description, year, language, film.terms.rental_days, dvd_money(film.terms.rate_cents),
        length, dvd_money(film.terms.worth_cents), random.pick(std::span<const std::string_view>(kRatings)), kWritten,
        fmt::format("{{{}}}", fmt::join(features, ",")));
  }

  // At most four of a film at each store.
  void make_copies() {
    columns("inventory", "inventory_id, film_id, store_id, last_update");
    Random random = stream("copy");
    std::vector<std::int64_t> ids(kFilms);
    for (std::int64_t i = 0; i < kFilms; ++i) ids[static_cast<std::size_t>(i)] = i + 1;
    for (std::size_t i = ids.size() - 1; i > 0; --i)
      std::swap(ids[i], ids[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i) + 1))]);
    ids.resize(kStockedFilms);
    std::map<std::pair<std::int64_t, std::int64_t>, int> stock;  // film and store
    std::int64_t made = 0;
    for (const std::int64_t film : ids) ++stock[{film, random.between(1, 2)}], ++made;
    while (made < kCopies) {
      int& copies = stock[{random.pick(std::span<const std::int64_t>(ids)), random.between(1, 2)}];
      if (copies < 4) ++copies, ++made;
    }
    for (const auto& [where, copies] : stock) {
      for (int i = 0; i < copies; ++i) {
        copies_.push_back({where.first, where.second, kDvdFirstDay - std::chrono::days{1}});
        add("inventory", copies_.size(), where.first, where.second, kWritten);
      }
    }
  }

  void make_rentals() {
    columns("rental", "rental_id, rental_date, inventory_id, customer_id, return_date, staff_id, last_update");
    columns("payment", "payment_id, customer_id, staff_id, rental_id, amount, payment_date");
    std::int64_t demand = 0, so_far = 0, made = 0;
    for (DvdDay day = kDvdFirstDay; day <= kDvdLastDay; day += std::chrono::days{1}) demand += dvd_demand(day);
    std::vector<Rental> rentals;
    for (DvdDay day = kDvdFirstDay; day <= kDvdLastDay; day += std::chrono::days{1}) {
      so_far += dvd_demand(day);
      const std::int64_t until = kRentals * so_far / demand;
      make_day(day, until - made, rentals);
      made = until;
    }
    for (Rental& rental : rentals) {
      rental.id = &rental - rentals.data() + 1;
      const Copy& copy = copies_[static_cast<std::size_t>(rental.copy - 1)];
      add("rental", rental.id, rental.at, rental.copy, rental.customer, rental.back.empty() ? "\\N" : rental.back,
          copy.store, kWritten);
    }
    make_payments(rentals);
  }

  void make_day(DvdDay day, std::int64_t count, std::vector<Rental>& rentals) {
    Random random(seed_, "rental", static_cast<std::uint64_t>(day.time_since_epoch().count()));
    std::vector<std::int64_t> there;
    for (std::size_t i = 0; i < copies_.size(); ++i)
      if (copies_[i].back_on < day) there.push_back(static_cast<std::int64_t>(i) + 1);
    std::vector<Rental> today;
    while (count-- > 0) today.push_back(rent(random, day, there));
    std::ranges::sort(today, {}, [](const Rental& rental) { return std::pair(rental.at, rental.copy); });
    rentals.insert(rentals.end(), today.begin(), today.end());
  }

  // Most people go to the store they are customers of.
  Rental rent(Random& random, DvdDay day, std::vector<std::int64_t>& there) {
    const std::int64_t anyone = random.between(1, kCustomers);
    const std::int64_t customer = std::min(anyone, random.between(1, kCustomers + kCustomers / 2));  // some come often
    std::size_t at = 0;
    for (int tries = 0; tries < 4; ++tries) {
      at = static_cast<std::size_t>(random.below(static_cast<std::int64_t>(there.size())));
      if (copies_[static_cast<std::size_t>(there[at] - 1)].store ==
          customer_stores_[static_cast<std::size_t>(customer - 1)])
        break;
    }
    Rental rental{.at = dvd_time(random, day), .copy = there[at], .customer = customer, .day = day, .back = ""};
    std::swap(there[at], there.back());
    there.pop_back();
    Copy& copy = copies_[static_cast<std::size_t>(rental.copy - 1)];
    rental.days_out = dvd_days_out(random, films_[static_cast<std::size_t>(copy.film - 1)].terms.rental_days);
    copy.back_on = day + std::chrono::days{rental.days_out};
    const std::string back = dvd_time(random, copy.back_on);
    if (copy.back_on <= kDvdLastDay) rental.back = back;
    return rental;
  }

  // Of what came back, all but some is paid for.
  void make_payments(const std::vector<Rental>& rentals) {
    Random random = stream("payment");
    std::vector<const Rental*> returned;
    for (const Rental& rental : rentals)
      if (!rental.back.empty()) returned.push_back(&rental);
    std::vector<const Rental*> paid;
    for (std::size_t i = 0; i < returned.size(); ++i) {
      const auto left = static_cast<std::int64_t>(returned.size() - i);
      if (random.below(left) < kPayments - static_cast<std::int64_t>(paid.size())) paid.push_back(returned[i]);
    }
    std::ranges::sort(paid, {}, [](const Rental* rental) { return std::pair(rental->back, rental->id); });
    std::int64_t id = 0;
    for (const Rental* rental : paid) {
      const Copy& copy = copies_[static_cast<std::size_t>(rental->copy - 1)];
      const std::int64_t cents =
          dvd_amount_cents(films_[static_cast<std::size_t>(copy.film - 1)].terms, rental->days_out);
      add("payment", ++id, rental->customer, copy.store, rental->id, dvd_money(cents), rental->back);
    }
  }

  std::uint64_t seed_;
  std::map<std::string, DvdTableRows> tables_;
  std::vector<std::int64_t> customer_stores_;
  std::vector<Film> films_;
  std::vector<Copy> copies_;
};

}  // namespace

std::map<std::string, DvdTableRows> make_dvd_rows(std::uint64_t seed) { return Maker(seed).make(); }

}  // namespace lochan

// `lochan simulate dvd_rental`: the sample of fifteen tables in a PostgreSQL database, and days of its business.
#pragma once

#include <cstdint>
#include <optional>
#include <stop_token>
#include <string>

#include "base/log.h"
#include "cli/command.h"

namespace lochan {

class SimulateDvdRental {
 public:
  void add(Options& options);
  bool is_chosen() const { return is_chosen_; }
  /// Returns the exit code. A stop leaves nothing behind.
  int run(Context& context, Log& log, std::stop_token stop) const;

 private:
  struct Place {
    std::string name, url;
  };
  Place place(Context& context) const;

  bool is_chosen_ = false;
  std::string connection_, to_, mix_day_;
  std::optional<std::int64_t> seed_;
};

}  // namespace lochan

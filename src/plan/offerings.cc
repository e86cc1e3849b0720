#include "plan/offerings.h"

#include "source/asked_together.h"

namespace lochan {

void Offerings::open(Offering& offering, const Connection& connection, const std::vector<const SourceTable*>& tables) {
  if (offering.failure) throw Error(*offering.failure);
  auto source = make_source(connection);
  if (auto* together = dynamic_cast<AskedTogether*>(source.get())) {
    std::vector<AskedTogether::Table> asked;
    for (const SourceTable* table : tables) asked.push_back({table, {}});
    try {
      together->ask_for(asked);
    } catch (const Error& error) {
      offering.failure = error;
      throw;
    }
  }
  offering.source = std::move(source);
}

}  // namespace lochan

#include "sink/mongodb_lock.h"

#include <fmt/format.h>

#include <chrono>
#include <condition_variable>
#include <mutex>

#include "base/error.h"

namespace lochan {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{100};
constexpr std::chrono::seconds kBeat{5};
constexpr std::chrono::seconds kSilence{60};  // so long without a beat, another host's holder counts as dead
constexpr std::uint32_t kDuplicateKey = 11000;

}  // namespace

MongoLock::MongoLock(MongoClient& client, const Connection& connection, MongoName name,
                     const std::function<bool()>& is_cancelled)
    : client_(client), connection_(connection), name_(std::move(name)), id_("lock " + name_.collection) {
  Holder seen;
  auto since = SteadyClock::now();
  while (!try_take()) {
    if (is_cancelled()) throw Error(ErrorKind::Unavailable, "interrupted");
    const Holder now = look();
    if (now != seen) seen = now, since = SteadyClock::now();
    if (AliveMark::is_dead(now.host, now.owner) || SteadyClock::now() - since > kSilence) take_over(now);
    std::this_thread::sleep_for(kPoll);
  }
  heart_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
}

MongoLock::~MongoLock() {
  heart_ = std::jthread();  // joins
  try {
    client_.command(name_.database,
                    Bson()
                        .add("update", kMongoMarks)
                        .add("updates", std::vector{Bson()
                                                        .add("q", Bson().add("_id", id_).add("owner", alive_.id()))
                                                        .add("u", Bson().add("$set", Bson().add_null("owner")))}));
  } catch (const Error&) {
    // Whoever comes next sees that the file is free.
  }
}

// Of two that are there at once one makes the document, and the other one's is a double.
bool MongoLock::try_take() const {
  const Bson taken = Bson().add("owner", alive_.id()).add("host", AliveMark::host()).add("beat", 0);
  return client_
      .try_command(name_.database,
                   Bson()
                       .add("findAndModify", kMongoMarks)
                       .add("query", Bson().add("_id", id_).add_null("owner"))
                       .add("update", Bson().add("$set", taken))
                       .add("upsert", true),
                   kDuplicateKey)
      .has_value();
}

MongoLock::Holder MongoLock::look() const {
  Holder holder;
  client_.find({name_.database, kMongoMarks}, Bson().add("_id", id_), Bson(), [&](const bson_t* found) {
    holder = {bson_text(found, "owner"), bson_text(found, "host"), bson_number(found, "beat")};
  });
  return holder;
}

void MongoLock::take_over(const Holder& holder) const {
  client_.command(name_.database,
                  Bson()
                      .add("findAndModify", kMongoMarks)
                      .add("query", Bson().add("_id", id_).add("owner", holder.owner).add("beat", holder.beat))
                      .add("update", Bson().add("$set", Bson().add_null("owner"))));
}

void MongoLock::require() const {
  if (is_lost_)
    throw Error(ErrorKind::Unavailable,
                fmt::format("another host writes `{}` now: this one had not been heard of for {} s", name_.full(),
                            kSilence.count()));
}

// On a connection of its own. What fails is tried again; that silence was too long is seen by the next beat.
void MongoLock::beat(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any woken;
  std::unique_lock lock(mutex);
  std::unique_ptr<MongoClient> client;
  while (!woken.wait_for(lock, stop, kBeat, [&] { return stop.stop_requested(); })) {
    if (stop.stop_requested()) return;
    try {
      if (!client) client = std::make_unique<MongoClient>(connection_);
      const Bson reply =
          client->command(name_.database, Bson()
                                              .add("findAndModify", kMongoMarks)
                                              .add("query", Bson().add("_id", id_).add("owner", alive_.id()))
                                              .add("update", Bson().add("$inc", Bson().add("beat", 1))));
      const auto found = bson_at(reply.get(), "value");
      if (!found || BSON_ITER_HOLDS_NULL(&*found)) is_lost_ = true;
    } catch (const Error&) {
      client.reset();
    }
  }
}

}  // namespace lochan

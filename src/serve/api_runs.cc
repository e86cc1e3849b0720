// `/api/runs`: what was run, what is running, and its end before its time.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "run/cancelling.h"
#include "run/journal.h"
#include "run/recovery.h"
#include "serve/json_response.h"
#include "serve/routes.h"

namespace lochan {
namespace {

constexpr std::int64_t kListed = 20;
constexpr std::int64_t kListedAtMost = 1000;

std::int64_t positive_number(const std::string& text, std::string_view name) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc{} || end != text.data() + text.size() || number < 1)
    throw Error(ErrorKind::Usage, fmt::format("`{}` is `{}`, wanted a whole number from 1 on", name, text));
  return number;
}

RunRecord run_of(const RouteCall& call, const Journal& journal) {
  const std::int64_t number = positive_number(call.names.at("run"), "run");
  auto record = journal.find(number);
  if (!record) throw Error(ErrorKind::NotFound, fmt::format("there is no run {}", number));
  return std::move(*record);
}

template <typename Items>
Document list(const Items& items) {
  Document documents = Document::array();
  for (const auto& item : items) documents.push_back(to_document(item));
  return documents;
}

}  // namespace

HttpResponse list_runs(const RouteCall& call) {
  const auto limit = call.query.find("limit");
  const std::int64_t count = limit == call.query.end() ? kListed : positive_number(limit->second, "limit");
  const Journal journal(call.served.lake().state());
  const auto runs = journal.runs(static_cast<int>(std::min(count, kListedAtMost)));
  return json_response({{"runs", list(runs)}}, 200, &call.parts.secrets);
}

HttpResponse show_run(const RouteCall& call) {
  const Journal journal(call.served.lake().state());
  Document document = to_document(run_of(call, journal));
  const std::int64_t run = document["run"];
  document["steps"] = list(journal.steps(run));
  document["checks"] = list(journal.checks(run));
  return json_response(std::move(document), 200, &call.parts.secrets);
}

HttpResponse cancel_run(const RouteCall& call) {
  Lake& lake = call.served.lake();
  const std::int64_t run = positive_number(call.names.at("run"), "run");
  const Instant now = call.parts.clock.now();
  recover_dead_runs(lake);
  const CancelOutcome outcome = cancel_run(lake.state(), run, "the API", now);
  if (outcome.answer == CancelAnswer::HadEnded)
    throw Error(ErrorKind::Conflict, fmt::format("run {} had ended: {}", run, to_string(outcome.state)));
  const bool is_over = outcome.answer == CancelAnswer::Cancelled;
  return json_response({{"run", run}, {"state", to_string(outcome.state)}, {"cancelled", true}}, is_over ? 200 : 202);
}

}  // namespace lochan

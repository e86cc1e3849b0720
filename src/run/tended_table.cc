#include "run/tended_table.h"

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

#include "base/error.h"
#include "base/sql.h"
#include "catalog/tending_claims.h"

namespace lochan {
namespace {

constexpr std::chrono::milliseconds kLook{100};

/// Thrown out of the publishing transaction, which undoes it.
struct Wanted {};

}  // namespace

TendedTable::TendedTable(Lake& lake, Engine& engine, StartedRun& run, TableName table, std::stop_token stop)
    : lake_(lake), engine_(engine), run_(run), table_(std::move(table)), stop_(std::move(stop)) {}

TendedTable::~TendedTable() {
  watcher_ = {};
  worker_.reset();
  try {
    if (!token_.empty()) lake_.catalog().revoke_token(token_);
    if (!branch_.empty()) lake_.catalog().mark_branch(branch_, BranchState::Dropped);
    lake_.catalog().release_claims(run_.number());
  } catch (...) {
    // The state can't be written: the claims go with the run, whoever ends that.
  }
}

bool TendedTable::take(int number) {
  Catalog& catalog = lake_.catalog();
  bool is_taken = false;
  run_.write([&] { is_taken = claim_until_wanted(catalog, run_.number(), "main", std::span(&table_, 1)).has_value(); });
  if (is_taken) return false;
  branch_ = run_.new_branch(number);
  // As of the branch's base, which is main as it is while the claim holds.
  const auto entry = catalog.find(branch_, table_);
  if (!entry || entry->kind != EntryKind::Table) return false;
  entry_ = *entry;
  token_ = catalog.grant_token({branch_, true, {table_}, ""});
  binding_.emplace(RunBinding{catalog, engine_, [this] { return lake_.uri(); }, branch_, {table_}, "", 1});
  worker_ = std::make_unique<Worker>(*binding_);
  watcher_ = std::jthread([this](std::stop_token done) { watch(std::move(done)); });
  return true;
}

bool TendedTable::was_wanted() const { return !holds_claim(lake_.catalog(), run_.number(), "main", table_); }

void TendedTable::watch(std::stop_token done) noexcept {
  try {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    while (!changed.wait_for(lock, done, kLook, [] { return false; }) && !done.stop_requested())
      if (stop_.stop_requested() || was_wanted()) worker_->expire();
  } catch (...) {
    // Without the watch it is found out when publishing.
  }
}

std::vector<LakeFile> TendedTable::files() const {
  return read_lake_files(lake_.catalog(), *lake_.catalog().find(branch_, table_));
}

void TendedTable::set_files(std::span<const LakeFile> files, std::string_view operation) {
  set_lake_files(lake_.catalog(), token_, table_, files, operation);
}

std::string TendedTable::with_name(std::string_view statement) {
  const std::string name = sql::identifier(worker_->session().lake()) + "." + quoted(table_);
  std::string text(statement);
  for (std::size_t at = text.find("{}"); at != std::string::npos; at = text.find("{}", at + name.size()))
    text.replace(at, 2, name);
  return text;
}

std::int64_t TendedTable::execute(std::string_view statement) { return worker_->session().execute(with_name(statement)); }

Rows TendedTable::query(std::string_view statement) { return worker_->session().query(with_name(statement)); }

std::optional<std::int64_t> TendedTable::publish(PublishTable table, const std::string& message) {
  worker_->drop_session();
  PublishRequest request;
  request.branch = branch_;
  request.tables = {std::move(table)};
  request.run = run_.number();
  request.author = run_.author();
  request.message = message;
  request.first = [&] { run_.require_own(); };
  request.also = [&](std::int64_t publication) {
    if (stop_.stop_requested() || was_wanted()) throw Wanted{};
    run_.journal().published(run_.number(), publication);
  };
  try {
    return lake_.catalog().publish(request).publication;
  } catch (const Wanted&) {
    return std::nullopt;
  }
}

}  // namespace lochan

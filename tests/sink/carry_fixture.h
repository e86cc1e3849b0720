// Carries one table, `mart.sale`, whose publications are tables of an engine: no lake is needed to see what a sink does.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/engine.h"
#include "sink/sink.h"

namespace lochan {

class CarryFixture {
 public:
  CarryFixture() {
    config_.name = "dwh";
    config_.schema = "dwh";
    table_.table = {"mart", "sale"};
    table_.to = "sale";
    reopen();
  }

  /// The table's next publication.
  void publish(const std::string& select) {
    ++publication_;
    session_->execute(fmt::format("create table {} as {}", rows_of(publication_), select));
  }
  /// Its next publication: the rows changed by SQL that calls the table SALE.
  void change(const std::string& sql) {
    publish("from " + rows_of(publication_));
    std::string in_place = sql;
    for (std::size_t at = in_place.find("SALE"); at != std::string::npos; at = in_place.find("SALE"))
      in_place.replace(at, 4, rows_of(publication_));
    session_->execute(in_place);
  }

  /// One try, of a sink of its own.
  CarriedTable carry(const Connection& connection) {
    const auto sink = make_sink(connection);
    return carry(*sink);
  }
  CarriedTable carry(Sink& sink) {
    CarryRequest request;
    request.sink = &config_;
    request.project = project_;
    request.publication = publication_;
    request.in_full = in_full_;
    request.rows_at = [&](const TableName&, std::int64_t publication, const std::string& version) {
      const bool is_there = publication >= 1 && publication <= last_ && version == version_of(publication) &&
                            !forgotten_.contains(publication) && columns(publication) == columns(publication_);
      return is_there ? std::optional(rows_of(publication)) : std::nullopt;
    };
    last_ = std::max(last_, publication_);
    request.tables.push_back({&table_, version_of(publication_), columns(publication_), rows_of(publication_),
                              session_->query("select count(*) from " + rows_of(publication_)).integer(), loaded_at_,
                              was_carried_});
    try {
      return sink.carry(*session_, request).at(0);
    } catch (...) {
      reopen();
      throw;
    }
  }

  std::vector<std::string> lake_rows(const std::string& columns) {
    std::vector<std::string> lines;
    for (const auto& row : session_->query(fmt::format("select {} from {}", columns, rows_of(publication_))).rows) {
      std::string line;
      for (const auto& value : row) line += (line.empty() ? "" : "|") + value.value_or("null");
      lines.push_back(std::move(line));
    }
    std::ranges::sort(lines);
    return lines;
  }
  std::vector<Column> columns(std::int64_t publication) {
    return session_->describe("from " + rows_of(publication));
  }
  Session& session() { return *session_; }

  template <typename Work>
  static std::string error(Work&& work) {
    try {
      work();
    } catch (const Error& caught) {
      return fmt::format("{}: {}{}", to_string(caught.kind()), caught.message(),
                         caught.hint().empty() ? "" : fmt::format(" ({})", caught.hint()));
    }
    return "nothing was thrown";
  }

  SinkConfig config_;
  SinkTable table_;
  std::string project_ = "shop";
  std::string loaded_at_;
  bool in_full_ = false;
  bool was_carried_ = false;
  std::set<std::int64_t> forgotten_;  // publications beyond retention
  std::int64_t publication_ = 0;

 private:
  static std::string version_of(std::int64_t publication) { return fmt::format("version {}", publication); }
  static std::string rows_of(std::int64_t publication) { return fmt::format("memory.main.sale_{}", publication); }
  void reopen() { session_ = engine_.open_session(); }

  Engine engine_{EngineOptions{.threads = 2}};
  std::unique_ptr<Session> session_;
  std::int64_t last_ = 0;
};

}  // namespace lochan

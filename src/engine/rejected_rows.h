// Refused records: rows that break a rule, and records that could not be read. They don't enter their table; they go to
// `<table>__rejected`, a log of the lake in which each record is open until it has found its way in or was replaced.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/session.h"
#include "project/project.h"

namespace lochan {

/// The columns of every `<table>__rejected`.
const std::vector<Column>& rejected_columns();
/// A select that gives no row, with these columns: what a table is read as of which nothing was ever refused.
std::string no_rejected_rows();

/// What each row must hold, by a check with `on_fail: quarantine`.
struct RowRule {
  std::string name;     // the check's
  std::string failing;  // SQL, true of the rows that are refused
  std::string reason;   // SQL for the text that says why
};

/// Where refused rows wait while a step is worked on: temporary tables of its session.
class Refused {
 public:
  /// Begins with none.
  explicit Refused(Session& session);

  /// Moves the rows of the temporary table `staged` that break a rule. `columns` are the payload; rules may also name
  /// what `also` adds to each row (`'branch_1' as _source`). `position` is SQL for where a row was found.
  void take_failing(const std::string& staged, std::span<const Column> columns, std::span<const RowRule> rules,
                    std::span<const std::string> key, const std::string& position, const std::string& also = "",
                    const Parameters& parameters = {});
  /// A record that could not be read, or the rows of a select of payload, reason, position and key.
  struct Record {
    std::string payload, reason, position;
  };
  void add(std::span<const Record> records);
  void add(const std::string& select);

  std::int64_t count() const { return count_; }
  /// The first of them, for a message: "a.csv:3: …".
  std::string first() const;
  Session& session() const { return session_; }

 private:
  Session& session_;
  std::int64_t count_ = 0;
};

/// SQL for the key of a row as the log keeps it, by which a newer version of the row is known.
std::string record_key(std::span<const std::string> key, const std::string& prefix = "");
/// SQL for a row as JSON text, in which each value comes back as itself, and the way back: a select list over
/// `payload`.
std::string row_payload(std::span<const Column> columns, const std::string& prefix = "");
std::string payload_values(std::span<const Column> columns);
/// SQL for "id = 4, day = 2026-01-01"; null without a key.
std::string key_position(std::span<const std::string> key, const std::string& prefix = "");

/// The log of one step's table.
struct RejectedLog {
  std::string name;  // "lake_3"."raw"."sale__rejected"
  bool exists = false;
  std::string source;  // the connection; "": a model's
  std::string at;      // an instant
  std::int64_t run = 0;
  std::string covered;  // SQL over the log: open records that the step read anew; those not refused again are closed
};

/// Writes what was refused: a record that is open already is not written twice. Returns whether anything was written.
/// Within the caller's transaction, if there is one.
bool log_refused(const Refused& refused, const RejectedLog& log);

/// Throws Error{Data} when more was refused than the limit allows of `rows`, or, where nothing is said and `is_whole`,
/// all of them: then the table would be emptied.
void require_within(const RejectLimit& limit, const Refused& refused, std::int64_t rows, bool is_whole,
                    const std::string& table, const Position& position);

}  // namespace lochan

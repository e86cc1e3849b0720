#include "base/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>

#include <array>
#include <charconv>
#include <utility>

#include "base/text.h"

namespace lochan {
namespace {

struct Clear {
  void operator()(PGresult* result) const noexcept { PQclear(result); }
};
using Result = std::unique_ptr<PGresult, Clear>;

bool is_good(const PGresult* result) {
  const ExecStatusType status = PQresultStatus(result);
  return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

// Classes and codes of https://www.postgresql.org/docs/15/errcodes-appendix.html after which the same may go well later.
bool may_be_tried_again(std::string_view code) {
  return code.starts_with("08") || code.starts_with("53") || code.starts_with("40") || code.starts_with("57P0") ||
         code == "57014" || code == "55P03" || code == "25P03" || code == "25006";
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? "" : text;
}

// What libpq says of a connection that failed, on one line.
std::string one_line(const char* message) {
  std::string line(text::trim(message == nullptr ? "" : message));
  for (char& letter : line)
    if (letter == '\n' || letter == '\t') letter = ' ';
  return line;
}

std::int64_t rows_changed(PGresult* result) {
  const std::string_view text = PQcmdTuples(result);
  std::int64_t rows = 0;
  std::from_chars(text.data(), text.data() + text.size(), rows);
  return rows;
}

}  // namespace

const std::string& PostgresRows::value() const {
  if (rows.empty() || rows[0].empty() || !rows[0][0]) throw Error(ErrorKind::Internal, "a query gave no value");
  return *rows[0][0];
}

void PostgresConnection::Close::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

PostgresConnection::PostgresConnection(const std::string& url, std::string name) : name_(std::move(name)) {
  // Values of the URL win over these: dbname comes last and is expanded.
  const char* const keys[] = {"application_name", "connect_timeout", "client_encoding", "dbname", nullptr};
  const char* const values[] = {"lochan", "10", "UTF8", url.c_str(), nullptr};
  connection_.reset(PQconnectdbParams(keys, values, 1));
  if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) throw failed(nullptr);
  // Notices are for people at a terminal.
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  execute("set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; set extra_float_digits = 1; "
          "set bytea_output = 'hex'; set standard_conforming_strings = on");
}

bool PostgresConnection::is_open() const { return connection_ && PQstatus(connection_.get()) == CONNECTION_OK; }

Error PostgresConnection::failed(const void* raw) {
  const auto* result = static_cast<const PGresult*>(raw);
  code_ = result == nullptr ? "" : field(result, PG_DIAG_SQLSTATE);
  if (code_.empty()) {
    const std::string message = one_line(connection_ ? PQerrorMessage(connection_.get()) : "out of memory");
    const bool is_refused_user = message.find("authentication failed") != std::string::npos ||
                                 message.find("no password supplied") != std::string::npos ||
                                 message.find("does not exist") != std::string::npos ||
                                 message.find("pg_hba.conf") != std::string::npos;
    return Error(is_refused_user ? ErrorKind::Data : ErrorKind::Unavailable, fmt::format("connection `{}`: {}", name_, message))
        .hint(is_refused_user ? "check the connection's user, password and database in lochan.yaml"
                              : "check that the server runs and that the connection's address in lochan.yaml is right");
  }
  std::string message = fmt::format("connection `{}`: {}", name_, field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += fmt::format(" ({})", detail);
  return Error(may_be_tried_again(code_) ? ErrorKind::Unavailable : ErrorKind::Data, std::move(message))
      .hint(field(result, PG_DIAG_MESSAGE_HINT));
}

PostgresRows PostgresConnection::query(std::string_view sql, std::span<const PostgresValue> values) {
  std::vector<const char*> texts;
  for (const PostgresValue& value : values) texts.push_back(value ? value->c_str() : nullptr);
  const Result result(PQexecParams(connection_.get(), std::string(sql).c_str(), static_cast<int>(texts.size()), nullptr,
                                   texts.data(), nullptr, nullptr, 0));
  if (!is_good(result.get())) throw failed(result.get());
  PostgresRows rows;
  const int width = PQnfields(result.get());
  for (int column = 0; column < width; ++column) {
    rows.columns.emplace_back(PQfname(result.get(), column));
    rows.types.push_back(PQftype(result.get(), column));
  }
  for (int row = 0; row < PQntuples(result.get()); ++row) {
    auto& cells = rows.rows.emplace_back();
    for (int column = 0; column < width; ++column)
      cells.push_back(PQgetisnull(result.get(), row, column) != 0
                          ? PostgresValue{}
                          : std::string(PQgetvalue(result.get(), row, column),
                                        static_cast<std::size_t>(PQgetlength(result.get(), row, column))));
  }
  return rows;
}

std::int64_t PostgresConnection::execute(std::string_view sql, std::span<const PostgresValue> values) {
  if (values.empty()) {
    const Result result(PQexec(connection_.get(), std::string(sql).c_str()));
    if (!is_good(result.get())) throw failed(result.get());
    return rows_changed(result.get());
  }
  std::vector<const char*> texts;
  for (const PostgresValue& value : values) texts.push_back(value ? value->c_str() : nullptr);
  const Result result(PQexecParams(connection_.get(), std::string(sql).c_str(), static_cast<int>(texts.size()), nullptr,
                                   texts.data(), nullptr, nullptr, 0));
  if (!is_good(result.get())) throw failed(result.get());
  return rows_changed(result.get());
}

void PostgresConnection::transaction(const std::function<void()>& work, std::string_view begin) {
  execute(begin);
  try {
    work();
  } catch (...) {
    try {
      execute("rollback");
    } catch (const Error&) {
      // The connection is gone, and the transaction with it.
    }
    throw;
  }
  try {
    execute("commit");
  } catch (const Error& error) {
    if (is_open() && !code_.empty()) throw;
    throw Error(ErrorKind::CommitUnknown, fmt::format("{} (while it committed)", error.message()));
  }
}

void PostgresConnection::begin_copy(std::string_view sql) {
  const Result result(PQexec(connection_.get(), std::string(sql).c_str()));
  if (PQresultStatus(result.get()) != PGRES_COPY_IN) throw failed(result.get());
}

void PostgresConnection::send_copy(std::string_view bytes) {
  if (PQputCopyData(connection_.get(), bytes.data(), static_cast<int>(bytes.size())) == 1) return;
  // Why the server gave up stands in the result.
  const Result result(PQgetResult(connection_.get()));
  throw failed(PQresultStatus(result.get()) == PGRES_FATAL_ERROR ? result.get() : nullptr);
}

std::int64_t PostgresConnection::finish_copy() {
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) throw failed(nullptr);
  std::int64_t rows = 0;
  std::optional<Error> failure;
  while (const Result result{PQgetResult(connection_.get())}) {
    if (is_good(result.get()))
      rows = rows_changed(result.get());
    else
      failure = failed(result.get());
  }
  if (failure) throw Error(*failure);
  return rows;
}

void PostgresConnection::cancel_copy() noexcept {
  PQputCopyEnd(connection_.get(), "cancelled");
  while (PGresult* result = PQgetResult(connection_.get())) PQclear(result);
}

void PostgresConnection::cancel() noexcept {
  PGcancel* const cancel = PQgetCancel(connection_.get());
  std::array<char, 256> ignored{};
  if (cancel != nullptr) PQcancel(cancel, ignored.data(), static_cast<int>(ignored.size()));
  PQfreeCancel(cancel);
}

}  // namespace lochan

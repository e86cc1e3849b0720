#include "base/postgres_connection.h"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <map>
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

/// Why there is no connection. `said` is what the server or the library says, `message` the same without the password,
/// which may be part of any word.
Error not_let_in(std::string_view said, std::string message) {
  const auto says = [&](std::initializer_list<std::string_view> parts) {
    return std::ranges::any_of(parts, [&](std::string_view part) { return said.find(part) != std::string_view::npos; });
  };
  if (says({"certificate verify failed", "root certificate file", "server certificate for",
            "server does not support SSL"}))
    return Error(ErrorKind::Data, std::move(message))
        .hint(
            "the server is not the one that the URL trusts: check `sslmode`, and that `sslrootcert` names the "
            "certificate of who signed the server's");
  if (says({"authentication failed", "no password supplied", "does not exist", "pg_hba.conf",
            "is not permitted to log in", "permission denied for database"}))
    return Error(ErrorKind::Data, std::move(message))
        .hint("check the connection's user, password and database in lochan.yaml");
  return Error(ErrorKind::Unavailable, std::move(message))
      .hint(says({"FATAL:"}) ? "the server is there, and lets nobody in at the moment: it starts, stops or has no room"
                             : "check that the server runs and that the connection's address in lochan.yaml is right");
}

// Classes and codes of https://www.postgresql.org/docs/15/errcodes-appendix.html after which the same may go well later.
bool may_be_tried_again(std::string_view code) {
  return code.starts_with("08") || code.starts_with("53") || code.starts_with("40") || code.starts_with("57P0") ||
         code == "57014" || code == "72000" || code == "55P03" || code == "25P03" || code == "25006";
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

// What the URL says. Of a URL that can't be read the message doesn't repeat what it holds.
std::map<std::string, std::string> read_url(const std::string& url, const std::string& name) {
  char* message = nullptr;
  const std::unique_ptr<PQconninfoOption, void (*)(PQconninfoOption*)> options(PQconninfoParse(url.c_str(), &message), PQconninfoFree);
  const std::unique_ptr<char, void (*)(void*)> owned(message, PQfreemem);
  if (!options) {
    std::string what = one_line(message);
    what.resize(std::min(what.find('"'), what.size()));
    throw Error(ErrorKind::Data, fmt::format("connection `{}`: its URL can't be read: {}", name, text::trim(what)))
        .hint("write `postgresql://user:password@host:port/database`; letters such as `@`, `/`, `%` in a part are written %40, %2F, %25");
  }
  std::map<std::string, std::string> settings;
  for (const PQconninfoOption* option = options.get(); option->keyword != nullptr; ++option)
    if (option->val != nullptr) settings[option->keyword] = option->val;
  return settings;
}

// With values for what the environment would else fill in, so that a URL with a host leads to that host. Encryption by
// GSSAPI is for who asks for it: with a ticket of Kerberos at hand libpq tries it first at every server, and asks the
// network who that is.
std::string connection_text(std::map<std::string, std::string> settings) {
  if (::getenv("PGGSSENCMODE") == nullptr) settings.try_emplace("gssencmode", "disable");
  if (settings.contains("host") || settings.contains("hostaddr")) {
    settings.try_emplace("port", "5432");
    if (settings.contains("host")) settings.try_emplace("hostaddr", "");
    settings.try_emplace("options", "");
  }
  std::string text;
  for (const auto& [key, value] : settings) {
    text += key + "='";
    for (const char letter : value) {
      if (letter == '\\' || letter == '\'') text += '\\';
      text += letter;
    }
    text += "' ";
  }
  return text;
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

void PostgresConnection::FreeMessage::operator()(char* message) const noexcept { PQfreemem(message); }

PostgresConnection::PostgresConnection(const std::string& url, std::string name) : name_(std::move(name)) {
  const std::map<std::string, std::string> settings = read_url(url, name_);
  const auto password = settings.find("password");
  if (password != settings.end()) password_ = password->second;
  const std::string text = connection_text(settings);
  // Values of the URL win over these: dbname comes last and is expanded.
  const char* const keys[] = {"application_name", "connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count",
                              "tcp_user_timeout", "dbname", nullptr};
  const char* const values[] = {"lochan", "10", "30", "10", "3", "60000", text.c_str(), nullptr};
  connection_.reset(PQconnectdbParams(keys, values, 1));
  if (!connection_ || PQstatus(connection_.get()) != CONNECTION_OK) throw failed(nullptr);
  // Notices are for people at a terminal.
  PQsetNoticeProcessor(connection_.get(), [](void*, const char*) {}, nullptr);
  execute("set client_encoding = 'UTF8'; set timezone = 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'postgres'; "
          "set extra_float_digits = 1; set bytea_output = 'hex'; set standard_conforming_strings = on");
}

bool PostgresConnection::is_open() const { return connection_ && PQstatus(connection_.get()) == CONNECTION_OK; }

Error PostgresConnection::failed(const void* raw) {
  const auto* result = static_cast<const PGresult*>(raw);
  code_ = result == nullptr ? "" : field(result, PG_DIAG_SQLSTATE);
  const std::string position = result == nullptr ? "" : field(result, PG_DIAG_STATEMENT_POSITION);
  position_ = 0;
  std::from_chars(position.data(), position.data() + position.size(), position_);
  if (code_.empty()) {
    std::string said = one_line(connection_ ? PQerrorMessage(connection_.get()) : "out of memory");
    said = text::trim(std::string_view(said).substr(0, said.find("Is the server running")));  // the hint asks that
    return not_let_in(said, fmt::format("connection `{}`: {}", name_, without_password(said)));
  }
  std::string message = fmt::format("connection `{}`: {}", name_, field(result, PG_DIAG_MESSAGE_PRIMARY));
  if (const std::string detail = field(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty()) message += fmt::format(" ({})", detail);
  std::string hint = field(result, PG_DIAG_MESSAGE_HINT);
  if (code_ == "57014" && message.find("statement timeout") != std::string::npos)
    hint = "the server's `statement_timeout` ends long statements: raise it for this role (`alter role … set statement_timeout`)";
  return Error(may_be_tried_again(code_) ? ErrorKind::Unavailable : ErrorKind::Data, without_password(std::move(message)))
      .hint(std::move(hint));
}

std::string PostgresConnection::without_password(std::string text) const {
  if (password_.empty()) return text;
  for (std::size_t at = 0; (at = text.find(password_, at)) != std::string::npos; at += 3) text.replace(at, password_.size(), "***");
  return text;
}

// Takes in what the server sends next. May come back with nothing, to be called again.
void PostgresConnection::receive() {
  pollfd waited{PQsocket(connection_.get()), POLLIN, 0};
  const int ready = poll(&waited, 1, is_stopped_ ? 100 : -1);
  if (is_stopped_ && is_stopped_()) {
    cancel();
    throw Error(ErrorKind::Unavailable, "interrupted");
  }
  if (ready > 0 && PQconsumeInput(connection_.get()) == 0) throw failed(nullptr);
}

// Until an answer is there to be taken.
void PostgresConnection::wait() {
  while (PQisBusy(connection_.get()) != 0) receive();
}

bool PostgresConnection::is_still_open() {
  if (!is_open()) return false;
  pollfd idle{PQsocket(connection_.get()), POLLIN, 0};
  return poll(&idle, 1, 0) == 0;  // nothing was asked: what comes is the server's farewell
}

// As one message, which the server reads when it likes.
void PostgresConnection::send(const char* sql, std::span<const PostgresValue> values) {
  std::vector<const char*> texts;
  for (const PostgresValue& value : values) texts.push_back(value ? value->c_str() : nullptr);
  if (PQsendQueryParams(connection_.get(), sql, static_cast<int>(texts.size()), nullptr, texts.data(), nullptr, nullptr, 0) == 0)
    throw failed(nullptr);
}

void PostgresConnection::execute_later(std::string_view sql, std::span<const PostgresValue> values) {
  // So many answers fit into the socket's buffers, whatever the server says of each.
  constexpr int kMostSent = 100;
  if (sent_ == 0 && PQenterPipelineMode(connection_.get()) == 0) throw failed(nullptr);
  send(std::string(sql).c_str(), values);
  if (++sent_ >= kMostSent) run_with_sent("select 1", {});
}

// https://www.postgresql.org/docs/15/libpq-pipeline-mode.html: the first that fails aborts those after it.
std::unique_ptr<void, void (*)(void*)> PostgresConnection::run_with_sent(const char* sql, std::span<const PostgresValue> values) {
  send(sql, values);
  if (PQpipelineSync(connection_.get()) == 0) throw failed(nullptr);
  Result last;
  while (true) {
    wait();
    Result next(PQgetResult(connection_.get()));
    if (!next) {
      if (!is_open()) throw failed(nullptr);
      continue;  // between two answers
    }
    if (PQresultStatus(next.get()) == PGRES_PIPELINE_SYNC) break;
    if (!last || is_good(last.get())) last = std::move(next);
  }
  sent_ = 0;
  if (PQexitPipelineMode(connection_.get()) == 0) throw failed(nullptr);
  return {last.release(), [](void* result) { PQclear(static_cast<PGresult*>(result)); }};
}

// The last result, or the first that is an error: as PQexec has it, but it can be stopped.
std::unique_ptr<void, void (*)(void*)> PostgresConnection::run(const char* sql, std::span<const PostgresValue> values) {
  ++round_trips_;
  if (sent_ > 0) return run_with_sent(sql, values);
  if (!values.empty())
    send(sql, values);
  else if (PQsendQuery(connection_.get(), sql) == 0)
    throw failed(nullptr);
  Result last;
  while (true) {
    wait();
    Result next(PQgetResult(connection_.get()));
    if (!next) break;
    const bool is_copy = PQresultStatus(next.get()) == PGRES_COPY_OUT || PQresultStatus(next.get()) == PGRES_COPY_IN;
    if (!last || is_good(last.get())) last = std::move(next);
    if (is_copy) break;
  }
  return {last.release(), [](void* result) { PQclear(static_cast<PGresult*>(result)); }};
}

void PostgresConnection::begin_read(std::string_view sql) {
  const auto result = run(std::string(sql).c_str(), {});
  if (PQresultStatus(static_cast<PGresult*>(result.get())) != PGRES_COPY_OUT) throw failed(result.get());
}

std::optional<std::string_view> PostgresConnection::read_copy() {
  while (true) {
    char* bytes = nullptr;
    const int size = PQgetCopyData(connection_.get(), &bytes, 1);
    message_.reset(bytes);
    if (size > 0) return std::string_view(bytes, static_cast<std::size_t>(size));
    if (size == 0) {
      receive();
      continue;
    }
    if (size == -2) throw failed(nullptr);
    const Result end(PQgetResult(connection_.get()));
    if (!is_good(end.get())) throw failed(end.get());
    while (const Result more{PQgetResult(connection_.get())}) continue;
    return std::nullopt;
  }
}

PostgresRows PostgresConnection::query(std::string_view sql, std::span<const PostgresValue> values) {
  const auto owned = run(std::string(sql).c_str(), values);
  auto* const result = static_cast<PGresult*>(owned.get());
  if (!is_good(result)) throw failed(result);
  PostgresRows rows;
  const int width = PQnfields(result);
  for (int column = 0; column < width; ++column) {
    rows.columns.emplace_back(PQfname(result, column));
    rows.types.push_back(PQftype(result, column));
  }
  for (int row = 0; row < PQntuples(result); ++row) {
    auto& cells = rows.rows.emplace_back();
    for (int column = 0; column < width; ++column)
      cells.push_back(PQgetisnull(result, row, column) != 0
                          ? PostgresValue{}
                          : std::string(PQgetvalue(result, row, column),
                                        static_cast<std::size_t>(PQgetlength(result, row, column))));
  }
  return rows;
}

std::int64_t PostgresConnection::execute(std::string_view sql, std::span<const PostgresValue> values) {
  const auto owned = run(std::string(sql).c_str(), values);
  auto* const result = static_cast<PGresult*>(owned.get());
  if (!is_good(result)) throw failed(result);
  return rows_changed(result);
}

std::vector<PostgresField> PostgresConnection::describe(std::string_view sql) {
  const Result prepared(PQprepare(connection_.get(), "", std::string(sql).c_str(), 0, nullptr));
  if (!is_good(prepared.get())) throw failed(prepared.get());
  const Result described(PQdescribePrepared(connection_.get(), ""));
  if (!is_good(described.get())) throw failed(described.get());
  std::vector<PostgresField> fields;
  for (int i = 0; i < PQnfields(described.get()); ++i)
    fields.push_back({PQfname(described.get(), i), PQftype(described.get(), i), PQfmod(described.get(), i)});
  return fields;
}

void PostgresConnection::roll_back() noexcept {
  const std::string code = code_;
  try {
    execute("rollback");
  } catch (const Error&) {
    try {
      if (is_open()) execute("rollback");  // a statement that went with the first one failed
    } catch (const Error&) {
      // The connection is gone, and the transaction with it.
    }
  }
  code_ = code;
}

void PostgresConnection::transaction(const std::function<void()>& work, std::string_view begin) {
  if (!begin.empty()) execute(begin);
  try {
    work();
  } catch (...) {
    roll_back();
    throw;
  }
  try {
    execute("commit");
  } catch (const Error& error) {
    if (is_open() && !code_.empty()) {
      roll_back();  // it was another statement that failed, sent with the commit
      throw;
    }
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

#include "base/mysql_connection.h"

#include <fmt/format.h>
#include <mysql.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/text.h"

namespace lochan {
namespace {

constexpr unsigned kBytes = 63;  // the character set `binary`
constexpr unsigned kTlsError = 2026;
constexpr unsigned kLost = 2013;

// Numbers of https://mariadb.com/kb/en/mariadb-error-codes/, and the client's own from 2000, after which the same may
// go well later: the server is away, full or stopping, or the statement was ended for another one's sake.
constexpr std::array<unsigned, 29> kMayBeTriedAgain = {1040, 1042, 1053, 1077, 1079, 1080, 1152, 1153, 1158, 1159,
                                                       1160, 1161, 1203, 1205, 1213, 1226, 1317, 1412, 1836, 1927,
                                                       1969, 2002, 2003, 2005, 2006, 2013, 2055, 3024, 4031};

bool is_about_a_certificate(const std::string& message) {
  const std::string lower = text::lower(message);
  return lower.find("certificate") != std::string::npos || lower.find("verif") != std::string::npos ||
         lower.find("not support") != std::string::npos || lower.find("no such file") != std::string::npos;
}

// As the rest of our messages begin.
std::string uncapitalized(std::string message) {
  const bool is_a_word = message.size() > 1 && std::islower(static_cast<unsigned char>(message[1])) != 0;
  if (is_a_word) message[0] = static_cast<char>(std::tolower(static_cast<unsigned char>(message[0])));
  return message;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

void set_tls(MYSQL* connection, const MysqlSettings& settings) {
  const my_bool yes = 1;
  if (settings.tls == MysqlTls::Disabled) return;
  mysql_ssl_set(connection, or_null(settings.key), or_null(settings.cert), or_null(settings.ca), nullptr, nullptr);
  if (settings.tls == MysqlTls::Preferred) return;
  mysql_optionsv(connection, MYSQL_OPT_SSL_ENFORCE, &yes);
  if (settings.tls == MysqlTls::VerifyIdentity) mysql_optionsv(connection, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &yes);
}

bool open(MYSQL* connection, const MysqlSettings& settings, const std::string& database) {
  set_tls(connection, settings);
  // Else the library takes `localhost` for a socket of its own choice.
  const unsigned protocol = settings.socket.empty() ? MYSQL_PROTOCOL_TCP : MYSQL_PROTOCOL_SOCKET;
  mysql_optionsv(connection, MYSQL_OPT_PROTOCOL, &protocol);
  return mysql_real_connect(connection, settings.host.c_str(), settings.user.c_str(), settings.password.c_str(),
                            or_null(database), settings.port, or_null(settings.socket), 0) != nullptr;
}

std::string hint_of(unsigned code) {
  switch (code) {
    case 1045:
      return "check the user and the password of the connection's URL; letters such as `@`, `/`, `%` are written %40, "
             "%2F, %25";
    case 1044:
    case 1142:
    case 1143:
      return "grant the user SELECT there: grant select on database.* to user";
    case 1049:
      return "check the database's name in the connection's URL";
    case 1969:
    case 3024:
      return "the server ends long statements: raise `max_statement_time` (MariaDB) or `max_execution_time` (MySQL) "
             "for this user";
    case 1153:
      return "raise `max_allowed_packet` at the server";
    default:
      return "";
  }
}

}  // namespace

const std::string& MysqlRows::value() const {
  if (rows.empty() || rows.front().empty() || !rows.front().front())
    throw Error(ErrorKind::Internal, "the server's answer has no value");
  return *rows.front().front();
}

void MysqlConnection::Close::operator()(st_mysql* connection) const noexcept { mysql_close(connection); }

void MysqlConnection::Free::operator()(st_mysql_res* result) const noexcept { mysql_free_result(result); }

MysqlConnection::MysqlConnection(const std::string& url, std::string name)
    : name_(std::move(name)), settings_(parse_mysql_url(url, name_)) {
  static const bool kIsReady = mysql_library_init(0, nullptr, nullptr) == 0;
  if (!kIsReady) throw Error(ErrorKind::Internal, "the client library of MySQL can't be started");
  connect();
  // Times with a zone are asked for in UTC; text has backslashes as MySQL has them by default. A server that waits for
  // us to read, or between two tables, is patient.
  execute("set time_zone = '+00:00', sql_mode = '', net_write_timeout = 3600, wait_timeout = 28800");
}

MysqlConnection::~MysqlConnection() {
  watch_ = std::jthread();  // joins: it uses what follows
  if (watched_ >= 0) ::close(watched_);
  end_read();
}

void MysqlConnection::connect() {
  connection_.reset(mysql_init(nullptr));
  if (!connection_) throw Error(ErrorKind::Unavailable, "out of memory");
  MYSQL* const connection = connection_.get();
  const unsigned timeout_seconds = 10, no_files = 0;
  const unsigned long largest_row = 1UL << 30U;
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_TIMEOUT, &timeout_seconds);
  mysql_optionsv(connection, MYSQL_OPT_LOCAL_INFILE, &no_files);  // else a server may ask for any file of ours
  mysql_optionsv(connection, MYSQL_OPT_MAX_ALLOWED_PACKET, &largest_row);
  mysql_optionsv(connection, MYSQL_SET_CHARSET_NAME, "utf8mb4");
  mysql_optionsv(connection, MYSQL_OPT_CONNECT_ATTR_ADD, "program_name", "lochan");
  if (!open(connection, settings_, settings_.database)) throw failed();
  keep_alive();
  id_ = mysql_thread_id(connection);
  const char* const version = mysql_get_server_info(connection);
  is_mariadb_ = version != nullptr && std::string_view(version).find("MariaDB") != std::string_view::npos;
}

// A peer that is gone without a word is found out within a minute.
void MysqlConnection::keep_alive() const {
  const int socket = mysql_get_socket(connection_.get());
  const auto set = [&](int level, int option, int value) { ::setsockopt(socket, level, option, &value, sizeof value); };
  set(SOL_SOCKET, SO_KEEPALIVE, 1);
  set(IPPROTO_TCP, TCP_KEEPIDLE, 30);
  set(IPPROTO_TCP, TCP_KEEPINTVL, 10);
  set(IPPROTO_TCP, TCP_KEEPCNT, 3);
}

Error MysqlConnection::failed() {
  code_ = mysql_errno(connection_.get());
  std::string message = uncapitalized(mysql_error(connection_.get()));
  if (is_stopped_ && is_stopped_()) return Error(ErrorKind::Unavailable, "interrupted");
  if (code_ == kTlsError && id_ != 0) {
    code_ = kLost;
    message = fmt::format("lost connection to server: {}", message);
  }
  const bool is_refused = code_ == kTlsError && is_about_a_certificate(message);
  const bool again =
      code_ == kTlsError ? !is_refused : std::ranges::find(kMayBeTriedAgain, code_) != kMayBeTriedAgain.end();
  return Error(again ? ErrorKind::Unavailable : ErrorKind::Data, fmt::format("connection `{}`: {}", name_, message))
      .hint(is_refused ? "check `ssl-mode` and `ssl-ca` of the connection's URL" : hint_of(code_));
}

void MysqlConnection::execute(const std::string& sql) { query(sql); }

MysqlRows MysqlConnection::query(const std::string& sql) {
  code_ = 0;
  if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) throw failed();
  const std::unique_ptr<st_mysql_res, Free> result(mysql_store_result(connection_.get()));
  if (!result && mysql_errno(connection_.get()) != 0) throw failed();
  MysqlRows answer;
  if (!result) return answer;
  const unsigned width = mysql_num_fields(result.get());
  while (MYSQL_ROW row = mysql_fetch_row(result.get())) {
    const unsigned long* const sizes = mysql_fetch_lengths(result.get());
    auto& values = answer.rows.emplace_back();
    for (unsigned i = 0; i < width; ++i)
      values.push_back(row[i] == nullptr ? std::nullopt : std::optional(std::string(row[i], sizes[i])));
  }
  return answer;
}

void MysqlConnection::begin_read(const std::string& sql) {
  code_ = 0;
  if (mysql_real_query(connection_.get(), sql.data(), sql.size()) != 0) throw failed();
  result_.reset(mysql_use_result(connection_.get()));
  if (!result_ && mysql_errno(connection_.get()) != 0) throw failed();
  if (!result_)
    throw Error(ErrorKind::Data, fmt::format("connection `{}`: the statement gives no rows", name_))
        .hint("give one SELECT");
  is_at_end_ = false;
  read_fields();
}

void MysqlConnection::read_fields() {
  fields_.clear();
  const unsigned width = mysql_num_fields(result_.get());
  const MYSQL_FIELD* const fields = mysql_fetch_fields(result_.get());
  for (unsigned i = 0; i < width; ++i) {
    const MYSQL_FIELD& field = fields[i];
    fields_.push_back({std::string(field.name, field.name_length), static_cast<int>(field.type),
                       static_cast<std::uint32_t>(field.length), field.decimals, (field.flags & UNSIGNED_FLAG) != 0,
                       field.charsetnr == kBytes});
  }
}

bool MysqlConnection::read_row(std::vector<std::string_view>& values) {
  MYSQL_ROW row = mysql_fetch_row(result_.get());
  if (row == nullptr) {
    is_at_end_ = true;
    if (mysql_errno(connection_.get()) != 0) throw failed();
    return false;
  }
  const unsigned long* const sizes = mysql_fetch_lengths(result_.get());
  values.resize(fields_.size());
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = row[i] == nullptr ? std::string_view() : std::string_view(row[i], sizes[i]);
  return true;
}

void MysqlConnection::end_read() noexcept {
  if (!result_) return;
  if (!is_at_end_) kill("query ");
  result_.reset();  // reads what is still under way
  if (is_at_end_) return;
  is_at_end_ = true;
  // Should the server have been done already, this is the statement that it ends.
  mysql_query(connection_.get(), "do 0");
}

void MysqlConnection::kill(std::string_view what) noexcept {
  try {
    const std::unique_ptr<st_mysql, Close> other(mysql_init(nullptr));
    const unsigned timeout_seconds = 5;
    mysql_optionsv(other.get(), MYSQL_OPT_CONNECT_TIMEOUT, &timeout_seconds);
    mysql_optionsv(other.get(), MYSQL_OPT_READ_TIMEOUT, &timeout_seconds);
    if (!open(other.get(), settings_, "")) return;
    mysql_query(other.get(), fmt::format("kill {}{}", what, id_).c_str());
  } catch (const std::exception&) {
    // Out of memory: then the server goes on until it is not read from any more.
  }
}

void MysqlConnection::stop_when(std::function<bool()> is_stopped) {
  is_stopped_ = std::move(is_stopped);
  // A number of its own: the library may close its own one at any time.
  watched_ = ::dup(mysql_get_socket(connection_.get()));
  watch_ = std::jthread([this](const std::stop_token& ended) {
    std::mutex mutex;
    std::condition_variable_any wakes;
    std::unique_lock lock(mutex);
    while (!ended.stop_requested()) {
      wakes.wait_for(lock, ended, std::chrono::milliseconds{100}, [] { return false; });
      if (ended.stop_requested() || !is_stopped_()) continue;
      kill("");
      // Whoever waits for the server sees its end, even when it could not be told.
      ::shutdown(watched_, SHUT_RDWR);
      return;
    }
  });
}

namespace mysql {

std::string identifier(std::string_view name) {
  std::string quoted = "`";
  for (const char letter : name) quoted += letter == '`' ? "``" : std::string(1, letter);
  return quoted + "`";
}

std::string literal(std::string_view text) {
  std::string quoted = "'";
  for (const char letter : text) {
    if (letter == '\'' || letter == '\\') quoted += '\\';
    quoted += letter;
  }
  return quoted + "'";
}

}  // namespace mysql
}  // namespace lochan

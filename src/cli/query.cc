// `lochan query`: SQL over the lake, or over one connection, that only reads.
#include "run/query.h"

#include <fmt/format.h>

#include <iostream>
#include <iterator>
#include <memory>

#include "base/file.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/connection_session.h"
#include "cli/interrupt.h"
#include "cli/reference.h"
#include "cli/row_stream.h"
#include "cli/statement.h"
#include "cli/text_table.h"
#include "run/lake.h"

namespace lochan {
namespace {

constexpr std::int64_t kShownRows = 40;
constexpr std::size_t kCellWidth = 60;

class QueryCommand final : public Command {
 public:
  void add_options(Options& options) override {
    options.argument("SQL", sql_, "one statement that reads; without it, standard input", false);
    options.text("-f,--file", file_, "FILE", "read the statement from a file");
    options.choice("-o,--output", format_, {"table", "csv", "json"}, "a table for a person, or all rows for a program");
    options.number("--limit", limit_, "N", "at most N rows; 0: all (table: 40 by default)");
    reference_.add(options);
    options.text("--connection", connection_, "NAME", "ask a connection of the project, not the lake");
  }

  int run(Context& context) override {
    const Interrupt interrupt;
    const Statement statement = read_statement(read_sql());
    const Project project = open_project(context);
    if (!connection_.empty()) return ask_connection(context, project, statement, interrupt);
    Lake lake(project, context.clock);
    LakeReader reader(lake, reference_.ref(lake.catalog()));
    const std::string sql = compose(statement, [&](const std::string& query) { return reader.resolve(query); });
    for (const std::string& note : reader.archive_notes()) context.terminal.note(note);
    return answer(context.terminal, reader.session(), sql, statement, interrupt);
  }

 private:
  std::string read_sql() const {
    if (!sql_.empty() && !file_.empty())
      throw Error(ErrorKind::Usage, "SQL was given twice: as an argument and by `--file`").hint("give one of them");
    if (!sql_.empty()) return sql_;
    if (!file_.empty()) return read_file(file_);
    return {std::istreambuf_iterator<char>(std::cin), {}};
  }

  int ask_connection(Context& context, const Project& project, const Statement& statement, const Interrupt& interrupt) {
    if (reference_.is_given())
      throw Error(ErrorKind::Usage, "`--connection` has no publications and no branches")
          .hint("leave out `--at` and `--branch`");
    ConnectionSession connection(project, connection_);
    const std::string sql = compose(statement, [&](const std::string& query) { return connection.ask(query); });
    return answer(context.terminal, connection.session(), sql, statement, interrupt);
  }

  int answer(Terminal& terminal, Session& session, const std::string& sql, const Statement& statement,
             const Interrupt& interrupt) const {
    const std::stop_callback stop(interrupt.token(), [&] { session.interrupt(); });
    try {
      if (statement.kind == StatementKind::Explain)
        print_explained(terminal, session.query(sql));
      else if (format_ == "table")
        print_table(terminal, session, sql);
      else
        stream_rows(session, limit_.value_or(0) > 0 ? limited(sql, *limit_) : sql,
                    format_ == "csv" ? RowFormat::Csv : RowFormat::Json, terminal);
    } catch (const Error&) {
      if (interrupt.is_requested()) return kExitInterrupted;
      throw;
    }
    return kExitDone;
  }

  static std::string limited(const std::string& sql, std::int64_t rows) {
    return fmt::format("select * from ({}\n) limit {}", sql, rows);
  }

  void print_table(Terminal& terminal, Session& session, const std::string& sql) const {
    const std::int64_t limit = limit_.value_or(kShownRows);
    Rows rows = session.query(limit > 0 ? limited(sql, limit + 1) : sql);
    const bool has_more = limit > 0 && static_cast<std::int64_t>(rows.rows.size()) > limit;
    if (has_more) rows.rows.resize(static_cast<std::size_t>(limit));
    terminal.write(render_rows(rows, kCellWidth));
    const std::string count = text::plural(static_cast<std::int64_t>(rows.rows.size()), "row");
    terminal.print(has_more ? fmt::format("({} shown, there are more: --limit 0 shows all)", count)
                            : fmt::format("({})", count));
  }

  static void print_explained(Terminal& terminal, const Rows& rows) {
    for (const auto& row : rows.rows) terminal.print(row.back().value_or(""));
  }

  std::string sql_;
  std::string file_;
  std::string format_ = "table";
  std::optional<std::int64_t> limit_;
  ReferenceOption reference_;
  std::string connection_;
};

}  // namespace

CommandKind query_command() {
  return {
      .name = "query",
      .group = "the lake",
      .summary = "ask the lake, a branch, an earlier state or a source by SQL",
      .more =
          "Tables are named `layer.name`. One statement sees one publication. Only statements that read are allowed:\n"
          "select, with, from, values, describe, summarize, explain.",
      .examples = {{"query \"select * from mart.sales_by_day order by day desc\"", "the lake as it is now"},
                   {"query --at 17 \"select count(*) from mart.sales_by_day\"", "as it was at publication 17"},
                   {"query --at year-end-2026 \"from mart.sales_by_day\"", "as it was when it was tagged"},
                   {"query --at \"2026-11-20 18:00\" \"from mart.sales_by_day\"", "as it was at a time, in UTC"},
                   {"query --branch run-42 \"select * from mart.sales_by_day\"", "what run 42 held back"},
                   {"query --connection branch_1 \"select * from sale limit 5\"", "a source itself, read-only"},
                   {"query -f report.sql --output csv > report.csv", "all rows, however many"}},
      .make = make_command<QueryCommand>};
}

}  // namespace lochan

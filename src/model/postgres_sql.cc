#include "model/postgres_sql.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <vector>

#include "base/hash.h"
#include "base/sql.h"
#include "base/text.h"
#include "project/sql_text.h"

namespace lochan {
namespace {

bool is_name_letter(char letter) { return std::isalnum(static_cast<unsigned char>(letter)) != 0 || letter == '_'; }
bool is_space(char letter) { return std::isspace(static_cast<unsigned char>(letter)) != 0; }

Position position_at(const Model& model, std::size_t offset) {
  const auto lines = std::count(model.sql.begin(), model.sql.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  const auto start = model.sql.rfind('\n', offset == 0 ? 0 : offset - 1);
  const std::size_t column = start == std::string::npos || offset == 0 ? offset : offset - start - 1;
  return {model.file, static_cast<int>(lines) + 1, static_cast<int>(column) + 1};
}

class Writer {
 public:
  Writer(const Project& project, const Model& model, const PostgresTimes& times)
      : project_(project), model_(model), times_(times) {}

  std::string write() {
    std::size_t end = 0;  // of the statement, once it was ended
    for (const SqlPart& part : split_sql(model_.sql)) {
      const std::string_view text = std::string_view(model_.sql).substr(part.begin, part.end - part.begin);
      if (part.kind == SqlPart::Kind::Code) {
        write_code(text, part.begin, end);
      } else if (part.kind == SqlPart::Kind::Quoted) {
        if (end > 0) refuse_second(part.begin);
        out_ += text;
      } else {
        std::string blank(text);
        blank_out(blank, 0, blank.size());
        out_ += blank;
      }
    }
    return std::move(out_);
  }

 private:
  void write_code(std::string_view code, std::size_t begin, std::size_t& end) {
    for (std::size_t at = 0; at < code.size(); ++at) {
      const char letter = code[at];
      if (letter == ';') {
        end = begin + at + 1;
        out_ += ' ';
        continue;
      }
      if (end > 0 && !is_space(letter)) refuse_second(begin + at);
      const bool is_parameter = letter == '$' && (at == 0 || !is_name_letter(code[at - 1])) && at + 1 < code.size() &&
                                is_name_letter(code[at + 1]);
      if (!is_parameter) {
        out_ += letter;
        continue;
      }
      const auto name_end =
          std::find_if_not(code.begin() + static_cast<std::ptrdiff_t>(at) + 1, code.end(), is_name_letter);
      const std::string name(code.begin() + static_cast<std::ptrdiff_t>(at) + 1, name_end);
      out_ += value(name, begin + at);
      at += name.size();
    }
  }

  std::string value(const std::string& name, std::size_t offset) const {
    if (name == "since" || name == "run_at") {
      const bool is_kept =
          model_.materialized == Materialization::View || model_.materialized == Materialization::MaterializedView;
      if (is_kept)
        throw Error(ErrorKind::Project,
                    fmt::format("`${}` in `{}`: the database keeps a view's query, and would keep one moment in it",
                                name, to_string(model_.table)))
            .at(position_at(model_, offset))
            .hint("write `now()`, or make it a table");
      if (name == "run_at") return fmt::format("timestamptz {}", sql::literal(times_.run_at));
      return times_.since ? fmt::format("timestamptz {}", sql::literal(*times_.since)) : "null::timestamptz";
    }
    if (const auto found = project_.variables.find(name); found != project_.variables.end())
      return sql::literal(found->second);
    std::vector<std::string> names = {"since", "run_at"};
    for (const auto& [known, ignored] : project_.variables) names.push_back(known);
    throw Error(ErrorKind::Project, fmt::format("`${}` stands for nothing", name))
        .at(position_at(model_, offset))
        .hint(text::did_you_mean(name, names, "give it a value in lochan.yaml: `variables:`"));
  }

  [[noreturn]] void refuse_second(std::size_t offset) const {
    throw Error(ErrorKind::Project, fmt::format("`{}` is more than one statement", to_string(model_.table)))
        .at(position_at(model_, offset))
        .hint("a model is one `select`");
  }

  const Project& project_;
  const Model& model_;
  const PostgresTimes& times_;
  std::string out_;
};

}  // namespace

std::string postgres_sql(const Project& project, const Model& model, const PostgresTimes& times) {
  return Writer(project, model, times).write();
}

std::string postgres_fingerprint(const Project& project, const Model& model) {
  // The same two times always, so that what they stand for isn't part of it.
  const std::string sql = postgres_sql(project, model, {.since = "since", .run_at = "run_at"});
  std::string text;
  for (const SqlPart& part : split_sql(sql)) {
    for (std::size_t at = part.begin; at < part.end; ++at) {
      const bool is_blank = part.kind != SqlPart::Kind::Quoted && is_space(sql[at]);
      if (!is_blank)
        text += sql[at];
      else if (!text.empty() && text.back() != ' ')
        text += ' ';
    }
  }
  text = std::string(text::trim(text)) + fmt::format("|{}", to_string(model.materialized));
  if (model.materialized == Materialization::Incremental)
    for (const LocatedText& column : model.key) text += "|key " + *column;
  return sha256(text).substr(0, 16);
}

Position position_in(const Model& model, std::string_view sql, int letter) {
  if (letter < 1) return {model.file, 0, 0};
  // Letters of UTF-8.
  std::size_t offset = 0;
  for (int i = 1; i < letter && offset < sql.size(); ++i) do
      ++offset;
    while (offset < sql.size() && (static_cast<unsigned char>(sql[offset]) & 0xC0u) == 0x80u);
  const auto lines = std::count(sql.begin(), sql.begin() + static_cast<std::ptrdiff_t>(offset), '\n');
  return {model.file, static_cast<int>(lines) + 1, 0};
}

}  // namespace lochan

// `lochan source`: what is on offer at the sources, without another client.
#include "source/source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/connection_session.h"
#include "cli/json_output.h"
#include "cli/text_table.h"
#include "engine/engine.h"
#include "project/http_config.h"
#include "source/http_probe.h"

namespace lochan {
namespace {

constexpr int kSourceRows = 3;
constexpr std::size_t kCellWidth = 24;

std::string load_word(LoadMode mode) {
  switch (mode) {
    case LoadMode::Full:
      return "full";
    case LoadMode::Incremental:
      return "incremental";
  }
  return "full";
}

std::vector<std::string> texts(const std::vector<LocatedText>& located) {
  std::vector<std::string> result;
  for (const LocatedText& text : located) result.push_back(*text);
  return result;
}

/// One table on offer: what the source says of it, how the project loads it, and its first rows.
struct Offer {
  Stream stream;
  const SourceTable* loaded = nullptr;
  Rows sample;
  std::string problem;  // why there is no sample
};

std::string description_of(const Stream& stream, const Column& column) {
  const auto found = stream.descriptions.find(column.name);
  return found == stream.descriptions.end() ? "" : found->second;
}

Document to_document(const Offer& offer) {
  Document columns = Document::array();
  for (const Column& column : offer.stream.columns) {
    columns.push_back(lochan::to_document(column));
    if (const std::string said = description_of(offer.stream, column); !said.empty()) columns.back()["description"] = said;
  }
  Document document = {
      {"name", offer.stream.name},
      {"columns", std::move(columns)},
      {"key", offer.stream.key},
      {"indexes", offer.stream.indexes},
      {"loaded_as", offer.loaded == nullptr ? Document() : Document(to_string(offer.loaded->table()))}};
  if (!offer.stream.description.empty()) document["description"] = offer.stream.description;
  document["sample"] = lochan::to_document(offer.sample);
  return document;
}

class SourceCommand final : public Command {
 public:
  void add_options(Options& options) override {
    output_.add(options);
    options.command("list", "list sources and connections", list_);
    Options show = options.command("show", "show tables, columns, keys, indexes and some rows", show_);
    show.argument("NAME", name_, "a source or a connection", true);
    show.text("--table", table_, "TABLE", "only this table at the source");
    Options probe = options.command("probe", "ask an HTTP API a few times, and draft the source file for it", probe_);
    probe.argument("URL", name_, "where a list of records is, such as https://api.example.com/v1/orders", true);
    probe.text("--bearer", bearer_, "TOKEN", "sign in by it, where no connection of the project says how");
    probe.texts("--header", headers_, "NAME: VALUE", "send it too");
  }
  bool wants_json() const override { return output_.is_json(); }

  int run(Context& context) override {
    if (probe_) return probe(context);
    const Project project = open_project(context);
    return show_ ? show(context.terminal, project) : list(context.terminal, project);
  }

 private:
  int probe(Context& context) const {
    if (!name_.starts_with("http://") && !name_.starts_with("https://"))
      throw Error(ErrorKind::Usage, fmt::format("`{}` is no URL of an API", name_)).hint("write it as `https://host/path`");
    context.secrets.add(bearer_);
    const std::optional<Connection> known = find_known(context);
    const Connection connection = known ? *known : new_connection();
    NullLog log;
    const HttpDraft draft = probe_http(connection, name_, log);
    if (output_.is_json()) {
      print_document(context.terminal, {{"name", draft.name}, {"source_file", draft.yaml}, {"notes", draft.notes}});
      return kExitDone;
    }
    context.terminal.print(fmt::format("# sources/{}.yaml, drafted by `lochan source probe`:", draft.name));
    for (const std::string& note : draft.notes) context.terminal.print("#   " + note);
    if (!known)
      context.terminal.print(fmt::format("# lochan.yaml needs this connection:\n#   connections:\n#     {}: {{url: \"{}\"{}}}", connection.name, connection.url,
                                         bearer_.empty() ? "" : ", auth: {bearer: \"${API_TOKEN}\"}"));
    context.terminal.write(draft.yaml);
    return kExitDone;
  }

  /// The project's connection that the URL lies at, with its sign-in.
  std::optional<Connection> find_known(Context& context) const {
    std::optional<Connection> best;
    if (!bearer_.empty() || !headers_.empty()) return best;
    try {
      // Problems of its files are no matter here: the draft's own may be open already, and empty.
      const ReadProject read = read_project_here(context);
      for (const auto& [name, connection] : read.project.connections)
        if (connection.kind == "http" && name_.starts_with(connection.location) && (!best || connection.location.size() > best->location.size()))
          best = connection;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::Usage) throw;  // there is no project here
    }
    return best;
  }

  Connection new_connection() const {
    Connection connection;
    connection.name = "api";
    connection.kind = "http";
    connection.url = connection.location = probe_base(name_);
    connection.http = std::make_shared<HttpSettings>(http_settings(connection));
    if (!bearer_.empty()) {
      connection.http->auth.kind = HttpAuthKind::Bearer;
      connection.http->auth.token = bearer_;
    }
    for (const std::string& header : headers_) {
      const auto colon = header.find(':');
      if (colon == std::string::npos) throw Error(ErrorKind::Usage, "a header has no `:`").hint("write it as `--header 'X-Api-Version: 2'`");
      connection.http->headers[std::string(text::trim(header.substr(0, colon)))] = text::trim(header.substr(colon + 1));
    }
    return connection;
  }

  int list(Terminal& terminal, const Project& project) const {
    Document documents = Document::array();
    std::vector<std::vector<std::string>> lines = {{"source", "from", "table", "load"}};
    for (const auto& [name, source] : project.sources) {
      Document tables = Document::array();
      for (const SourceTable& table : source.tables) {
        tables.push_back({{"table", to_string(table.table())}, {"from", table.from}, {"load", load_word(table.load)}});
        lines.push_back({name, fmt::format("{}", fmt::join(texts(source.from), ", ")), to_string(table.table()),
                         load_word(table.load)});
      }
      documents.push_back({{"source", name}, {"connections", texts(source.from)}, {"tables", std::move(tables)}});
    }
    Document connections = Document::array();
    std::vector<std::vector<std::string>> others = {{"connection", "kind"}};
    for (const auto& [name, connection] : project.connections) {
      connections.push_back({{"connection", name}, {"kind", connection.kind}});
      others.push_back({name, connection.kind});
    }
    if (output_.is_json()) {
      print_document(terminal, {{"sources", std::move(documents)}, {"connections", std::move(connections)}});
      return kExitDone;
    }
    terminal.print(lines.size() == 1 ? "no sources: add a file to sources/" : align(lines));
    if (others.size() > 1) terminal.print("\n" + align(others));
    return kExitDone;
  }

  int show(Terminal& terminal, const Project& project) const {
    const SourceConfig* source = nullptr;
    std::vector<std::string> connections = {name_};
    if (const auto found = project.sources.find(name_); found != project.sources.end()) {
      source = &found->second;
      connections = texts(source->from);
    } else if (!project.connections.contains(name_)) {
      throw unknown_name(project);
    }
    Document documents = Document::array();
    bool failed = false;
    for (const std::string& connection : connections) {
      try {
        const std::vector<Offer> offers = read_offers(project, find_connection(project, connection), source);
        documents.push_back(document_of(connection, offers));
        if (!output_.is_json()) print(terminal, connection, offers);
      } catch (const Error& error) {
        if (error.kind() != ErrorKind::Unavailable) throw;
        failed = true;
        documents.push_back({{"connection", connection}, {"error", lochan::to_document(error)}});
        terminal.note(fmt::format("{}: {}", connection, error.what()));
      }
    }
    if (output_.is_json()) print_document(terminal, {{"name", name_}, {"connections", std::move(documents)}});
    return failed ? kExitFailed : kExitDone;
  }

  Error unknown_name(const Project& project) const {
    std::vector<std::string> names;
    for (const auto& [name, source] : project.sources) names.push_back(name);
    for (const auto& [name, connection] : project.connections) names.push_back(name);
    return Error(ErrorKind::Usage, fmt::format("no source or connection `{}`", name_))
        .hint(text::did_you_mean(name_, names, "`lochan source list` shows what there is"));
  }

  static Document document_of(const std::string& connection, const std::vector<Offer>& offers) {
    Document tables = Document::array();
    for (const Offer& offer : offers) tables.push_back(to_document(offer));
    return {{"connection", connection}, {"tables", std::move(tables)}};
  }

  std::vector<Offer> read_offers(const Project& project, const Connection& connection,
                                 const SourceConfig* config) const {
    const std::unique_ptr<Source> source = make_source(connection);
    std::vector<Offer> offers;
    std::vector<std::string> names;
    for (Stream& stream : on_offer(project, *source, connection)) {
      names.push_back(stream.name);
      if (!table_.empty() && stream.name != table_) continue;
      offers.push_back({std::move(stream), nullptr, {}, ""});
      offers.back().loaded = find_loaded(project, config, connection.name, offers.back().stream.name);
    }
    if (offers.empty() && !table_.empty())
      throw Error(ErrorKind::Usage, fmt::format("no table `{}` at `{}`", table_, connection.name))
          .hint(text::did_you_mean(table_, names, fmt::format("`lochan source show {}` lists them", name_)));
    Engine engine(engine_options(project));
    const std::unique_ptr<Session> session = engine.open_session();
    source->open(*session);
    for (Offer& offer : offers) read_sample(*session, *source, offer);
    source->close(*session);
    return offers;
  }

  /// What there is; an API doesn't say, so of it what the project asks for.
  static std::vector<Stream> on_offer(const Project& project, Source& source, const Connection& connection) {
    std::vector<Stream> streams = source.discover();
    for (const auto& [name, config] : project.sources)
      for (const SourceTable& table : config.tables)
        if (connection.kind == "http" && table.request && std::ranges::count(texts(config.from), connection.name) > 0)
          streams.push_back(source.describe(table, {}));
    return streams;
  }

  /// How the project loads it, if it does.
  static const SourceTable* find_loaded(const Project& project, const SourceConfig* config,
                                        const std::string& connection, const std::string& stream) {
    for (const auto& [name, source] : project.sources) {
      if (config != nullptr && config != &source) continue;
      const std::vector<std::string> from = texts(source.from);
      if (std::ranges::find(from, connection) == from.end()) continue;
      const auto found = std::ranges::find(source.tables, stream, &SourceTable::from);
      if (found != source.tables.end()) return &*found;
    }
    return nullptr;
  }

  static void read_sample(Session& session, Source& source, Offer& offer) {
    SourceTable whole;
    if (offer.loaded != nullptr) whole = *offer.loaded;
    whole.name = whole.from = offer.stream.name;
    whole.load = LoadMode::Full;
    try {
      offer.sample = session.transaction([&] {
        const Extract extract = source.extract(session, whole, {});
        return session.query(fmt::format("select * from ({}\n) limit {}", extract.select, kSourceRows));
      });
    } catch (const Error& error) {
      offer.problem = error.what();
    }
  }

  static void print(Terminal& terminal, const std::string& connection, const std::vector<Offer>& offers) {
    terminal.print(terminal.paint(Color::Bold, connection) +
                   fmt::format(": {}", text::plural(static_cast<std::int64_t>(offers.size()), "table")));
    for (const Offer& offer : offers) {
      const std::string loaded =
          offer.loaded == nullptr
              ? "not loaded"
              : fmt::format("loaded as {}, {}", to_string(offer.loaded->table()), load_word(offer.loaded->load));
      terminal.print(fmt::format("\n{}  ({})", terminal.paint(Color::Bold, offer.stream.name), loaded));
      if (!offer.stream.description.empty()) terminal.print("  " + printable(offer.stream.description));
      std::vector<std::vector<std::string>> lines;
      for (const Column& column : offer.stream.columns) {
        const bool is_key = std::ranges::find(offer.stream.key, column.name) != offer.stream.key.end();
        lines.push_back({column.name, column.type, is_key ? "key" : column.nullable ? "" : "not null",
                         printable(description_of(offer.stream, column))});
      }
      terminal.print(align(lines, "  "));
      for (const std::string& index : offer.stream.indexes) terminal.print("  index " + index);
      if (!offer.problem.empty())
        terminal.print("  no sample: " + offer.problem);
      else if (!offer.sample.empty())
        terminal.write(render_rows(offer.sample, kCellWidth, "  "));
      else
        terminal.print("  no rows");
    }
  }

  OutputOption output_;
  std::string name_;
  std::string table_;
  bool list_ = false;
  bool show_ = false;
  bool probe_ = false;
  std::string bearer_;
  std::vector<std::string> headers_;
};

}  // namespace

CommandKind source_command() {
  return {.name = "source",
          .group = "the lake",
          .summary = "look at the sources: tables, columns, keys, some rows",
          .more = "",
          .examples = {{"source list", "what the project loads, and from where"},
                       {"source show shop", "every table at each of its connections"},
                       {"source show branch_1 --table sale", "one table at one connection"},
                       {"source probe https://api.example.com/v1/orders", "draft a source file for an API"}},
          .make = make_command<SourceCommand>};
}

}  // namespace lochan

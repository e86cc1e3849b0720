#include "run/migrate_file.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/file.h"
#include "base/text.h"
#include "plan/analysis.h"
#include "project/yaml_reader.h"

namespace lochan {
namespace {

const std::vector<std::string> kKeys = {"name", "schema_in", "schema_out", "depends_on"};

class Reader {
 public:
  explicit Reader(Problems& problems) : problems_(problems) {}

  std::vector<MigratedTable> read(const YamlValue& root, const std::string& file) {
    std::vector<MigratedTable> tables;
    if (root.kind != YamlValue::Kind::List || root.items.empty()) {
      problems_.add(
          {file, 1, 1},
          fmt::format("this is {}, wanted a list of tables",
                      root.kind == YamlValue::Kind::List ? "an empty list" : describe_found(root)),
          R"(write [{"name": "actor", "schema_in": "public", "schema_out": "dvd_rental", "depends_on": []}, …])");
      return tables;
    }
    for (const YamlValue& item : root.items) tables.push_back(read_table(item));
    return tables;
  }

 private:
  MigratedTable read_table(const YamlValue& item) {
    MigratedTable table;
    table.position = item.position;
    if (item.kind != YamlValue::Kind::Mapping) {
      problems_.add(item.position, fmt::format("a table is {}, wanted an object", describe_found(item)),
                    "give `name`, `schema_in`, `schema_out`, `depends_on`");
      return table;
    }
    std::set<std::string> found;
    for (const YamlEntry& entry : item.entries) {
      found.insert(entry.key);
      if (entry.key == "name")
        table.name = read_name(entry);
      else if (entry.key == "schema_in")
        table.schema_in = read_name(entry);
      else if (entry.key == "schema_out")
        table.schema_out = read_name(entry);
      else if (entry.key == "depends_on")
        table.depends_on = read_names(entry);
      else
        problems_.add(
            entry.position, fmt::format("unknown key `{}`", entry.key),
            text::did_you_mean(entry.key, kKeys, "a table has `name`, `schema_in`, `schema_out`, `depends_on`"));
    }
    for (const std::string& key : kKeys)
      if (key != "depends_on" && !found.contains(key))
        problems_.add(item.position, fmt::format("a table has no `{}`", key));
    return table;
  }

  std::string read_name(const YamlEntry& entry) {
    if (entry.value.kind == YamlValue::Kind::Scalar && !entry.value.text.empty()) return entry.value.text;
    problems_.add(entry.value.position,
                  fmt::format("`{}` is {}, wanted a name", entry.key, describe_found(entry.value)));
    return "";
  }

  std::vector<std::string> read_names(const YamlEntry& entry) {
    std::vector<std::string> names;
    if (entry.value.kind != YamlValue::Kind::List) {
      problems_.add(entry.value.position,
                    fmt::format("`depends_on` is {}, wanted a list of names", describe_found(entry.value)));
      return names;
    }
    for (const YamlValue& item : entry.value.items) {
      if (item.kind == YamlValue::Kind::Scalar)
        names.push_back(item.text);
      else
        problems_.add(item.position, fmt::format("`depends_on` holds {}, wanted a name", describe_found(item)));
    }
    return names;
  }

  Problems& problems_;
};

using Depends = std::map<std::string, const MigratedTable*>;

void check_names(const std::vector<MigratedTable>& tables, Problems& problems) {
  Depends by_name;
  std::vector<std::string> names;
  for (const MigratedTable& table : tables) {
    if (!by_name.emplace(table.name, &table).second)
      problems.add(table.position, fmt::format("two tables are called `{}`", table.name),
                   "`depends_on` couldn't tell them: migrate one of them with another file");
    names.push_back(table.name);
  }
  for (const MigratedTable& table : tables)
    for (const std::string& other : table.depends_on)
      if (!by_name.contains(other))
        problems.add(table.position,
                     fmt::format("`{}` depends on `{}`, which the file doesn't have", table.name, other),
                     text::did_you_mean(other, names, "add it to the file, or take it out of `depends_on`"));
}

// The first way around that is met, from a table back to it.
std::vector<std::string> find_cycle(const std::vector<MigratedTable>& left) {
  Depends by_name;
  for (const MigratedTable& table : left) by_name.emplace(table.name, &table);
  std::vector<std::string> way = {left[0].name};
  for (;;) {
    // Each of these waits for another of them.
    const auto& depends = by_name.at(way.back())->depends_on;
    const auto next = std::ranges::find_if(depends, [&](const std::string& name) { return by_name.contains(name); });
    const auto seen = std::ranges::find(way, *next) - way.begin();
    const bool is_around = seen < std::ssize(way);
    way.push_back(*next);
    if (is_around) return {way.begin() + seen, way.end()};
  }
}

std::vector<MigratedTable> make_queue(std::vector<MigratedTable> left, Problems& problems) {
  std::vector<MigratedTable> queue;
  std::set<std::string> done;
  while (!left.empty()) {
    const auto next = std::ranges::find_if(left, [&](const MigratedTable& table) {
      return std::ranges::all_of(table.depends_on, [&](const std::string& name) { return done.contains(name); });
    });
    if (next == left.end()) {
      const std::vector<std::string> cycle = find_cycle(left);
      const auto first = std::ranges::find(left, cycle[0], &MigratedTable::name);
      problems.add(
          first->position, fmt::format("these depend on each other: {}", fmt::join(cycle, " -> ")),
          "take one of them out of `depends_on`: foreign keys are made when all rows are there, so they need no order");
      return queue;
    }
    done.insert(next->name);
    queue.push_back(std::move(*next));
    left.erase(next);
  }
  return queue;
}

}  // namespace

std::vector<MigratedTable> read_migrate_file(const std::filesystem::path& file) {
  if (!std::filesystem::exists(file))
    throw Error(ErrorKind::Usage, fmt::format("`{}` is not there", file.string()))
        .hint("docs/migrate.md shows what the file holds");
  std::string text = read_file(file);
  std::ranges::replace(text, '\t', ' ');  // JSON has them between values only, YAML nowhere
  Problems problems;
  std::vector<MigratedTable> queue;
  if (const auto root = read_yaml(text, file.string(), problems)) {
    std::vector<MigratedTable> tables = Reader(problems).read(*root, file.string());
    if (problems.size() == 0) check_names(tables, problems);
    if (problems.size() == 0) queue = make_queue(std::move(tables), problems);
  }
  if (problems.size() > 0) throw ProjectProblems(problems.take_sorted());
  return queue;
}

}  // namespace lochan

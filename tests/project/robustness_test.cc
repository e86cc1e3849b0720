// Whatever a file holds, reading ends, and what is wrong is a problem with a place: never a crash or another exception.
#include <gtest/gtest.h>

#include <random>

#include "tests/project/written_project.h"

namespace lochan {
namespace {

const std::string kProject = R"y(# a project
name: fruit_shop
lake: ${LAKE:-./lake}
layers: &layers
  raw: { immutable: true }
connections:
  branch_1: sqlite:./data/branch_1.db
  drop: "files:./drop"
variables: { low: 5, text: 'it''s', long: |
    some
    lines
  }
run:
  timeout: 10m
  publish: all
)y";
const std::string kSource = R"y(source: shop
from: [branch_1, drop]
tags: [a, b]
tables:
  sale: { load: incremental, cursor: updated_at, key: [id, "x"], lookback: 10m }
  product:
    checks:
      - not_null: [id, price]
      - range: { column: price, min: 0, severity: warn }
)y";
const std::string kModel = R"y(/* ---
materialized: incremental
key: id
checks:
  - unique: [a, b]
  - expression: { expression: "a > '$${b}'", where: x }
--- */
select 'a', "b", $$c$$, e'\'' -- comment
from {{ ref('sale') }} /* and */ join {{ source('shop', 'product') }} using (id);
)y";
const std::string kEnv = "A=1\nexport B='two'\nC=\"th\\nree\" # c\n";

/// Reads; fails on anything but problems with a place.
void read_anything(WrittenProject& written, const std::string& what) {
  try {
    for (const Error& problem : read_project(written.folder(), written.secrets()).problems)
      EXPECT_TRUE(problem.position().is_known()) << problem.what() << "\nin\n" << what;
  } catch (const std::exception& error) {
    FAIL() << error.what() << "\nin\n" << what;
  }
}

class Mutator {
 public:
  explicit Mutator(unsigned seed) : random_(seed) {}

  std::string mutate(std::string text) {
    for (std::size_t changes = 1 + pick(4); changes > 0; --changes) change(text);
    return text;
  }

 private:
  std::size_t pick(std::size_t below) { return random_() % below; }

  void change(std::string& text) {
    static const std::vector<std::string> kPieces = {"\t",   "\r\n",
                                                     "\n",   "- ",
                                                     ": ",   "?",
                                                     "!",    "!!str ",
                                                     "&a ",  "*a",
                                                     "{",    "}",
                                                     "[",    "]",
                                                     "\"",   "'",
                                                     "|",    ">",
                                                     "%",    "---",
                                                     "...",  "#",
                                                     "${",   "$${",
                                                     "}",    "\\",
                                                     "\\x",  "<<: ",
                                                     ",",    "{{",
                                                     "}}",   "/*",
                                                     "*/",   "--- */",
                                                     ";",    "\xEF\xBB\xBF",
                                                     "\xFF", std::string(1, '\0'),
                                                     "0",    "~",
                                                     "null", "ż",
                                                     "@",    "`"};
    const std::size_t at = pick(text.size() + 1);
    switch (pick(4)) {
      case 0:
        text.insert(at, kPieces[pick(kPieces.size())]);
        break;
      case 1:
        text.erase(at, 1 + pick(8));
        break;
      case 2:
        text.insert(pick(text.size() + 1), text.substr(at, pick(40)));
        break;
      default:
        if (at < text.size()) text[at] = static_cast<char>(pick(256));
    }
  }

  std::mt19937 random_;
};

TEST(Robustness, RandomChangesToAnyFileAreReadToTheEnd) {
  const std::vector<WrittenFile> files = {
      {"lochan.yaml", kProject}, {"sources/shop.yaml", kSource}, {"models/mart/day.sql", kModel}, {".env", kEnv}};
  WrittenProject written{};
  for (const WrittenFile& file : files) written.write(file.name, file.text);
  Mutator mutator(20261121);
  for (int round = 0; round < 600; ++round) {
    const WrittenFile& file = files[static_cast<std::size_t>(round) % files.size()];
    const std::string text = mutator.mutate(file.text);
    written.write(file.name, text);
    read_anything(written, text);
    written.write(file.name, file.text);
    if (HasFailure()) return;
  }
}

TEST(Robustness, OddFilesAreReadToTheEnd) {
  std::string deep_list, deep_mapping, deep_block, aliases = "a: &a [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 0; i < 20'000; ++i) {
    deep_list += '[';
    deep_mapping += "{a: ";
    deep_block += "- ";
  }
  for (char name = 'b'; name < 'k'; ++name) {
    aliases += std::string(1, name) + ": &" + name + " [";
    for (int i = 0; i < 10; ++i) aliases += std::string(i == 0 ? "*" : ", *") + static_cast<char>(name - 1);
    aliases += "]\n";
  }
  const std::string odd[] = {"",
                             "\n",
                             "\xEF\xBB\xBF",
                             "\xEF\xBB\xBFname: a\n",
                             "\xFF\xFE\x00",
                             "name: a\r\nlake: b\r\n",
                             "\t",
                             "\tname: a",
                             std::string(1000, '\0'),
                             std::string(100'000, 'x'),
                             std::string(100'000, ' '),
                             std::string(100'000, '\n'),
                             deep_list,
                             deep_mapping,
                             deep_block,
                             aliases,
                             "a: &a [*a]\n",
                             "? a\n",
                             "? ? ? a",
                             ": : :",
                             "!",
                             "!!",
                             "!2",
                             "!<",
                             "&",
                             "*",
                             "%YAML 9.9\n---\n",
                             "%TAG ! !\n",
                             "---\n---\n---\n",
                             "...",
                             "|",
                             ">9",
                             "|-9\n",
                             "\"\\",
                             "\"\\x",
                             "\"\\u12",
                             "'",
                             "`",
                             "@",
                             "name: |\n  a\n  b\n",
                             "- - - : - ?",
                             "{,}",
                             "[,]",
                             "{a}",
                             "{a: b, a}",
                             "[a: b]",
                             "? [a]: b",
                             "\x7F\x01",
                             "a:\n - b\n c"};
  for (const std::string& text : odd) {
    WrittenProject written{{"lochan.yaml", text},
                           {"sources/a.yaml", text},
                           {"models/m/a.sql", text},
                           {"models/m/b.sql", "/* ---\n" + text + "\n--- */ select 1"},
                           {"checks/c.sql", text},
                           {"macros/d.sql", text},
                           {".env", text}};
    read_anything(written, text.substr(0, 100));
    if (HasFailure()) return;
  }
}

TEST(Robustness, AFileTooLargeToBeMeantIsRefused) {
  WrittenProject written{{"models/m/a.sql", std::string(17u << 20, ' ')}};
  EXPECT_EQ(written.problems(), std::vector<std::string>{"models/m/a.sql: the file has 17.8 MB\n"
                                                         "  hint: a project's file has at most 16.8 MB"});
}

TEST(Robustness, LineEndsAndByteOrderMarkOfOtherSystemsAreRead) {
  WrittenProject written{{"lochan.yaml", "\xEF\xBB\xBFname: a\r\nrun:\r\n  workers: 3\r\n"},
                         {"models/m/a.sql", "\xEF\xBB\xBF/* ---\r\nmaterialized: view\r\n--- */\r\nselect 1\r\n"}};
  const Project project = written.read();
  EXPECT_EQ(project.name, "a");
  EXPECT_EQ(project.run.workers, 3);
  EXPECT_EQ(project.models.at({"m", "a"}).materialized, Materialization::View);
}

}  // namespace
}  // namespace lochan

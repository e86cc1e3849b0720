// The file of `lochan migrate`: its order, and what may be wrong with it.
#include "run/migrate_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "base/hash.h"
#include "plan/analysis.h"

namespace lochan {
namespace {

class MigrateFileTest : public testing::Test {
 protected:
  ~MigrateFileTest() override { std::filesystem::remove(file_); }

  /// The names in the order they are migrated in, or all that is wrong, a line each with its hint.
  std::string read(const std::string& text) const {
    std::ofstream(file_) << text;
    std::string lines;
    try {
      for (const MigratedTable& table : read_migrate_file(file_)) lines += (lines.empty() ? "" : " ") + table.name;
    } catch (const ProjectProblems& problems) {
      for (const Error& problem : problems.problems())
        lines += std::string(problem.what()).substr(file_.string().size()) + "\n";
    }
    return lines;
  }
  // name, and what it depends on
  static std::string table(const std::string& name, const std::string& depends_on) {
    return R"({"name": ")" + name + R"(", "schema_in": "a", "schema_out": "b", "depends_on": [)" + depends_on + "]}";
  }

  const std::filesystem::path file_ = std::filesystem::path(testing::TempDir()) / (random_uuid() + ".json");
};

TEST_F(MigrateFileTest, WhatIsDependedOnComesFirst) {
  EXPECT_EQ(read("[" + table("film", R"("language", "category")") + ",\n" + table("rental", R"("film")") + ",\n" +
                 table("category", "") + ",\n" + table("language", "") + "]"),
            "category language film rental");
}

TEST_F(MigrateFileTest, IndentedByTabsAndWithoutDependencies) {
  EXPECT_EQ(read("[\n\t{\n\t\t\"name\": \"actor\",\n\t\t\"schema_in\": \"a\",\n\t\t\"schema_out\": \"b\"\n\t}\n]\n"),
            "actor");
}

TEST_F(MigrateFileTest, ACycleIsNamed) {
  EXPECT_EQ(read("[" + table("language", "") + ",\n " + table("film", R"("language", "rental")") + ",\n " +
                 table("copy", R"("film")") + ",\n " + table("rental", R"("copy")") + ",\n " +
                 table("report", R"("rental")") + "]"),
            ":2:2: these depend on each other: film -> rental -> copy -> film\n"
            "  hint: take one of them out of `depends_on`: foreign keys are made when all rows are there, so they need "
            "no order\n");
  EXPECT_EQ(read("[" + table("film", R"("film")") + "]"),
            ":1:2: these depend on each other: film -> film\n"
            "  hint: take one of them out of `depends_on`: foreign keys are made when all rows are there, so they need "
            "no order\n");
}

TEST_F(MigrateFileTest, UnknownAndDoubleNames) {
  EXPECT_EQ(read("[" + table("film", R"("langage")") + ",\n" + table("language", "") + ",\n" + table("film", "") + "]"),
            ":1:2: `film` depends on `langage`, which the file doesn't have\n  hint: did you mean `language`?\n"
            ":3:1: two tables are called `film`\n  hint: `depends_on` couldn't tell them: migrate one of them with "
            "another file\n");
}

TEST_F(MigrateFileTest, WrongShapes) {
  EXPECT_EQ(read("{}"),
            ":1:1: this is a mapping, wanted a list of tables\n"
            "  hint: write [{\"name\": \"actor\", \"schema_in\": \"public\", \"schema_out\": \"dvd_rental\", "
            "\"depends_on\": []}, …]\n");
  EXPECT_EQ(read("[]").substr(0, 50), ":1:1: this is an empty list, wanted a list of tabl");
  EXPECT_EQ(read(R"([{"name": "film", "shema_in": "a", "schema_out": ["b"], "depends_on": "x"}])"),
            ":1:2: a table has no `schema_in`\n"
            ":1:19: unknown key `shema_in`\n  hint: did you mean `schema_in`?\n"
            ":1:50: `schema_out` is a list, wanted a name\n"
            ":1:71: `depends_on` is text `x`, wanted a list of names\n");
  EXPECT_EQ(
      read("[\"film\"]"),
      ":1:2: a table is text `film`, wanted an object\n  hint: give `name`, `schema_in`, `schema_out`, `depends_on`\n");
}

}  // namespace
}  // namespace lochan

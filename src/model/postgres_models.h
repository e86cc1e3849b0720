// The models of a project that are made in one PostgreSQL database: what each reads, by the database's own
// dependencies, and whether it is stale.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model/postgres_model_marks.h"
#include "model/postgres_relations.h"
#include "project/database_model.h"

namespace lochan {

/// A table of the lake that a sink carries into the database.
struct CarriedInto {
  std::string sink;
  TableName table;
  std::vector<Column> columns;  // in the lake; empty while they aren't known
};

/// What of a database the project makes.
struct DatabaseNames {
  std::map<PostgresName, const Model*> models;
  std::map<PostgresName, CarriedInto> carried;
  std::set<std::string> mark_schemas;  // where sinks keep their marks
};
DatabaseNames database_names(const Project& project, const std::string& connection,
                             const std::map<TableName, std::vector<Column>>& lake_columns);

/// Why a model must be made again, as far as is known now.
struct PostgresStale {
  std::string text;
  bool rebuild = false;  // not from what is there
};

/// A model as the database sees it.
struct SurveyedModel {
  const Model* model = nullptr;
  std::string fingerprint;
  std::vector<PostgresName> reads;
  std::vector<Column> columns;  // with PostgreSQL's types
  std::optional<PostgresStale> stale;
  std::optional<Error> problem;  // why it can't be made as things are
  bool is_circular = false;      // because it would be made from itself
};

/// What is in the database at one moment, for any number of questions.
class PostgresModels {
 public:
  /// All must outlive it.
  PostgresModels(PostgresConnection& connection, const Project& project, const DatabaseNames& names);

  /// Looks again.
  void look();
  /// All models, inputs first. Changes nothing, in a transaction of its own.
  std::vector<SurveyedModel> survey();
  /// One model, within the open transaction: what it reads must be there.
  SurveyedModel examine(const Model& model);

  const PostgresRelation* there(const PostgresName& name) const;
  const PostgresModelMark* mark(const PostgresName& name) const;
  /// Nothing where it can't be known whether it has moved.
  std::optional<std::string> version(const PostgresName& name) const;

 private:
  std::vector<SurveyedModel> survey_all();
  bool is_as_left(const Model& model, const std::string& fingerprint) const;
  SurveyedModel known(const Model& model) const;
  void bind(SurveyedModel& surveyed, const Model& model);
  void bind_all(std::map<PostgresName, SurveyedModel>& surveyed, const std::set<PostgresName>& replaced);
  bool try_bind(SurveyedModel& surveyed, const Model& model, bool may_come);
  void stand_in(const PostgresName& name, const std::vector<Column>& columns);
  void stand_in_for_carried(const std::set<PostgresName>& replaced);
  bool holds_columns(const PostgresName& name, const std::vector<Column>& columns);
  std::optional<PostgresStale> stale(const SurveyedModel& surveyed) const;
  void check_sources(SurveyedModel& surveyed) const;
  void check_foreign(SurveyedModel& surveyed) const;
  std::optional<std::string> version(const PostgresName& name, std::set<PostgresName>& path) const;

  PostgresConnection& connection_;
  const Project& project_;
  const DatabaseNames& names_;
  std::map<PostgresName, PostgresRelation> relations_;
  std::map<PostgresName, PostgresModelMark> marks_;
  std::map<PostgresName, std::string> carried_;
};

/// Of a model's indexes and grants, as its mark keeps them.
std::string model_declarations(const Model& model);

}  // namespace lochan

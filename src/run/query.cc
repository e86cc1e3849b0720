#include "run/query.h"

#include "run/resolver.h"
#include "run/system_tables.h"

namespace lochan {

class LakeReader::Impl {
 public:
  Impl(Lake& lake, const Ref& bound, Engine* given, Resolver::Outside outside)
      : ref(bound),
        catalog(lake.catalog()),
        own(given == nullptr ? std::make_unique<Engine>(lake.engine_options()) : nullptr),
        engine(given == nullptr ? *own : *given),
        resolver(lake.catalog(), bound, std::move(outside)),
        token(lake.catalog().grant_token({bound, false, {}, ""})) {}
  ~Impl() { catalog.revoke_token(token); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const Ref ref;
  Catalog& catalog;
  std::unique_ptr<Engine> own;
  Engine& engine;
  Resolver resolver;
  std::string token;
};

LakeReader::LakeReader(Lake& lake, std::string ref) {
  // Never `main` itself: a statement that spans a publish would see each table as of another moment.
  if (ref.empty() || ref == "main") ref = "at-" + std::to_string(lake.catalog().current_publication());
  open(lake, ref, nullptr);
}

LakeReader::LakeReader(Lake& lake, std::string ref, Engine& engine) { open(lake, ref, &engine); }

void LakeReader::open(Lake& lake, const std::string& ref, Engine* engine) {
  (void)lake.catalog().find(ref, {});  // an unknown ref is told here, and better than by an engine that can't attach it
  impl_ = std::make_unique<Impl>(lake, ref, engine, [this, &state = lake.state()](const TableName& table) {
    return table.layer == kSystemLayer ? std::optional(session_->add_table(make_system_table(state, table))) : std::nullopt;
  });
  std::string macros;
  for (const Macro& macro : lake.project().macros) macros += macro.sql + "\n;\n";
  session_ = impl_->engine.open_session({lake.uri(), ref, impl_->token}, macros);
}

LakeReader::~LakeReader() = default;

const std::string& LakeReader::ref() const { return impl_->ref; }

std::string LakeReader::resolve(const std::string& sql) { return impl_->resolver.query(sql, session_->lake()); }
std::vector<std::string> LakeReader::archive_notes() const { return impl_->resolver.archive_notes(); }
std::string LakeReader::resolve_name(const TableName& table) { return impl_->resolver.name(table, session_->lake()); }

}  // namespace lochan

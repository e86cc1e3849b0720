#include "run/query.h"

#include "run/resolver.h"
#include "run/system_tables.h"

namespace lochan {
namespace {

// What it reads stays until this ends.
class Reading {
 public:
  // Never `main` itself: a statement that spans a publish would see each table as of another moment.
  Reading(Catalog& catalog, const Ref& ref) : catalog_(catalog) {
    if (ref.empty() || ref == "main") {
      reader_ = catalog.grant_reader();
      return;
    }
    (void)catalog.find(ref, {});  // an unknown ref is told here, and better than by an engine that can't attach it
    reader_ = {ref, catalog.grant_token({ref, false, {}, ""})};
  }
  ~Reading() {
    try {
      catalog_.revoke_token(reader_.token);
    } catch (const std::exception&) {
      // The state can't be written: what it reads is kept a while longer, as that of a dead reader.
    }
  }
  Reading(const Reading&) = delete;
  Reading& operator=(const Reading&) = delete;

  const Ref& ref() const { return reader_.ref; }
  const std::string& token() const { return reader_.token; }

 private:
  Catalog& catalog_;
  Catalog::Reader reader_;
};

}  // namespace

class LakeReader::Impl {
 public:
  Impl(Lake& lake, const Ref& ref, Engine* given, Resolver::Outside outside)
      : reading(lake.catalog(), ref),
        own(given == nullptr ? std::make_unique<Engine>(lake.engine_options()) : nullptr),
        engine(given == nullptr ? *own : *given),
        resolver(lake.catalog(), reading.ref(), std::move(outside)) {}

  const Reading reading;  // before the engine, which takes long to open
  std::unique_ptr<Engine> own;
  Engine& engine;
  Resolver resolver;
};

LakeReader::LakeReader(Lake& lake, std::string ref) { open(lake, ref, nullptr); }
LakeReader::LakeReader(Lake& lake, std::string ref, Engine& engine) { open(lake, ref, &engine); }

void LakeReader::open(Lake& lake, const std::string& ref, Engine* engine) {
  impl_ = std::make_unique<Impl>(lake, ref, engine, [this, &state = lake.state()](const TableName& table) {
    return table.layer == kSystemLayer ? std::optional(session_->add_table(make_system_table(state, table)))
                                       : std::nullopt;
  });
  std::string macros;
  for (const Macro& macro : lake.project().macros) macros += macro.sql + "\n;\n";
  session_ = impl_->engine.open_session({lake.uri(), impl_->reading.ref(), impl_->reading.token()}, macros);
}

LakeReader::~LakeReader() = default;

const std::string& LakeReader::ref() const { return impl_->reading.ref(); }

std::string LakeReader::resolve(const std::string& sql) { return impl_->resolver.query(sql, session_->lake()); }
std::vector<std::string> LakeReader::archive_notes() const { return impl_->resolver.archive_notes(); }
std::string LakeReader::resolve_name(const TableName& table) { return impl_->resolver.name(table, session_->lake()); }

}  // namespace lochan

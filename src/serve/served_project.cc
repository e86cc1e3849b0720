#include "serve/served_project.h"

#include <fmt/format.h>

#include <algorithm>

#include "catalog/table_access.h"
#include "serve/project_copy.h"

namespace lochan {
namespace {

std::optional<std::string> token_of(const ServeConfig& serve) {
  return serve.token ? std::optional(serve.token->value) : std::nullopt;
}

bool is_tag(const Catalog& catalog, const Ref& ref) {
  const std::vector<Catalog::Tag> tags = catalog.tags();
  return std::ranges::find(tags, ref, &Catalog::Tag::name) != tags.end();
}

TokenScope outsider(const Catalog& catalog, const Ref& ref) {
  TokenScope scope;
  scope.ref = ref;
  scope.author = "outside";
  scope.may_write = ref == "main";
  if (ref != "main" && !ref.starts_with("at-") && !is_tag(catalog, ref))
    throw Forbidden(fmt::format("`main`, `at-N` and tags are served, and not the branch `{}`", ref));
  return scope;
}

}  // namespace

ServedProject::ServedProject(ReadProject read, const Clock& clock, Log& log)
    : read_(std::move(read)),
      lake_(read_.project, clock),
      copy_(write_project_copy(read_, lake_.home())),
      environment_(copy_environment(read_, copy_)),
      sign_in_(token_of(read_.project.serve)),
      routes_(lake_.catalog(), log),
      readers_(lake_.state(), clock) {}

HttpResponse ServedProject::answer_catalog(const HttpRequest& request) {
  return routes_.answer(request, [&](const Ref& ref) {
    TokenScope scope = outsider(lake_.catalog(), ref);
    readers_.note(ref);
    return scope;
  });
}

}  // namespace lochan

// Tags, and what else finds its way through main's history: a publication by its number, name or time.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <limits>

#include "base/error.h"
#include "base/hash.h"
#include "base/text.h"
#include "catalog/catalog_impl.h"
#include "catalog/tag_record.h"
#include "project/scalar.h"
#include "project/time_range.h"

namespace lochan {
namespace {

constexpr std::string_view kHold = "hold ";

void check_tag_name(const std::string& name) {
  const bool is_plain = !name.empty() && std::isalpha(static_cast<unsigned char>(name.front())) != 0 &&
                        std::ranges::all_of(name, [](unsigned char letter) {
                          return std::isalnum(letter) != 0 || letter == '_' || letter == '-';
                        });
  if (!is_plain)
    throw Error(ErrorKind::Usage, fmt::format("`{}` can't be a tag's name", name))
        .hint("letters, digits, `-` and `_`, with a letter first: `year-end-2026`");
  if (name == "main" || name.starts_with("run-") || name.starts_with("at-"))
    throw Error(ErrorKind::Usage, fmt::format("the name `{}` is kept for Lochan itself", name))
        .hint("take another, `year-end-2026` say");
}

Publication read_publication(const DbRow& row) {
  return {row.integer(0), row.integer(1), row.text(2), instant_from_micros(row.integer(3)), row.text(4)};
}

std::optional<Publication> first_of(const std::vector<DbRow>& rows) {
  return rows.empty() ? std::nullopt : std::optional(read_publication(rows[0]));
}

// A time that names a second means all of it: so does one that was copied from `lochan history`.
Instant until(const std::string& text, Instant time) {
  const bool has_fraction = text.find('.') != std::string::npos;
  const bool has_seconds = std::ranges::count(text, ':') >= 2;
  return has_seconds && !has_fraction ? time + std::chrono::seconds{1} - std::chrono::microseconds{1} : time;
}

std::optional<Instant> read_time(const std::string& text) {
  if (const auto time = parse_time(text)) return time;
  try {
    return parse_instant(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

}  // namespace

std::optional<std::int64_t> CatalogRows::tag(const std::string& name) const {
  const auto rows = state_.query("select publication from tag where name = $1", {name});
  return rows.empty() ? std::nullopt : std::optional(rows[0].integer(0));
}

Catalog::Tag Catalog::create_tag(const std::string& name, std::int64_t publication, const std::string& author) {
  check_tag_name(name);
  const Tag tag{name, publication, author, impl_->clock.now()};
  impl_->state.write_synced([&] {
    if (const auto taken = impl_->rows.tag(name))
      throw Error(ErrorKind::Conflict, fmt::format("there is a tag `{}` already: publication {}", name, *taken))
          .hint(fmt::format("lochan tag drop {}", name));
    const auto branch = impl_->rows.branch(name);
    if (branch && branch->state != BranchState::Dropped)
      throw Error(ErrorKind::Conflict, fmt::format("there is a branch `{}` already", name));
    if (publication == 0)
      throw Error(ErrorKind::Usage, "nothing was published yet").hint("`lochan run` makes the first publication");
    impl_->bind("at-" + std::to_string(publication));
    impl_->state.execute("insert into tag(name, publication, author, at) values ($1, $2, $3, $4)",
                         {name, publication, author, to_micros(tag.at)});
  });
  write_missing_records(*this);
  return tag;
}

void Catalog::drop_tag(const std::string& name) {
  bool was_there = false;
  impl_->state.write([&] {
    was_there = impl_->state.execute("delete from tag where name = $1", {name}) != 0;
    impl_->state.execute("delete from recorded_tag where name = $1", {name});
  });
  if (was_there) return remove_tag_record(*impl_, name);
  std::vector<std::string> names;
  for (const Tag& tag : tags()) names.push_back(tag.name);
  throw Error(ErrorKind::NotFound, fmt::format("no tag `{}`", name))
      .hint(text::did_you_mean(name, names, names.empty() ? "there are no tags" : "`lochan tag list` shows the tags"));
}

std::vector<Catalog::Tag> Catalog::tags() const {
  std::vector<Tag> tags;
  for (const DbRow& row :
       impl_->state.query("select name, publication, author, at from tag order by publication desc, name"))
    tags.push_back({row.text(0), row.integer(1), row.text(2), instant_from_micros(row.integer(3))});
  return tags;
}

std::int64_t Catalog::resolve_publication(const std::string& text) const {
  if (const auto number = parse_integer(text); number && *number >= 0) {
    impl_->bind(fmt::format("at-{}", *number));
    return *number;
  }
  if (const auto tagged = impl_->rows.tag(text)) return *tagged;
  const auto time = read_time(text);
  if (!time) {
    std::vector<std::string> names;
    for (const Tag& tag : tags()) names.push_back(tag.name);
    throw Error(ErrorKind::Usage, fmt::format("`{}` is no publication, tag or time", text))
        .hint(text::did_you_mean(text, names, "a number of `lochan history`, a name of `lochan tag list`, or a time in "
                                              "UTC: `2026-11-20 18:00`"));
  }
  const auto found = impl_->state.query("select number from publication where at <= $1 order by number desc limit 1",
                                        {to_micros(until(text, *time))});
  if (!found.empty()) return found[0].integer(0);
  const auto oldest = first_of(
      impl_->state.query("select number, run, author, at, message from publication order by number limit 1"));
  throw Error(ErrorKind::NotFound, fmt::format("nothing that is kept was published by {}", text))
      .hint(oldest ? fmt::format("the oldest publication is {}, of {}", oldest->number, to_string(oldest->at).substr(0, 19))
                   : "nothing was published yet");
}

std::optional<Publication> Catalog::find_publication(std::int64_t number) const {
  return impl_->rows.publication(number);
}

std::optional<Publication> Catalog::last_change(const TableName& table) const {
  const auto rows = impl_->state.query(
      "select max(case when to_publication < $3 then to_publication else from_publication end) from entry where layer = "
      "$1 and name = $2",
      {table.layer, table.name, std::numeric_limits<std::int64_t>::max()});
  if (rows.empty() || rows[0].is_null(0)) return std::nullopt;
  return impl_->rows.publication(rows[0].integer(0));
}

Catalog::Hold Catalog::hold_present() {
  Hold hold{std::string(kHold) + random_uuid(), 0};
  impl_->state.write([&] {
    hold.publication = impl_->rows.current_publication();
    impl_->state.execute("insert into reader(id, publication, since) values ($1, $2, $3)",
                         {hold.id, hold.publication, to_micros(impl_->clock.now())});
  });
  return hold;
}

void Catalog::renew_hold(const Hold& hold) {
  impl_->state.execute("update reader set since = $2 where id = $1", {hold.id, to_micros(impl_->clock.now())});
}

void Catalog::release_hold(const Hold& hold) { impl_->state.execute("delete from reader where id = $1", {hold.id}); }

}  // namespace lochan

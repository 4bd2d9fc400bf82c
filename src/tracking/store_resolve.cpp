// RunStore: which run a person means.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/store_state.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

constexpr std::size_t shortest_prefix = 4;
constexpr std::size_t shown_candidates = 5;

struct Candidate {
  std::string id;
  std::string name;
};

std::vector<Candidate> candidates(Database& db, std::string_view condition, std::string_view from,
                                  std::string_view to = {}) {
  std::vector<Candidate> found;
  auto rows = db.query("SELECT id, name FROM runs WHERE " + std::string(condition) +
                       " ORDER BY start DESC, id LIMIT 6");
  rows.statement().bind(1, from);
  if (!to.empty()) rows.statement().bind(2, to);
  while (rows.step()) found.push_back({rows.get<std::string>(0), rows.get<std::string>(1)});
  return found;
}

Error ambiguous(std::string_view reference, const std::vector<Candidate>& found) {
  std::string list;
  for (std::size_t i = 0; i < found.size() && i < shown_candidates; ++i) {
    list += fmt::format("{}{} ({})", i == 0 ? "" : ", ", found[i].id, printable(found[i].name));
  }
  if (found.size() > shown_candidates) list += ", …";
  return Error(ErrorKind::usage,
               fmt::format("{} means more than one run: {}", quote(reference), list),
               "give more characters of the id");
}

// "@last" is 0, "@last~2" is 2.
std::int64_t steps_back(std::string_view reference) {
  const std::string_view rest = reference.substr(std::string_view("@last").size());
  if (rest.empty()) return 0;
  const auto steps = rest.starts_with('~') ? parse_integer(rest.substr(1)) : std::nullopt;
  if (steps && *steps >= 0) return *steps;
  throw Error(ErrorKind::usage, fmt::format("{} is not a run", quote(reference)),
              "\"@last\" is the newest run, \"@last~1\" the one before it");
}

}  // namespace

std::string RunStore::resolve(std::string_view reference) const {
  Database& db = state_->db();
  if (reference.starts_with("@last")) {
    const auto id = db.value<std::string>(
        "SELECT id FROM runs WHERE deleted IS NULL ORDER BY start DESC, n DESC LIMIT 1 OFFSET ?",
        steps_back(reference));
    if (id) return *id;
    throw Error(ErrorKind::not_found, fmt::format("no run {}", quote(reference)),
                "there are fewer runs than that; \"mlopsctl run list\" shows them");
  }
  if (const auto run = state_->find_run(reference)) return run->id;

  for (const std::string_view condition : {"name = ? AND deleted IS NULL", "name = ?"}) {
    const auto named = candidates(db, condition, reference);
    if (named.size() == 1) return named.front().id;
    if (named.size() > 1) throw ambiguous(reference, named);
  }
  if (reference.size() >= shortest_prefix && is_valid_utf8(reference)) {
    // Ids are ASCII: everything that begins with the prefix lies before prefix + DEL.
    const auto starting =
        candidates(db, "id >= ? AND id < ?", reference, std::string(reference) + '\x7f');
    if (starting.size() == 1) return starting.front().id;
    if (starting.size() > 1) throw ambiguous(reference, starting);
  }
  throw state_->unknown_run(reference);
}

}  // namespace mlopsctl

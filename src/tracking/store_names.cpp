// RunStore: names for completion.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/tracking/run_store.hpp"

#include "tracking/store_state.hpp"

#include <algorithm>

namespace mlopsctl {

namespace {

std::string_view names_query(RunStore::Names kind) {
  switch (kind) {
    case RunStore::Names::run_ids:
      return "SELECT id, name FROM runs WHERE deleted IS NULL AND id >= ?1 AND id < ?2 "
             "ORDER BY id LIMIT ?3";
    case RunStore::Names::experiments:
      return "SELECT name, '' FROM experiments WHERE deleted IS NULL AND name >= ?1 AND name < ?2 "
             "ORDER BY name LIMIT ?3";
    case RunStore::Names::metric_keys:
      return "SELECT name, '' FROM keys k WHERE name >= ?1 AND name < ?2 AND EXISTS "
             "(SELECT 1 FROM series s WHERE s.key = k.id AND s.head = 1) ORDER BY name LIMIT ?3";
    case RunStore::Names::param_keys:
      return "SELECT name, '' FROM keys k WHERE name >= ?1 AND name < ?2 AND EXISTS "
             "(SELECT 1 FROM params p WHERE p.key = k.id) ORDER BY name LIMIT ?3";
    case RunStore::Names::tag_keys:
      return "SELECT name, '' FROM keys k WHERE name >= ?1 AND name < ?2 AND EXISTS "
             "(SELECT 1 FROM tags t WHERE t.key = k.id) ORDER BY name LIMIT ?3";
  }
  throw Error(ErrorKind::bug, "unknown kind of names");
}

}  // namespace

std::vector<RunStore::Name> RunStore::names(Names kind, std::string_view prefix,
                                            std::size_t limit) const {
  // U+10FFFF is the last code point: whatever begins with the prefix lies before prefix + it.
  const std::string end = std::string(prefix) + "\xf4\x8f\xbf\xbf";
  const auto most = static_cast<std::int64_t>(std::min<std::size_t>(limit, 1'000'000));
  auto rows = state_->db().query(names_query(kind), prefix, end, most);
  std::vector<Name> names;
  while (rows.step()) names.push_back({rows.get<std::string>(0), rows.get<std::string>(1)});
  return names;
}

}  // namespace mlopsctl

#include "tracking/filter_names.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace mlopsctl {
namespace {

struct NamedEntity {
  std::string_view name;
  Entity entity;
};
constexpr std::array<NamedEntity, 14> entities{{{"metrics", Entity::metric},
                                                {"metric", Entity::metric},
                                                {"params", Entity::param},
                                                {"param", Entity::param},
                                                {"parameters", Entity::param},
                                                {"parameter", Entity::param},
                                                {"tags", Entity::tag},
                                                {"tag", Entity::tag},
                                                {"attributes", Entity::attribute},
                                                {"attribute", Entity::attribute},
                                                {"attr", Entity::attribute},
                                                {"run", Entity::attribute},
                                                {"dataset", Entity::dataset},
                                                {"datasets", Entity::dataset}}};

struct Attribute {
  std::string_view name;
  LeftType type;
};
constexpr std::array<Attribute, 12> attributes{{{"run_id", LeftType::text},
                                                {"run_name", LeftType::text},
                                                {"user_id", LeftType::text},
                                                {"status", LeftType::text},
                                                {"artifact_uri", LeftType::text},
                                                {"start_time", LeftType::time},
                                                {"end_time", LeftType::time},
                                                {"duration", LeftType::duration},
                                                {"experiment_id", LeftType::text},
                                                {"experiment_name", LeftType::text},
                                                {"lifecycle_stage", LeftType::text},
                                                {"exit_code", LeftType::number}}};

// The first six are MLflow's.
constexpr std::array<std::pair<std::string_view, std::string_view>, 12> aliases{
    {{"created", "start_time"},
     {"Created", "start_time"},
     {"run name", "run_name"},
     {"Run name", "run_name"},
     {"Run Name", "run_name"},
     {"run_uuid", "run_id"},
     {"id", "run_id"},
     {"name", "run_name"},
     {"user", "user_id"},
     {"started", "start_time"},
     {"ended", "end_time"},
     {"experiment", "experiment_name"}}};

constexpr std::array<std::string_view, 8> keywords{"AND",  "OR",    "NOT", "IN",
                                                   "LIKE", "ILIKE", "IS",  "NULL"};
constexpr std::array<std::string_view, 3> dataset_fields{"name", "digest", "context"};

std::optional<Entity> find_entity(std::string_view name) {
  for (const auto& item : entities) {
    if (item.name == name) return item.entity;
  }
  return std::nullopt;
}

std::string suggestion(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > 64) return {};
  const auto near = closest(word, candidates);
  return near ? fmt::format("did you mean {}?", *near) : std::string();
}

Entity entity_of(std::string_view name, const FilterToken& at) {
  if (const auto entity = find_entity(name)) return *entity;
  std::vector<std::string> names;
  for (const auto& item : entities) names.emplace_back(item.name);
  std::string hint = suggestion(name, names);
  if (hint.empty()) hint = "quote a key that has a dot: metrics.`a.b`";
  filter_error(
      at,
      fmt::format("unknown entity {}; expected metrics, params, tags, attributes or dataset",
                  quote(name)),
      std::move(hint));
}

std::string attribute_of(std::string_view name, const FilterToken& at) {
  for (const auto& [alias, target] : aliases) {
    if (name == alias) return std::string(target);
  }
  for (const auto& item : attributes) {
    if (item.name == name) return std::string(name);
  }
  std::string hint = suggestion(to_lower(name), filter_attributes());
  if (hint.empty())
    hint = fmt::format("a metric is written metrics.{0}, a parameter params.{0}",
                       name.empty() ? "NAME" : shortened(printable(name), 40));
  filter_error(at,
               fmt::format("unknown attribute {}; valid ones are {}", quote(name),
                           join(filter_attributes(), ", ")),
               std::move(hint));
}

std::string dataset_field(std::string_view name, const FilterToken& at) {
  if (std::ranges::find(dataset_fields, name) == dataset_fields.end()) {
    filter_error(at, fmt::format("unknown dataset field {}; valid ones are name, digest, context",
                                 quote(name)));
  }
  return std::string(name);
}

// Takes ":min" or ":max" off the end of a bare part. Any other colon belongs to the key.
Aggregate take_aggregate(std::string& text) {
  for (const auto& [suffix, aggregate] :
       {std::pair<std::string_view, Aggregate>{":min", Aggregate::min},
        {":max", Aggregate::max},
        {":latest", Aggregate::latest}}) {
    if (!text.ends_with(suffix)) continue;
    text.resize(text.size() - suffix.size());
    return aggregate;
  }
  return Aggregate::latest;
}

}  // namespace

const std::vector<std::string>& filter_attributes() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> list;
    for (const auto& item : attributes) list.emplace_back(item.name);
    return list;
  }();
  return names;
}

LeftType left_type(const Identifier& left) {
  switch (left.entity) {
    case Entity::metric:
      return LeftType::number;
    case Entity::param:
    case Entity::tag:
      return LeftType::free_text;
    case Entity::dataset:
      return LeftType::text;
    case Entity::attribute:
      break;
  }
  for (const auto& item : attributes) {
    if (item.name == left.key) return item.type;
  }
  return LeftType::text;
}

const std::vector<Comparator>& legal_comparators(LeftType type) {
  using enum Comparator;
  static const std::vector<Comparator> ordered{eq, ne, lt, le, gt, ge, is_null, is_not_null};
  static const std::vector<Comparator> text{eq,        ne, like,   not_like, ilike,
                                            not_ilike, in, not_in, is_null,  is_not_null};
  static const std::vector<Comparator> free{
      eq, ne, lt, le, gt, ge, like, not_like, ilike, not_ilike, in, not_in, is_null, is_not_null};
  return type == LeftType::text ? text : type == LeftType::free_text ? free : ordered;
}

std::string_view to_string(Comparator op) {
  switch (op) {
    case Comparator::eq:
      return "=";
    case Comparator::ne:
      return "!=";
    case Comparator::lt:
      return "<";
    case Comparator::le:
      return "<=";
    case Comparator::gt:
      return ">";
    case Comparator::ge:
      return ">=";
    case Comparator::like:
      return "LIKE";
    case Comparator::ilike:
      return "ILIKE";
    case Comparator::in:
      return "IN";
    case Comparator::not_in:
      return "NOT IN";
    case Comparator::is_null:
      return "IS NULL";
    case Comparator::is_not_null:
      return "IS NOT NULL";
    case Comparator::not_like:
      return "NOT LIKE";
    case Comparator::not_ilike:
      return "NOT ILIKE";
  }
  return {};
}

Identifier identifier_of(const FilterToken& token) {
  const auto& pieces = token.pieces;
  const bool is_keyword = std::ranges::any_of(
      keywords, [&](std::string_view keyword) { return token.is_keyword(keyword); });
  if (token.kind != FilterToken::Kind::word || pieces.empty() || is_keyword) {
    filter_error(token, fmt::format("expected a name such as metrics.loss, got {}", shown(token)));
  }
  Identifier left;
  std::string key = pieces[0].text;  // without an entity: an attribute
  std::size_t rest = 1;
  bool has_entity = false;
  if (pieces[0].quote == 0) {
    if (const auto dot = key.find('.'); dot != std::string::npos) {
      left.entity = entity_of(std::string_view(key).substr(0, dot), token);
      key.erase(0, dot + 1);
      has_entity = true;
    }
  } else if (pieces.size() > 1 && pieces[1].text.starts_with('.')) {
    left.entity = entity_of(key, token);
    key = pieces[1].text.substr(1);
    rest = 2;
    has_entity = true;
  }
  const bool metric = left.entity == Entity::metric;
  if (metric && rest == pieces.size()) left.aggregate = take_aggregate(key);
  for (; rest < pieces.size(); ++rest) {
    std::string part = pieces[rest].text;
    if (metric && pieces[rest].quote == 0 && rest + 1 == pieces.size()) {
      left.aggregate = take_aggregate(part);
    }
    key += part;
  }
  if (has_entity && key.empty()) {
    filter_error(token, fmt::format("{} has no key behind its dot", quote(token.written)));
  }
  if (left.entity == Entity::attribute) key = attribute_of(key, token);
  if (left.entity == Entity::dataset) key = dataset_field(key, token);
  left.key = std::move(key);
  return left;
}

}  // namespace mlopsctl

#include "formats/line_fields.hpp"

#include "mlopsctl/base/error.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mlopsctl {
namespace {

// Names of nested objects repeat their prefix, so a small line can ask for much memory.
constexpr std::size_t max_name = 4096;
constexpr std::size_t max_names_in_line = 64U << 20U;
// Beyond it (the year 5138 in milliseconds) nothing is a time.
constexpr double max_time = 1e14;
constexpr double seconds_below = 1e11;
constexpr double max_exact_integer = 9007199254740992.0;

// Control characters would reach terminals, tables and file names later on.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0) {
      return true;  // U+0080 to U+009F
    }
  }
  return false;
}

// Keeps the last of those with the same name, in order of appearance.
template <class Items, class Name>
void keep_last(Items& items, std::size_t& count, Name name) {
  constexpr std::size_t few = 16;
  std::vector<bool> dead;
  if (count <= few) {
    for (std::size_t i = 0; i < count; ++i) {
      for (std::size_t j = i + 1; j < count; ++j) {
        if (name(items[i]) != name(items[j])) continue;
        dead.resize(count);
        dead[i] = true;
        break;
      }
    }
  } else {
    std::vector<std::size_t> order(count);
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return name(items[i]); });
    for (std::size_t i = 0; i + 1 < count; ++i) {
      if (name(items[order[i]]) != name(items[order[i + 1]])) continue;
      dead.resize(count);
      dead[order[i]] = true;
    }
  }
  if (dead.empty()) return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (dead[i]) continue;
    if (kept != i) std::swap(items[kept], items[i]);
    ++kept;
  }
  count = kept;
}

// Strings of earlier lines keep their memory.
std::string add_text(std::vector<KeyValue>& items, std::size_t& used, std::string_view prefix,
                     std::string_view key, std::string_view value) {
  if (auto problem = check_name(prefix, key); !problem.empty()) return problem;
  if (used == items.size()) items.emplace_back();
  KeyValue& item = items[used++];
  item.key.assign(prefix).append(key);
  item.value.assign(value);
  return {};
}

}  // namespace

std::string check_name(std::string_view prefix, std::string_view key) {
  if (key.empty())
    return prefix.empty() ? "a name is empty"
                          : fmt::format("a name inside {} is empty", quote(prefix));
  if (prefix.size() + key.size() >= max_name) {
    return fmt::format("the name {} is longer than {} bytes", quote(key), max_name);
  }
  if (has_control(key)) return fmt::format("the name {} has a control character", quote(key));
  return {};
}

int step_priority(std::string_view name) {
  return name == "step" ? 3 : name == "global_step" ? 2 : name == "_step" ? 1 : 0;
}

int time_priority(std::string_view name) {
  return name == "timestamp" ? 3 : name == "time" ? 2 : name == "_timestamp" ? 1 : 0;
}

void LineFields::clear() {
  names_.clear();
  pending_.clear();
  metrics_.clear();
  params_used_ = tags_used_ = 0;
  key_.reset();
  value_.reset();
  step_.reset();
  time_.reset();
  step_priority_ = time_priority_ = 0;
  skipped_ = 0;
}

std::string LineFields::append_name(std::string_view prefix, std::string_view key) {
  if (auto problem = check_name(prefix, key); !problem.empty()) return problem;
  if (names_.size() + prefix.size() + key.size() > max_names_in_line) {
    return fmt::format("the names of its nested objects take more than {} MiB",
                       max_names_in_line >> 20U);
  }
  names_.append(prefix).append(key);
  return {};
}

std::string LineFields::add_metric(std::string_view prefix, std::string_view key, double value) {
  const std::size_t begin = names_.size();
  if (auto problem = append_name(prefix, key); !problem.empty()) return problem;
  pending_.push_back({begin, names_.size() - begin, value});
  return {};
}

std::string LineFields::add_param(std::string_view prefix, std::string_view key,
                                  std::string_view value) {
  return add_text(params_, params_used_, prefix, key, value);
}

std::string LineFields::add_tag(std::string_view prefix, std::string_view key,
                                std::string_view value) {
  return add_text(tags_, tags_used_, prefix, key, value);
}

std::string LineFields::set_step(std::string_view name, double value) {
  if (!(std::fabs(value) <= max_exact_integer) || value != std::trunc(value)) {
    return fmt::format("'{}' must be an integer, not {}", name, number_text(value));
  }
  if (step_priority(name) >= step_priority_) {
    step_priority_ = step_priority(name);
    step_ = static_cast<std::int64_t>(value);
  }
  return {};
}

std::string LineFields::set_time(std::string_view name, double value) {
  const double ms = std::fabs(value) < seconds_below ? value * 1000 : value;
  if (!(std::fabs(ms) <= max_time)) {
    return fmt::format("'{}' is no time: {}", name, number_text(value));
  }
  if (time_priority(name) >= time_priority_) {
    time_priority_ = time_priority(name);
    time_ = Timestamp{std::llround(ms)};
  }
  return {};
}

std::string LineFields::set_time(std::string_view name, std::string_view text) {
  if (const auto number = parse_number(text)) return set_time(name, *number);
  // parse_time also takes ages such as "2h ago"; a log line has to say when it was.
  if (text.size() >= 10 && text[4] == '-' && text[7] == '-') {
    try {
      return set_time(name, static_cast<double>(parse_time(text, Timestamp{}).ms));
    } catch (const Error&) {  // a bad line is an item of the report, not the end of the stream
    }
  }
  return fmt::format("'{}' is no time: {} (milliseconds, seconds or RFC 3339)", name, quote(text));
}

std::string LineFields::finish() {
  if (key_ && value_) {
    if (auto problem = add_metric({}, *key_, *value_); !problem.empty()) return problem;
  } else if (value_) {
    if (auto problem = add_metric({}, "value", *value_); !problem.empty()) return problem;
  } else if (key_) {
    skip();
  }
  metrics_.reserve(pending_.size());
  for (const Pending& field : pending_) {
    metrics_.push_back({std::string_view(names_).substr(field.begin, field.length), field.value});
  }
  std::size_t count = metrics_.size();
  keep_last(metrics_, count, [](const NamedValue& item) { return item.key; });
  metrics_.resize(count);
  const auto name = [](const KeyValue& item) { return std::string_view(item.key); };
  keep_last(params_, params_used_, name);
  keep_last(tags_, tags_used_, name);
  return {};
}

MetricLine LineFields::line(std::uint64_t number) const {
  return {.number = number,
          .step = step_,
          .time = time_,
          .metrics = metrics_,
          .params = std::span(params_).first(params_used_),
          .tags = std::span(tags_).first(tags_used_),
          .skipped = skipped_};
}

}  // namespace mlopsctl

// Durations and the forms of texts in deploy.yaml.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "deploy/plan/image_name.hpp"
#include "deploy/plan/plan_reader.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace mlopsctl {

namespace {

bool lower_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view text) {
  return !text.empty() && text.size() <= 63 && lower_or_digit(text.front()) &&
         lower_or_digit(text.back()) &&
         std::ranges::all_of(text, [](char c) { return lower_or_digit(c) || c == '-'; });
}

bool is_quantity(std::string_view text) {
  static constexpr std::array units{"", "m", "k", "M", "G", "T", "P", "Ki", "Mi", "Gi", "Ti", "Pi"};
  const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
  const auto number = text.substr(0, end);
  return parse_number(number).value_or(0) > 0 &&
         std::ranges::find(units, text.substr(end)) != units.end();
}

// "1h2m3.5s", in milliseconds; nothing if it is not of that form.
std::optional<double> go_duration(std::string_view text) {
  static constexpr std::array<std::pair<std::string_view, double>, 4> units{
      {{"ms", 1}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}}};
  double sum = 0;
  if (text.empty()) return std::nullopt;
  while (!text.empty()) {
    const auto end = std::min(text.find_first_not_of("0123456789."), text.size());
    const auto number = parse_number(text.substr(0, end));
    text.remove_prefix(end);
    const auto unit = std::ranges::find_if(
        units, [&](const auto& candidate) { return text.starts_with(candidate.first); });
    if (!number || unit == units.end()) return std::nullopt;
    sum += *number * unit->second;
    text.remove_prefix(unit->first.size());
  }
  return sum;
}

}  // namespace

Milliseconds plan_duration(std::string_view text) {
  constexpr double longest = 1e15;
  if (const auto time = go_duration(text); time && *time < longest) {
    return Milliseconds{std::llround(*time)};
  }
  return parse_duration(text);
}

std::string duration_text(Milliseconds time) {
  const auto ms = time.count();
  if (ms != 0 && ms % 3'600'000 == 0) return fmt::format("{}h", ms / 3'600'000);
  if (ms != 0 && ms % 60'000 == 0) return fmt::format("{}m", ms / 60'000);
  return ms % 1000 == 0 ? fmt::format("{}s", ms / 1000) : fmt::format("{}ms", ms);
}

std::string form_problem(std::string_view text, Form form) {
  if (text.empty()) return {};
  if (printable(text) != text && form != Form::any) return "has characters that cannot be shown";
  switch (form) {
    case Form::any:
      return {};
    case Form::label:
      return is_label(text) ? ""
                            : "is lower-case letters, digits and '-', with a letter or a digit at "
                              "both ends, at most 63 in all";
    case Form::image:
      return image_problem(text);
    case Form::url:
      return text.starts_with("http://") || text.starts_with("https://")
                 ? ""
                 : "begins with http:// or https://";
    case Form::path:
      return text.front() == '/' && text.find(' ') == text.npos ? ""
                                                                : "begins with / and has no blanks";
    case Form::quantity:
      return is_quantity(text) ? "" : "is an amount such as 2, 500m, 4Gi";
  }
  return {};
}

}  // namespace mlopsctl

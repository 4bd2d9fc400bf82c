#include "mlopsctl/base/text.hpp"
#include "mlopsctl/cli/command.hpp"

#include <fmt/format.h>

namespace mlopsctl {

const std::vector<std::string>& Arguments::list(std::string_view option) const {
  const auto found = options_.find(option);
  if (found == options_.end()) {
    throw Error(ErrorKind::bug, fmt::format("the command has no option --{}", option));
  }
  return found->second;
}

bool Arguments::flag(std::string_view option) const { return !list(option).empty(); }

std::optional<std::string> Arguments::text(std::string_view option) const {
  const auto& values = list(option);
  if (values.empty()) return std::nullopt;
  return values.back();
}

std::string Arguments::text_or(std::string_view option, std::string_view fallback) const {
  return text(option).value_or(std::string(fallback));
}

std::optional<std::int64_t> Arguments::integer(std::string_view option) const {
  const auto value = text(option);
  if (!value) return std::nullopt;
  const auto number = parse_integer(*value);
  if (!number) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} needs a whole number, not {}", option, quote(*value)));
  }
  return number;
}

std::optional<double> Arguments::number(std::string_view option) const {
  const auto value = text(option);
  if (!value) return std::nullopt;
  const auto number = parse_number(*value);
  if (!number) {
    throw Error(ErrorKind::usage,
                fmt::format("--{} needs a number, not {}", option, quote(*value)));
  }
  return number;
}

std::optional<std::string> Arguments::positional(std::size_t index) const {
  if (index >= positionals_.size()) return std::nullopt;
  return positionals_[index];
}

}  // namespace mlopsctl

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/json_document.hpp"

#include <fmt/format.h>

namespace mlopsctl {

namespace {

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
  throw Error(ErrorKind::usage, fmt::format("{} is no field: {}", quote(text), why),
              "fields are named like response, response.text, choices[0].message.content, "
              "messages[role=assistant].content");
}

JsonPath::Step step_in_brackets(std::string_view path, std::string_view inside) {
  const std::size_t equal = inside.find('=');
  if (equal != inside.npos && equal > 0) {
    return JsonPath::Match{std::string(inside.substr(0, equal)),
                           std::string(inside.substr(equal + 1))};
  }
  const auto number = parse_integer(inside);
  if (!number || *number > 1'000'000'000 || *number < -1'000'000'000) {
    refuse(path, fmt::format("{} is neither a number nor KEY=VALUE", quote(inside)));
  }
  return static_cast<std::ptrdiff_t>(*number);
}

}  // namespace

JsonPath JsonPath::parse(std::string_view text) {
  JsonPath path;
  path.text_ = text;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '[') {
      const std::size_t end = text.find(']', at);
      if (end == text.npos) refuse(text, "a bracket is not closed");
      path.steps_.push_back(step_in_brackets(text, text.substr(at + 1, end - at - 1)));
      at = end + 1;
      if (at < text.size() && text[at] != '.' && text[at] != '[') {
        refuse(text, "a name follows a bracket without a dot");
      }
    } else {
      if (text[at] == '.') ++at;
      const std::size_t end = std::min(text.find_first_of(".[", at), text.size());
      if (end == at) refuse(text, "a name is empty");
      path.steps_.emplace_back(std::string(text.substr(at, end - at)));
      at = end;
      if (at + 1 == text.size() && text[at] == '.') refuse(text, "a name is empty");
    }
  }
  if (path.steps_.empty()) refuse(text, "it is empty");
  return path;
}

}  // namespace mlopsctl

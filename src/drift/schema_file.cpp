#include "drift/schema_file.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml.hpp"
#include "mlopsctl/platform/files.hpp"

#include <fmt/format.h>

namespace mlopsctl::drift {

std::map<std::string, Choice> parse_schema(std::string_view text, const std::string& source) {
  std::map<std::string, Choice> chosen;
  std::vector<YamlScalar> scalars;
  try {
    scalars = read_yaml_scalars(text);
  } catch (const Error& error) {
    throw Error(error.kind(), fmt::format("{}: {}", source, error.what()), error.hint());
  }
  constexpr std::string_view prefix = "columns.";
  for (const YamlScalar& scalar : scalars) {
    if (!scalar.path.starts_with(prefix)) {
      throw Error(
          ErrorKind::config,
          fmt::format("line {} of {}: unknown key {}", scalar.line, source, quote(scalar.path)),
          "the file has one key, columns, with a kind for each name");
    }
    const std::string name = scalar.path.substr(prefix.size());
    try {
      chosen[name] = parse_choice(name, scalar.value);
    } catch (const Error& error) {
      throw Error(ErrorKind::config,
                  fmt::format("line {} of {}: {}", scalar.line, source, error.what()),
                  error.hint());
    }
  }
  return chosen;
}

std::map<std::string, Choice> read_schema_file(const std::string& path) {
  return parse_schema(read_file(path), quoted_path(path));
}

}  // namespace mlopsctl::drift

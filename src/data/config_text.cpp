// ConfigObj's dialect, as far as DVC uses it.
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/data/config.hpp"

#include <fmt/format.h>

namespace mlopsctl::data {

namespace {

[[noreturn]] void fail(std::size_t line, std::string_view what) {
  throw Error(ErrorKind::config, fmt::format("line {}: {}", line, what));
}

// Ends a value at a comment: '#' outside quotes.
std::string_view without_comment(std::string_view text) {
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == quote) quote = 0;
    } else if ((c == '"' || c == '\'') && trim(text.substr(0, i)).empty()) {
      quote = c;  // a quote inside an unquoted value is an ordinary character
    } else if (c == '#') {
      return text.substr(0, i);
    } else if (c == ',') {  // the next item of a list may be quoted
      const std::string_view rest = trim(text.substr(i + 1));
      if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
        const std::size_t start = text.find(rest.front(), i + 1);
        const std::size_t end = text.find(rest.front(), start + 1);
        if (end != std::string_view::npos) i = end;
      }
    }
  }
  return text;
}

// A quoted value without its quotes; an unquoted one as it is.
std::string unquoted(std::string_view text, std::size_t line) {
  text = trim(text);
  if (text.empty() || (text.front() != '"' && text.front() != '\'')) return std::string(text);
  const char quote = text.front();
  const std::size_t end = text.find(quote, 1);
  if (end == std::string_view::npos) fail(line, "a quote is not closed");
  if (end + 1 == text.size()) return std::string(text.substr(1, end - 1));
  if (trim(text.substr(end + 1)).starts_with(',')) return std::string(text);  // a list
  fail(line, "something follows a closed quote");
}

// The name inside [ ], with ConfigObj's outer quotes undone: 'remote "name"'.
std::string section_name(std::string_view line, std::size_t number) {
  line = trim(without_comment(line));
  if (!line.ends_with(']')) fail(number, "a section lacks its ']'");
  std::string_view name = trim(line.substr(1, line.size() - 2));
  if (name.starts_with('[')) fail(number, "sections inside sections are not used by DVC");
  if (name.size() >= 2 && (name.front() == '\'' || name.front() == '"') &&
      name.back() == name.front()) {
    name = name.substr(1, name.size() - 2);
  }
  if (name.empty()) fail(number, "a section has no name");
  return to_lower(name);
}

bool needs_quotes(std::string_view value) {
  return value.empty() || value.find_first_of(",#\"'") != std::string_view::npos ||
         trim(value).size() != value.size();
}

std::string quoted(const std::string& value) {
  if (!needs_quotes(value)) return value;
  if (value.find('\n') != std::string::npos) {
    throw Error(ErrorKind::usage, "a configuration value cannot have several lines");
  }
  if (value.find('"') == std::string::npos) return '"' + value + '"';
  if (value.find('\'') == std::string::npos) return '\'' + value + '\'';
  throw Error(ErrorKind::usage,
              fmt::format("{} has both kinds of quotes, which the file cannot hold", quote(value)));
}

}  // namespace

const std::string* ConfigDocument::find(std::string_view section, std::string_view option) const {
  for (const auto& one : sections) {
    if (one.name != section) continue;
    for (const auto& [name, value] : one.options) {
      if (name == option) return &value;
    }
  }
  return nullptr;
}

ConfigDocument parse_config(std::string_view text) {
  ConfigDocument document;
  std::size_t number = 0;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  for (const auto& raw : split(text, '\n')) {
    ++number;
    const std::string_view line = trim(raw);
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      const std::string name = section_name(line, number);
      for (const auto& section : document.sections) {
        if (section.name == name)
          fail(number, fmt::format("section {} is there twice", quote(name)));
      }
      document.sections.push_back({name, {}});
      continue;
    }
    const std::size_t at = line.find('=');
    if (at == std::string_view::npos) fail(number, "neither a section nor 'key = value'");
    if (document.sections.empty()) fail(number, "an option stands before the first section");
    const std::string key = to_lower(unquoted(line.substr(0, at), number));
    if (key.empty()) fail(number, "an option has no name");
    const std::string value = unquoted(without_comment(line.substr(at + 1)), number);
    auto& options = document.sections.back().options;
    for (const auto& [name, old] : options) {
      if (name == key) fail(number, fmt::format("option {} is there twice", quote(key)));
    }
    options.emplace_back(key, value);
  }
  return document;
}

std::string config_text(const ConfigDocument& document) {
  std::string text;
  for (const auto& section : document.sections) {
    const bool outer = section.name.find('"') != std::string::npos;
    text += outer ? fmt::format("['{}']\n", section.name) : fmt::format("[{}]\n", section.name);
    for (const auto& [name, value] : section.options) {
      text += fmt::format("    {} = {}\n", name, quoted(value));
    }
  }
  return text;
}

std::vector<std::string> config_list(std::string_view value) {
  std::vector<std::string> items;
  for (const auto& item : split(value, ',')) {
    std::string_view text = trim(item);
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
        text.back() == text.front()) {
      text = text.substr(1, text.size() - 2);
    }
    if (!text.empty()) items.emplace_back(text);
  }
  return items;
}

std::string remote_section(std::string_view name) {
  return fmt::format("remote \"{}\"", to_lower(name));
}

ConfigKey parse_config_key(std::string_view key) {
  const std::size_t first = key.find('.');
  const std::size_t last = key.rfind('.');
  if (first == std::string_view::npos || first == 0 || last + 1 == key.size()) {
    throw Error(ErrorKind::usage, fmt::format("{} is no name of a setting", quote(key)),
                "write SECTION.OPTION, such as core.remote or remote.NAME.url");
  }
  const std::string section = to_lower(key.substr(0, first));
  const std::string option = to_lower(key.substr(last + 1));
  if (first == last) return {section, option};
  const std::string name = to_lower(key.substr(first + 1, last - first - 1));
  return {fmt::format("{} \"{}\"", section, name), option};
}

}  // namespace mlopsctl::data

#include "data/pipeline_template.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::data {

namespace {

[[noreturn]] void fail(const std::string& message, std::string hint = {}) {
  throw Error(ErrorKind::config, message, std::move(hint));
}

struct Match {
  std::size_t begin = 0;
  std::size_t end = 0;  // behind the brace
  std::string_view inner;
};

std::vector<Match> matches_in(std::string_view text) {
  std::vector<Match> matches;
  std::size_t at = 0;
  while ((at = text.find("${", at)) != std::string_view::npos) {
    const std::size_t close = text.find_first_of("}\n", at + 2);
    const bool escaped = at > 0 && text[at - 1] == '\\';
    if (escaped || close == std::string_view::npos || text[close] == '\n') {
      at += 2;
      continue;
    }
    matches.push_back({at, close + 1, text.substr(at + 2, close - at - 2)});
    at = close + 1;
  }
  return matches;
}

// "a.b[0].c" in parts. Names may hold anything but . [ ].
std::vector<std::string> parts_of(std::string_view expression) {
  std::vector<std::string> parts;
  const auto bad = [&] {
    fail(fmt::format("'${{{}}}' is no expression", printable(expression)),
         "write ${name}, ${name.key} or ${name[0]}");
  };
  std::size_t at = 0;
  const auto word = [&] {
    const std::size_t end = std::min(expression.find_first_of(".[]", at), expression.size());
    if (end == at) bad();
    parts.emplace_back(trim(expression.substr(at, end - at)));
    at = end;
  };
  word();
  while (at < expression.size()) {
    const bool bracket = expression[at] == '[';
    if (expression[at] == ']') bad();
    ++at;
    word();
    if (!bracket) continue;
    if (at == expression.size() || expression[at] != ']') bad();
    ++at;
  }
  return parts;
}

const YamlValue* step(const YamlValue& value, const std::string& part) {
  if (value.is_map()) return value.find(part);
  if (!value.is_list()) return nullptr;
  auto index = parse_integer(part);
  if (!index) return nullptr;
  const auto size = static_cast<std::int64_t>(value.items.size());
  if (*index < 0) *index += size;
  if (*index < 0 || *index >= size) return nullptr;
  return &value.items[static_cast<std::size_t>(*index)];
}

std::string key_path(const std::string& path, const std::string& key) {
  return path.empty() ? key : path + "." + key;
}

bool collection(const YamlValue& value) { return value.is_map() || value.is_list(); }

// shlex.quote.
std::string shell_word(const std::string& text) {
  const bool safe = !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("@%+=:,./-_").find(c) != std::string_view::npos;
  });
  if (safe) return text;
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? "'\"'\"'" : std::string(1, c);
  return out + "'";
}

void append_flags(std::string& out, const YamlValue& map, const std::string& prefix,
                  const FlagStyle& style) {
  for (const auto& entry : map.entries) {
    const std::string name = key_path(prefix, entry.key);
    const YamlValue& value = entry.value;
    if (value.is_map() && !value.entries.empty()) {
      append_flags(out, value, name, style);
    } else if (value.kind == YamlKind::boolean) {
      if (value.boolean) out += "--" + name + " ";
      if (!value.boolean && style.boolean_optional) out += "--no-" + name + " ";
    } else if (value.is_text()) {
      out += "--" + name + " " + shell_word(value.text) + " ";
    } else if (collection(value)) {
      bool first = true;
      for (const auto& item : value.items) {
        if (collection(item)) fail(fmt::format("{} holds lists in a list", quote(name)));
        const std::string text = item.is_text() ? shell_word(item.text) : python_str(item);
        if (first || style.append) out += "--" + name + " ";
        out += text + " ";
        first = false;
      }
    } else {
      out += "--" + name + " " + python_str(value) + " ";
    }
  }
}

std::string text_in_place(const YamlValue& value, const ResolveOptions& options) {
  if (value.is_map() && (options.in_command || options.collections)) {
    std::string out;
    append_flags(out, value, "", options.flags);
    while (out.ends_with(' ')) out.pop_back();
    return out;
  }
  return template_text(value);
}

void check_kind(const YamlValue& value, std::string_view expression,
                const ResolveOptions& options) {
  if (!collection(value) || options.collections) return;
  if (value.is_map() && options.in_command) return;
  fail(fmt::format("'${{{}}}' is {}, which cannot stand here", printable(expression),
                   yaml_kind_name(value)),
       "name one of its values; only 'cmd' takes a map, as options");
}

YamlValue resolve_text(const YamlValue& value, const ResolveOptions& options) {
  const std::string& text = value.text;
  const auto matches = matches_in(text);
  if (matches.size() == 1 && matches[0].begin == 0 && matches[0].end == text.size()) {
    const YamlValue& found = options.context->select(matches[0].inner, options.used);
    check_kind(found, matches[0].inner, options);
    if (found.is_map() && options.in_command) {
      return YamlValue::of_text(text_in_place(found, options));
    }
    return found;
  }
  std::string out;
  std::size_t at = 0;
  for (const auto& match : matches) {
    const YamlValue& found = options.context->select(match.inner, options.used);
    check_kind(found, match.inner, options);
    out += text.substr(at, match.begin - at) + text_in_place(found, options);
    at = match.end;
  }
  out += text.substr(at);
  for (std::size_t escaped = out.find("\\${"); escaped != std::string::npos;
       escaped = out.find("\\${", escaped + 2)) {
    out.erase(escaped, 1);
  }
  YamlValue result = YamlValue::of_text(std::move(out));
  result.span = value.span;
  return result;
}

}  // namespace

bool has_expression(std::string_view text) { return !matches_in(text).empty(); }

std::optional<std::string> exact_expression(std::string_view text) {
  const auto matches = matches_in(text);
  if (matches.size() != 1 || matches[0].begin != 0 || matches[0].end != text.size()) {
    return std::nullopt;
  }
  return std::string(matches[0].inner);
}

std::string template_text(const YamlValue& value) {
  if (value.kind == YamlKind::boolean) return value.boolean ? "true" : "false";
  return python_str(value);
}

void TemplateContext::merge(const YamlValue& map, const std::string& file,
                            const std::string& where) {
  for (const auto& key : reserved_) {
    if (map.find(key) != nullptr)
      fail(fmt::format("{} is taken by foreach and matrix", quote(key)));
  }
  merge_into(values_, map, "", file, where);
}

void TemplateContext::merge_into(YamlValue& into, const YamlValue& map, const std::string& path,
                                 const std::string& file, const std::string& where) {
  for (const auto& entry : map.entries) {
    if (entry.key_kind != YamlKind::text) continue;
    YamlValue* old = into.find(entry.key);
    const std::string here = key_path(path, entry.key);
    if (old != nullptr && old->is_map() && entry.value.is_map()) {
      merge_into(*old, entry.value, here, file, where);
      continue;
    }
    if (old != nullptr) {
      const auto before = origin(here);
      fail(fmt::format("{} of {} exists already{}", quote(here), where,
                       before ? " in " + quote(before->first) : ""),
           "values can be added, not changed");
    }
    into.set(entry.key, entry.value);
    if (!file.empty()) files_[here] = file;
  }
}

void TemplateContext::set_item(const std::string& key, YamlValue value, const std::string& source) {
  values_.set(key, std::move(value));
  aliases_[key] = source;
  files_.erase(key);
  if (std::ranges::find(reserved_, key) == reserved_.end()) reserved_.push_back(key);
}

std::optional<std::pair<std::string, std::string>> TemplateContext::origin(
    const std::string& path) const {
  std::string real = path;
  for (const auto& [key, source] : aliases_) {
    if (path != key && !path.starts_with(key + ".")) continue;
    if (source.empty()) return std::nullopt;
    real = source + path.substr(key.size());
  }
  std::string prefix = real;
  while (true) {
    if (const auto found = files_.find(prefix); found != files_.end()) {
      return std::pair(found->second, real);
    }
    const auto dot = prefix.rfind('.');
    if (dot == std::string::npos) return std::nullopt;
    prefix.resize(dot);
  }
}

std::string TemplateContext::source_of(std::string_view expression) const {
  const auto parts = parts_of(expression);
  const auto found = origin(join(parts, "."));
  return found ? found->second : "";
}

const YamlValue& TemplateContext::select(std::string_view expression,
                                         std::vector<UsedVar>* used) const {
  const auto parts = parts_of(expression);
  const YamlValue* value = &values_;
  for (const auto& part : parts) {
    value = step(*value, part);
    if (value != nullptr) continue;
    std::vector<std::string> names;
    for (const auto& entry : values_.entries) names.push_back(entry.key);
    const auto near = closest(parts[0], names);
    fail(fmt::format("'{}' is not defined", printable(expression)),
         near && *near != parts[0]
             ? fmt::format("did you mean {}?", quote(*near))
             : "values come from params.yaml beside the dvc.yaml and from 'vars'");
  }
  if (used != nullptr) {
    if (const auto from = origin(join(parts, "."))) {
      used->push_back({from->first, from->second, *value});
    }
  }
  return *value;
}

YamlValue resolve_template(const YamlValue& value, const ResolveOptions& options) {
  if (value.is_text()) return resolve_text(value, options);
  if (value.is_list()) {
    YamlValue result = value;
    for (auto& item : result.items) item = resolve_template(item, options);
    return result;
  }
  if (!value.is_map()) return value;
  YamlValue result = value;
  for (auto& entry : result.entries) {
    if (entry.key_kind == YamlKind::text) {
      const YamlValue key = resolve_text(YamlValue::of_text(entry.key), options);
      if (key.is_text()) entry.key = key.text;
      if (!key.is_text()) entry.key = template_text(key);
    }
    entry.value = resolve_template(entry.value, options);
  }
  return result;
}

}  // namespace mlopsctl::data

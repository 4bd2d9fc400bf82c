// Rules as YAML, and their digest.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/yaml.hpp"
#include "mlopsctl/platform/sha256.hpp"
#include "mlopsctl/quality/rules.hpp"

#include "quality/rule_keys.hpp"

#include <fmt/format.h>

namespace mlopsctl::quality {

namespace {

constexpr std::size_t width = 100;

std::string_view word_of(Folding match) {
  switch (match) {
    case Folding::none:
      return "exact";
    case Folding::letter_case:
      return "ignore-case";
    case Folding::lookalikes:
      return "lookalikes";
  }
  return "";
}

std::string_view word_of(JsonExpected expected) {
  switch (expected) {
    case JsonExpected::never:
      return "never";
    case JsonExpected::looks_like:
      return "looks-like";
    case JsonExpected::always:
      return "always";
  }
  return "";
}

std::string flow_map(const Condition& when, const std::optional<double>& subtract) {
  std::string text = "{indicator: " + when.indicator;
  if (when.above) text += ", above: " + number_text(*when.above);
  if (when.below) text += ", below: " + number_text(*when.below);
  if (subtract) text += ", subtract: " + number_text(*subtract);
  return text + "}";
}

class Writer {
 public:
  explicit Writer(bool comments) : comments_(comments) {}

  void section(const char* name, const char* comment) {
    text_ += '\n';
    if (comments_) text_ += fmt::format("# {}\n", comment);
    text_ += fmt::format("{}:\n", name);
    indent_ = 2;
  }
  void end() { indent_ = 0; }

  void key(const char* name, const std::string& value, const char* comment) {
    line(name, yaml_scalar(value), comment);
  }
  void key(const char* name, bool value, const char* comment) {
    line(name, value ? "true" : "false", comment);
  }
  void key(const char* name, double value, const char* comment) {
    line(name, number_text(value), comment);
  }
  void key(const char* name, std::uint64_t value, const char* comment) {
    line(name, std::to_string(value), comment);
  }
  void key(const char* name, Folding value, const char* comment) {
    line(name, word_of(value), comment);
  }
  void key(const char* name, JsonExpected value, const char* comment) {
    line(name, word_of(value), comment);
  }
  void key(const char* name, const std::vector<std::string>& list, const char* comment) {
    line(name, flow_list(list, std::string(name).size()), comment);
  }
  void key(const char* name, const std::vector<LanguageWords>& languages, const char* comment) {
    line(name, languages.empty() ? "{}" : "", comment);
    for (const LanguageWords& language : languages) {
      indent_ += 2;
      line(language.code.c_str(), flow_list(language.words, language.code.size()), "");
      indent_ -= 2;
    }
  }
  void key(const char* name, const std::vector<Penalty>& penalties, const char* comment) {
    line(name, penalties.empty() ? "[]" : "", comment);
    for (const Penalty& penalty : penalties) {
      text_ +=
          fmt::format("{:{}}- {}\n", "", indent_ + 2, flow_map(penalty.when, penalty.subtract));
    }
  }
  void key(const char* name, const std::vector<AlertRule>& alerts, const char* comment) {
    open(name, alerts.empty() ? " {}" : "", comment);
    for (const AlertRule& alert : alerts) {
      text_ += fmt::format("  {}: {}\n", alert.name, flow_map(alert.when, {}));
    }
  }
  void key(const char* name, const std::vector<RateLimit>& limits, const char* comment) {
    open(name, limits.empty() ? " {}" : "", comment);
    for (const RateLimit& limit : limits) {
      text_ += fmt::format("  {}: {}\n", limit.indicator, number_text(limit.most));
    }
  }

  const std::string& text() const { return text_; }

 private:
  void open(const char* name, const char* value, const char* comment) {
    text_ += '\n';
    if (comments_) text_ += fmt::format("# {}\n", comment);
    text_ += fmt::format("{}:{}\n", name, value);
  }
  void line(const char* name, std::string_view value, const char* comment) {
    std::string made = fmt::format("{:{}}{}:", "", indent_, name);
    if (!value.empty()) made += fmt::format(" {}", value);
    if (comments_ && *comment != '\0') made += fmt::format("  # {}", comment);
    text_ += made + '\n';
  }
  // In brackets, on as many lines as it needs.
  std::string flow_list(const std::vector<std::string>& list, std::size_t before) const {
    std::string text = "[";
    std::size_t column = indent_ + before + 3;
    for (std::size_t i = 0; i < list.size(); ++i) {
      const std::string item = yaml_scalar(list[i]) + (i + 1 < list.size() ? "," : "");
      if (i > 0 && column + item.size() + 1 > width) {
        text += fmt::format("\n{:{}}", "", indent_ + 4);
        column = indent_ + 4;
      } else if (i > 0) {
        text += ' ';
        ++column;
      }
      text += item;
      column += item.size();
    }
    return text + "]";
  }

  bool comments_;
  std::size_t indent_ = 0;
  std::string text_;
};

}  // namespace

std::string rules_yaml(const RuleSet& rules) {
  Writer writer(true);
  writer.key("version", rules.version, "what you call these rules");
  visit_measuring(rules, writer);
  visit_judging(rules, writer);
  return writer.text();
}

std::string rules_id(const RuleSet& rules) {
  Writer writer(false);
  visit_measuring(rules, writer);
  return fmt::format("{}@{}", rules.version, sha256_hex(writer.text()).substr(0, 12));
}

}  // namespace mlopsctl::quality

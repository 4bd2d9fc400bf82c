#include "mlopsctl/formats/junit.hpp"

#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl {

namespace {

// XML 1.0 has no characters below U+0020 but tab, newline and carriage return, and neither U+FFFE
// nor U+FFFF. In attributes a bare newline would be read as a space.
std::string escaped(std::string_view bytes, bool attribute) {
  constexpr std::string_view replacement = "\xef\xbf\xbd";
  const std::string text = valid_utf8(bytes);
  std::string result;
  result.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c == '&') {
      result += "&amp;";
    } else if (c == '<') {
      result += "&lt;";
    } else if (c == '>') {
      result += "&gt;";
    } else if (c == '"') {
      result += "&quot;";
    } else if (c == '\r' || ((c == '\n' || c == '\t') && attribute)) {
      result += fmt::format("&#{};", c);
    } else if (c < 0x20 && c != '\n' && c != '\t') {
      result += replacement;
    } else if (text.compare(i, 2, "\xef\xbf") == 0 && i + 2 < text.size() &&
               static_cast<unsigned char>(text[i + 2]) >= 0xBE) {
      result += replacement;
      i += 2;
    } else {
      result += text[i];
    }
  }
  return result;
}

std::string attribute(std::string_view text) { return escaped(text, true); }

std::string_view element_of(JUnitOutcome outcome) {
  switch (outcome) {
    case JUnitOutcome::failed:
      return "failure";
    case JUnitOutcome::error:
      return "error";
    case JUnitOutcome::skipped:
      return "skipped";
    case JUnitOutcome::passed:
      break;
  }
  return "system-out";
}

std::string case_xml(const JUnitCase& one) {
  std::string text = fmt::format(R"(    <testcase classname="{}" name="{}" time="0")",
                                 attribute(one.class_name), attribute(one.name));
  const auto element = element_of(one.outcome);
  if (one.outcome == JUnitOutcome::passed) {
    if (one.details.empty()) return text + "/>\n";
    return text + fmt::format(">\n      <{0}>{1}</{0}>\n    </testcase>\n", element,
                              escaped(one.details, false));
  }
  const std::string type = one.outcome == JUnitOutcome::skipped
                               ? std::string()
                               : fmt::format(" type=\"{}\"", attribute(one.class_name));
  return text + fmt::format(">\n      <{0} message=\"{1}\"{2}>{3}</{0}>\n    </testcase>\n",
                            element, attribute(one.message), type, escaped(one.details, false));
}

struct Counts {
  std::ptrdiff_t tests = 0, failures = 0, errors = 0, skipped = 0;
  double seconds = 0;

  explicit Counts(std::span<const JUnitSuite> suites) {
    for (const auto& suite : suites) {
      tests += std::ssize(suite.cases);
      failures += std::ranges::count(suite.cases, JUnitOutcome::failed, &JUnitCase::outcome);
      errors += std::ranges::count(suite.cases, JUnitOutcome::error, &JUnitCase::outcome);
      skipped += std::ranges::count(suite.cases, JUnitOutcome::skipped, &JUnitCase::outcome);
      seconds += suite.seconds;
    }
  }
  std::string attributes() const {
    return fmt::format(R"(tests="{}" failures="{}" errors="{}" skipped="{}" time="{:.3f}")", tests,
                       failures, errors, skipped, seconds);
  }
};

// Jenkins' schema has no zone and no fraction in a timestamp; it is UTC.
std::string timestamp_text(Timestamp time) { return to_rfc3339(time).substr(0, 19); }

}  // namespace

std::string junit_xml(std::span<const JUnitSuite> suites) {
  std::string text = fmt::format("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {}>\n",
                                 Counts(suites).attributes());
  for (const auto& suite : suites) {
    text += fmt::format("  <testsuite name=\"{}\" {} timestamp=\"{}\">\n", attribute(suite.name),
                        Counts({&suite, 1}).attributes(), timestamp_text(suite.started));
    if (!suite.properties.empty()) text += "    <properties>\n";
    for (const auto& [name, value] : suite.properties) {
      text += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", attribute(name),
                          attribute(value));
    }
    if (!suite.properties.empty()) text += "    </properties>\n";
    for (const auto& one : suite.cases) text += case_xml(one);
    text += "  </testsuite>\n";
  }
  return text + "</testsuites>\n";
}

}  // namespace mlopsctl

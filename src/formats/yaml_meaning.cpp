// The implicit types of YAML 1.2 under ruamel.yaml's regular expressions, written out.
#include "mlopsctl/formats/yaml_value.hpp"

namespace mlopsctl {

namespace {

bool digit(char c) { return c >= '0' && c <= '9'; }
bool digit_or_bar(char c) { return digit(c) || c == '_'; }

class Scanner {
 public:
  explicit Scanner(std::string_view text) : text_(text) {}
  bool done() const { return at_ == text_.size(); }
  char peek() const { return done() ? '\0' : text_[at_]; }
  bool take(char c) {
    if (done() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  bool take_any(std::string_view set) {
    if (done() || set.find(text_[at_]) == std::string_view::npos) return false;
    ++at_;
    return true;
  }
  template <typename Accept>
  std::size_t run(Accept accept) {
    const std::size_t start = at_;
    while (!done() && accept(text_[at_])) ++at_;
    return at_ - start;
  }
  // Between `least` and `most` digits, greedily.
  bool digits(std::size_t least, std::size_t most) {
    std::size_t count = 0;
    while (count < most && !done() && digit(text_[at_])) ++at_, ++count;
    return count >= least;
  }

 private:
  std::string_view text_;
  std::size_t at_ = 0;
};

bool exponent(Scanner& s, bool sign_required) {
  if (!s.take_any("eE")) return true;
  const bool sign = s.take_any("+-");
  if (sign_required && !sign) return false;
  return s.run(digit) > 0;
}

bool is_real(std::string_view text) {
  Scanner s(text);
  const bool sign = s.take_any("+-");
  if (s.take('.')) {
    Scanner rest = s;
    if (rest.run(digit_or_bar) > 0 && exponent(rest, true) && rest.done()) return true;
    const std::string_view word = text.substr(sign ? 2 : 1);
    if (word == "inf" || word == "Inf" || word == "INF") return true;
    return !sign && (word == "nan" || word == "NaN" || word == "NAN");
  }
  if (!digit(s.peek())) return false;
  s.run(digit_or_bar);
  if (s.take('.')) {
    s.run(digit_or_bar);
    return exponent(s, false) && s.done();
  }
  return (s.peek() == 'e' || s.peek() == 'E') && exponent(s, false) && s.done();
}

bool is_integer(std::string_view text) {
  if (text.empty() || !(digit(text[0]) || text[0] == '-' || text[0] == '+')) return false;
  const auto all = [](std::string_view part, std::string_view set) {
    return !part.empty() && part.find_first_not_of(set) == std::string_view::npos;
  };
  const std::string_view body = text.substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
  if (all(body, "0123456789_")) return true;
  if (body.starts_with("0b")) return all(body.substr(2), "01_");
  if (body.starts_with("0o")) return all(body.substr(2), "01234567_");
  if (body.starts_with("0x")) return all(body.substr(2), "0123456789abcdefABCDEF_");
  return false;
}

bool is_timestamp(std::string_view text) {
  Scanner s(text);
  if (!s.digits(4, 4) || !s.take('-')) return false;
  Scanner day = s;
  if (day.digits(2, 2) && day.take('-') && day.digits(2, 2) && day.done()) return true;
  if (!s.digits(1, 2) || !s.take('-') || !s.digits(1, 2)) return false;
  const auto blank = [](char c) { return c == ' ' || c == '\t'; };
  if (!s.take_any("Tt") && s.run(blank) == 0) return false;
  if (!s.digits(1, 2) || !s.take(':') || !s.digits(2, 2) || !s.take(':') || !s.digits(2, 2)) {
    return false;
  }
  if (s.take('.')) s.run(digit);
  if (s.done()) return true;
  s.run(blank);
  if (s.take('Z')) return s.done();
  if (!s.take_any("+-") || !s.digits(1, 2)) return false;
  if (s.take(':') && !s.digits(2, 2)) return false;
  return s.done();
}

}  // namespace

YamlMeaning yaml_meaning(std::string_view plain) {
  if (plain.empty() || plain == "~" || plain == "null" || plain == "Null" || plain == "NULL") {
    return YamlMeaning::null;
  }
  if (plain == "true" || plain == "True" || plain == "TRUE" || plain == "false" ||
      plain == "False" || plain == "FALSE") {
    return YamlMeaning::boolean;
  }
  if (plain == "=" || plain == "<<") return YamlMeaning::other;
  const char first = plain[0];
  if (!digit(first) && first != '-' && first != '+' && first != '.') return YamlMeaning::text;
  if (is_real(plain)) return YamlMeaning::real;
  if (is_integer(plain)) return YamlMeaning::integer;
  return is_timestamp(plain) ? YamlMeaning::other : YamlMeaning::text;
}

}  // namespace mlopsctl

// Dict literals, the shape in which Trainer prints its logs.
#include "tracking/scrape_text.hpp"

#include <cmath>

namespace mlopsctl::scrape {

namespace {

constexpr int max_depth = 8;

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '.';
}

class DictReader {
 public:
  DictReader(std::string_view text, std::vector<Value>& values) : text_(text), values_(values) {}

  bool dict(const std::string& prefix, int depth) {
    if (depth > max_depth || !take('{')) return false;
    if (take('}')) return true;
    do {
      if (peek() == '}') break;  // after a last comma
      std::string key;
      if (!text(key) || !take(':')) return false;
      if (!value(prefix.empty() ? key : prefix + "/" + key, depth)) return false;
    } while (take(','));
    return take('}');
  }

 private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }

  bool text(std::string& out) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == quote) {
        ++at_;
        return true;
      }
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      out += text_[at_];
    }
    return false;
  }

  bool value(const std::string& key, int depth) {
    const char c = peek();
    if (c == '{') return dict(key, depth + 1);
    if (c == '[' || c == '(') return skip_brackets();
    if (c == '\'' || c == '"') {
      std::string inner;
      if (!text(inner)) return false;
      const auto number = leading_number(inner);
      if (number && number->length == inner.size()) values_.push_back({key, number->value});
      return true;
    }
    if (const auto number = leading_number(text_.substr(at_))) {
      at_ += number->length;
      values_.push_back({key, number->value});
      return true;
    }
    return word(key);
  }

  // True, None, np.float64(0.5), tensor(0.5, device='cuda:0')
  bool word(const std::string& key) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    if (name.empty()) return false;
    if (name == "True" || name == "true") values_.push_back({key, 1});
    if (name == "False" || name == "false") values_.push_back({key, 0});
    if (at_ >= text_.size() || text_[at_] != '(') return true;
    if (const auto number = leading_number(text_.substr(at_ + 1))) {
      const std::size_t after = at_ + 1 + number->length;
      if (after < text_.size() && (text_[after] == ')' || text_[after] == ','))
        values_.push_back({key, number->value});
    }
    return skip_brackets();
  }

  bool skip_brackets() {
    int open = 0;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '\'' || c == '"') {
        std::string ignored;
        if (!text(ignored)) return false;
        continue;
      }
      ++at_;
      if (c == '(' || c == '[' || c == '{') ++open;
      if ((c == ')' || c == ']' || c == '}') && --open == 0) return true;
    }
    return false;
  }

  std::string_view text_;
  std::vector<Value>& values_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<Value> dict_values(std::string_view line) {
  std::vector<Value> values;
  const std::size_t begin = line.find('{');
  if (begin == std::string_view::npos) return values;
  if (!DictReader{line.substr(begin), values}.dict("", 0)) values.clear();
  return values;
}

}  // namespace mlopsctl::scrape

#include "tokenizer/regex.hpp"

#define PCRE2_CODE_UNIT_WIDTH 8
#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include "tokenizer/utf8.hpp"

#include <fmt/format.h>

#include <pcre2.h>

#include <algorithm>
#include <array>

namespace mlopsctl::tokens {

namespace {

// PCRE2's \s has U+180E, Oniguruma's has not.
constexpr std::string_view spaces =
    R"(\t-\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000})";
constexpr std::string_view hexadecimal = "0-9a-fA-F";
constexpr std::string_view words =
    R"(\p{L}\p{M}\p{N}\p{Pc}\x{24B6}-\x{24E9}\x{1F130}-\x{1F149}\x{1F150}-\x{1F169}\x{1F170}-\x{1F189})";

// Characters of a category that are newer than PCRE2's Unicode may be; as part of a set.
struct NewCharacters {
  std::string_view category, set;
};
#include "tokenizer/new_characters.inc"

// Those of "L", "Lo" and the like.
std::string new_in(std::string_view category) {
  std::string set;
  for (const NewCharacters& one : new_characters) {
    if (one.category == category || one.category.substr(0, 1) == category) set += one.set;
  }
  return set;
}

std::string all_words() {
  return fmt::format("{}{}{}{}", words, new_in("L"), new_in("M"), new_in("N"));
}

class Translator {
 public:
  explicit Translator(std::string_view pattern) : pattern_(pattern) {}

  std::optional<std::string> run() {
    while (at_ < pattern_.size() && known_) step();
    if (!known_ || in_class_) return std::nullopt;
    return std::move(result_);
  }

 private:
  bool follows(std::string_view text) const { return pattern_.substr(at_).starts_with(text); }

  void copy(std::size_t count) {
    result_ += pattern_.substr(at_, count);
    at_ += count;
  }

  void step() {
    const char c = pattern_[at_];
    if (c == '\\') {
      escape();
    } else if (in_class_) {
      inside_class();
    } else if (c == '[') {
      in_class_ = true;
      copy(1);
      if (at_ < pattern_.size() && pattern_[at_] == '^') copy(1);
    } else if (follows("(?")) {
      options();
    } else if (follows("}+")) {
      known_ = false;  // possessive in PCRE2, repeated in Oniguruma
    } else {
      copy(1);
    }
  }

  void inside_class() {
    const char c = pattern_[at_];
    if (follows("[:")) {
      const std::size_t end = pattern_.find(":]", at_);
      known_ = end != std::string_view::npos;
      if (known_) copy(end + 2 - at_);
    } else if (c == '[' || follows("&&")) {
      known_ = false;  // sets of sets
    } else {
      in_class_ = c != ']';
      copy(1);
    }
  }

  // (?m) is PCRE2's (?s).
  void options() {
    copy(2);
    const std::size_t end = pattern_.find_first_not_of("imx-", at_);
    if (end == std::string_view::npos || (pattern_[end] != ':' && pattern_[end] != ')')) return;
    for (; at_ < end; ++at_) result_ += pattern_[at_] == 'm' ? 's' : pattern_[at_];
  }

  // \p{L}: with characters that PCRE2 does not know yet.
  void category() {
    const std::string_view rest = pattern_.substr(at_ + 2);
    const std::size_t end = rest.find('}');
    const bool braces = rest.starts_with('{') && end != std::string_view::npos;
    const std::string_view name = braces ? rest.substr(1, end - 1) : rest.substr(0, 1);
    const std::string added = new_in(name);
    const std::size_t length = 2 + (braces ? end + 1 : std::min<std::size_t>(1, rest.size()));
    const bool negated = pattern_[at_ + 1] == 'P';
    if (added.empty() || (in_class_ && negated)) return copy(length);
    put(fmt::format("\\p{{{}}}{}", name, added), negated, length);
  }

  void put(std::string_view set, bool negated, std::size_t length = 2) {
    at_ += length;
    if (in_class_) {
      known_ = !negated;
      result_ += set;
    } else {
      result_ += negated ? "[^" : "[";
      result_ += set;
      result_ += ']';
    }
  }

  void escape() {
    if (at_ + 1 == pattern_.size()) {
      known_ = false;
      return;
    }
    switch (pattern_[at_ + 1]) {
      case 's':
        return put(spaces, false);
      case 'S':
        return put(spaces, true);
      case 'h':
        return put(hexadecimal, false);
      case 'H':
        return put(hexadecimal, true);
      case 'w':
        return put(all_words(), false);
      case 'W':
        return put(all_words(), true);
      case 'p':
      case 'P':
        return category();
      case 'x':  // with what is in braces
        return copy(pattern_.substr(at_ + 2).starts_with('{')
                        ? std::min(pattern_.find('}', at_), pattern_.size() - 1) + 1 - at_
                        : 2);
      case 'u': {
        const std::string_view digits = pattern_.substr(at_ + 2, 4);
        known_ = digits.size() == 4 &&
                 digits.find_first_not_of("0123456789abcdefABCDEF") == std::string_view::npos;
        result_ += fmt::format("\\x{{{}}}", digits);
        at_ += 2 + digits.size();
        return;
      }
      default:
        // the letters that mean the same in both, and punctuation
        known_ = std::string_view("dDnrtfveabBzAGX0123456789").find(pattern_[at_ + 1]) !=
                     std::string_view::npos ||
                 std::string_view("\\^$.|?*+()[]{}-/'\"<>#&~,:;=!@%_ `").find(pattern_[at_ + 1]) !=
                     std::string_view::npos;
        copy(2);
    }
  }

  std::string_view pattern_;
  std::size_t at_ = 0;
  bool in_class_ = false;
  bool known_ = true;
  std::string result_;
};

template <auto function>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    function(object);
  }
};

// What a match needs, one a thread.
struct Matching {
  std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free_8>> data{
      pcre2_match_data_create(1, nullptr)};
  std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free_8>> context{
      pcre2_match_context_create(nullptr)};
  std::unique_ptr<pcre2_jit_stack, Free<pcre2_jit_stack_free_8>> stack{
      pcre2_jit_stack_create(std::size_t{32} << 10U, std::size_t{4} << 20U, nullptr)};

  Matching() {
    pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
    pcre2_set_heap_limit(context.get(), 64U << 10U);  // KiB
  }
};

}  // namespace

std::optional<std::string> translated(std::string_view oniguruma) {
  return Translator(oniguruma).run();
}

Regex::Regex(const std::string& pattern, const Node& where) : pattern_(pattern) {
  const auto text = translated(pattern);
  if (!text) where.unsupported(fmt::format("the regular expression {}", quote(pattern)));
  int error = 0;
  PCRE2_SIZE offset = 0;
  pcre2_code* code = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(text->data()), text->size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C, &error, &offset, nullptr);
  if (code == nullptr) {
    std::array<PCRE2_UCHAR, 160> message{};
    pcre2_get_error_message(error, message.data(), message.size());
    where.unsupported(fmt::format("the regular expression {} ({})", quote(pattern),
                                  reinterpret_cast<const char*>(message.data())));
  }
  pcre2_jit_compile(code, PCRE2_JIT_COMPLETE);  // where it is not supported: interpreted
  code_ = std::shared_ptr<const void>(code, [](const void* used) {
    pcre2_code_free(static_cast<pcre2_code*>(const_cast<void*>(used)));
  });
}

void Regex::split(std::string_view text, std::vector<Part>& into) const {
  thread_local Matching matching;
  into.clear();
  std::size_t done = 0;
  std::size_t from = 0;
  std::optional<std::size_t> last_end;
  while (from <= text.size()) {
    const int status = pcre2_match(static_cast<const pcre2_code*>(code_.get()),
                                   reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(), from,
                                   PCRE2_NO_UTF_CHECK, matching.data.get(), matching.context.get());
    if (status == PCRE2_ERROR_NOMATCH) break;
    if (status < 0) {
      throw Error{ErrorKind::usage,
                  fmt::format("the tokenizer's regular expression {} needs too many steps on {}",
                              quote(pattern_), quote(text))};
    }
    const PCRE2_SIZE* ends = pcre2_get_ovector_pointer(matching.data.get());
    const std::size_t begin = ends[0];
    const std::size_t end = std::max(ends[0], ends[1]);  // \K may turn them round
    if (begin == end && last_end == end) {               // an empty match just behind another
      if (from == text.size()) break;
      next_point(text, from);
      continue;
    }
    if (begin > done) into.push_back({done, begin, false});
    into.push_back({begin, end, true});
    done = from = end;
    last_end = end;
  }
  if (done < text.size()) into.push_back({done, text.size(), false});
}

}  // namespace mlopsctl::tokens

// The "normalizer" of a tokenizer.json: what is done to a text before it is cut into words.
#pragma once

#include "tokenizer/json_tree.hpp"
#include "tokenizer/split.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

class Normalizer {
 public:
  // Null: none. Throws Error{usage} naming what is not supported.
  explicit Normalizer(const Node& node);

  bool empty() const { return steps_.empty(); }

  // The normalized text: `text` itself, or `into`.
  std::string_view apply(std::string_view text, std::string& into) const;

 private:
  enum class Kind {
    nfc,
    nfd,
    nfkc,
    nfkd,
    lowercase,
    strip,
    strip_accents,
    prepend,
    replace,
    byte_level,
  };
  struct Step {
    Kind kind;
    std::string text;                          // prepend: what; replace: by what
    std::shared_ptr<const Pattern> pattern{};  // replace: what
    bool left = false, right = false;          // strip
  };
  void add(const Node& node);
  // Whether something changed, and then the new text.
  static bool apply(const Step& step, std::string_view text, std::string& into);

  std::vector<Step> steps_;
};

// Unicode's normalization forms, as the `tokenizers` library knows them. Nothing is written, and
// false returned, if the text is in that form.
enum class NormalForm { c, d, kc, kd };
bool to_normal_form(NormalForm form, std::string_view text, std::string& into);
void append_lowercase(std::string& into, char32_t point);

}  // namespace mlopsctl::tokens

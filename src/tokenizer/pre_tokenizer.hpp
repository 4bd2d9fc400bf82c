// The "pre_tokenizer" of a tokenizer.json: cuts a normalized text into words.
#pragma once

#include "tokenizer/bpe.hpp"
#include "tokenizer/scanner.hpp"
#include "tokenizer/split.hpp"

#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

class PreTokenizer {
 public:
  // Null: none. Throws Error{usage} naming what is not supported.
  explicit PreTokenizer(const Node& node);

  // Appends the tokens of all words. `at_start`: the text is where the whole input begins.
  void encode(std::string_view text, bool at_start, const Bpe& model,
              std::vector<TokenId>& into) const;

 private:
  enum class Kind {
    prefix_space,     // a space in front of what has none
    prefix_meta,      // the same with Metaspace's sign, everywhere or at the start of the input
    words,            // a pattern that is scanned by hand
    split,            // a Pattern and a Behavior
    digits,           //
    punctuation,      //
    white_space,      // \w+|[^\w\s]+
    white_space_cut,  // between spaces
    delimiter,        // between occurrences of a text
    map_bytes,        // every byte a character
    replace_space,    // Metaspace: a space becomes its sign
    cut_at_meta,      // Metaspace: a word begins with its sign
  };
  enum class Scheme { first, always };
  struct Step {
    Kind kind;
    WordPattern words = WordPattern::gpt2;
    std::shared_ptr<const Pattern> pattern{};
    Behavior behavior = Behavior::isolated;
    bool invert = false;
    std::string text{};
    Scheme scheme = Scheme::always;
  };
  struct Piece {
    std::string_view text;
    bool at_start = false;
  };
  struct Work;

  void add(const Node& node);
  void add_byte_level(const Node& node);
  void add_metaspace(const Node& node);
  void add_split(const Node& node);
  void encode_words(WordPattern pattern, std::string_view text, const Bpe& model,
                    std::vector<TokenId>& into) const;
  static void run(const Step& step, Work& work);
  static void change(const Step& step, Piece& piece, std::deque<std::string>& texts);
  static void cut(const Step& step, std::string_view text, std::vector<Part>& parts);

  std::vector<Step> steps_;
  // ByteLevel at the end: words stay bytes, which the model reads as the characters that they stand
  // for.
  bool bytes_ = false;
};

}  // namespace mlopsctl::tokens

// The "decoder" of a tokenizer.json: tokens to text, one at a time.
#pragma once

#include "tokenizer/json_tree.hpp"
#include "tokenizer/split.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl::tokens {

class Decoder {
 public:
  // Null: tokens with spaces between them, as the library has it. Throws Error{usage} naming what
  // is not supported.
  explicit Decoder(const Node& node);

 private:
  friend class Decoding;
  enum class Kind {
    byte_level,     // characters to bytes; all tokens become one
    replace,        // in each token
    byte_fallback,  // runs of <0xNN> to characters
    fuse,           // all tokens become one
    strip,          // characters at both ends of each token
    metaspace,      // the sign to a space, to nothing in the first token
    bpe,            // a suffix to a space, to nothing in the last token
    spaces,         // no decoder
  };
  struct Step {
    Kind kind;
    std::string text{};                        // replace: by what; strip, metaspace, bpe: what
    std::shared_ptr<const Pattern> pattern{};  // replace: what
    std::size_t start = 0, stop = 0;           // strip: at most so many
    bool drop_first = false;                   // metaspace
  };
  void add(const Node& node);

  std::vector<Step> steps_;
};

// Some tokens on their way through the decoder. What is certain comes out at once: everything up to
// a character that is not complete, or to a run of <0xNN> that has not ended.
class Decoding {
 public:
  explicit Decoding(const Decoder& decoder);  // which must outlive it

  void token(std::string_view text) { feed(0, text, true); }
  void finish();
  std::string take();  // the text since the last call, valid UTF-8

 private:
  // What a step knows of the tokens so far.
  struct State {
    std::string held;        // the beginning of a token, or what waits for the next one
    std::string bytes;       // byte_level, byte_fallback: not decoded yet
    std::size_t tokens = 0;  // ended
    std::size_t cut = 0;     // strip: characters cut off the token at hand
    bool may_cut = true;     // strip: nothing else has been seen of it
  };
  // A part of a token reaches a step; `ends` with its last one.
  void feed(std::size_t step, std::string_view text, bool ends);
  void whole_token(std::size_t step, std::string_view token);
  void strip(std::size_t step, std::string_view text, bool ends);
  void metaspace(std::size_t step, std::string_view text, bool ends);
  void finish(std::size_t step);
  void release_bytes(std::size_t step, bool all);
  void release_fallback(std::size_t step);

  const Decoder* decoder_;
  std::vector<State> states_;
  std::string out_;
};

}  // namespace mlopsctl::tokens

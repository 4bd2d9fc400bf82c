// Templates in the part of Jinja that chat templates use, as transformers renders them:
// trim_blocks, lstrip_blocks, its loop controls and its "generation" blocks. Reading and rendering
// one takes bounded time and memory, whatever it says.
#pragma once

#include "tokenizer/jinja/ast.hpp"

#include <string>
#include <string_view>

namespace mlopsctl::jinja {

class Template {
 public:
  // `name` is what messages call it. Throws Error{usage} with the line, for what is wrong and for
  // what is not supported.
  Template(std::string_view source, std::string name);

  // Throws Error{usage} with the line, for what cannot be done.
  std::string render(const Dict& variables) const;

 private:
  std::string name_;
  Body body_;
};

}  // namespace mlopsctl::jinja

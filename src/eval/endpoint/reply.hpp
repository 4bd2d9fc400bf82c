// One generated text as it comes: a stream of events, or a whole JSON answer from a server that
// does not stream. Remembers when what came.
#pragma once

#include "eval/endpoint/answers.hpp"
#include "eval/endpoint/sse.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace mlopsctl {

class Reply {
 public:
  // `time`: seconds on the clock of the caller, taken when the bytes arrived. What cannot be
  // understood ends in failure(), not in an exception.
  void feed(std::string_view bytes, double time);
  void finish(double time);  // the body ended as HTTP says that it should

  const std::string& text() const { return text_; }
  const std::string& finish_reason() const { return finish_reason_; }
  const TokenUsage& usage() const { return usage_; }
  std::uint64_t chunks() const { return chunks_; }  // with text
  // Of the first and the last chunk with text; 0 if there was none.
  double first() const { return first_; }
  double last() const { return last_; }
  const std::vector<double>& gaps() const { return gaps_; }

  // Empty: the text is complete. A stream that ends with neither [DONE] nor a finish reason broke
  // off.
  const std::string& failure() const { return failure_; }
  // Whether the failure may not come again: the server was busy, the connection broke.
  bool transient() const { return transient_; }

 private:
  enum class Form { unknown, events, whole };
  void take(const SseEvent& event, double time);
  void add(const AnswerPiece& piece, double time);
  void fail(std::string why, bool transient);

  Form form_ = Form::unknown;
  SseReader events_;
  std::string whole_;
  bool done_ = false;
  std::string text_, finish_reason_;
  TokenUsage usage_;
  std::uint64_t chunks_ = 0;
  double first_ = 0, last_ = 0;
  std::vector<double> gaps_;
  std::string failure_;
  bool transient_ = false;
};

}  // namespace mlopsctl

#include "eval/endpoint/reply.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/platform/http.hpp"

namespace mlopsctl {

namespace {

constexpr std::size_t most_whole_bytes = std::size_t{64} << 20U;

}  // namespace

void Reply::fail(std::string why, bool transient) {
  if (!failure_.empty()) return;
  failure_ = std::move(why);
  transient_ = transient;
}

void Reply::feed(std::string_view bytes, double time) {
  if (!failure_.empty()) return;
  if (form_ == Form::unknown) {
    const auto begin = bytes.find_first_not_of(" \t\r\n");
    if (begin == std::string_view::npos) return;
    bytes.remove_prefix(begin);
    form_ = bytes.front() == '{' ? Form::whole : Form::events;
  }
  try {
    if (form_ == Form::events) {
      events_.feed(bytes, [&](const SseEvent& event) { take(event, time); });
    } else if (whole_.size() + bytes.size() > most_whole_bytes) {
      fail("the server's answer is larger than 64 MiB", false);
    } else {
      whole_ += bytes;
    }
  } catch (const Error& error) {
    fail(error.what(), false);
  }
}

void Reply::take(const SseEvent& event, double time) {
  if (done_) return;
  if (event.data == "[DONE]") {
    done_ = true;
    return;
  }
  AnswerPiece piece = parse_answer(event.data);
  if (event.name == "error" && piece.error.empty()) piece.error = error_message(event.data);
  add(piece, time);
}

void Reply::add(const AnswerPiece& piece, double time) {
  if (!piece.error.empty()) {
    const bool unknown = piece.error_status == 0;
    fail("the server broke off: " + piece.error, unknown || is_transient(piece.error_status));
    return;
  }
  if (piece.usage.prompt) usage_.prompt = piece.usage.prompt;
  if (piece.usage.completion) usage_.completion = piece.usage.completion;
  if (!piece.finish_reason.empty()) finish_reason_ = piece.finish_reason;
  if (piece.text.empty() && piece.reasoning.empty()) return;
  text_ += piece.text;
  if (chunks_++ == 0) {
    first_ = time;
  } else {
    gaps_.push_back(time - last_);
  }
  last_ = time;
}

void Reply::finish(double time) {
  if (!failure_.empty()) return;
  try {
    if (form_ == Form::whole) {
      const AnswerPiece piece = parse_answer(whole_);
      add(piece, time);
      if (failure_.empty() && !piece.has_choice) fail("the server's answer has no choice", false);
      return;
    }
    events_.finish([&](const SseEvent& event) { take(event, time); });
  } catch (const Error& error) {
    fail(error.what(), false);
    return;
  }
  if (!done_ && finish_reason_.empty())
    fail("the stream ended before [DONE] and without a finish reason", true);
}

}  // namespace mlopsctl

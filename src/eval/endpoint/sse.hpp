// Server-sent events (https://html.spec.whatwg.org/multipage/server-sent-events.html §9.2.6) as
// servers of language models use them.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace mlopsctl {

struct SseEvent {
  std::string name;  // of "event:", mostly empty
  std::string data;  // several data lines joined by '\n'; always valid UTF-8
};

// Bytes may be cut anywhere: inside a character, between CR and LF.
class SseReader {
 public:
  using Take = std::function<void(const SseEvent&)>;

  explicit SseReader(std::size_t most_bytes = std::size_t{16} << 20U);

  // Events without data are no events. Throws Error{corrupt} for an event of more than
  // `most_bytes`.
  void feed(std::string_view bytes, const Take& take);
  // The body ended: a last event that lacks its blank line counts, because servers forget it.
  void finish(const Take& take);

 private:
  void line(std::string_view text, const Take& take);
  void dispatch(const Take& take);

  std::size_t most_bytes_;
  std::string line_;  // begun, not ended
  SseEvent event_;
  bool has_data_ = false;
  bool after_cr_ = false;  // an LF belongs to the line end before it
  bool at_start_ = true;   // a byte order mark may come
};

}  // namespace mlopsctl

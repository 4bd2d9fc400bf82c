#include "eval/endpoint/sse.hpp"

#include "mlopsctl/base/error.hpp"
#include "mlopsctl/base/text.hpp"

#include <fmt/format.h>

namespace mlopsctl {

SseReader::SseReader(std::size_t most_bytes) : most_bytes_(most_bytes) {}

void SseReader::feed(std::string_view bytes, const Take& take) {
  while (!bytes.empty()) {
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') bytes.remove_prefix(1);
      continue;
    }
    const auto end = bytes.find_first_of("\r\n");
    line_.append(bytes.substr(0, end));
    if (line_.size() + event_.data.size() > most_bytes_) {
      throw Error(ErrorKind::corrupt, fmt::format("the server sent an event of more than {}",
                                                  human_bytes(most_bytes_)));
    }
    if (end == std::string_view::npos) return;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    std::string whole;
    whole.swap(line_);
    line(whole, take);
  }
}

void SseReader::line(std::string_view text, const Take& take) {
  if (at_start_ && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  at_start_ = false;
  if (text.empty()) return dispatch(take);
  const auto colon = text.find(':');
  const std::string_view field = text.substr(0, colon);  // empty: a comment
  std::string_view value;
  if (colon != std::string_view::npos) value = text.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "event") {
    event_.name = value;
  } else if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  }
}

void SseReader::dispatch(const Take& take) {
  SseEvent event;
  std::swap(event, event_);
  if (!has_data_) return;
  has_data_ = false;
  if (!is_valid_utf8(event.data)) event.data = valid_utf8(event.data);
  take(event);
}

void SseReader::finish(const Take& take) {
  std::string whole;
  whole.swap(line_);
  if (!whole.empty()) line(whole, take);
  dispatch(take);
}

}  // namespace mlopsctl

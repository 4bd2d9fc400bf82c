#include "drift/text_source.hpp"

#include "mlopsctl/base/error.hpp"

#include <algorithm>
#include <utility>

namespace mlopsctl::drift {

namespace {

constexpr std::size_t head_size = std::size_t{1} << 20U;
// No record of a text is longer.
constexpr std::size_t most = std::size_t{1} << 30U;

std::uint64_t lines_in(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

}  // namespace

TextSource::TextSource(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {}

TextSource::TextSource(Read read)
    : read_(std::move(read)), buffer_(std::make_shared<std::string>()) {
  lines_[0] = 1;
}

// At least `size` bytes from at_ on, if the stream has them.
void TextSource::fill(std::size_t size) {
  constexpr std::size_t step = std::size_t{1} << 18U;
  while (!ended_ && buffer_->size() - at_ < size) {
    const std::size_t before = buffer_->size();
    buffer_->resize(before + step);
    const std::size_t got = read_(buffer_->data() + before, step);
    buffer_->resize(before + got);
    ended_ = got == 0;
  }
}

std::string_view TextSource::head() {
  if (file_) return file_->bytes().substr(at_, head_size);
  fill(head_size);
  return std::string_view(*buffer_).substr(at_, head_size);
}

void TextSource::skip(std::size_t bytes) {
  if (read_) lines_[given_ + bytes] = lines_[given_] + lines_in(head().substr(0, bytes));
  at_ += bytes;
  given_ += bytes;
}

std::optional<TextChunk> TextSource::next(const Cut& cut, std::size_t size) {
  TextChunk chunk;
  chunk.begin = given_;
  if (file_) {
    const std::string_view rest = file_->bytes().substr(at_);
    if (rest.empty()) return std::nullopt;
    const std::size_t end =
        rest.size() <= size ? rest.size() : cut(rest, size).value_or(rest.size());
    chunk.text = rest.substr(0, end);
    chunk.owner = file_;
    at_ += end;
    given_ += end;
    return chunk;
  }
  std::optional<std::size_t> end;
  for (std::size_t wanted = size; !end; wanted *= 2) {
    fill(wanted + 1);
    const std::string_view rest = std::string_view(*buffer_).substr(at_);
    if (rest.empty()) return std::nullopt;
    if (ended_ && rest.size() <= size) {
      end = rest.size();
    } else {
      // Rather less than a buffer than much more: look for a cut a little before its end.
      end = cut(rest, std::min(size, rest.size()) * 7 / 8);
      if (!end && ended_) end = rest.size();
    }
    if (!end && rest.size() > most) {
      throw Error(ErrorKind::corrupt, "a record is longer than 1 GiB",
                  "look for a quote that is not closed");
    }
  }
  auto rest = std::make_shared<std::string>(*buffer_, at_ + *end);
  chunk.owner = buffer_;
  chunk.text = std::string_view(*buffer_).substr(at_, *end);
  lines_[given_ + *end] = lines_[given_] + lines_in(chunk.text);
  buffer_ = std::move(rest);
  at_ = 0;
  given_ += *end;
  return chunk;
}

std::uint64_t TextSource::size() const { return file_ ? file_->bytes().size() : 0; }

void TextSource::used(const TextChunk& chunk) const {
  if (file_) file_->used(chunk.begin, chunk.begin + chunk.text.size());
}

std::uint64_t TextSource::line_of(const TextChunk& chunk, std::size_t offset) const {
  const std::uint64_t inside = lines_in(chunk.text.substr(0, offset));
  if (file_) return 1 + lines_in(file_->bytes().substr(0, chunk.begin)) + inside;
  return lines_.at(chunk.begin) + inside;
}

}  // namespace mlopsctl::drift

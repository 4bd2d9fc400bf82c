// kill -9 at random moments of `run log --from -`: what was acknowledged is there, the store opens,
// and sending the stream again neither loses nor doubles a point.
#include "support/sandbox.hpp"

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <random>

using mlopsctl::testing::Sandbox;
using nlohmann::json;

namespace {

constexpr int kills = 120;
constexpr int lines_per_attempt = 3000;

std::string lines(int from, int count) {
  std::string text;
  for (int i = from; i < from + count; ++i) {
    text += "{\"step\":" + std::to_string(i) + ",\"time\":" + std::to_string(1763880000000LL + i) +
            ",\"loss\":" + std::to_string(i) + ".5}\n";
  }
  return text;
}

enum class Since { start, first_acknowledgement };

// Feeds the lines, kills the process after `delay`, and returns the last acknowledged number of
// lines.
int fed_and_killed(const Sandbox& box, const std::string& run, const std::string& text, Since since,
                   std::chrono::microseconds delay) {
  std::array<int, 2> in{}, out{};
  REQUIRE(::pipe(in.data()) == 0);
  REQUIRE(::pipe(out.data()) == 0);
  const std::string program = mlopsctl::testing::binary();
  const pid_t child = ::fork();
  if (child == 0) {
    ::dup2(in[0], 0);
    ::dup2(out[1], 1);
    for (const int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
    if (::chdir(box.folder().c_str()) != 0) ::_exit(126);
    ::execl(program.c_str(), "mlopsctl", "run", "log", run.c_str(), "--from", "-", "--ack", "-q",
            nullptr);
    ::_exit(127);
  }
  ::close(in[0]);
  ::close(out[1]);
  const pid_t feeder = ::fork();
  if (feeder == 0) {
    ::close(out[0]);
    // In pieces, so that commits happen on the way.
    for (std::size_t at = 0; at < text.size(); at += 4096) {
      if (::write(in[1], text.data() + at, std::min<std::size_t>(4096, text.size() - at)) < 0)
        break;
      ::usleep(500);
    }
    ::_exit(0);
  }
  ::close(in[1]);
  if (since == Since::first_acknowledgement) {
    pollfd readable{out[0], POLLIN, 0};
    ::poll(&readable, 1, 10'000);
  }
  ::usleep(static_cast<useconds_t>(delay.count()));
  ::kill(child, SIGKILL);
  std::string acknowledgements;
  std::array<char, 4096> buffer{};
  for (ssize_t got = 0; (got = ::read(out[0], buffer.data(), buffer.size())) > 0;) {
    acknowledgements.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(out[0]);
  ::kill(feeder, SIGKILL);
  ::waitpid(feeder, nullptr, 0);
  ::waitpid(child, nullptr, 0);
  const auto end = acknowledgements.rfind('\n');
  if (end == std::string::npos) return 0;
  const auto begin = acknowledgements.rfind('\n', end - 1);
  return json::parse(acknowledgements.substr(begin == std::string::npos ? 0 : begin + 1,
                                             end - begin))["stored_lines"];
}

std::int64_t stored(const Sandbox& box, const std::string& run) {
  const json shown = json::parse(box.output_of({"run", "show", run, "--json"}));
  return shown["metrics"].empty() ? 0 : shown["metrics"][0]["points"].get<std::int64_t>();
}

}  // namespace

TEST_CASE("a killed stream has lost nothing that was acknowledged") {
  ::signal(SIGPIPE, SIG_IGN);
  const Sandbox box;
  const std::string run = box.output_of({"run", "start"});
  std::mt19937 random(42);
  std::uniform_int_distribution<int> delay(500, 60'000);
  int next = 0;  // the first line that was never acknowledged
  int acknowledged_kills = 0;
  for (int i = 0; i < kills; ++i) {
    // On a busy machine a start can take longer than any delay from the start on.
    const Since since = i % 4 == 0 ? Since::first_acknowledgement : Since::start;
    const int done = fed_and_killed(box, run, lines(next, lines_per_attempt), since,
                                    std::chrono::microseconds(delay(random)));
    acknowledged_kills += done > 0 ? 1 : 0;
    next += done;
    // Lines after the acknowledged ones may be there too: they are sent again and swallowed.
    CHECK(stored(box, run) >= next);
  }
  CHECK(acknowledged_kills > kills / 10);  // else the kills came too early to mean anything
  CHECK(box.run({"run", "log", run, "--from", "-"}, lines(0, next + lines_per_attempt)).code == 0);
  CHECK(stored(box, run) == next + lines_per_attempt);
  CHECK(box.run({"doctor"}).code == 0);
}

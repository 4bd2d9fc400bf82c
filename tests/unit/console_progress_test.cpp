#include "mlopsctl/ui/console_progress.hpp"

#include "mlopsctl/base/text.hpp"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <functional>
#include <thread>
#include <vector>

using namespace mlopsctl;

namespace {

// What `work` writes to standard error.
std::string stderr_of(const std::function<void()>& work) {
  std::FILE* file = std::tmpfile();
  REQUIRE(file != nullptr);
  const int saved = dup(STDERR_FILENO);
  dup2(fileno(file), STDERR_FILENO);
  work();
  dup2(saved, STDERR_FILENO);
  close(saved);
  std::rewind(file);
  std::string text(1 << 20, '\0');
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fclose(file);
  return text;
}

Terminal tty() {
  Terminal terminal;
  terminal.err_is_tty = true;
  terminal.unicode = false;  // so that bytes are columns in screen_after
  return terminal;
}

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// What a terminal shows in the end: '\r' returns to the start of the line, '\b' steps back.
std::string screen_after(const std::string& bytes) {
  std::string shown;
  std::string line;
  std::size_t at = 0;
  for (char c : bytes) {
    if (c == '\r') {
      at = 0;
    } else if (c == '\b') {
      at -= at > 0 ? 1 : 0;
    } else if (c == '\n') {
      shown += std::string(line.substr(0, line.find_last_not_of(' ') + 1)) + "\n";
      line.clear();
      at = 0;
    } else {
      line.resize(std::max(line.size(), at + 1), ' ');
      line[at++] = c;
    }
  }
  return shown + line.substr(0, line.find_last_not_of(' ') + 1);
}

}  // namespace

TEST_CASE("a bar shows label, share and amount, and leaves nothing behind") {
  const std::string all = stderr_of([&] {
    ConsoleProgress progress(tty(), false, false);
    progress.start("copying", 4096, "bytes");
    progress.advance(1024);
    progress.note("half of it is done");
    progress.finish();
  });
  CHECK(contains(all, "copying   25%  [######..................]  1.0 KiB of 4.0 KiB"));
  CHECK(screen_after(all) == "half of it is done\n");
}

TEST_CASE("a bar that is never finished is cleared too") {
  const std::string all = stderr_of([] {
    ConsoleProgress progress(tty(), false, false);
    progress.start("reading", 0, "points");
  });
  CHECK(contains(all, "reading  0 points"));
  CHECK(screen_after(all).empty());
}

TEST_CASE("a million steps redraw at most ten times a second") {
  const auto begin = std::chrono::steady_clock::now();
  const std::string all = stderr_of([] {
    ConsoleProgress progress(tty(), false, false);
    progress.start("reading", 1000000, "points");
    for (int i = 0; i < 1000000; ++i) progress.advance(1);
    progress.finish();
  });
  const double seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  CHECK(static_cast<double>(std::count(all.begin(), all.end(), '\r')) <= 4 + seconds * 10);
}

TEST_CASE("a bar fits into every terminal") {
  for (int width : {10, 20, 40, 60, 80, 200}) {
    Terminal terminal = tty();
    terminal.width = width;
    terminal.unicode = true;
    const std::string all = stderr_of([&] {
      ConsoleProgress progress(terminal, false, false);
      progress.start("a label that goes on and on and on and on and on 漢字漢字", 1000, "files");
      progress.advance(500);
      progress.note("x");
    });
    for (const std::string& drawn : split(all, '\r')) {
      CHECK(display_width(drawn.substr(0, drawn.find_first_of("\n\b"))) < std::max(width, 10));
    }
  }
}

TEST_CASE("without a terminal a short task writes nothing") {
  const std::string all = stderr_of([] {
    ConsoleProgress progress(Terminal{}, false, false);
    progress.start("reading", 10, "files");
    progress.advance(10);
    progress.finish();
  });
  CHECK(all.empty());
}

TEST_CASE("quiet leaves warnings only, verbose adds details") {
  auto lines = [](bool quiet, bool verbose) {
    return stderr_of([&] {
      ConsoleProgress progress(tty(), quiet, verbose);
      progress.start("reading", 10, "files");
      progress.advance(5);
      progress.warning("disk is nearly full");
      progress.note("note");
      progress.detail("detail");
      progress.finish();
    });
  };
  CHECK(lines(true, true) == "warning: disk is nearly full\n");
  CHECK(screen_after(lines(false, false)) == "warning: disk is nearly full\nnote\n");
  CHECK(screen_after(lines(false, true)) == "warning: disk is nearly full\nnote\ndetail\n");
}

TEST_CASE("warnings are yellow where there is colour, and hostile text is made printable") {
  Terminal terminal;
  terminal.color_err = true;
  const std::string all = stderr_of([&] {
    ConsoleProgress progress(terminal, false, false);
    progress.warning("bad \x1b[2J name\nsecond line");
  });
  CHECK(all == "\x1b[33mwarning: \x1b[0mbad \\x1b[2J name\nsecond line\n");
}

TEST_CASE("threads may report at once") {
  const std::string all = stderr_of([] {
    ConsoleProgress progress(tty(), false, false);
    progress.start("working", 4000, "items");
    std::vector<std::thread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&] {
        for (int i = 0; i < 1000; ++i) {
          progress.advance(1);
          if (i % 250 == 0) progress.note("a whole line");
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    progress.note("end");
  });
  const auto shown = split(screen_after(all), '\n');
  CHECK(std::count(shown.begin(), shown.end(), "a whole line") == 16);
  CHECK(contains(all, "100%"));
}

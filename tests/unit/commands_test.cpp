// The specs themselves: what every command owes its users.
#include "mlopsctl/commands.hpp"

#include "mlopsctl/base/text.hpp"

#include "cli/help.hpp"
#include "cli/man.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <set>

using namespace mlopsctl;

TEST_CASE("every command has a summary, an example and the exit codes 0, 1 and 2") {
  for (const auto* command : registry().all()) {
    CAPTURE(command->path);
    CHECK_FALSE(command->summary.empty());
    CHECK_FALSE(command->summary.ends_with('.'));
    REQUIRE_FALSE(command->examples.empty());
    for (const auto& example : command->examples) {
      CHECK(example.command.find("mlopsctl") != std::string::npos);
    }
    for (const ExitCode code : {ExitCode::done, ExitCode::failed, ExitCode::usage}) {
      CHECK(std::ranges::find(command->exit_codes, code) != command->exit_codes.end());
    }
    CHECK((command->run != nullptr));
  }
}

TEST_CASE("paths, options and letters are unique and plain") {
  std::set<std::string> paths;
  for (const auto* command : registry().all()) {
    CAPTURE(command->path);
    CHECK(paths.insert(command->path).second);
    for (const auto& alias : command->aliases) CHECK(paths.insert(alias).second);
    std::set<std::string> names;
    std::set<char> letters;
    const auto globals = global_options_beside(*command);
    for (const auto* options : {&command->options, &globals}) {
      for (const auto& option : *options) {
        CAPTURE(option.name);
        CHECK(names.insert(option.name).second);
        CHECK((option.letter == 0 || letters.insert(option.letter).second));
        CHECK(option.name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") ==
              std::string::npos);
        CHECK_FALSE(option.help.empty());
        CHECK_FALSE(option.help.ends_with('.'));
      }
    }
  }
}

TEST_CASE("texts are plain ASCII, which every terminal and troff can show") {
  const auto ascii = [](std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
  };
  for (const auto* command : registry().all()) {
    CAPTURE(command->path);
    CHECK(ascii(command->summary));
    CHECK(ascii(command->description));
    for (const auto& option : command->options) CHECK(ascii(option.help + option.value));
    for (const auto& positional : command->positionals)
      CHECK(ascii(positional.help + positional.name));
    for (const auto& example : command->examples) CHECK(ascii(example.what + example.command));
  }
}

TEST_CASE("only the last positional may take many values") {
  for (const auto* command : registry().all()) {
    CAPTURE(command->path);
    for (std::size_t i = 0; i + 1 < command->positionals.size(); ++i) {
      CHECK_FALSE(command->positionals[i].many);
    }
  }
}

TEST_CASE("help fits 80 columns, apart from examples") {
  Terminal terminal;
  terminal.width = 80;
  for (const auto* command : registry().all()) {
    CAPTURE(command->path);
    const std::string help = command_help(*command, terminal);
    for (const char* heading : {"Usage", "Examples", "Exit status"}) {
      CHECK(help.find(heading) != std::string::npos);
    }
    for (const auto& line : split(help, '\n')) {
      if (line.starts_with("  mlopsctl") || line.starts_with("  #") || line.starts_with("  "))
        continue;
      CAPTURE(line);
      CHECK(display_width(line) <= 80);
    }
  }
}

TEST_CASE("there is a manual page for every command and none has a stray control line") {
  const auto pages = man_pages(registry(), "0");
  CHECK(pages.size() == registry().all().size() + 1);
  for (const auto& page : pages) {
    CAPTURE(page.file);
    CHECK(page.text.starts_with(".TH"));
    for (const auto& line : split(page.text, '\n')) {
      if (!line.starts_with('.')) continue;
      const std::string request = line.substr(1, 2);
      const std::set<std::string> known{"TH", "nh", "ad", "SH", "TP", "B ",
                                        "BR", "PP", "EX", "EE", "I "};
      CAPTURE(line);
      CHECK(known.contains(request));
    }
  }
}

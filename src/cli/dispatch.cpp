#include "mlopsctl/cli/dispatch.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/context.hpp"
#include "mlopsctl/platform/signals.hpp"
#include "mlopsctl/version.hpp"

#include "cli/completion.hpp"
#include "cli/help.hpp"
#include "cli/parse.hpp"

#include <fmt/format.h>

#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <exception>
#include <new>

namespace mlopsctl {

namespace {

void print_version(const Globals& globals) {
  const VersionInfo& info = version_info();
  Report report("version/1");
  report.field("version", "mlopsctl", Cell(info.version));
  report.field("commit", "commit", Cell(info.commit));
  report.field("build", "build", Cell(info.build_type));
  report.field("compiler", "compiler", Cell(info.compiler));
  if (globals.json) {
    write_fully(STDOUT_FILENO, render_json(report).out);
  } else {
    write_fully(STDOUT_FILENO, fmt::format("mlopsctl {} ({}, {}, {})\n", info.version, info.commit,
                                           info.build_type, info.compiler));
  }
}

int show_help(const ParsedLine& line, const Registry& registry) {
  const Terminal terminal = Terminal::detect(line.globals.no_color);
  std::string text;
  if (line.command != nullptr) {
    text = command_help(*line.command, terminal);
  } else if (!line.words.empty()) {
    text = noun_help(registry, line.words, terminal);
  } else {
    text = overview_help(registry, terminal);
  }
  // Asked for: an answer on stdout. Not asked for: the line lacks its verb, which is a usage error.
  write_fully(line.help ? STDOUT_FILENO : STDERR_FILENO, text);
  return static_cast<int>(line.help ? ExitCode::done : ExitCode::usage);
}

void show(const Report& report, Context& context) {
  const Globals& globals = context.globals();
  if (report.writer()) {
    report.writer()([](std::string_view bytes) { write_fully(STDOUT_FILENO, bytes); });
    return;
  }
  Rendered rendered;
  if (globals.json) {
    rendered = render_json(report);
  } else if (context.terminal().out_is_tty) {
    rendered = render_terminal(report, context.terminal(), context.now(), globals.quiet);
  } else {
    rendered = render_pipe(report, context.terminal(), globals.quiet);
  }
  write_fully(STDOUT_FILENO, rendered.out);
  write_fully(STDERR_FILENO, rendered.err);
}

int fail(const Error& error, bool json, bool no_color) {
  ExitCode code = exit_code(error.kind());
  if (error.kind() == ErrorKind::interrupted && interrupted_by() == SIGTERM) {
    code = ExitCode::terminated;
  }
  const Terminal terminal = Terminal::detect(no_color);
  std::string text;
  if (json) {
    text = render_error_json(error, code);
  } else {
    text = styled("error: ", Style::red, terminal.color_err) + printable(error.what()) + '\n';
    if (!error.hint().empty()) text += "hint:  " + printable(error.hint()) + '\n';
    if (error.kind() == ErrorKind::bug) {
      text += "this is a bug in mlopsctl: please report it with the command line\n";
    }
  }
  // Nothing more can be done if stderr is gone as well.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  return static_cast<int>(code);
}

int answer_completion(const std::vector<std::string>& argv, const char* index_text,
                      const Registry& registry, const MakeContext& make_context) {
  const auto index = parse_integer(index_text);
  if (!index || *index < 0) return static_cast<int>(ExitCode::usage);
  const auto values = [&](Complete kind, const std::string& prefix) {
    std::vector<CompletionItem> items;
    const auto context = make_context(Globals{.quiet = true}, registry);
    for (auto& suggestion : context->suggest(kind, prefix)) {
      items.push_back({std::move(suggestion.value), std::move(suggestion.description)});
    }
    return items;
  };
  write_fully(STDOUT_FILENO,
              to_reply(complete(argv, static_cast<std::size_t>(*index), registry, values)));
  return static_cast<int>(ExitCode::done);
}

int run_line(const std::vector<std::string>& argv, const Registry& registry,
             const MakeContext& make_context) {
  if (const char* index = std::getenv("MLOPSCTL_COMPLETE")) {
    return answer_completion(argv, index, registry, make_context);
  }
  const ParsedLine line = parse_line(argv, registry);
  if (line.version) {
    print_version(line.globals);
    return static_cast<int>(ExitCode::done);
  }
  if (line.help || line.command == nullptr) return show_help(line, registry);
  const auto context = make_context(line.globals, registry);
  const Report report = line.command->run(*context, line.arguments);
  show(report, *context);
  return static_cast<int>(report.code());
}

// A command line that does not parse may still have asked for JSON.
bool has_word(const std::vector<std::string>& argv, std::string_view word) {
  for (const auto& argument : argv) {
    if (argument == "--") return false;
    if (argument == word) return true;
  }
  return false;
}

}  // namespace

int dispatch(const std::vector<std::string>& argv, const Registry& registry,
             const MakeContext& make_context) {
  const bool json = has_word(argv, "--json");
  const bool no_color = has_word(argv, "--no-color");
  try {
    return run_line(argv, registry, make_context);
  } catch (const Error& error) {
    return fail(error, json, no_color);
  } catch (const std::filesystem::filesystem_error& error) {
    return fail(Error(ErrorKind::io, error.what()), json, no_color);
  } catch (const std::bad_alloc&) {
    return fail(Error(ErrorKind::io, "out of memory"), json, no_color);
  } catch (const std::exception& error) {
    return fail(Error(ErrorKind::bug, error.what()), json, no_color);
  }
}

}  // namespace mlopsctl

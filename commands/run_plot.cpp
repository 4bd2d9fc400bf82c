// run plot: curves on the terminal, in an SVG or in an HTML page.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/ui/plot.hpp"

#include "commands/commands.hpp"
#include "commands/run_arguments.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t most_terminal_charts = 4;

// Metrics to draw: those that match --metric, else all that are not system series.
std::vector<std::string> metrics_of(const std::vector<Run>& runs, const Arguments& arguments) {
  std::set<std::string> known;
  for (const auto& run : runs) {
    for (const auto& metric : run.metrics) known.insert(metric.key);
  }
  const auto& patterns = arguments.list("metric");
  std::vector<std::string> chosen;
  for (const auto& key : known) {
    const bool wanted = patterns.empty()
                            ? !key.starts_with("system/")
                            : std::ranges::any_of(patterns, [&](const std::string& pattern) {
                                return glob_match(pattern, key);
                              });
    if (wanted) chosen.push_back(key);
  }
  for (const auto& pattern : patterns) {
    if (std::ranges::any_of(known, [&](const auto& key) { return glob_match(pattern, key); }))
      continue;
    const std::vector<std::string> names(known.begin(), known.end());
    const auto near = closest(pattern, names);
    throw Error(ErrorKind::not_found,
                fmt::format("none of the runs has a metric {}", quote(pattern)),
                near ? fmt::format("did you mean '{}'?", *near)
                     : fmt::format("they have: {}", shortened(join(names, ", "), 200)));
  }
  return chosen;
}

Curve curve_of(const RunStore& store, const Run& run, const std::string& label,
               const std::string& key, bool by_time) {
  Curve curve{.label = label};
  const auto order = by_time ? RunStore::Order::by_time : RunStore::Order::by_step;
  store.history(run.id, key, order, [&](const Point& point) {
    curve.x.push_back(by_time ? static_cast<double>((point.time - run.start).count()) / 1000.0
                              : static_cast<double>(point.step));
    curve.y.push_back(point.value);
  });
  return curve;
}

std::vector<Chart> charts_of(const RunStore& store, const std::vector<Run>& runs,
                             const std::vector<std::string>& metrics, bool by_time) {
  std::map<std::string, int> names;
  for (const auto& run : runs) ++names[run.name];
  std::vector<Chart> charts;
  for (const auto& key : metrics) {
    Chart chart{.title = key, .x_label = by_time ? "time (s)" : "step"};
    for (const auto& run : runs) {
      const std::string label =
          names[run.name] > 1 ? fmt::format("{} {}", run.name, run.id.substr(0, 8)) : run.name;
      chart.curves.push_back(curve_of(store, run, label, key, by_time));
    }
    charts.push_back(std::move(chart));
  }
  return charts;
}

PlotOptions options_of(Context& context, const Arguments& arguments, bool picture) {
  PlotOptions options{.log_y = arguments.flag("log"),
                      .log_x = arguments.flag("log-x"),
                      .smoothing = arguments.number("smooth").value_or(0),
                      .width = picture ? 900 : std::min(context.terminal().width, 120),
                      .height = picture ? 360 : 16,
                      .color = context.terminal().color_out,
                      .unicode = context.terminal().unicode};
  if (!(options.smoothing >= 0 && options.smoothing < 1)) {
    throw Error(ErrorKind::usage, "--smooth needs a number from 0 to below 1");
  }
  const auto size = [&](std::string_view name, int least, int& target) {
    const auto given = arguments.integer(name);
    if (!given) return;
    if (*given < least || *given > 20'000) {
      throw Error(ErrorKind::usage,
                  fmt::format("--{} needs a number from {} to 20000", name, least));
    }
    target = static_cast<int>(*given);
  };
  size("width", picture ? 320 : 20, options.width);
  size("height", picture ? 200 : 6, options.height);
  return options;
}

void write_picture(Context& context, Report& report, const std::string& key,
                   const std::string& file, const std::string& text) {
  if (file == "-") {
    report.document([text](const ByteSink& write) { write(text); });
    return;
  }
  if (!context.globals().dry_run) write_file_atomically(file, text);
  report.field(key, "wrote", Cell(file));
  report.field(key + "_size", "size", Cell(Value(Bytes{text.size()})));
}

Report plot(Context& context, const Arguments& arguments) {
  RunStore& store = context.runs(StoreAccess::read);
  std::vector<Run> runs;
  for (const auto& id : run_arguments(store, arguments)) runs.push_back(store.run(id));
  const auto metrics = metrics_of(runs, arguments);
  Report report("run.plot/1");
  if (metrics.empty()) {
    throw Error(ErrorKind::not_found, "there is no metric to draw",
                "'mlopsctl run show' lists what a run has; system series need --metric 'system/*'");
  }
  const auto html = arguments.text("html"), svg = arguments.text("svg");
  const bool by_time = arguments.text_or("x", "step") == "time";
  const PlotOptions options = options_of(context, arguments, html || svg);
  const bool terminal = !html && !svg;
  const bool cut =
      terminal && arguments.list("metric").empty() && metrics.size() > most_terminal_charts;
  const std::vector<std::string> drawn(
      metrics.begin(),
      cut ? metrics.begin() + static_cast<std::ptrdiff_t>(most_terminal_charts) : metrics.end());
  const auto charts = charts_of(store, runs, drawn, by_time);
  if (html) {
    const std::string title = runs.size() == 1 ? runs[0].name : fmt::format("{} runs", runs.size());
    write_picture(context, report, "html", *html, html_plot(title, charts, options));
  }
  if (svg) write_picture(context, report, "svg", *svg, svg_plot(charts, options));
  if (!terminal) return report;
  std::string text;
  for (const auto& chart : charts) {
    if (!text.empty()) text += '\n';
    text += terminal_plot(chart, options);
  }
  report.text("plot", text);
  if (cut) {
    report.summary(fmt::format("{} of {} metrics; --metric chooses others, --html FILE shows all",
                               drawn.size(), metrics.size()));
  }
  return report;
}

}  // namespace

CommandSpec run_plot() {
  return {
      .path = "run plot",
      .summary = "Draw metrics of runs: on the terminal, as SVG or as an HTML page",
      .description =
          "Several runs are laid over each other. The HTML page needs nothing else: it shows "
          "values under the pointer, zooms, smooths, switches to logarithmic axes and hides runs.",
      .examples = {{"mlopsctl run plot @last", "All metrics of the newest run"},
                   {"mlopsctl run plot baseline tuned --metric 'eval/*' --log --smooth 0.6",
                    "Chosen metrics of two runs"},
                   {"mlopsctl run plot baseline tuned --html curves.html", "A page to send around"},
                   {"mlopsctl run plot @last --metric loss --svg - > loss.svg", "A picture"}},
      .options = {{.name = "metric",
                   .value = "KEY",
                   .help = "Metrics to draw; * and ? match",
                   .repeatable = true,
                   .complete = Complete::metric,
                   .default_text = "all but system/*"},
                  {.name = "x",
                   .value = "AXIS",
                   .help = "What to draw against",
                   .choices = {"step", "time"},
                   .default_text = "step"},
                  {.name = "smooth",
                   .value = "WEIGHT",
                   .help = "Smooth as TensorBoard does; 0 not at all, 0.9 strongly"},
                  {.name = "log", .help = "Logarithmic value axis"},
                  {.name = "log-x", .help = "Logarithmic step or time axis"},
                  {.name = "html",
                   .value = "FILE",
                   .help = "Write an HTML page; - for standard output",
                   .complete = Complete::file},
                  {.name = "svg",
                   .value = "FILE",
                   .help = "Write an SVG picture; - for standard output",
                   .complete = Complete::file},
                  {.name = "width",
                   .value = "N",
                   .help = "Width in characters, or in pixels for files"},
                  {.name = "height",
                   .value = "N",
                   .help = "Height of a chart in characters, or in pixels for files"}},
      .positionals = {run_positional(true)},
      .run = plot};
}

}  // namespace mlopsctl::commands

// plots show, plots diff, plots templates.
#include "mlopsctl/data/plots.hpp"

#include "mlopsctl/base/text.hpp"
#include "mlopsctl/formats/python_json.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/platform/git_repository.hpp"

#include "commands/commands.hpp"
#include "commands/pipeline_arguments.hpp"
#include "commands/plot_figures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <tuple>

namespace mlopsctl::commands {

namespace {

namespace fs = std::filesystem;

YamlValue given_properties(const Arguments& arguments) {
  YamlValue properties = YamlValue::empty_map();
  constexpr std::pair<const char*, const char*> names[] = {
      {"template", "template"}, {"x", "x"}, {"y", "y"}, {"title", "title"}, {"x-label", "x_label"},
      {"y-label", "y_label"}};
  for (const auto& [option, property] : names) {
    if (const auto text = arguments.text(option)) {
      properties.set(property, YamlValue::of_text(*text));
    }
  }
  if (arguments.flag("no-header")) properties.set("header", YamlValue::of_bool(false));
  return properties;
}

// Templates are looked for in .dvc/plots, then as a file, then among those that are built in.
class Templates {
 public:
  Templates(const data::Repository& repository, fs::path base)
      : folder_(repository.folder() / "plots"), base_(std::move(base)) {}

  std::string text(const data::DataPlot& plot) const {
    const std::string name = plot.text("template", data::default_plot_template);
    for (const auto& path : {folder_ / name, folder_ / (name + ".json"), base_ / name}) {
      std::error_code failed;
      if (fs::is_regular_file(path, failed)) return read_file(path);
    }
    std::string text = data::plot_template(name);
    if (!text.empty()) return text;
    const auto names = data::plot_templates();
    const auto near = closest(name, names);
    throw Error(
        ErrorKind::config,
        fmt::format("there is no template {} for the plot {}", quote(name), quote(plot.id)),
        near ? fmt::format("did you mean '{}'?", *near)
             : fmt::format("there are: {}; others belong into .dvc/plots", join(names, ", ")));
  }

 private:
  fs::path folder_, base_;
};

// Numbers that JSON does not have are texts, as in every other --json of this program.
YamlValue strict(YamlValue value) {
  if (value.kind == YamlKind::real && !std::isfinite(value.real)) {
    return YamlValue::of_text(number_text(value.real));
  }
  for (auto& item : value.items) item = strict(std::move(item));
  for (auto& entry : value.entries) entry.value = strict(std::move(entry.value));
  return value;
}

YamlValue texts(const std::vector<std::string>& list) {
  YamlValue result = YamlValue::empty_list();
  for (const auto& text : list) result.items.push_back(YamlValue::of_text(text));
  return result;
}

// Images as files of a folder, as DVC leaves them, or inside the JSON.
std::string image_url(const data::PlotImage& image, const std::optional<fs::path>& folder) {
  if (!folder) return data_url(image);
  std::string name = image.revision + "_" + image.file;
  std::ranges::replace(name, '/', '_');
  write_file_atomically(*folder / name, image.bytes);
  return (*folder / name).string();
}

YamlValue plot_json(const data::DataPlot& plot, const Templates& templates,
                    const std::optional<fs::path>& folder) {
  YamlValue list = YamlValue::empty_list();
  for (const auto& image : plot.images) {
    YamlValue item = YamlValue::empty_map();
    item.set("type", YamlValue::of_text("image"));
    item.set("revisions", texts({image.revision}));
    item.set("url", YamlValue::of_text(image_url(image, folder)));
    list.items.push_back(std::move(item));
  }
  if (plot.rows.empty()) return list;
  YamlValue item = YamlValue::empty_map();
  item.set("type", YamlValue::of_text("vega"));
  item.set("revisions", texts(plot.revisions));
  item.set("content", data::plot_specification(plot, templates.text(plot)));
  list.items.push_back(std::move(item));
  return list;
}

YamlValue error_json(const data::PlotError& error, const std::string& plot) {
  YamlValue item = YamlValue::empty_map();
  if (!plot.empty()) item.set("name", YamlValue::of_text(plot));
  item.set("rev", YamlValue::of_text(error.revision));
  if (!error.source.empty()) item.set("source", YamlValue::of_text(error.source));
  item.set("type", YamlValue::of_text(error.type));
  item.set("msg", YamlValue::of_text(error.message));
  return item;
}

// {"errors": […], "data": {…}}: either only if it is not empty.
void add_json(YamlValue& root, const data::Plots& plots, const Templates& templates,
              const std::optional<fs::path>& folder) {
  YamlValue errors = YamlValue::empty_list();
  YamlValue all = YamlValue::empty_map();
  for (const auto& plot : plots.plots) {
    all.set(plot.id, plot_json(plot, templates, folder));
    for (const auto& error : plot.errors) errors.items.push_back(error_json(error, plot.id));
  }
  for (const auto& error : plots.errors) errors.items.push_back(error_json(error, ""));
  if (!errors.items.empty()) root.set("errors", std::move(errors));
  if (!all.entries.empty()) root.set("data", std::move(all));
}

void document(Report& report, std::string text) {
  report.document([text = std::move(text)](const ByteSink& sink) { sink(text); });
}

// Curves first, then pictures by folder and number: "10.png" comes after "9.png".
void sort_for_page(std::vector<data::DataPlot>& plots) {
  const auto place = [](const data::DataPlot& plot) {
    if (!plot.image) return std::tuple<bool, std::string, std::int64_t, std::string>{};
    const fs::path path(plot.id);
    return std::tuple<bool, std::string, std::int64_t, std::string>{
        true, path.parent_path().string(), parse_integer(path.stem().string()).value_or(-1),
        path.filename().string()};
  };
  std::ranges::stable_sort(plots, {}, place);
}

fs::path page_folder(const data::Repository& repository, const Context& context,
                     const Arguments& arguments) {
  const std::string configured = repository.config().text("plots", "out_dir");
  const auto given = arguments.text("out");
  return data_base(context) / (given ? *given : configured.empty() ? "dvc_plots" : configured);
}

void write_page(Report& report, Context& context, const Arguments& arguments,
                const data::Repository& repository, data::Plots& plots,
                const Templates& templates) {
  sort_for_page(plots.plots);
  std::vector<Figure> figures;
  std::vector<std::string> remarks;
  Table table{.key = "plots",
              .columns = {{.key = "plot", .header = "PLOT"},
                          {.key = "template", .header = "TEMPLATE"},
                          {.key = "revisions", .header = "REVISIONS"},
                          {.key = "rows", .header = "ROWS", .right = true}}};
  for (const auto& plot : plots.plots) {
    if (plot.rows.empty() && plot.images.empty()) continue;
    if (!plot.image) templates.text(plot);
    figures.push_back(figure_of(plot, remarks));
    const std::string kind =
        plot.image ? "image" : plot.text("template", data::default_plot_template);
    const auto rows = static_cast<std::int64_t>(plot.image ? plot.images.size() : plot.rows.size());
    table.add({Cell(plot.id), Cell(kind), Cell(join(plot.revisions, ", ")), Cell(Value(rows))});
  }
  for (auto& remark : remarks) report.finding(Severity::note, std::move(remark));
  if (figures.empty()) {
    report.finding(Severity::note, "there are no plots; name a file, or declare plots in dvc.yaml");
    return;
  }
  const std::string title = data_base(context).filename().string() + ": plots";
  const std::string page =
      html_figures(title, figures, {}, {.label = "revision", .figure = "plot"});
  if (arguments.text("out") == "-") {
    document(report, page);
    return;
  }
  const fs::path file = page_folder(repository, context, arguments) / "index.html";
  if (!context.globals().dry_run) write_file_atomically(file, page);
  report.table(std::move(table));
  const std::string shown = file.lexically_proximate(data_base(context)).string();
  report.answer("html", context.globals().dry_run ? "would write" : "wrote", Cell(shown));
  report.field("html_size", "size", Cell(Value(Bytes{page.size()})));
}

void report_errors(Report& report, const data::Plots& plots) {
  std::size_t failed = plots.errors.size(), drawn = 0;
  const auto tell = [&](const data::PlotError& error, const std::string& plot) {
    const std::string where = error.revision == "workspace" ? "" : " in " + error.revision;
    report.finding(Severity::warning, plot.empty()
                                          ? fmt::format("no plots{}: {}", where, error.message)
                                          : fmt::format("{}{}: {}", plot, where, error.message));
  };
  for (const auto& error : plots.errors) tell(error, "");
  for (const auto& plot : plots.plots) {
    failed += plot.errors.size();
    if (!plot.rows.empty() || !plot.images.empty()) ++drawn;
    for (const auto& error : plot.errors) tell(error, plot.id);
  }
  if (failed > 0) report.verdict(drawn > 0 ? ExitCode::partial : ExitCode::failed);
}

Report draw(Context& context, const Arguments& arguments, const std::string& schema,
            data::Repository& repository, const std::vector<std::string>& revisions,
            const std::vector<std::string>& targets) {
  std::vector<data::RevisionFiles> files;
  files.reserve(revisions.size());
  for (const auto& revision : revisions) files.emplace_back(repository, revision);
  data::Plots plots = data::read_plots(files, {.targets = targets,
                                               .properties = given_properties(arguments),
                                               .base = pipeline_base(repository, context)});
  const Templates templates(repository, data_base(context));
  if (plots.plots.empty() && plots.errors.empty() && !targets.empty() &&
      arguments.text_or("format", "html") != "dvc-json") {
    throw Error(ErrorKind::not_found,
                fmt::format("no file and no plot of dvc.yaml is called {}", quote(targets.front())),
                "'mlopsctl plots show' draws all that are declared");
  }
  Report report(schema);
  const bool vega = arguments.flag("show-vega");
  const bool dvc_json = arguments.text_or("format", "html") == "dvc-json";
  if (vega) {
    const auto plot = std::ranges::find_if(
        plots.plots, [](const data::DataPlot& one) { return !one.rows.empty(); });
    if (targets.size() != 1) {
      throw Error(ErrorKind::usage, "--show-vega needs exactly one target");
    }
    if (plot != plots.plots.end()) {
      document(report,
               python_json(data::plot_specification(*plot, templates.text(*plot)), false) + "\n");
    }
  } else if (context.globals().json || dvc_json) {
    YamlValue root = YamlValue::empty_map();
    if (!dvc_json) root.set("schema", YamlValue::of_text("mlopsctl." + schema));
    const std::optional<fs::path> folder =
        arguments.text("out") && !context.globals().dry_run
            ? std::optional(page_folder(repository, context, arguments))
            : std::nullopt;
    add_json(root, plots, templates, folder);
    document(report, python_json(dvc_json ? root : strict(std::move(root)), false) + "\n");
  } else {
    write_page(report, context, arguments, repository, plots, templates);
  }
  report_errors(report, plots);
  return report;
}

Report show_plots(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  return draw(context, arguments, "plots.show/1", repository, {"workspace"},
              arguments.positionals());
}

// As DVC's: one revision is compared with the working tree; none is HEAD where that differs.
std::vector<std::string> compared(data::Repository& repository, std::vector<std::string> given) {
  GitRepository* git = repository.git();
  if (git == nullptr) {
    throw Error(ErrorKind::not_found, "there is no git repository here, so there are no revisions",
                "'mlopsctl plots show' needs none");
  }
  if (!git->resolve("HEAD")) return {"workspace"};
  if (given.empty() && git->dirty(GitRepository::Untracked::left_out)) given.emplace_back("HEAD");
  std::vector<std::string> revisions;
  const bool named = std::ranges::find(given, "workspace") != given.end();
  if (given.size() < 2 || named) revisions.emplace_back("workspace");
  for (auto& revision : given) {
    if (std::ranges::find(revisions, revision) == revisions.end())
      revisions.push_back(std::move(revision));
  }
  return revisions;
}

Report diff_plots(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const auto revisions = compared(repository, arguments.positionals());
  return draw(context, arguments, "plots.diff/1", repository, revisions, arguments.list("targets"));
}

Report list_templates(Context&, const Arguments& arguments) {
  Report report("plots.templates/1");
  if (const auto name = arguments.positional(0)) {
    const std::string text = data::plot_template(*name);
    if (text.empty()) {
      throw Error(ErrorKind::not_found, fmt::format("there is no template {}", quote(*name)),
                  fmt::format("there are: {}", join(data::plot_templates(), ", ")));
    }
    document(report, text + "\n");
    return report;
  }
  Table table{.key = "templates", .columns = {{.key = "name", .header = "TEMPLATE"}}};
  for (const auto& name : data::plot_templates()) table.add({Cell(name)});
  report.table(std::move(table));
  return report;
}

std::vector<OptionSpec> drawing_options() {
  return {
      {.name = "template",
       .value = "NAME",
       .help = "How it is drawn: a name of 'plots templates', or a file",
       .letter = 't',
       .complete = Complete::plot_template,
       .default_text = "linear"},
      {.name = "x",
       .value = "FIELD",
       .help = "Field for the x axis",
       .letter = 'x',
       .default_text = "the number of the row"},
      {.name = "y",
       .value = "FIELD",
       .help = "Field for the y axis",
       .letter = 'y',
       .default_text = "the last field"},
      {.name = "title", .value = "TEXT", .help = "Title of the plots"},
      {.name = "x-label", .value = "TEXT", .help = "Label of the x axis"},
      {.name = "y-label", .value = "TEXT", .help = "Label of the y axis"},
      {.name = "no-header", .help = "CSV and TSV files have no header; fields are 0, 1 and so on"},
      {.name = "out",
       .value = "DIR",
       .help = "Folder for index.html, or for the images of JSON; - for standard output",
       .letter = 'o',
       .complete = Complete::directory,
       .default_text = "dvc_plots"},
      {.name = "format",
       .value = "FORMAT",
       .help = "A page, or the JSON that DVC's --json prints",
       .choices = {"html", "dvc-json"},
       .default_text = "html"},
      {.name = "show-vega", .help = "Print the Vega-Lite text of one target"}};
}

std::vector<ExitCode> drawing_codes() {
  return {ExitCode::done, ExitCode::failed, ExitCode::usage, ExitCode::partial};
}

}  // namespace

CommandSpec plots_show() {
  return {
      .path = "plots show",
      .summary = "Draw the plots of the pipelines on a page",
      .description =
          "Draws what stages and the top of dvc.yaml declare as plots, or the named files: CSV, "
          "TSV, JSON and YAML as curves, points, bars or confusion matrices; PNG, JPEG, GIF and "
          "SVG as they are. The page is one file that needs nothing else, light and dark, with "
          "values under the pointer. Files that only the cache has are read from there.\n\n"
          "--json has what DVC's --json has: each plot as Vega-Lite, each image as a URL.",
      .examples = {{"mlopsctl plots show", "Everything that is declared, in dvc_plots/index.html"},
                   {"mlopsctl plots show logs.csv -x epoch -y loss -t smooth", "A file"},
                   {"mlopsctl plots show predictions.csv -t confusion -x actual -y predicted",
                    "A confusion matrix"}},
      .options = drawing_options(),
      .positionals = {{.name = "TARGET",
                       .help = "A file, or the name of a plot in dvc.yaml; all if none is named",
                       .least = 0,
                       .many = true,
                       .complete = Complete::file}},
      .exit_codes = drawing_codes(),
      .run = show_plots};
}

CommandSpec plots_diff() {
  CommandSpec spec{
      .path = "plots diff",
      .summary = "Lay the plots of several revisions over each other",
      .description =
          "One revision is compared with the working tree; without any, HEAD is, if something "
          "differs. Each revision has a colour; confusion matrices and images stand side by side.",
      .examples = {{"mlopsctl plots diff", "HEAD and the working tree"},
                   {"mlopsctl plots diff v1 v2 --targets logs.csv", "One file of two tags"},
                   {"mlopsctl plots diff main --format dvc-json",
                    "For scripts that read DVC's JSON"}},
      .options = drawing_options(),
      .positionals = {{.name = "REV",
                       .help = "Revision, or 'workspace'",
                       .least = 0,
                       .many = true,
                       .complete = Complete::revision}},
      .exit_codes = drawing_codes(),
      .run = diff_plots};
  spec.options.insert(spec.options.begin(), {.name = "targets",
                                             .value = "TARGET",
                                             .help = "Only this file, or plot of dvc.yaml",
                                             .repeatable = true,
                                             .complete = Complete::file});
  return spec;
}

CommandSpec plots_templates() {
  return {.path = "plots templates",
          .summary = "List the templates of plots, or print one as Vega-Lite",
          .description = "The templates are DVC's. A file of .dvc/plots with the same name wins.",
          .examples = {{"mlopsctl plots templates", "Names"},
                       {"mlopsctl plots templates confusion > .dvc/plots/mine.json",
                        "A start for one of your own"}},
          .options = {},
          .positionals = {{.name = "NAME",
                           .help = "Template to print",
                           .least = 0,
                           .complete = Complete::plot_template}},
          .run = list_templates};
}

}  // namespace mlopsctl::commands

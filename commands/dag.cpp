// dag: the graph of the pipelines.
#include "mlopsctl/data/dag.hpp"

#include "commands/commands.hpp"
#include "commands/pipeline_arguments.hpp"

namespace mlopsctl::commands {

namespace {

Report as_json(const data::Dag& dag) {
  Report report("dag/1");
  Table nodes{.key = "nodes", .columns = {{.key = "name", .header = "NAME"}}};
  for (const auto& node : dag.nodes) nodes.add({Cell(node)});
  Table edges{.key = "edges",
              .columns = {{.key = "from", .header = "FROM"}, {.key = "to", .header = "TO"}}};
  for (const auto& [from, to] : dag.edges) edges.add({Cell(dag.nodes[from]), Cell(dag.nodes[to])});
  report.table(std::move(nodes));
  report.table(std::move(edges));
  return report;
}

Report run_dag(Context& context, const Arguments& arguments) {
  data::Repository repository = open_repository(context);
  const data::Pipelines pipelines = data::Pipelines::load(repository);
  const data::Dag dag = data::dag_of(pipelines, {.base = pipeline_base(repository, context),
                                                 .targets = arguments.positionals(),
                                                 .full = arguments.flag("full"),
                                                 .outs = arguments.flag("outs")});
  if (context.globals().json) return as_json(dag);
  std::string text;
  if (arguments.flag("dot")) {
    text = data::dot_text(dag);
  } else if (arguments.flag("md")) {
    text = "```mermaid\n" + data::mermaid_text(dag) + "\n```\n";
  } else if (arguments.flag("mermaid")) {
    text = data::mermaid_text(dag) + "\n";
  } else {
    text = data::tree_text(dag, context.terminal().unicode);
  }
  Report report("dag/1");
  report.document([text](const ByteSink& sink) { sink(text); });
  return report;
}

}  // namespace

CommandSpec dag() {
  return {
      .path = "dag",
      .summary = "Show how the stages depend on each other",
      .description =
          "Draws a tree for each stage that nothing depends on, with what it reads below it. --dot "
          "and --mermaid write the whole graph for Graphviz and for Mermaid, as DVC does; --md "
          "puts "
          "Mermaid into a Markdown block, which GitHub and GitLab show as a picture.",
      .examples = {{"mlopsctl dag", "Everything, as trees"},
                   {"mlopsctl dag evaluate --outs", "The files that lead to one stage"},
                   {"mlopsctl dag --dot | dot -Tsvg > dag.svg", "A picture"},
                   {"mlopsctl dag --md >> README.md", "A picture in a README"}},
      .options = {{.name = "dot", .help = "For Graphviz"},
                  {.name = "mermaid", .help = "For Mermaid"},
                  {.name = "md", .help = "Mermaid in a Markdown block"},
                  {.name = "outs", .help = "Outputs instead of stages"},
                  {.name = "full", .help = "Also what depends on the named stages"}},
      .positionals = {stages_positional("Stage or output; everything if none is named")},
      .run = run_dag};
}

}  // namespace mlopsctl::commands

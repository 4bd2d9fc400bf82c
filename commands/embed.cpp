// embed: hidden states of texts, as drift checks read them.
#include "mlopsctl/base/text.hpp"
#include "mlopsctl/engine/engine.hpp"
#include "mlopsctl/formats/json_document.hpp"
#include "mlopsctl/formats/npy.hpp"
#include "mlopsctl/platform/files.hpp"
#include "mlopsctl/tokenizer/tokenizer.hpp"

#include "commands/commands.hpp"
#include "commands/eval_target.hpp"
#include "commands/eval_view.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace mlopsctl::commands {

namespace {

constexpr std::size_t texts_at_once = 1024;

// Texts of a file: its lines, or a field of each JSON object.
std::vector<std::string> texts_of(const std::string& file,
                                  const std::optional<std::string>& field) {
  const std::string source = file == "-" ? "standard input" : quoted_path(file);
  const std::string text = read_input(file);
  std::vector<std::string> texts;
  std::vector<std::string> lines = split(text, '\n');
  if (!lines.empty() && lines.back().empty()) lines.pop_back();
  if (!field) return lines;
  const JsonPath path = JsonPath::parse(*field);
  JsonDocument document;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    if (trim(lines[i]).empty()) continue;
    const std::string problem = document.parse(lines[i]);
    const auto found = problem.empty() ? document.text_at(path) : std::nullopt;
    if (!found) {
      throw Error(ErrorKind::corrupt,
                  fmt::format("line {} of {}: {}", i + 1, source,
                              problem.empty() ? "has no text at " + quote(*field) : problem));
    }
    texts.emplace_back(*found);
  }
  return texts;
}

struct Embedder {
  Tokenizer tokenizer;
  std::unique_ptr<Engine> engine;

  // The text's first tokens, as many as the model can see; one at least.
  std::vector<std::int32_t> tokens(const std::string& text, std::size_t most,
                                   std::size_t& cut) const {
    std::vector<std::int32_t> ids = tokenizer.encode(text, true);
    if (ids.empty()) {
      const auto prefix = tokenizer.bos() ? tokenizer.bos() : tokenizer.eos();
      if (!prefix) {
        throw Error(ErrorKind::usage, "a text is empty, and the model has no token that begins one",
                    "leave empty lines out");
      }
      ids = {*prefix};
    }
    if (ids.size() > most) {
      ids.resize(most);
      ++cut;
    }
    return ids;
  }
};

void append_rows(std::string& bytes, const std::vector<std::vector<float>>& rows) {
  for (const auto& row : rows) {
    bytes.append(reinterpret_cast<const char*>(row.data()), row.size() * sizeof(float));
  }
}

Report embed_texts(Context& context, const Arguments& arguments) {
  const auto output = arguments.text("output");
  if (!output) throw Error(ErrorKind::usage, "embed needs --output FILE.npy");
  const auto &model = arguments.positionals()[0], &file = arguments.positionals()[1];
  const LocalOptions options = local_options(arguments, model);
  const auto texts = texts_of(file, arguments.text("field"));
  if (texts.empty()) {
    throw Error(ErrorKind::corrupt, fmt::format("{} has no texts", quoted_path(file)));
  }
  Embedder embedder{Tokenizer::load(model),
                    make_engine(Checkpoint::open(model, options.adapter), options.engine)};
  const ModelConfig& config = embedder.engine->config();
  const std::size_t most = options.max_length > 0
                               ? std::min<std::size_t>(options.max_length, config.max_positions)
                               : config.max_positions;
  const Pooling pooling =
      arguments.text_or("pooling", "mean") == "last" ? Pooling::last : Pooling::mean;
  std::string bytes = npy_header(texts.size(), config.width);
  std::size_t cut = 0;
  for (std::size_t begin = 0; begin < texts.size(); begin += texts_at_once) {
    std::vector<std::vector<std::int32_t>> sequences;
    for (std::size_t i = begin; i < std::min(begin + texts_at_once, texts.size()); ++i) {
      sequences.push_back(embedder.tokens(texts[i], most, cut));
    }
    append_rows(bytes, embedder.engine->embed(sequences, pooling, context.progress()));
  }
  if (!context.globals().dry_run) write_file_atomically(*output, bytes);
  Report report("embed/1");
  report.field("texts", "texts", count_cell(texts.size()));
  report.field("width", "width", count_cell(config.width));
  report.field("engine", "engine", Cell(embedder.engine->name()));
  report.field("output", "wrote", Cell(*output));
  if (cut > 0) {
    report.finding(Severity::note,
                   fmt::format("{} texts are longer than {} tokens: their beginnings "
                               "were taken",
                               cut, most));
  }
  report.next(fmt::format("mlopsctl drift profile {}", *output));
  return report;
}

}  // namespace

CommandSpec embed() {
  std::vector<OptionSpec> options{
      {.name = "output",
       .value = "FILE",
       .help = "The .npy file, float32, a row for each text",
       .letter = 'o',
       .complete = Complete::file},
      {.name = "pooling",
       .value = "HOW",
       .help = "A text's row: the mean over its tokens, or its last token's",
       .choices = {"mean", "last"},
       .default_text = "mean"},
      {.name = "field",
       .value = "PATH",
       .help = "The texts are at this path of JSON lines: prompt, messages[-1].content"}};
  for (OptionSpec& option : model_options()) options.push_back(std::move(option));
  return {.path = "embed",
          .summary = "Turn texts into a model's hidden states, for drift checks",
          .description =
              "Runs each text through a language model and writes the hidden states of its last "
              "layer, after the final norm, as one row of a NumPy file: what 'drift check' "
              "compares when the meaning of texts may have changed.",
          .examples = {{"mlopsctl embed model prompts.txt -o today.npy", "One text a line"},
                       {"mlopsctl embed model log.jsonl --field prompt -o today.npy --pooling last",
                        "Prompts of a log"},
                       {"mlopsctl drift check before.npy today.npy", "Have they drifted?"}},
          .options = std::move(options),
          .positionals = {{.name = "MODEL",
                           .help = "A folder of Hugging Face",
                           .complete = Complete::directory},
                          {.name = "FILE",
                           .help = "Texts, one a line; - for standard input",
                           .complete = Complete::file}},
          .run = embed_texts};
}

}  // namespace mlopsctl::commands

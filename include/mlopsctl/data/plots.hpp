// Plots of a repository: what dvc.yaml files, stages and targets declare as plots, read at several
// revisions and laid over each other. Which definitions make a plot, how x and y are inferred, and
// how rows of several files are joined follows DVC 3.64 (dvc/repo/plots, dvc/render).
#pragma once

#include "mlopsctl/data/revision.hpp"
#include "mlopsctl/formats/yaml_value.hpp"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mlopsctl::data {

struct PlotRequest {
  std::vector<std::string> targets;  // files as seen from `base`, or ids; empty: all that are
                                     // declared
  YamlValue properties;  // x, y, x_label, y_label, title, template, header: wins over dvc.yaml
  std::string base;      // the folder that ids are relative to, itself relative to the root
};

// Why a file or a definition of one revision is left out.
struct PlotError {
  std::string revision;
  std::string source;  // the file; empty: the definition itself
  std::string type;    // as DVC calls it: "FileNotFoundError"
  std::string message;
};

struct PlotImage {
  std::string revision;
  std::string file;   // as seen from the base
  std::string bytes;  // as they are in the file
};

// One plot over all revisions: rows to draw, or images.
struct DataPlot {
  std::string id;
  bool image = false;
  // As DVC hands them to its templates: x and y are names of fields of `rows`, labels and title
  // are always there once there are rows.
  YamlValue properties = YamlValue::empty_map();
  std::vector<std::string> revisions;  // that have rows, in the order asked for
  std::vector<YamlValue> rows;         // maps: the fields of the file, then rev, filename and field
  std::vector<std::pair<std::string, std::string>> sources;  // (filename, field) of each y
  std::vector<PlotImage> images;
  std::vector<PlotError> errors;

  // A text property, or `fallback`.
  std::string text(std::string_view property, std::string_view fallback = "") const;
};

struct Plots {
  std::vector<DataPlot> plots;
  std::vector<PlotError> errors;  // of whole revisions
};

// Reads what is declared in each of the revisions. Problems of single files and revisions end up in
// the result.
Plots read_plots(std::span<RevisionFiles> revisions, const PlotRequest& request);

// Names of the templates that are built in, in DVC's order; the Vega-Lite text of one of them,
// empty if there is none of this name.
std::vector<std::string> plot_templates();
std::string plot_template(std::string_view name);
constexpr std::string_view default_plot_template = "linear";

// The Vega-Lite specification of a plot with rows. `template_text` is the JSON of its template.
// Throws Error{config} for a template that is no JSON object or does not take data, and for
// fields that no row has.
YamlValue plot_specification(const DataPlot& plot, std::string_view template_text);

}  // namespace mlopsctl::data

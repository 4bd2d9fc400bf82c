#include "mlopsctl/base/text.hpp"
#include "mlopsctl/ui/figures.hpp"

#include "ui/page_assets.hpp"
#include "ui/plot_data.hpp"

#include <kainjow/mustache.hpp>

namespace mlopsctl {

namespace {

std::string page(const std::string& title, const PlotPageData& data, const PlotOptions& options,
                 const PageNouns& nouns) {
  namespace mustache = kainjow::mustache;
  mustache::data values;
  auto put = [&](const std::string& name, std::string_view text) {
    values.set(name, mustache::data(std::string(text)));
  };
  put("title", printable(title));
  put("style", assets::plot_style);
  put("style_sha256", assets::plot_style_sha256);
  put("math", assets::plot_math);
  put("math_sha256", assets::plot_math_sha256);
  put("dom", assets::page_dom);
  put("dom_sha256", assets::page_dom_sha256);
  put("script", assets::plot_script);
  put("script_sha256", assets::plot_script_sha256);
  put("controls", assets::plot_controls);
  put("controls_sha256", assets::plot_controls_sha256);
  values.set("more_figures", !data.only_lines());
  values.set("pictures", data.pictures());
  put("figures", assets::plot_figures);
  put("figures_sha256", assets::plot_figures_sha256);
  put("data", data.document(options, nouns));
  mustache::mustache page{std::string(assets::plot_page)};
  return page.render(values);
}

}  // namespace

std::string html_plot(const std::string& title, std::span<const Chart> charts,
                      const PlotOptions& options) {
  PlotPageData data;
  for (const Chart& chart : charts) data.add(chart);
  return page(title, data, options, {});
}

std::string html_figures(const std::string& title, std::span<const Figure> figures,
                         const PlotOptions& options, const PageNouns& nouns) {
  PlotPageData data;
  for (const Figure& figure : figures) {
    std::visit([&](const auto& one) { data.add(one); }, figure);
  }
  return page(title, data, options, nouns);
}

}  // namespace mlopsctl

#include "tests/bench/svg_plot.h"

#include <algorithm>
#include <cmath>
#include <fstream>

namespace rocketmq::bench {
namespace {

constexpr double kWidth = 1000;
constexpr double kHeight = 300;
constexpr double kLeft = 60;
constexpr double kTop = 20;
constexpr int kDecades = 5;

double yOf(double us) {
  const double decades = std::clamp(std::log10(std::max(us, 1.0)), 0.0, double{kDecades});
  return kTop + kHeight * (1 - decades / kDecades);
}

void writeScale(std::ofstream& out) {
  static constexpr const char* kNames[] = {"1 us", "10 us", "100 us", "1 ms", "10 ms", "100 ms"};
  double us = 1;
  for (const char* name : kNames) {
    out << "<line x1='" << kLeft << "' x2='" << kLeft + kWidth << "' y1='" << yOf(us) << "' y2='"
        << yOf(us) << "' stroke='#ccc'/><text x='5' y='" << yOf(us) + 4 << "'>" << name
        << "</text>\n";
    us *= 10;
  }
}

}  // namespace

bool writeLatencySvg(const std::string& path, const std::vector<double>& worst_us, int step_ms) {
  std::ofstream out(path);
  out << "<svg xmlns='http://www.w3.org/2000/svg' width='" << kLeft + kWidth + 20 << "' height='"
      << kTop + kHeight + 40 << "' font-family='sans-serif' font-size='12'>\n";
  writeScale(out);
  const double step = kWidth / static_cast<double>(std::max<size_t>(worst_us.size(), 1));
  out << "<path stroke='#c33' fill='none' d='";
  for (size_t i = 0; i < worst_us.size(); ++i) {
    out << "M" << kLeft + step * static_cast<double>(i) << "," << yOf(1) << "V" << yOf(worst_us[i]);
  }
  out << "'/>\n<text x='" << kLeft << "' y='" << kTop + kHeight + 25
      << "'>longest append latency in each " << step_ms << " ms of "
      << static_cast<double>(worst_us.size()) * step_ms / 1000 << " s</text>\n</svg>\n";
  return out.flush().good();
}

}  // namespace rocketmq::bench

#include "twins/estimation.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace gridtwin {

namespace {

/// Whether half hours with a value are enough of all that there should be.
bool covers(const shape_totals& totals, int days, int percent) noexcept {
  return std::int64_t{totals.half_hours} * 100 >= std::int64_t{days} * periods_per_day * percent;
}

/// Tries the rungs for one half hour after the other.
class ladder {
public:
  ladder(const estimation_subject& subject, const estimation_facts& facts, const estimation_settings& settings,
         history_calendar& calendar)
    : subject_(subject), facts_(facts), settings_(settings), calendar_(calendar),
      windows_(facts, {settings.register_window_days, subject.largest_wh,
                       settings.register_over_history ? &calendar : nullptr}) {}

  /// `p` has nothing that is settled as it was received.
  estimate at(period p) {
    estimate out;
    out.period = p;
    std::uint8_t reason = facts_.refused_at(p) ? settings_.reason_invalid : settings_.reason_missing;
    if (!facts_.energised_at(p)) {
      out.method = estimation_method::de_energised;
      reason = settings_.reason_de_energised;
    } else {
      out.content.wh = climb(p, out);
    }
    out.content.quality = settings_.code_of(quality_family_of(subject_.segment, subject_.quantity), out.method);
    out.content.reasons.estimation = reason;
    return out;
  }

private:
  std::int64_t climb(period p, estimate& out) {
    for (const estimation_method method : settings_.order) {
      out.method = method;
      if (const auto wh = rung(method, p, out))
        return *wh;
    }
    out.method = estimation_method::default_value;
    return settings_.default_wh[index_of(subject_.type)];
  }

  std::optional<std::int64_t> rung(estimation_method method, period p, estimate& out) {
    switch (method) {
    case estimation_method::register_advance:
      return from_register(p, out);
    case estimation_method::supplier_annual:
      return from_annual(annual_source::supplier, p, out);
    case estimation_method::central_annual:
      return from_annual(annual_source::central, p, out);
    case estimation_method::own_history:
      return from_history(p, out);
    case estimation_method::shape_mean:
      return from_shape(p, out);
    case estimation_method::default_value:
      return settings_.default_wh[index_of(subject_.type)];
    case estimation_method::de_energised:
      break; // no rung
    }
    return std::nullopt;
  }

  static void note(estimate& out, estimation_exception what) {
    if (std::find(out.exceptions.begin(), out.exceptions.end(), what) == out.exceptions.end())
      out.exceptions.push_back(what);
  }

  std::optional<std::int64_t> from_register(period p, estimate& out) {
    const register_window* const window = windows_.around(p);
    if (window == nullptr)
      return std::nullopt;
    if (window->fault) {
      note(out, *window->fault);
      return std::nullopt;
    }
    const auto wh = window->share_of(p);
    if (wh) {
      const auto half_hours = static_cast<std::uint32_t>(window->shares.size());
      const bool by_shape = window->by_history < half_hours;
      out.inputs = register_inputs{window->first,
                                   window->last,
                                   window->actual_wh,
                                   window->received_wh,
                                   half_hours,
                                   window->by_history,
                                   std::string(by_shape ? facts_.shape_version() : "")};
    }
    return wh;
  }

  /// The latest figure of the source that holds at a settlement date.
  const annual_figure* figure_at(annual_source source, const civil_date& date) const {
    const annual_figure* found = nullptr;
    for (const annual_figure& figure : facts_.annual_figures())
      if (figure.source == source && figure.from <= date && (found == nullptr || found->from <= figure.from))
        found = &figure;
    if (found != nullptr && source == annual_source::supplier
        && days_from_civil(date) - days_from_civil(found->from) >= settings_.supplier_annual_days)
      return nullptr;
    return found;
  }

  std::optional<std::int64_t> from_annual(annual_source source, period p, estimate& out) {
    const annual_figure* const figure = figure_at(source, to_settlement_period(p).date);
    if (figure == nullptr)
      return std::nullopt;
    const shape_value shape = facts_.shape_at(p);
    shape_totals total = facts_.annual_shape_totals(p.day());
    const bool annual = covers(total, annual_days, settings_.annual_total_percent) && total.total_wh() > 0;
    if (!annual)
      total = facts_.seven_day_shape_totals(p.day());
    const bool weekly = covers(total, rolling_days, settings_.seven_day_total_percent) && total.total_wh() > 0;
    if (shape.flag == shape_flag::no_data || (!annual && !weekly)) {
      note(out, estimation_exception::annual_without_shape);
      return std::nullopt;
    }
    const auto wh = annual ? scale_by_annual(shape.wh, figure->consumption, total)
                           : scale_by_seven_days(shape.wh, figure->consumption, total);
    if (!wh || *wh > subject_.largest_wh) {
      note(out, estimation_exception::annual_out_of_bounds);
      return std::nullopt;
    }
    out.inputs = annual_inputs{*figure, shape.wh, total.total_wh(),
                               annual ? shape_total_kind::annual : shape_total_kind::seven_days,
                               std::string(facts_.shape_version())};
    return wh;
  }

  std::optional<std::int64_t> from_history(period p, estimate& out) const {
    auto mean = mean_of_history(p, facts_, calendar_);
    if (!mean)
      return std::nullopt;
    const std::int64_t wh = mean->wh;
    out.inputs = std::move(*mean);
    return wh;
  }

  std::optional<std::int64_t> from_shape(period p, estimate& out) const {
    const shape_value shape = facts_.shape_at(p);
    if (shape.flag == shape_flag::no_data)
      return std::nullopt;
    out.inputs = shape_inputs{shape, std::string(facts_.shape_version())};
    return shape.wh;
  }

  const estimation_subject& subject_;
  const estimation_facts& facts_;
  const estimation_settings& settings_;
  history_calendar& calendar_;
  register_windows windows_;
};

std::string text_of(const register_read& read) { return format_instant(read.at_s) + ':' + std::to_string(read.wh); }

/// Each alternative of the inputs as text.
struct inputs_text {
  std::string operator()(const std::monostate&) const { return {}; }

  std::string operator()(const register_inputs& in) const {
    return "read_from=" + text_of(in.first) + " read_to=" + text_of(in.last) + " actual_wh="
           + std::to_string(in.actual_wh) + (in.received_wh > 0 ? " received_wh=" + std::to_string(in.received_wh) : "")
           + " half_hours=" + std::to_string(in.half_hours)
           + (in.by_history > 0 ? " by_history=" + std::to_string(in.by_history) : "")
           + (in.by_history < in.half_hours ? version(in.shape_version) : "");
  }

  std::string operator()(const annual_inputs& in) const {
    const annual_figure& figure = in.figure;
    return std::string("annual=") + (figure.source == annual_source::supplier ? "SNAC:" : "ECS:")
           + std::to_string(figure.consumption.wh) + " from=" + format_date(figure.from) + " shape_wh="
           + std::to_string(in.shape_wh) + (in.total == shape_total_kind::annual ? " total=annual:" : " total=7-days:")
           + std::to_string(in.total_wh) + version(in.shape_version);
  }

  std::string operator()(const history_mean& in) const {
    std::string out = in.same_kind ? "days=same-kind:" : "days=all:";
    for (std::size_t i = 0; i < in.days.size(); ++i)
      out += (i == 0 ? "" : ";") + format_date(in.days[i]);
    return out;
  }

  std::string operator()(const shape_inputs& in) const {
    return "shape_wh=" + std::to_string(in.value.wh) + " flag=" + static_cast<char>(in.value.flag)
           + version(in.shape_version);
  }

private:
  static std::string version(const std::string& text) { return " shape=" + text; }
};

} // namespace

std::string to_string(const estimate_inputs& inputs) { return std::visit(inputs_text{}, inputs); }

std::vector<estimate> estimate_missing(const estimation_subject& subject, std::span<const period> wanted,
                                       const estimation_facts& facts, const estimation_settings& settings,
                                       history_calendar& calendar) {
  std::vector<period> periods(wanted.begin(), wanted.end());
  std::sort(periods.begin(), periods.end());
  periods.erase(std::unique(periods.begin(), periods.end()), periods.end());
  ladder rungs(subject, facts, settings, calendar);
  std::vector<estimate> out;
  for (const period p : periods)
    if (!facts.actual_at(p) && !facts.received_estimate_at(p))
      out.push_back(rungs.at(p));
  return out;
}

} // namespace gridtwin

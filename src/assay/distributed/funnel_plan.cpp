#include "assay/distributed/funnel_plan.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

namespace assay::distributed {
namespace {

// Why this is exact. An attempt is a choice of distinct events for steps 1..j at times that do not
// fall, and splits into stretches of steps i+1..j served at one instant. Events of two instants are
// distinct of themselves; inside an instant a stretch can be served by distinct events if and only
// if every set of its steps meets at least as many events as it has steps (Hall 1935), and it is
// enough to ask that of all steps of a set of classes, group by group, as other sets are weaker.
// Of all attempts at steps 1..j that end before an instant only the latest start matters: it is
// the last to leave the window. So with
//   gain_j(row) = the latest start of an attempt at 1..j that ends at the row's instant,
//   best_j(row) = the latest gain_j of the rows before,
// gain_j is the instant itself where all of 1..j are served here, else the largest best_i within
// the window for which i+1..j are served here. Rows are instants, so no order inside one is needed.

using sql::Op;

sql::Expression at_least(const std::string& column, std::size_t least) {
  return sql::compare(Op::greater_or_equal, sql::column(column),
                      sql::value(static_cast<std::int64_t>(least)));
}

class FunnelBuilder {
 public:
  FunnelBuilder(const FunnelEvents& events, const FunnelClasses& classes, std::int64_t window_us,
                const std::string& prefix, sql::Plan& plan)
      : events_(events),
        classes_(classes),
        window_us_(window_us),
        prefix_(prefix),
        plan_(plan),
        steps_(classes.of_step.size()) {}

  sql::Input build() {
    sql::Input rows = instants();
    for (std::size_t j = 1; j <= steps_; ++j) rows = add_step(j, rows);
    return depths(rows);
  }

 private:
  /// Counts of events that meet any class of a set, for every set of classes of one group.
  sql::Input instants() {
    sql::Select select;
    select.outputs = {{"unit", sql::column("unit")}, {"time_us", sql::column("time_us")}};
    for (const std::vector<std::size_t>& group : classes_.groups) {
      for (std::size_t set = 1; set < (std::size_t{1} << group.size()); ++set) {
        std::vector<sql::Expression> any;
        for (std::size_t i = 0; i < group.size(); ++i) {
          if ((set >> i & 1U) != 0) any.push_back(sql::column(events_.flags[group[i]]));
        }
        const std::string name = set_name(group, set);
        carried_.push_back(name);
        select.outputs.push_back({name, sql::count_rows(sql::either(std::move(any)))});
      }
    }
    select.from = {events_.rows};
    select.group_by = {sql::column("unit"), sql::column("time_us")};
    return plan_.add(prefix_ + "instants", std::move(select));
  }

  static std::string set_name(const std::vector<std::size_t>& group, std::size_t set) {
    std::string name = "n";
    for (std::size_t i = 0; i < group.size(); ++i) {
      if ((set >> i & 1U) != 0) name += fmt::format("_{}", group[i] + 1);
    }
    return name;
  }

  /// True where distinct events of the instant can serve steps first+1..last.
  sql::Expression served(std::size_t first, std::size_t last) const {
    std::vector<std::size_t> wanted(classes_.step_of.size(), 0);
    for (std::size_t step = first; step < last; ++step) ++wanted[classes_.of_step[step]];
    std::vector<sql::Expression> all;
    for (const std::vector<std::size_t>& group : classes_.groups) {
      for (std::size_t set = 1; set < (std::size_t{1} << group.size()); ++set) {
        std::size_t steps = 0;
        bool has_idle = false;  // A set without its idle classes asks for more.
        for (std::size_t i = 0; i < group.size(); ++i) {
          if ((set >> i & 1U) == 0) continue;
          steps += wanted[group[i]];
          has_idle = has_idle || wanted[group[i]] == 0;
        }
        if (!has_idle) all.push_back(at_least(set_name(group, set), steps));
      }
    }
    return sql::both(std::move(all));
  }

  /// gain_j over the columns that the steps before left.
  sql::Expression gain(std::size_t j) const {
    const sql::Expression time = sql::column("time_us");
    std::vector<sql::Expression> before;
    for (std::size_t i = 1; i < j; ++i) {
      const sql::Expression best = sql::column(fmt::format("best_{}", i));
      const sql::Expression inside =
          sql::compare(Op::less_or_equal, sql::subtract(time, best), sql::value(window_us_));
      before.push_back(
          sql::when({{sql::both({inside, served(i, j)}), best}}, sql::missing(sql::Type::int64)));
    }
    sql::Expression later = sql::missing(sql::Type::int64);
    if (before.size() == 1) later = before.front();
    if (before.size() > 1) later = sql::greatest(std::move(before));
    return sql::when({{served(0, j), time}}, later);
  }

  sql::Input add_step(std::size_t j, const sql::Input& rows) {
    sql::Select select;
    select.outputs = {{"unit", sql::column("unit")}, {"time_us", sql::column("time_us")}};
    for (const std::string& name : carried_) select.outputs.push_back({name, sql::column(name)});
    select.outputs.push_back({fmt::format("gain_{}", j), gain(j)});
    carried_.push_back(fmt::format("gain_{}", j));
    if (j < steps_) {
      sql::Window window;
      window.partition = {sql::column("unit")};
      window.order = {{sql::column("time_us"), false}};
      window.before_current = true;
      select.outputs.push_back(
          {fmt::format("best_{}", j),
           sql::over(sql::aggregate(Op::maximum, gain(j)), std::move(window))});
      carried_.push_back(fmt::format("best_{}", j));
    }
    select.from = {rows};
    return plan_.add(fmt::format("{}step_{}", prefix_, j), std::move(select));
  }

  sql::Input depths(const sql::Input& rows) {
    std::vector<sql::Case> cases;
    for (std::size_t j = steps_; j >= 1; --j) {
      cases.push_back({sql::is_known(sql::column(fmt::format("gain_{}", j))),
                       sql::value(static_cast<std::int64_t>(j))});
    }
    const sql::Expression time = sql::column("time_us");
    const sql::Expression start = sql::column(fmt::format("gain_{}", steps_));
    sql::Select select;
    select.outputs = {
        {"unit", sql::column("unit")},
        {"depth",
         sql::aggregate(Op::maximum, sql::when(std::move(cases), sql::value(std::int64_t{0})))},
        {"taken_us", sql::first_by(sql::subtract(time, start), {time}, sql::is_known(start))}};
    select.from = {rows};
    select.group_by = {sql::column("unit")};
    return plan_.add(prefix_ + "depths", std::move(select));
  }

  const FunnelEvents& events_;
  const FunnelClasses& classes_;
  std::int64_t window_us_;
  const std::string& prefix_;
  sql::Plan& plan_;
  std::size_t steps_;
  std::vector<std::string> carried_;  ///< Columns that the next step hands on.
};

}  // namespace

sql::Input add_funnel(const FunnelEvents& events, const FunnelClasses& classes,
                      std::int64_t window_us, const std::string& prefix, sql::Plan& plan) {
  return FunnelBuilder(events, classes, window_us, prefix, plan).build();
}

}  // namespace assay::distributed

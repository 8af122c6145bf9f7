#pragma once

#include <optional>
#include <string>
#include <vector>

#include "assay/base/result.hpp"
#include "assay/distributed/compile.hpp"
#include "assay/distributed/moment_columns.hpp"

/// Pieces that the plans of several queries are made of.
namespace assay::distributed {

/// Adds the words of a selector's, filter's or term's properties to a list, each once.
void add_words(const engine::EventSelector& selector, std::vector<std::string>& words);
void add_words(const frame::Predicate& predicate, std::vector<std::string>& words);
void add_words(const engine::Term& term, std::vector<std::string>& words);

/// Whether an event is meant; never missing.
sql::Expression flag(const engine::EventSelector& selector, const EventTable& table);

/// Which events meet any of some selectors, for Scan::where; none when that is every event. Event
/// names stand in front, alone, where an engine can skip by them.
std::optional<sql::Expression> met_by_any(
    const std::vector<const engine::EventSelector*>& selectors, const EventTable& table);

/// The column of sum and max as float64; missing for other aggregations.
sql::Expression value_of_term(const engine::Term& term, const EventTable& table);

/// The aggregate of a term over rows of one unit, as float64, never missing. `meant` is the term's
/// flag (and whatever else a row must pass), `value` its value, `day` the local day of the row.
sql::Expression fold(const engine::Term& term, const sql::Expression& meant,
                     const sql::Expression& value, const sql::Expression& day);

/// A whole number of an answer. Fails with internal when there is none.
Result<std::int64_t> whole_at(const frame::Table& rows, const std::string& name, std::size_t row);

/// Shifts of one group of moments.
std::vector<double> shifts_of(const Shifts& shifts, std::size_t group);

/// Moments of all rows together; merged before shifts are put back, so that nothing cancels.
Result<numerics::CoMoments> read_all_moments(const frame::Table& rows,
                                             const MomentColumns& columns);

}  // namespace assay::distributed

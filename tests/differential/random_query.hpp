#pragma once

#include "assay/engine/query.hpp"
#include "random_world.hpp"

namespace assay::differential {

/// Queries over a random world: filters of every kind, small windows, overlapping steps.
engine::ActiveUsersQuery random_active_users(Dice& dice, const World& world);
engine::RetentionQuery random_retention(Dice& dice, const World& world);
engine::FunnelQuery random_funnel(Dice& dice, const World& world);
engine::SessionsQuery random_sessions(Dice& dice, const World& world);
engine::ExperimentQuery random_experiment(Dice& dice, const World& world);
engine::UnitTotalsQuery random_unit_totals(Dice& dice, const World& world);
engine::SeriesQuery random_series(Dice& dice, const World& world);
engine::UnitTableQuery random_unit_table(Dice& dice, const World& world);

}  // namespace assay::differential

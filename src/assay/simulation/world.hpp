#pragma once

#include <functional>

#include "assay/base/progress.hpp"
#include "assay/base/result.hpp"
#include "assay/frame/table.hpp"
#include "assay/simulation/config.hpp"
#include "assay/simulation/truth.hpp"

namespace assay::simulation {

/// Takes the events received on one local day, sorted by (received_at, insert_id). Called in
/// order of days, from one thread; the table lives only during the call. After the last day of
/// the experiment a few more days bring the late events. A failure ends the simulation.
///
///   insert_id    int64    one a logical event; a duplicate repeats it
///   user_id      int64    from 1
///   session_id   int64    one a session
///   event        text     app_open feed_open video_watch like share hide report post_video
///                         ad_impression ad_click purchase crash signup experiment_assigned
///   ts           time_us  device clock (wrong for skewed users)
///   received_at  time_us  server clock
///   seq          int64    1, 2, ... in the session
///   country, device, app_version, new_user   text
///   video_id     int64    video_watch like share hide report; else null
///   creator_id   int64    user who posted it, likewise
///   watch_ms     int64    video_watch; else null
///   completed    boolean  video_watch: seen to the end; else null
///   revenue      float64  dollars: purchase, ad_impression; else null
///   experiment, variant   text: experiment_assigned; else null ("control", "treatment")
using Sink = std::function<Result<void>(Day received_on, const frame::Table& events)>;

/// Runs the world: hands the events to `sink` day by day and returns what is true of it.
///
/// Every user lives in both worlds, control and treatment, from the same draws: a zero effect
/// gives identical worlds, and a true effect is a paired difference. The log shows the world that
/// the user was assigned to. Same bits for any number of threads. Memory: about 400 bytes a user
/// and one day of events.
/// Fails with invalid_spec (see validate), interrupted (progress.stop), or as the sink fails.
Result<Truth> simulate(const WorldConfig& config, const Sink& sink, int threads,
                       const Progress& progress);

}  // namespace assay::simulation

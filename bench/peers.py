"""The questions of bench/ in DuckDB and ClickHouse (libchdb), each in its best layout.

Both peers get the clean events (duplicates removed, as the index has them) in a native table,
event names and texts as enums or dictionaries. `zoned` is the event time as a zoned timestamp, from
which the local day is computed in the query, as assay does; `day` is that day stored as a column of
its own, for the second reading of retention.
"""

import pathlib
import statistics
import time

STEPS = ["app_open", "video_watch", "like", "share"]
DAY_US = 86_400_000_000
GAP_US = 1_800_000_000
SEGMENTS = ["country", "device", "app_version", "new_user", "first_country"]
COUNTED = ["app_open", "feed_open", "video_watch", "like", "share", "hide", "report", "post_video",
           "ad_impression", "ad_click", "purchase", "crash"]
SUMMED = [("video_watch", "watch_minutes"), ("video_watch", "completed"), ("purchase", "revenue"),
          ("ad_impression", "revenue")]
ANY = ["purchase", "like", "share", "crash"]
COLUMNS = ("user_id, ts, zoned, seq, event, day, country, device, app_version, new_user, variant, "
           "watch_minutes, completed, revenue")
PERIOD = ("2026-05-04", "2026-06-01")


def timed(run, runs):
    """The answer, and wall and CPU seconds of `runs` calls after one that warms up."""
    answer, seconds, cpu = None, [], []
    for attempt in range(runs + 1):
        begin, cpu_begin = time.perf_counter(), time.process_time()
        answer = run()
        if attempt > 0:
            seconds.append(time.perf_counter() - begin)
            cpu.append(time.process_time() - cpu_begin)
    return answer, seconds, cpu


def best(candidates, runs):
    """The fastest of several ways to ask the same, by median; all must agree."""
    results = [timed(run, runs) for run in candidates]
    return min(results, key=lambda result: statistics.median(result[1]))


class Duckdb:
    name = "duckdb"

    def __init__(self, project, threads, folder):
        import duckdb
        self.version = duckdb.__version__
        path = pathlib.Path(folder) / "peer.duckdb"
        fresh = not path.exists()
        self.db = duckdb.connect(str(path))
        self.db.execute(f"set threads = {threads}; set timezone = 'America/Los_Angeles'")
        if fresh:
            self.load(project)

    def rows(self, sql):
        return self.db.execute(sql).fetchall()

    def load(self, project):
        names = ["event", "country", "device", "app_version", "new_user", "variant"]
        files = f"read_parquet('{project}/data/events/*/*.parquet')"
        for name in names:
            self.db.execute(f"create type {name}_t as enum (select distinct {name} from {files} "
                            f"where {name} is not null order by 1)")
        self.db.execute(f"""create table events as
            select user_id, epoch_us(ts) ts, ts as zoned, seq, event::event_t event,
                   cast(cast(ts as date) as date) - date '1970-01-01' as day,
                   country::country_t country, device::device_t device,
                   app_version::app_version_t app_version, new_user::new_user_t new_user,
                   variant::variant_t variant, watch_ms / 60000.0 watch_minutes,
                   cast(completed as bigint) completed, revenue
            from (select *, row_number() over (partition by user_id, insert_id
                                               order by received_at) copy from {files})
            where copy = 1 order by user_id, ts, seq""")

    def export(self, path):
        self.db.execute(f"copy (select {COLUMNS} from events order by user_id, ts, seq) "
                        f"to '{path}' (format parquet)")

    def funnel(self, runs):
        number = " ".join(f"when '{name}' then {i + 1}" for i, name in enumerate(STEPS))
        reach = "max(case when step = {0} and ts - s{1} <= {2} then s{1} end) over w s{0}"
        sql = f"""with e as (select user_id, ts, case event {number} end step from events
                             where event in {tuple(STEPS)}),
            a as (select *, max(case when step = 1 then ts end) over w s1 from e
                  window w as (partition by user_id order by ts, step
                               rows unbounded preceding)),
            b as (select *, {reach.format(2, 1, DAY_US)} from a
                  window w as (partition by user_id order by ts, step rows unbounded preceding)),
            c as (select *, {reach.format(3, 2, DAY_US)} from b
                  window w as (partition by user_id order by ts, step rows unbounded preceding)),
            d as (select user_id, max(s1) s1, max(s2) s2, max(s3) s3,
                         max(case when step = 4 and ts - s3 <= {DAY_US} then s3 end) s4
                  from c group by user_id)
            select count(s1), count(s2), count(s3), count(s4) from d"""
        return timed(lambda: list(self.rows(sql)[0]), runs)

    def retention(self, runs, day="cast(zoned as date) - date '1970-01-01'"):
        sql = f"""with d as (select distinct user_id, {day} as day from events),
                      f as (select user_id, min(day) c from d group by user_id)
                 select c, day - c k, count(*) n from d join f using (user_id)
                 where day - c <= 27 group by all"""
        arrays = f"""with e as (select user_id, {day} as day from events),
                         u as (select user_id, min(day) c, list(distinct day) seen from e
                               group by user_id)
                    select c, day - c k, count(*) n from
                    (select c, unnest(seen) as day from u) where day - c <= 27 group by all"""
        return best([lambda q=q: triangle(self.rows(q)) for q in (sql, arrays)], runs)

    def retention_stored_day(self, runs):
        return self.retention(runs, "day")

    def sessions(self, runs):
        sql = f"""with g as (select user_id, ts, coalesce(ts - lag(ts) over w > {GAP_US}, true) s
                             from events window w as (partition by user_id order by ts)),
                      n as (select user_id, ts, sum(s::int) over (partition by user_id order by ts
                                   rows unbounded preceding) id from g),
                      t as (select count(*) depth, max(ts) - min(ts) length from n
                            group by user_id, id)
                 select count(*), avg(length) / 1e6, avg(depth) from t"""
        return timed(lambda: list(self.rows(sql)[0]), runs)

    def experiment(self, runs):
        begin = f"epoch_us(timestamptz '{PERIOD[0]} 00:00 America/Los_Angeles')"
        end = f"epoch_us(timestamptz '{PERIOD[1]} 00:00 America/Los_Angeles')"
        unit = unit_table("count(*) filter (where {0})", "coalesce(sum({1}) filter (where {0}), 0)",
                          "coalesce(max(case when {0} then 1 end), 0)", begin, end,
                          "arg_min({0}, struct_pack(a := ts, b := seq))",
                          "min(ts)", "event in ('{0}')")
        cells = ", ".join(
            f"avg(y{m}), avg(x{m}), var_pop(y{m}) * count(*), covar_pop(y{m}, x{m}) * count(*), "
            f"var_pop(x{m}) * count(*)" for m in range(20))
        sets = ", ".join(f"(arm, {s})" for s in SEGMENTS)
        sql = (f"{unit} select arm, {', '.join(SEGMENTS)}, "
               f"{', '.join(f'grouping({s})' for s in SEGMENTS)}, count(*), {cells} "
               f"from u group by grouping sets ((arm), {sets})")
        return timed(lambda: cells_of(self.rows(sql)), runs)


class Clickhouse:
    name = "clickhouse (libchdb)"

    def __init__(self, parquet, threads, folder):
        from chdb import session
        path = pathlib.Path(folder) / "peer.chdb"
        fresh = not path.exists()
        self.db = session.Session(str(path))
        self.db.query(f"set max_threads = {threads}")
        self.version = self.db.query("select version()", "TSV").data().strip()
        if fresh:
            self.load(parquet)

    def rows(self, sql):
        import json
        return json.loads(self.db.query(sql, "JSONCompact").data())["data"]

    def load(self, parquet):
        self.db.query("create database if not exists b engine = Atomic")
        self.db.query("""create table b.events (user_id Int64, ts Int64,
            zoned DateTime64(6, 'America/Los_Angeles'), seq Int64,
            event LowCardinality(String), day Int32, country LowCardinality(String),
            device LowCardinality(String), app_version LowCardinality(String),
            new_user LowCardinality(String), variant LowCardinality(String),
            watch_minutes Float64, completed Int64, revenue Float64)
            engine = MergeTree order by (user_id, ts, seq)""")
        self.db.query(f"""insert into b.events select user_id, ts, zoned, seq, event, day,
            ifNull(country, ''), ifNull(device, ''), ifNull(app_version, ''), ifNull(new_user, ''),
            ifNull(variant, ''), ifNull(watch_minutes, 0), ifNull(completed, 0), ifNull(revenue, 0)
            from file('{parquet}', Parquet)""")
        self.db.query("optimize table b.events final")

    def funnel(self, runs):
        steps = ", ".join(f"event = '{name}'" for name in STEPS)
        sql = f"""select countIf(level >= 1), countIf(level >= 2), countIf(level >= 3),
                         countIf(level >= 4) from (
                  select windowFunnel({DAY_US}, 'strict_once')(toUInt64(ts), {steps}) level
                  from b.events where event in {tuple(STEPS)} group by user_id)"""
        in_order = sql + " settings optimize_aggregation_in_order = 1"
        return best([lambda q=q: [int(v) for v in self.rows(q)[0]] for q in (sql, in_order)], runs)

    def retention(self, runs, day="toInt32(toDate(zoned))"):
        sql = f"""select c, d - c k, count() n from (
                 select groupUniqArray({day}) days, arrayMin(days) c
                 from b.events group by user_id)
                 array join days as d where d - c <= 27 group by c, k"""
        join = f"""select c, d - c k, count() n
                   from (select distinct user_id, {day} d from b.events) e
                   join (select user_id, min({day}) c from b.events group by user_id) f
                   using (user_id) where d - c <= 27 group by c, k"""
        in_order = sql + " settings optimize_aggregation_in_order = 1"
        return best([lambda q=q: triangle([[int(v) for v in row] for row in self.rows(q)])
                     for q in (sql, join, in_order)], runs)

    def retention_stored_day(self, runs):
        return self.retention(runs, "day")

    def sessions(self, runs):
        arrays = f"""select sum(length(cuts)), sum(arraySum(lengths)) / sum(length(cuts)) / 1e6,
                            sum(length(t)) / sum(length(cuts)) from (
            select arraySort(groupArray(ts)) t,
                   arraySplit((x, i) -> i > 1 and x - t[i - 1] > {GAP_US},
                              t, arrayEnumerate(t)) cuts,
                   arrayMap(s -> s[-1] - s[1], cuts) lengths
            from b.events group by user_id)"""
        windows = f"""select count(), avg(last - first) / 1e6, avg(depth) from (
            select user_id, id, count() depth, max(ts) last, min(ts) first from (
              select user_id, ts, sum(s) over (partition by user_id order by ts
                                               rows unbounded preceding) id from (
                select user_id, ts, if(ts - lagInFrame(ts, 1, ts - {GAP_US} - 1) over (
                       partition by user_id order by ts rows unbounded preceding) > {GAP_US},
                       1, 0) s from b.events)) group by user_id, id)"""
        return best([lambda q=q: [float(v) for v in self.rows(q)[0]] for q in (arrays, windows)],
                    runs)

    def experiment(self, runs):
        begin, end = (f"toUnixTimestamp64Micro(toDateTime64('{day} 00:00:00', 6, "
                      f"'America/Los_Angeles'))" for day in PERIOD)
        unit = unit_table("countIf({0})", "sumIf({1}, {0})", "max(if({0}, 1, 0))", begin, end,
                          "argMin({0}, (ts, seq))", "min(ts)", "event in ('{0}')")
        unit = unit.replace("from events", "from b.events").replace("join events",
                                                                    "join b.events")
        cells = ", ".join(
            f"avg(y{m}), avg(x{m}), varPopStable(y{m}) * count(), "
            f"covarPopStable(y{m}, x{m}) * count(), varPopStable(x{m}) * count()"
            for m in range(20))
        sets = ", ".join(f"(arm, {s})" for s in SEGMENTS)
        sql = (f"{unit} select arm, {', '.join(SEGMENTS)}, "
               f"{', '.join(f'grouping({s})' for s in SEGMENTS)}, count(), {cells} "
               f"from u group by grouping sets ((arm), {sets})")
        return timed(lambda: cells_of(self.rows(sql)), runs)


def unit_table(count, total, any_of, begin, end, first_of, first, is_event):
    """One row an exposed unit: arm, segments, twenty outcomes y and pre-period covariates x."""
    terms = []
    for window, letter in (("ts >= t0 and ts < t2", "y"), ("ts >= t1 and ts < t0", "x")):
        number = 0
        for event in COUNTED:
            terms.append(count.format(f"{is_event.format(event)} and {window}")
                         + f" {letter}{number}")
            number += 1
        for event, column in SUMMED:
            terms.append(total.format(f"{is_event.format(event)} and {window}", column)
                         + f" {letter}{number}")
            number += 1
        for event in ANY:
            terms.append(any_of.format(f"{is_event.format(event)} and {window}")
                         + f" {letter}{number}")
            number += 1
    segments = ", ".join(f"{first_of.format(s)} {s}" for s in SEGMENTS[:4])
    keys = ", ".join(["user_id", "arm", *SEGMENTS])
    return f"""with a as (select user_id, {first_of.format('variant')} arm, {segments},
                          {first} t_assigned
                   from events where event = 'experiment_assigned' and ts >= {begin} and ts < {end}
                   group by user_id),
        h as (select user_id, {first_of.format('country')} first_country from events
              group by user_id),
        t as (select e.user_id user_id, any_value(arm) arm, {", ".join(
            f"any_value(a.{s}) {s}" for s in SEGMENTS[:4])}, min(e.ts) t0
              from a join events e on e.user_id = a.user_id
              where e.event = 'feed_open' and e.ts >= a.t_assigned and e.ts < {end}
              group by e.user_id),
        z as (select t.*, h.first_country first_country, t0 - 28 * {DAY_US} t1, {end} t2
              from t join h on t.user_id = h.user_id),
        u as (select {", ".join(f"z.{key} {key}" for key in keys.split(", "))},
                     {", ".join(terms)}
              from z join events on events.user_id = z.user_id
              group by {", ".join(f"z.{key}" for key in keys.split(", "))})"""


def triangle(rows):
    """{(cohort day, k): units} from rows of cohort, k, units; k = 0 is the cohort's size."""
    return {(int(c), int(k)): int(n) for c, k, n in rows}


def cells_of(rows):
    """{segment/value/arm/metric: (n, mean y, mean x, yy, yx, xx)}; grouped columns read 0."""
    cells = {}
    for row in rows:
        arm, values, grouped, n = row[0], row[1:6], row[6:11], int(row[11])
        arm = {"control": 0, "treatment": 1}[str(arm)]
        used = [i for i in range(5) if int(grouped[i]) == 0]
        key = (f"{SEGMENTS[used[0]]}/{values[used[0]] or ''}" if len(used) == 1 else "all/")
        for m in range(20):
            mean_y, mean_x, yy, yx, xx = (float(v) for v in row[12 + 5 * m:17 + 5 * m])
            cells[f"{key}/{arm}/{m}"] = (n, mean_y, mean_x, yy, yx, xx)
    return cells

#include "assay/simulation/detail/session.hpp"

#include <algorithm>
#include <cmath>

#include "assay/base/hash.hpp"
#include "assay/numerics/sampling.hpp"

namespace assay::simulation {
namespace {

using numerics::uniform_from;

constexpr double kBounce = 0.03;  ///< Sessions that end before the feed opens.
constexpr int kMaxVideos = 200;   ///< In a session.
constexpr double kMaxWatchMs = 1'800'000.0;
constexpr TimeUs kMaxSession = 6 * kHourUs;  ///< No further video after this.
constexpr TimeUs kMillisecond = 1'000;
// What follows on a video comes this much after its end, before the next one starts.
constexpr TimeUs kLikeAfter = 100 * kMillisecond;
constexpr TimeUs kHideAfter = 200 * kMillisecond;
constexpr TimeUs kShareAfter = 300 * kMillisecond;
constexpr TimeUs kReportAfter = 400 * kMillisecond;
constexpr double kVideoMedianSeconds = 65.0;  ///< Length of a video; lognormal.
constexpr double kVideoLogSd = 0.7;
constexpr double kSeenToTheEnd = 0.9;  ///< Of its length counts as completed.
constexpr double kAdLogSd = 0.6;       ///< Spread of what an impression pays.
constexpr double kDeliveryMeanSeconds = 2.0;
constexpr double kCopyMeanMinutes = 20.0;  ///< A second copy comes this much later.

// Slots of a session's random numbers; videos and ads have streams of their own.
constexpr std::uint64_t kSlotCourse = 32;
constexpr std::uint64_t kSlotMoney = 33;
constexpr std::uint64_t kSlotPost = 34;
constexpr std::uint64_t kSlotLate = 35;

double rate_in(double rate, double multiple, std::size_t world) {
  return world == kTreatment ? rate * multiple : rate;
}

/// Zipf's law with exponent 1: rank r has weight ln(1 + 1/r).
std::int32_t zipf(double u, double log_count) {
  return static_cast<std::int32_t>(std::exp(u * log_count));
}

/// A video's length, a function of the video alone.
double video_length_ms(std::int32_t video) {
  const auto bits = static_cast<std::uint32_t>(hash_int(static_cast<std::uint64_t>(video)) >> 32);
  return 1000.0 *
         numerics::lognormal_quantile(uniform_from(bits), kVideoMedianSeconds, kVideoLogSd);
}

}  // namespace

Session::Session(const Model& model, int day, User& user, std::array<bool, 2> active,
                 ChunkState& chunk)
    : model_(model),
      config_(model.config),
      user_(user),
      chunk_(chunk),
      day_(day),
      active_(active),
      version_(version_of(model, user, day)),
      new_user_(day - user.signup_day < model.config.new_user_days) {}

std::array<std::uint32_t, 4> Session::words(Purpose purpose, std::uint64_t slot) const {
  const auto place =
      (static_cast<std::uint64_t>(day_) << 32) | (static_cast<std::uint64_t>(number_) << 24) | slot;
  return random_of(config_.seed, purpose, user_.id).words(place);
}

TimeUs Session::run(int number, TimeUs start) {
  number_ = number;
  now_ = start;
  seq_ = 0;
  recorded_day_ = model_.day_of(recorded(), day_);
  const auto late = words(Purpose::session, kSlotLate);
  wait_ = 0;
  if (uniform_from(late[0]) < config_.delivery.late_share) {
    const Delivery& d = config_.delivery;
    const double hours = std::min(
        24.0 * d.late_max_days,
        numerics::lognormal_quantile(uniform_from(late[1]), d.late_median_hours, d.late_log_sd));
    wait_ = static_cast<TimeUs>(hours * static_cast<double>(kHourUs)) + 1;
  }
  const auto course = words(Purpose::session, kSlotCourse);
  open();
  if (uniform_from(course[0]) >= kBounce) {
    now_ += 700 * kMillisecond;
    assign();  // The period may have begun since the app was opened.
    now_ += 100 * kMillisecond;
    if (user_.assigned && !user_.exposed && recorded() < model_.experiment.end) {
      user_.exposed = true;
      user_.exposed_at = recorded();
      user_.exposed_day = model_.day_of(recorded(), day_);
      user_.new_at_exposure = new_user_;
      ++(user_.treated ? chunk_.counts.exposed_treatment : chunk_.counts.exposed_control);
    }
    happen(EventKind::feed_open);
    watch_videos(std::min(
        kMaxVideos, numerics::geometric_quantile(uniform_from(course[1]), user_.videos_mean)));
  }
  close();
  return now_;
}

void Session::open() {
  if (day_ == user_.signup_day && number_ == 0) {
    happen(EventKind::signup);
    ++chunk_.counts.signups;
    now_ += 400 * kMillisecond;
  }
  happen(EventKind::app_open);
  for (std::size_t w = 0; w < 2; ++w) {
    if (!counts(w)) continue;
    ++user_.outcome[w].sessions;
    if (model_.day_of(recorded(), day_) == user_.exposed_day + 7) {
      user_.outcome[w].returned_day7 = 1;
    }
  }
  assign();
}

void Session::assign() {
  now_ += 300 * kMillisecond;
  if (user_.assigned || recorded() < model_.experiment.begin ||
      recorded() >= model_.experiment.end) {
    return;
  }
  user_.assigned = true;
  ++(user_.treated ? chunk_.counts.assigned_treatment : chunk_.counts.assigned_control);
  const SampleRatioFault& fault = config_.sample_ratio_fault;
  if (fault.enabled && user_.treated && config_.app_versions[version_].name == fault.app_version) {
    const double u = random_of(config_.seed, Purpose::assignment, user_.id).uniform(1);
    user_.logged = u >= fault.share_lost;
  }
  if (user_.logged) {
    happen(EventKind::experiment_assigned);
  } else {
    ++chunk_.counts.lost_assignments;
  }
}

bool Session::counts(std::size_t w, TimeUs later) const {
  return user_.exposed && active_[w] && recorded() + later < model_.experiment.end;
}

void Session::happen(EventKind event, std::int32_t video, TimeUs later) {
  Row row;
  row.event = event;
  row.video = video;
  if (active_[user_.exposed && user_.treated ? kTreatment : kControl]) emit(row, later);
}

void Session::watch_videos(int count) {
  watch_multiple_ = {1.0, 1.0};
  if (user_.exposed) {
    // An exposure after midnight of this session counts as day 0 as well.
    const int age = std::clamp(recorded_day_ - user_.exposed_day, 0, config_.experiment_days);
    watch_multiple_[kTreatment] +=
        config_.effects.watch_time_lift * model_.novelty[static_cast<std::size_t>(age)];
  }
  const int per_ad = config_.behaviour.videos_per_ad;
  const auto phase = static_cast<int>(words(Purpose::session, kSlotCourse)[3] %
                                      static_cast<std::uint32_t>(per_ad));
  const TimeUs limit = now_ + kMaxSession;
  for (int k = 0; k < count && now_ < limit; ++k) {
    watch_video(k);
    if ((k + phase) % per_ad == per_ad - 1) show_ad(k);
  }
}

void Session::watch_video(int k) {
  const Behaviour& b = config_.behaviour;
  const auto slot = 4 * static_cast<std::uint64_t>(k);
  const auto w0 = words(Purpose::video, slot);
  const auto w1 = words(Purpose::video, slot + 1);
  const std::int32_t video = zipf(uniform_from(w0[1]), model_.videos_log);
  const double base = std::min(
      kMaxWatchMs,
      numerics::lognormal_quantile(uniform_from(w0[0]), user_.watch_median_ms, b.watch_log_sd));
  const double length = video_length_ms(video);
  const std::size_t shown = user_.exposed && user_.treated ? kTreatment : kControl;
  // One clock for both worlds: the longer watch moves it.
  now_ += static_cast<TimeUs>(1000.0 * std::max(base, base * watch_multiple_[kTreatment]));
  const int day = model_.day_of(recorded(), day_);
  for (std::size_t w = 0; w < 2; ++w) {
    const double watched = std::min(kMaxWatchMs, base * watch_multiple_[w]);
    const auto watch_ms = static_cast<std::int32_t>(watched);
    const bool completed = watched >= kSeenToTheEnd * length;
    const bool hides =
        uniform_from(w0[2]) < rate_in(user_.hide_rate, config_.effects.hide_multiple, w);
    const bool likes =
        uniform_from(w0[3]) < rate_in(user_.like_rate, config_.effects.like_multiple, w);
    if (counts(w)) {
      Outcome& o = user_.outcome[w];
      ++o.videos;
      o.watch_ms += watch_ms;
      o.completions += completed ? 1 : 0;
      o.likes += likes && counts(w, kLikeAfter) ? 1 : 0;
      o.hides += hides && counts(w, kHideAfter) ? 1 : 0;
      chunk_.watch.since_exposure_ms[static_cast<std::size_t>(day - user_.exposed_day)][w] +=
          watch_ms;
      chunk_.watch.calendar_ms[static_cast<std::size_t>(day - model_.first_day)][w] += watch_ms;
    }
    if (w != shown || !active_[w]) continue;
    Row row;
    row.event = EventKind::video_watch;
    row.video = video;
    row.watch_ms = watch_ms;
    row.completed = completed;
    emit(row);
    if (likes) happen(EventKind::like, video, kLikeAfter);
    if (hides) happen(EventKind::hide, video, kHideAfter);
    if (uniform_from(w1[0]) < b.share_rate) happen(EventKind::share, video, kShareAfter);
    if (uniform_from(w1[1]) < b.report_rate) happen(EventKind::report, video, kReportAfter);
  }
  now_ += kSecondUs / 2 + static_cast<TimeUs>(uniform_from(w1[2]) * 3.0e6);
}

void Session::show_ad(int k) {
  const auto words_of_ad = words(Purpose::video, 4 * static_cast<std::uint64_t>(k) + 2);
  const double dollars = config_.behaviour.ad_cpm_usd / 1000.0 *
                         config_.countries[user_.country].spend_multiple *
                         numerics::lognormal_quantile(uniform_from(words_of_ad[0]), 1.0, kAdLogSd) *
                         std::exp(-0.5 * kAdLogSd * kAdLogSd);
  const std::size_t shown = user_.exposed && user_.treated ? kTreatment : kControl;
  for (std::size_t w = 0; w < 2; ++w) {
    const auto micros = static_cast<std::int64_t>(
        1e6 * dollars * rate_in(1.0, user_.exposed ? 1.0 + config_.effects.revenue_lift : 1.0, w));
    if (counts(w)) {
      ++user_.outcome[w].ad_impressions;
      user_.outcome[w].revenue_micros += micros;
      user_.outcome[w].ad_revenue_micros += micros;
    }
    if (w != shown || !active_[w]) continue;
    Row row;
    row.event = EventKind::ad_impression;
    row.revenue_micros = micros;
    emit(row);
  }
  now_ += 2 * kSecondUs;
  if (uniform_from(words_of_ad[1]) < config_.behaviour.ad_click_rate) {
    happen(EventKind::ad_click);
    now_ += 8 * kSecondUs;
  }
  now_ += kSecondUs;
}

void Session::close() {
  const Behaviour& b = config_.behaviour;
  const auto money = words(Purpose::session, kSlotMoney);
  const std::size_t shown = user_.exposed && user_.treated ? kTreatment : kControl;
  if (uniform_from(money[0]) < user_.purchase_rate) {
    now_ += 20 * kSecondUs;
    const double cents =
        100.0 * numerics::lognormal_quantile(uniform_from(money[1]), b.purchase_median_usd,
                                             b.purchase_log_sd);
    for (std::size_t w = 0; w < 2; ++w) {
      const double lift = user_.exposed ? 1.0 + config_.effects.revenue_lift : 1.0;
      const auto micros = 10'000 * (1 + static_cast<std::int64_t>(cents * rate_in(1.0, lift, w)));
      if (counts(w)) user_.outcome[w].revenue_micros += micros;
      if (w != shown || !active_[w]) continue;
      Row row;
      row.event = EventKind::purchase;
      row.revenue_micros = micros;
      emit(row);
    }
  }
  if (user_.creator) {
    const auto post = words(Purpose::session, kSlotPost);
    const int posts = numerics::poisson_quantile(uniform_from(post[0]), b.posts_per_session);
    for (int p = 0; p < posts; ++p) {
      now_ += 40 * kSecondUs;
      happen(EventKind::post_video);
    }
  }
  now_ += kSecondUs;
  const double crash_rate = b.crash_rate * config_.devices[user_.device].crash_multiple *
                            config_.app_versions[version_].crash_multiple;
  for (std::size_t w = 0; w < 2; ++w) {
    const double multiple = user_.exposed ? config_.effects.crash_multiple : 1.0;
    if (uniform_from(money[2]) >= rate_in(crash_rate, multiple, w)) continue;
    if (counts(w)) ++user_.outcome[w].crashes;
    if (w == shown) happen(EventKind::crash);
  }
}

void Session::emit(Row row, TimeUs later) {
  const auto place =
      (static_cast<std::uint64_t>(day_) << 32) | static_cast<std::uint64_t>(emitted_);
  const auto w = random_of(config_.seed, Purpose::delivery, user_.id).words(place);
  row.user = static_cast<std::int32_t>(user_.id);
  row.insert_id = (user_.id << 26) | (static_cast<std::int64_t>(day_) << 16) | emitted_++;
  row.session_id = (user_.id << 15) | (static_cast<std::int64_t>(day_) << 5) | number_;
  row.seq = ++seq_;
  row.country = user_.country;
  row.device = user_.device;
  row.version = version_;
  row.new_user = new_user_;
  row.treated = user_.treated;
  row.ts = recorded() + later;
  const double seconds =
      0.05 + numerics::exponential_quantile(uniform_from(w[0]), 1.0) * kDeliveryMeanSeconds;
  row.received_at = now_ + later + wait_ + static_cast<TimeUs>(1e6 * seconds);
  user_.seen = true;
  ++chunk_.counts.events;
  chunk_.counts.late += wait_ > 0 ? 1 : 0;
  chunk_.counts.skewed += user_.skew_us != 0 ? 1 : 0;
  chunk_.rows.push_back(row);
  if (uniform_from(w[1]) >= config_.delivery.duplicate_share) return;
  const double minutes = numerics::exponential_quantile(uniform_from(w[2]), kCopyMeanMinutes);
  row.received_at += static_cast<TimeUs>(minutes * static_cast<double>(kMinuteUs)) + kSecondUs;
  row.copy = true;
  ++chunk_.counts.events;
  ++chunk_.counts.duplicates;
  chunk_.rows.push_back(row);
}

}  // namespace assay::simulation

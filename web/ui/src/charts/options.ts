import type {
  Bars,
  Chart,
  Curve,
  EffectIntervals,
  FunnelChart,
  RetentionCurve,
  TimeSeriesBand,
} from '../document';
import { bars } from './bars';
import { curve } from './curve';
import { effectIntervals, forestLines } from './effect_intervals';
import { funnel } from './funnel';
import { retentionCurve } from './retention_curve';
import type { Option } from './theme';
import { timeSeriesBand } from './time_series_band';

/** What ECharts shall draw for a chart of any type in a frame of this width. */
export function chartOption(chart: Chart, view: number, width: number): Option {
  switch (chart.spec.type) {
    case 'effect_intervals':
      return effectIntervals(chart as Chart<EffectIntervals>, width);
    case 'time_series_band':
      return timeSeriesBand(chart as Chart<TimeSeriesBand>, view, width);
    case 'retention_curve':
      return retentionCurve(chart as Chart<RetentionCurve>, width);
    case 'funnel':
      return funnel(chart as Chart<FunnelChart>, width);
    case 'bars':
      return bars(chart as Chart<Bars>, width);
    case 'curve':
      return curve(chart as Chart<Curve>, width);
  }
}

/** Height in pixels: charts with a row for each thing grow with their rows. */
export function chartHeight(chart: Chart, width: number): number {
  switch (chart.spec.type) {
    case 'effect_intervals':
      return 66 + 28 * forestLines(chart.spec).length;
    case 'funnel':
      return 90 + chart.spec.steps.length * (18 + 20 * Math.max(1, chart.spec.arms.length));
    case 'bars':
      return 80 + chart.spec.labels.length * (16 + 20 * Math.max(1, chart.spec.groups.length));
    default:
      return width < 500 ? 280 : 320;
  }
}

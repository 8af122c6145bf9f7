import type { Chart, RetentionCurve } from '../document';
import { lineWithBand } from './band';
import * as theme from './theme';

/** Share still there after k periods. */
export function retentionCurve(chart: Chart<RetentionCurve>, width: number): theme.Option {
  const { arms } = chart.spec;
  const names = arms.map((arm) => arm.name);
  const colours = theme.seriesColours(names);
  const ks = arms.flatMap((arm) => arm.points.map((point) => point.k));
  return {
    ...theme.base,
    legend: theme.legend(names),
    grid: { left: 58, right: 18, top: names.length > 1 ? 36 : 12, bottom: 54 },
    xAxis: {
      ...theme.valueAxis({ style: 'count', unit: '' }),
      min: Math.min(...ks),
      max: Math.max(...ks),
      minInterval: 1,
      splitLine: { show: false },
      axisLine: { show: true, lineStyle: { color: theme.hairline } },
      ...theme.axisName(chart.x_title, 32, width - 90),
    },
    yAxis: {
      ...theme.valueAxis({ style: 'percent', unit: '' }),
      min: 0,
    },
    tooltip: {
      ...theme.tooltip('axis'),
      formatter: (params: unknown) => {
        const k = Number((params as { axisValue: number }[])[0]?.axisValue ?? 0);
        const lines = arms.map((arm, i) => {
          const point = arm.points.find((one) => one.k === k);
          const text = point ? `${point.rate.text}  ${point.interval.text}` : '—';
          return { name: arm.name, text, colour: colours[i] };
        });
        return theme.tooltipBox(`${chart.x_title}: ${k}`, lines);
      },
    },
    series: arms.flatMap((arm, i) =>
      lineWithBand(
        arm.name,
        arm.points.map((p) => ({
          x: p.k,
          y: p.rate.value,
          low: p.interval.low,
          high: p.interval.high,
        })),
        colours[i]!,
        i,
      ),
    ),
  } as theme.Option;
}

import type { Chart, Curve } from '../document';
import { lineWithBand } from './band';
import * as theme from './theme';

/** Lines over a numeric x. */
export function curve(chart: Chart<Curve>, width: number): theme.Option {
  const { lines, reference_x, reference_y } = chart.spec;
  const names = lines.map((line) => line.name);
  const colours = theme.seriesColours(names);
  const xs = lines.flatMap((line) => line.points.map((point) => point.x.value ?? 0));
  const series: theme.Series[] = lines.flatMap((line, i) =>
    lineWithBand(
      line.name,
      line.points.map((p) => ({
        x: p.x.value ?? 0,
        y: p.y.value,
        low: p.interval.low,
        high: p.interval.high,
      })),
      colours[i]!,
      i,
    ),
  );
  for (const [key, reference] of [
    ['xAxis', reference_x],
    ['yAxis', reference_y],
  ] as const) {
    if (reference?.value == null) continue;
    const markLine = theme.referenceLine({ [key]: reference.value }, reference.text);
    series.push({ type: 'line', data: [], markLine } as theme.Series);
  }
  const top = (names.length > 1 ? 36 : 12) + (reference_x ? 14 : 0);
  return {
    ...theme.base,
    legend: theme.legend(names),
    grid: { left: 58, right: 24, top, bottom: 54 },
    xAxis: {
      ...theme.valueAxis(chart.x_format),
      min: Math.min(...xs),
      max: Math.max(...xs),
      splitLine: { show: false },
      axisLine: { show: true, lineStyle: { color: theme.hairline } },
      ...theme.axisName(chart.x_title, 32, width - 90),
    },
    yAxis: { ...theme.valueAxis(chart.y_format) },
    tooltip: {
      ...theme.tooltip('axis'),
      formatter: (params: unknown) => {
        const hits = params as { axisValue: number }[];
        const x = Number(hits[0]?.axisValue ?? 0);
        let title = '';
        const rows = lines.map((line, i) => {
          const point = line.points.find((one) => one.x.value === x);
          if (point) title = `${chart.x_title}: ${point.x.text}`;
          const interval = point?.interval.low == null ? '' : `  ${point.interval.text}`;
          return {
            name: line.name,
            text: point ? point.y.text + interval : '—',
            colour: colours[i],
          };
        });
        return theme.tooltipBox(title, rows);
      },
    },
    series,
  } as theme.Option;
}

import type { Chart, SeriesPoint, TimeSeriesBand } from '../document';
import { labelText } from '../number';
import { lineWithBand } from './band';
import * as theme from './theme';

/** Lines over labelled times, one view of the chart. */
export function timeSeriesBand(
  chart: Chart<TimeSeriesBand>,
  index: number,
  width: number,
): theme.Option {
  const view = chart.spec.views[index] ?? { name: '', series: [] };
  const labels = [
    ...new Set(view.series.flatMap((series) => series.points.map((point) => point.x))),
  ];
  const names = view.series.map((series) => series.name);
  const colours = theme.seriesColours(names);
  const found = view.series.map(
    (series) => new Map(series.points.map((point) => [point.x, point])),
  );
  const series: theme.Series[] = view.series.flatMap((one, i) =>
    lineWithBand(
      one.name,
      labels.map((x) => bandPoint(x, found[i]!.get(x))),
      colours[i]!,
      i,
    ),
  );
  if (chart.spec.reference) {
    const at = { yAxis: chart.spec.reference.value ?? 0 };
    series.push({
      type: 'line',
      data: [],
      markLine: theme.referenceLine(at, '', false),
    } as theme.Series);
  }
  for (const note of chart.spec.annotations.filter((one) => labels.includes(one.x))) {
    const line = theme.referenceLine({ xAxis: note.x }, note.text);
    series.push({ type: 'line', data: [], markLine: line } as theme.Series);
  }
  const top = (names.length > 1 ? 36 : 12) + (chart.spec.annotations.length > 0 ? 14 : 0);
  return {
    ...theme.base,
    legend: theme.legend(names),
    grid: { left: 58, right: 18, top, bottom: 54 },
    xAxis: {
      type: 'category',
      data: labels,
      boundaryGap: false,
      axisLine: { lineStyle: { color: theme.hairline } },
      axisTick: { show: false },
      axisLabel: { ...theme.axisText, hideOverlap: true, margin: 10, formatter: labelText },
      ...theme.axisName(chart.x_title, 32, width - 90),
    },
    yAxis: {
      ...theme.valueAxis(chart.y_format),
      scale: chart.spec.reference === null,
    },
    tooltip: {
      ...theme.tooltip('axis'),
      formatter: (params: unknown) => {
        const at = labels[(params as { dataIndex: number }[])[0]?.dataIndex ?? 0] ?? '';
        const lines = view.series.map((one, i) => {
          const point = found[i]!.get(at);
          return { name: one.name, text: point ? reading(point) : '—', colour: colours[i] };
        });
        const note = chart.spec.annotations.find((one) => one.x === at);
        return theme.tooltipBox(note ? `${at} · ${note.text}` : at, lines);
      },
    },
    series,
  } as theme.Option;
}

function bandPoint(x: string, point?: SeriesPoint) {
  return {
    x,
    y: point?.estimate.value ?? null,
    low: point?.interval.low ?? null,
    high: point?.interval.high ?? null,
  };
}

function reading(point: SeriesPoint): string {
  if (point.estimate.reason) return `— ${point.estimate.reason}`;
  return point.interval.low == null
    ? point.estimate.text
    : `${point.estimate.text}  ${point.interval.text}`;
}

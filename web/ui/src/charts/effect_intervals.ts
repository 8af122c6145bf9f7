import type { Chart, EffectIntervals } from '../document';
import * as theme from './theme';

type Row = EffectIntervals['rows'][number];
interface Line {
  label: string;
  row: Row | null; // null: the name of a group
}

/** Rows with a line for each group's name before its first row. */
export function forestLines(spec: EffectIntervals): Line[] {
  const lines: Line[] = [];
  let group = '';
  for (const row of spec.rows) {
    if (row.group !== group && row.group !== '') lines.push({ label: row.group, row: null });
    group = row.group;
    lines.push({ label: row.name, row });
  }
  return lines;
}

/** A forest plot: estimate, interval, the line of no effect and each row's margin. */
export function effectIntervals(chart: Chart<EffectIntervals>, width: number): theme.Option {
  const lines = forestLines(chart.spec);
  const longest = Math.max(...lines.map((line) => line.label.length), 4);
  const left = Math.min(longest * 7.5 + 22, width * 0.36);
  const ends = chart.spec.rows
    .flatMap((row) => [
      row.estimate.value,
      row.interval.low,
      row.interval.high,
      row.margin?.value,
      chart.spec.zero,
    ])
    .filter((x) => x != null);
  const air = (Math.max(...ends) - Math.min(...ends) || 1) * 0.06;
  return {
    ...theme.base,
    grid: { left, right: 18, top: 8, bottom: 54 },
    xAxis: {
      ...theme.valueAxis(chart.y_format),
      splitLine: {
        ...theme.valueAxis(chart.y_format).splitLine,
        showMinLine: false,
        showMaxLine: false,
      },
      min: Math.min(...ends) - air,
      max: Math.max(...ends) + air,
      axisLabel: {
        ...theme.valueAxis(chart.y_format).axisLabel,
        showMinLabel: false,
        showMaxLabel: false,
      },
      ...theme.axisName(chart.x_title, 32, width - 40),
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: lines.map((_, i) => String(i)),
      axisLine: { show: false },
      axisTick: { show: false },
      axisLabel: {
        ...theme.axisText,
        color: theme.ink,
        interval: 0,
        align: 'left',
        margin: left - 4,
        width: left - 12,
        overflow: 'truncate',
        rich: { group: { color: theme.muted, fontSize: 12, fontFamily: theme.font } },
        formatter: (i: string) => axisLabel(lines[Number(i)]!),
      },
    },
    tooltip: {
      ...theme.tooltip('item'),
      formatter: (params: unknown) => {
        const line = lines[(params as { value: number[] }).value[0]!];
        return line?.row ? readout(line.row, chart) : '';
      },
    },
    series: [
      {
        type: 'custom',
        encode: { x: [1, 2, 3, 4], y: 0 },
        data: lines.flatMap((line, i) => (line.row ? [values(i, line.row)] : [])),
        renderItem: (_: unknown, api: never) => glyph(api, lines),
        markLine: theme.referenceLine({ xAxis: chart.spec.zero }, '', false),
      },
    ],
  } as unknown as theme.Option;
}

/** Names are data: braces would be read as rich text, so they are shown as look-alikes. */
function axisLabel(line: Line): string {
  const text = line.label.replaceAll('{', '❴').replaceAll('}', '❵').replaceAll('|', '∣');
  return line.row ? text : `{group|${text}}`;
}

function values(index: number, row: Row): (number | null)[] {
  return [
    index,
    row.estimate.value,
    row.interval.low,
    row.interval.high,
    row.margin?.value ?? null,
  ];
}

function readout(row: Row, chart: Chart): HTMLElement {
  const colour = theme.markColours[row.mark];
  const lines: theme.TooltipLine[] = [
    { name: 'estimate', text: row.estimate.text, colour },
    { name: 'interval', text: row.interval.text },
  ];
  if (row.margin) lines.push({ name: 'margin', text: row.margin.text });
  if (row.words) lines.push({ name: 'reading', text: row.words });
  return theme.tooltipBox(row.group ? `${row.group}: ${row.name}` : row.name || chart.title, lines);
}

interface Api {
  value(dimension: number): number;
  coord(place: [number, number]): [number, number];
}

function glyph(api: Api, lines: Line[]) {
  const index = api.value(0);
  const row = lines[index]?.row;
  if (!row) return null;
  const colour = theme.markColours[row.mark]!;
  const at = (x: number) => api.coord([x, index]);
  const line = (x1: number, y1: number, x2: number, y2: number, style: object) => ({
    type: 'line',
    shape: { x1, y1, x2, y2 },
    style: { stroke: colour, lineWidth: 2, ...style },
  });
  const children: object[] = [];
  if (row.margin?.value != null) {
    const [x, y] = at(row.margin.value);
    children.push(
      line(x, y - 12, x, y + 12, { stroke: theme.muted, lineWidth: 1.2, lineDash: [3, 3] }),
    );
  }
  if (row.interval.low != null && row.interval.high != null) {
    const [low, y] = at(row.interval.low);
    const [high] = at(row.interval.high);
    children.push(line(low, y, high, y, {}));
    children.push(line(low, y - 5, low, y + 5, {}), line(high, y - 5, high, y + 5, {}));
    const hit = { x: low, y: y - 10, width: high - low, height: 20 };
    children.push({ type: 'rect', shape: hit, style: { fill: 'rgba(0,0,0,0.001)' } });
  }
  if (row.estimate.value != null) {
    const [cx, cy] = at(row.estimate.value);
    children.push({ type: 'circle', shape: { cx, cy, r: 5 }, style: { fill: colour } });
  }
  return { type: 'group', children };
}

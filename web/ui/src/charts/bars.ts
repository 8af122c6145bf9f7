import type { Bars, Chart } from '../document';
import * as theme from './theme';

/** Horizontal bars; negative ones go left of zero. */
export function bars(chart: Chart<Bars>, width: number): theme.Option {
  const { groups, labels } = chart.spec;
  const names = groups.map((group) => group.name);
  const colours = theme.seriesColours(names);
  const longest = Math.max(...labels.map((label) => label.length), 4);
  const left = Math.min(longest * 7.5 + 16, width * (width < 500 ? 0.32 : 0.38));
  const all = groups.flatMap((group) => group.values.map((value) => value.value ?? 0));
  const low = Math.min(0, ...all);
  const high = Math.max(0, ...all);
  // Room for the numbers at the ends of the bars: about 7 pixels a letter.
  const values = groups.flatMap((group) => group.values);
  const letters = (below: boolean) =>
    Math.max(0, ...values.filter((v) => (v.value ?? 0) < 0 === below).map((v) => v.text.length));
  const room = [7 * letters(true) + 12, 7 * letters(false) + 12] as const;
  const perPixel = (high - low || 1) / Math.max(60, width - left - 12 - room[0] - room[1]);
  return {
    ...theme.base,
    legend: theme.legend(names),
    grid: { left, right: 12, top: names.length > 1 ? 36 : 8, bottom: 50 },
    xAxis: {
      ...theme.valueAxis(chart.y_format),
      splitLine: {
        ...theme.valueAxis(chart.y_format).splitLine,
        showMinLine: false,
        showMaxLine: false,
      },
      min: low < 0 ? low - room[0] * perPixel : 0,
      max: high + room[1] * perPixel,
      axisLabel: {
        ...theme.valueAxis(chart.y_format).axisLabel,
        showMinLabel: low >= 0,
        showMaxLabel: false,
      },
      ...theme.axisName(chart.y_title, 30, width - 40),
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: labels,
      axisLine: { show: true, onZero: true, lineStyle: { color: theme.muted } },
      axisTick: { show: false },
      axisLabel: {
        ...theme.axisText,
        color: theme.ink,
        interval: 0,
        width: left - 14,
        overflow: 'break',
        lineHeight: 15,
      },
      offset: 0,
      position: 'left',
    },
    tooltip: {
      ...theme.tooltip('axis'),
      axisPointer: { type: 'none' },
      formatter: (params: unknown) => {
        const at = (params as { dataIndex: number }[])[0]?.dataIndex ?? 0;
        const lines = groups.map((group, i) => ({
          name: group.name,
          text: reading(group.values[at]),
          colour: colours[i],
        }));
        return theme.tooltipBox(labels[at] ?? '', lines);
      },
    },
    series: groups.map((group, i) => ({
      type: 'bar',
      name: group.name,
      data: group.values.map((value) => ({
        value: value.value,
        label: { position: (value.value ?? 0) < 0 ? 'left' : 'right' },
      })),
      barCategoryGap: '38%',
      color: colours[i],
      itemStyle: { color: colours[i], borderRadius: 2 },
      emphasis: { disabled: true },
      label: {
        show: true,
        color: theme.ink,
        fontFamily: theme.font,
        fontSize: 12,
        formatter: (params: { dataIndex: number }) => group.values[params.dataIndex]?.text ?? '',
      },
    })),
  } as unknown as theme.Option;
}

function reading(value?: { text: string; reason?: string }): string {
  if (!value) return '—';
  return value.reason ? `— ${value.reason}` : value.text;
}

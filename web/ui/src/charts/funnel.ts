import type { Chart, FunnelChart } from '../document';
import * as theme from './theme';

/** Bars of the share of entered units that reached each step, arms side by side. */
export function funnel(chart: Chart<FunnelChart>, width: number): theme.Option {
  const { arms, steps } = chart.spec;
  const names = arms.map((arm) => arm.name);
  const colours = theme.seriesColours(names);
  const longest = Math.max(...steps.map((step) => step.length), 4);
  const left = Math.min(longest * 7.5 + 16, width * 0.32);
  return {
    ...theme.base,
    legend: theme.legend(names),
    grid: { left, right: 64, top: names.length > 1 ? 36 : 8, bottom: 50 },
    xAxis: {
      ...theme.valueAxis({ style: 'percent', unit: '' }),
      min: 0,
      max: 1,
      ...theme.axisName('share of entered', 30, width - 40),
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: steps,
      axisLine: { lineStyle: { color: theme.hairline } },
      axisTick: { show: false },
      axisLabel: {
        ...theme.axisText,
        color: theme.ink,
        interval: 0,
        width: left - 14,
        overflow: 'truncate',
      },
    },
    tooltip: {
      ...theme.tooltip('axis'),
      axisPointer: { type: 'none' },
      formatter: (params: unknown) => {
        const step = (params as { dataIndex: number }[])[0]?.dataIndex ?? 0;
        const lines = arms.map((arm, i) => {
          const stage = arm.stages[step];
          const interval = stage?.interval.low == null ? '' : `  ${stage.interval.text}`;
          const text = stage ? `${stage.count.text} · ${stage.rate.text}${interval}` : '—';
          return { name: arm.name, text, colour: colours[i] };
        });
        return theme.tooltipBox(steps[step] ?? '', lines);
      },
    },
    series: arms.map((arm, i) => ({
      type: 'bar',
      name: arm.name,
      color: colours[i],
      data: arm.stages.map((stage) => stage.rate.value),
      barGap: '12%',
      barCategoryGap: '34%',
      itemStyle: { color: colours[i], borderRadius: [0, 2, 2, 0] },
      emphasis: { disabled: true },
      label: {
        show: true,
        position: 'right',
        color: theme.ink,
        fontFamily: theme.font,
        fontSize: 12,
        formatter: (params: { dataIndex: number }) => arm.stages[params.dataIndex]?.rate.text ?? '',
      },
    })),
  } as unknown as theme.Option;
}

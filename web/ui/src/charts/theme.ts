import type {
  BarSeriesOption,
  CustomSeriesOption,
  LineSeriesOption,
  ScatterSeriesOption,
} from 'echarts/charts';
import type {
  GridComponentOption,
  LegendComponentOption,
  TooltipComponentOption,
} from 'echarts/components';
import type { ComposeOption } from 'echarts/core';

import type { NumberFormat } from '../document';
import { tickText } from '../number';

export type Series = BarSeriesOption | CustomSeriesOption | LineSeriesOption | ScatterSeriesOption;
export type Option = ComposeOption<
  Series | GridComponentOption | LegendComponentOption | TooltipComponentOption
>;

// Colours are CSS variables of the page, so dark mode and print need no second drawing.
export const ink = 'var(--ink)';
export const muted = 'var(--muted)';
export const hairline = 'var(--hairline)';
const palette = [
  'var(--accent)',
  'var(--series-2)',
  'var(--series-3)',
  'var(--series-4)',
  'var(--series-5)',
];

export const font =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif';

/** The control arm is grey, so that the eye goes to what was changed. */
export function seriesColours(names: string[]): string[] {
  let next = 0;
  return names.map((name) =>
    name === 'control' && names.length > 1 ? 'var(--control)' : palette[next++ % palette.length]!,
  );
}

/** Beside colour, the second and third line are told apart by their stroke. */
export function stroke(index: number): 'solid' | 'dashed' | 'dotted' {
  return (['solid', 'dashed', 'dotted'] as const)[index % 3]!;
}

export const markColours: Record<string, string> = {
  good: 'var(--good)',
  bad: 'var(--bad)',
  neutral: 'var(--muted)',
  none: 'var(--accent)',
};

export interface TooltipLine {
  name: string;
  text: string;
  colour?: string;
}

/** A tooltip as an element: every text is set as text, so none of it can be markup. */
export function tooltipBox(title: string, lines: TooltipLine[]): HTMLElement {
  const box = document.createElement('div');
  box.className = 'tip';
  const head = document.createElement('p');
  head.className = 'tip-title';
  head.textContent = title;
  box.append(head);
  for (const line of lines) {
    const row = document.createElement('p');
    const dot = document.createElement('i');
    dot.style.background = line.colour ?? 'transparent';
    const name = document.createElement('span');
    name.textContent = line.name;
    const text = document.createElement('b');
    text.textContent = line.text;
    row.append(dot, name, text);
    box.append(row);
  }
  return box;
}

export function tooltip(trigger: 'axis' | 'item'): TooltipComponentOption {
  return {
    trigger,
    confine: true,
    transitionDuration: 0,
    className: 'tip-frame',
    backgroundColor: 'var(--paper)',
    borderColor: 'var(--hairline)',
    borderWidth: 1,
    padding: 0,
    textStyle: { fontFamily: font, fontSize: 13 },
    axisPointer: {
      type: 'line',
      lineStyle: { color: muted, type: 'solid', width: 1 },
      label: { show: false },
    },
  };
}

export function legend(names: string[]): LegendComponentOption {
  return {
    show: names.length > 1,
    data: names,
    top: 0,
    left: 0,
    itemGap: 18,
    itemWidth: 22,
    itemHeight: 8,
    icon: 'roundRect',
    inactiveColor: 'var(--hairline)',
    textStyle: { color: ink, fontFamily: font, fontSize: 13 },
  };
}

export const axisText = { color: muted, fontFamily: font, fontSize: 12 };

/** The title under a horizontal axis; that of a vertical one stands above the drawing. */
export function axisName(name: string, gap: number, room: number) {
  return {
    name,
    nameLocation: 'middle' as const,
    nameGap: gap,
    nameTextStyle: { color: muted, fontFamily: font, fontSize: 12 },
    nameTruncate: { maxWidth: room, ellipsis: '…' },
  };
}

export function valueAxis(format: NumberFormat) {
  return {
    type: 'value' as const,
    axisLine: { show: false },
    axisTick: { show: false },
    splitLine: { lineStyle: { color: hairline, width: 1 } },
    axisLabel: {
      ...axisText,
      hideOverlap: true,
      margin: 10,
      formatter: (value: number) => tickText(value, format),
    },
  };
}

export const base = {
  animation: false,
  textStyle: { fontFamily: font, color: ink },
  backgroundColor: 'transparent',
};

/** A straight line with a word at its end. */
export function referenceLine(
  at: { xAxis?: number | string; yAxis?: number | string },
  text: string,
  dashed = true,
) {
  return {
    silent: true,
    symbol: 'none',
    animation: false,
    label: {
      show: text !== '',
      formatter: () => text,
      position: at.yAxis === undefined ? ('end' as const) : ('insideEndTop' as const),
      color: muted,
      fontFamily: font,
      fontSize: 11,
    },
    lineStyle: {
      color: muted,
      width: 1.2,
      type: dashed ? ('dashed' as const) : ('solid' as const),
    },
    emphasis: { disabled: true },
    data: [at],
  };
}

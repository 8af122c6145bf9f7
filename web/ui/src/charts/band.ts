import type { CustomSeriesOption, LineSeriesOption } from 'echarts/charts';

import { stroke } from './theme';

export interface BandPoint {
  x: number | string;
  y: number | null;
  low: number | null;
  high: number | null;
}

type Place = [number, number];

/** The runs of points whose interval exists. */
function runs(points: BandPoint[]): BandPoint[][] {
  const found: BandPoint[][] = [[]];
  for (const point of points) {
    if (point.low == null || point.high == null) found.push([]);
    else found.at(-1)!.push(point);
  }
  return found.filter((run) => run.length > 1);
}

/** The interval of a line as a surface, one polygon for each unbroken run. */
function band(name: string, points: BandPoint[], colour: string): CustomSeriesOption {
  const all = runs(points);
  return {
    type: 'custom',
    name,
    color: colour,
    itemStyle: { color: colour },
    silent: true,
    clip: true,
    z: 1,
    tooltip: { show: false },
    encode: { x: 0, y: [1, 2] },
    dimensions: ['x', 'low', 'high'],
    data: all.flat().map((point) => [point.x, point.low, point.high]),
    renderItem: (params, api) => {
      if (params.dataIndex !== 0) return null;
      const place = (x: number | string, y: number) => api.coord([x, y]) as Place;
      return {
        type: 'group',
        children: all.map((run) => ({
          type: 'polygon',
          silent: true,
          shape: {
            points: [
              ...run.map((point) => place(point.x, point.high!)),
              ...[...run].reverse().map((point) => place(point.x, point.low!)),
            ],
          },
          style: { fill: colour, opacity: 0.16 },
        })),
      } as never;
    },
  };
}

/** A line with its band, both under one name in the legend. */
export function lineWithBand(
  name: string,
  points: BandPoint[],
  colour: string,
  index: number,
): (CustomSeriesOption | LineSeriesOption)[] {
  const line: LineSeriesOption = {
    type: 'line',
    name,
    z: 3,
    color: colour,
    data: points.map((point) => [point.x, point.y]),
    symbol: 'circle',
    symbolSize: 5,
    showSymbol: points.length <= 12,
    connectNulls: false,
    lineStyle: { color: colour, width: 2, type: stroke(index) },
    itemStyle: { color: colour, borderColor: colour },
    emphasis: { disabled: true },
  };
  return runs(points).length > 0 ? [band(name, points, colour), line] : [line];
}

import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import {
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
} from 'echarts/components';
import * as echarts from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { Attachment } from 'svelte/attachments';

import type { Option } from './theme';

echarts.use([
  BarChart,
  CustomChart,
  LineChart,
  ScatterChart,
  GridComponent,
  LegendComponent,
  MarkLineComponent,
  TooltipComponent,
  SVGRenderer,
]);

// Between the margins of an A4 page. When printing starts, the page still has its screen layout,
// so the width on paper cannot be asked for.
const paperWidth = 686;
// Charts that are made for the paper alone learn of it here; listening first, before any of them.
let printing = false;
window.addEventListener('beforeprint', () => (printing = true));
window.addEventListener('afterprint', () => (printing = false));

/** Draws what `option` returns for a width, again whenever the option or the width changes. */
export function draw(option: (width: number) => Option): Attachment<HTMLElement> {
  return (element) => {
    const chart = echarts.init(element, null, { renderer: 'svg' });
    const fit = (width: number) => {
      if (width === 0) return; // Inside a folded section: the observer calls again.
      chart.resize({ width, height: element.clientHeight, silent: true });
      chart.setOption(option(width), { notMerge: true });
    };
    const onScreen = () => fit(printing ? paperWidth : element.clientWidth);
    const onPaper = () => fit(paperWidth);
    const sizes = new ResizeObserver(onScreen);
    sizes.observe(element);
    window.addEventListener('beforeprint', onPaper);
    window.addEventListener('afterprint', onScreen);
    $effect(onScreen);
    return () => {
      window.removeEventListener('beforeprint', onPaper);
      window.removeEventListener('afterprint', onScreen);
      sizes.disconnect();
      chart.dispose();
    };
  };
}

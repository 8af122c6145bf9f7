import { BarChart, CustomChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, MarkLineComponent, TooltipComponent } from 'echarts/components';
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

/** Draws the option into the element, again whenever the option or the size changes. */
export function draw(option: () => Option | null): Attachment<HTMLElement> {
  return (element) => {
    const chart = echarts.init(element, null, { renderer: 'svg' });
    const fit = () => chart.resize({ animation: { duration: 0 } });
    const sizes = new ResizeObserver(fit);
    sizes.observe(element);
    window.addEventListener('beforeprint', fit);
    $effect(() => {
      const current = option();
      if (current) chart.setOption(current, { notMerge: true });
    });
    return () => {
      window.removeEventListener('beforeprint', fit);
      sizes.disconnect();
      chart.dispose();
    };
  };
}

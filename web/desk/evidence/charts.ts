/** ECharts with the parts that the desk draws by; loaded with the first chart. */

import { BarChart } from "echarts/charts";
import { GridComponent, LegendComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";

use([BarChart, GridComponent, LegendComponent, CanvasRenderer]);

export interface Bars {
  readonly name: string;
  readonly colour: string;
  /** One for each category; null draws nothing. */
  readonly values: readonly (number | null)[];
}

export interface Chart {
  /** What the bars are of; a second line tells their figures. */
  readonly categories: readonly string[];
  readonly bars: readonly Bars[];
  readonly unit: string;
  /** Where the axis ends; without it where the values do. */
  readonly most?: number;
}

const ROW_PX = 44;
const AROUND_PX = 92;

export function heightOf(chart: Chart): number {
  return Math.max(3, chart.categories.length) * ROW_PX + AROUND_PX;
}

/** Draw horizontal bars, stacked; return what redraws them and what takes them away. */
export function draw(place: HTMLElement, chart: Chart): EChartsType {
  const drawn = init(place);
  drawn.setOption({
    animation: false,
    textStyle: { fontFamily: getComputedStyle(place).fontFamily, color: "#0d1b24" },
    grid: { left: 8, right: 24, top: 40, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, itemWidth: 16, textStyle: { color: "#24343f", fontSize: 13 } },
    xAxis: {
      type: "value",
      axisLabel: { formatter: `{value}${chart.unit}`, color: "#4a5c68" },
      minInterval: 1,
      ...(chart.most === undefined ? {} : { max: chart.most }),
    },
    yAxis: { type: "category", inverse: true, data: [...chart.categories], axisLabel: { color: "#0d1b24", fontSize: 14, lineHeight: 18, width: 150, overflow: "truncate" } },
    series: chart.bars.map((one) => ({
      type: "bar",
      name: one.name,
      stack: "all",
      barMaxWidth: 24,
      itemStyle: { color: one.colour },
      silent: true,
      data: one.values.map((value) => value ?? "-"),
    })),
  });
  return drawn;
}

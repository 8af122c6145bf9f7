// The document as docs/schema/document.schema.json describes it. Every number comes with the text
// that a person reads, so nothing is formatted twice.

export type Tone = 'neutral' | 'good' | 'bad' | 'warn' | 'invalid';
export type Mark = 'none' | 'good' | 'bad' | 'neutral';

export interface Num {
  value: number | null;
  text: string;
  reason?: string;
}
export interface Interval {
  low: number | null;
  high: number | null;
  text: string;
}
export type NumberStyle =
  'number' | 'signed_number' | 'count' | 'percent' | 'relative' | 'points' | 'money' | 'p_value';
export interface NumberFormat {
  style: NumberStyle;
  unit: string;
}

export interface Verdict {
  type: 'verdict';
  word: string;
  tone: Tone;
  headline: string;
  reason: string;
  facts: string[];
  next: string[];
}
export interface Check {
  type: 'check';
  name: string;
  status: 'passed' | 'failed' | 'warning' | 'not_run';
  observed: string;
  rule: string;
  detail: string;
}
export interface Cell {
  kind: 'text' | 'count' | 'number' | 'percent' | 'interval' | 'p_value' | 'lift' | 'estimate';
  text: string;
  value?: number | null;
  low?: number | null;
  high?: number | null;
  mark?: Mark;
  reason?: string;
}
export interface Table {
  type: 'table';
  title: string;
  caption: string;
  shaded: boolean;
  columns: { title: string; align: 'left' | 'right'; format: NumberFormat }[];
  rows: Cell[][];
}
export interface Estimate {
  metric: string;
  role: string;
  arm: string;
  control: Num;
  treatment: Num;
  format: NumberFormat;
  lift: Num;
  interval: Interval;
  lift_format: NumberFormat;
  p_value: Num;
  margin: Num | null;
  mark: Mark;
  words: string;
}
export interface Scorecard {
  type: 'scorecard';
  title: string;
  confidence_level: number;
  confidence_text: string;
  control: string;
  treatment: string;
  rows: Estimate[];
  caption: string;
}

export interface EffectIntervals {
  type: 'effect_intervals';
  zero: number;
  rows: {
    name: string;
    group: string;
    estimate: Num;
    interval: Interval;
    margin: Num | null;
    mark: Mark;
    words: string;
  }[];
}
export interface SeriesPoint {
  x: string;
  estimate: Num;
  interval: Interval;
}
export interface TimeSeriesBand {
  type: 'time_series_band';
  views: { name: string; series: { name: string; points: SeriesPoint[] }[] }[];
  reference: Num | null;
  annotations: { x: string; text: string }[];
}
export interface RetentionCurve {
  type: 'retention_curve';
  arms: { name: string; points: { k: number; rate: Num; interval: Interval }[] }[];
}
export interface FunnelChart {
  type: 'funnel';
  steps: string[];
  arms: { name: string; stages: { count: Num; rate: Num; interval: Interval }[] }[];
}
export interface Bars {
  type: 'bars';
  labels: string[];
  groups: { name: string; values: Num[] }[];
}
export interface Curve {
  type: 'curve';
  lines: { name: string; points: { x: Num; y: Num; interval: Interval }[] }[];
  reference_x: Num | null;
  reference_y: Num | null;
}
export type ChartSpec =
  EffectIntervals | TimeSeriesBand | RetentionCurve | FunnelChart | Bars | Curve;
export interface Chart<Spec extends ChartSpec = ChartSpec> {
  type: 'chart';
  title: string;
  x_title: string;
  y_title: string;
  x_format: NumberFormat;
  y_format: NumberFormat;
  how_to_read: string;
  caption: string;
  spec: Spec;
  table: Table;
}

export interface Heading {
  type: 'heading';
  text: string;
  level: number;
}
export interface Text {
  type: 'text';
  text: string;
  severity: 'normal' | 'muted';
}
export interface Fact {
  key: string;
  value: string;
}
export interface Facts {
  type: 'facts';
  title: string;
  items: Fact[];
}
export interface Notes {
  type: 'notes';
  title: string;
  items: { text: string; tone: Tone }[];
}
export interface Code {
  type: 'code';
  title: string;
  language: string;
  text: string;
}
export interface Section {
  type: 'section';
  title: string;
  layer: 'summary' | 'evidence' | 'detail';
  blocks: Block[];
}
export type Block =
  Heading | Text | Verdict | Check | Table | Scorecard | Chart | Facts | Notes | Code | Section;

export interface Document {
  schema: 'assay.document';
  schema_version: number;
  kind: string;
  title: string;
  subtitle: string;
  blocks: Block[];
  provenance: {
    version: string;
    command: string;
    seed: string | null;
    spec_hash: string;
    data_fingerprint: string;
    engine: string;
    generated_at: string;
    more: Fact[];
  };
}

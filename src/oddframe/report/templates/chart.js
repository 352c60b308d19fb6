"use strict";

/** Seconds as a clock shows them: 0:07.2, 1:02:05.0; in the same arithmetic as oddframe/types/clock.py. */
function clock(seconds, decimals = 1) {
  const unit = 10 ** decimals;
  const units = Math.floor(seconds * unit + 0.5);
  const whole = Math.floor(units / unit);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value) => String(value).padStart(2, "0");
  const head = hours ? `${hours}:${two(minutes)}` : `${minutes}`;
  return `${head}:${two(rest)}` + (decimals ? `.${String(units % unit).padStart(decimals, "0")}` : "");
}

const STEPS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 21600, 43200, 86400];
const MARGIN = { l: 48, r: 18, t: 10, b: 30 };

/** Where the time axis has its ticks between two times, and what they say. */
function ticks(from, to, most) {
  const step = STEPS.find((one) => (to - from) / one <= most) || 86400 * Math.ceil((to - from) / 86400 / most);
  const values = [];
  for (let place = Math.ceil(from / step) * step; place <= to + 1e-9; place += step) values.push(place);
  return { tickvals: values, ticktext: values.map((place) => clock(place, step < 1 ? 1 : 0)) };
}

/** The score curve of one video. Tells its listeners which time is pointed at, and which is clicked. */
class Chart {
  constructor(element, video, range) {
    Object.assign(this, { element, video, range, listeners: {}, drawn: false, view: [0, video.seconds] });
  }

  on(what, listener) {
    this.listeners[what] = listener;
  }

  draw() {
    const first = !this.drawn;
    this.drawn = true;
    Plotly.react(this.element, this.traces(), this.layout(), { displayModeBar: false, responsive: true, doubleClick: false });
    if (!first) return;
    const tell = (what) => (event) => this.listeners[what]?.(event.xvals ? event.xvals[0] : event.points[0].x);
    this.element.on("plotly_hover", tell("point"));
    this.element.on("plotly_click", tell("click"));
    this.element.on("plotly_relayout", (change) => this.zoomed(change));
    this.element.on("plotly_doubleclick", () => this.zoom([0, this.video.seconds]));
  }

  zoomed(change) {
    const from = change["xaxis.range[0]"];
    if (from !== undefined) this.zoom([from, change["xaxis.range[1]"]]);
  }

  zoom([from, to]) {
    this.view = [Math.max(from, 0), Math.min(to, this.video.seconds)];
    this.draw();
    this.listeners.zoom?.();
  }

  /** Where a time lies, in pixels from the chart's left edge; null where it is out of sight. */
  place(seconds) {
    const [from, to] = this.view;
    const share = (seconds - from) / (to - from || 1);
    return share < 0 || share > 1 ? null : MARGIN.l + share * (this.element.clientWidth - MARGIN.l - MARGIN.r);
  }

  traces() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const { video } = this;
    const area = (stretches, fill, more = {}, [low, high] = [0, 1]) => ({
      x: stretches.flatMap(([from, to]) => [from, from, to, to, null]),
      y: stretches.flatMap(() => [low, high, high, low, null]),
      yaxis: "y2", type: "scatter", mode: "lines", fill: "toself", fillcolor: fill, line: { width: 0 }, hoverinfo: "skip", ...more,
    });
    const traces = [];
    if (video.gaps.length) traces.push(area(video.gaps, colour("gap"), { name: "not scorable", fillpattern: { shape: "/", size: 6, solidity: 0.25, fgcolor: colour("gap"), bgcolor: "rgba(0,0,0,0)" } }));
    if (video.events) {
      traces.push(area(video.moments, colour("alarm-soft"), { name: "events" }));
      traces.push(area(video.moments, colour("alarm"), { name: "event bars" }, [0.97, 1]));
    }
    if (video.truth.length) traces.push(area(video.truth, colour("truth"), { name: "ground truth" }, [0, 0.045]));
    traces.push({ x: video.t, y: video.s, type: "scatter", mode: "lines", name: "score", line: { color: colour("curve"), width: 1.6 }, hoverinfo: "none", connectgaps: false });
    if (video.threshold !== null) traces.push({ x: [0, video.seconds], y: [video.threshold, video.threshold], type: "scatter", mode: "lines", name: "threshold", line: { color: colour("ink"), width: 1.2, dash: "dash" }, hoverinfo: "skip" });
    return traces;
  }

  layout() {
    const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
    const axis = { gridcolor: colour("hair"), linecolor: colour("hair"), zeroline: false, tickfont: { size: 12 }, fixedrange: true };
    const touch = matchMedia("(pointer: coarse)").matches;  // there a finger must scroll the page
    return {
      margin: MARGIN, showlegend: false, hovermode: "x", hoverdistance: -1, dragmode: touch ? false : "zoom",
      paper_bgcolor: "rgba(0,0,0,0)", plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: getComputedStyle(document.body).fontFamily, color: colour("quiet") },
      xaxis: { ...axis, showgrid: false, fixedrange: touch, range: this.view, ...ticks(...this.view, this.element.clientWidth / 75), ticks: "outside", tickcolor: colour("hair"), ticklen: 4 },
      yaxis: { ...axis, range: this.range, nticks: 5 },
      yaxis2: { overlaying: "y", range: [0, 1], visible: false, fixedrange: true },
    };
  }
}

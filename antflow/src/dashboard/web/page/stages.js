
// The stages, with their queues, workers and throughput.

const WINDOW = 5;
const POINTS = 60;

/** What was done when, to tell from it how much is done in a second. */
class Rates {
  constructor() {
    this.samples = [];
    this.points = [];
  }

  add(elapsed, done) {
    const last = this.samples.at(-1);
    // Another run, or one that was not looked at for a while.
    if (last && (elapsed < last.elapsed || elapsed - last.elapsed > 4 * WINDOW)) {
      this.samples = [];
      this.points = [];
    } else if (last && elapsed > last.elapsed) {
      this.points.push((done - last.done) / (elapsed - last.elapsed));
      this.points = this.points.slice(-POINTS);
    }
    this.samples.push({ elapsed, done });
    while (this.samples.length > 2 && elapsed - this.samples[1].elapsed >= WINDOW) {
      this.samples.shift();
    }
  }

  /** In the last seconds; from the beginning, if that is all there is, or all is over. */
  perSecond(hasEnded) {
    const [first, last] = [this.samples[0], this.samples.at(-1)];
    if (hasEnded || first.elapsed === last.elapsed) {
      return last.elapsed > 0 ? last.done / last.elapsed : 0;
    }
    return (last.done - first.done) / (last.elapsed - first.elapsed);
  }
}

const rates = new Map();

function ratesOf(key) {
  if (!rates.has(key)) {
    rates.set(key, new Rates());
  }
  return rates.get(key);
}

const SVG = "http://www.w3.org/2000/svg";

function meterLine(name) {
  const figures = make("span");
  const meter = make("div", { class: "meter", role: "meter", "aria-valuemin": "0", "aria-label": name }, make("div"));
  const line = make("p", { class: "of" }, make("span", { class: "quiet" }, name), figures);
  return { figures, meter, line };
}

function stageCard() {
  const card = make("li");
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${POINTS - 1} 20`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  const curve = document.createElementNS(SVG, "polyline");
  svg.append(curve);
  const parts = {
    name: make("h3"),
    badge: make("span", { class: "badge", "data-state": "paused", hidden: "" }, "paused"),
    tasks: make("p", { class: "tasks quiet" }),
    rate: make("span"),
    rateLabel: make("small", { class: "quiet" }),
    curve,
    queue: meterLine("queue"),
    workers: meterLine("busy workers"),
    counts: make("dl"),
  };
  card.append(
    make("div", { class: "head" }, parts.name, parts.badge),
    parts.tasks,
    make("p", { class: "rate" }, parts.rate, " ", parts.rateLabel),
    svg,
    parts.queue.line, parts.queue.meter,
    parts.workers.line, parts.workers.meter,
    parts.counts,
  );
  card.parts = parts;
  return card;
}

function drawCurve(curve, points) {
  const most = Math.max(...points, 1e-9);
  const at = (point, index) => `${POINTS - points.length + index},${(19 - 18 * point / most).toFixed(2)}`;
  curve.setAttribute("points", points.map(at).join(" "));
}

function fillStage(card, stage, index, update) {
  const { parts } = card;
  const done = stage.completed_items + stage.skipped_items;
  const its = ratesOf(index);
  its.add(update.elapsed, done);
  setText(parts.name, stage.stage_name);
  parts.badge.hidden = !stage.is_paused;
  card.classList.toggle("paused", stage.is_paused);
  const tasks = update.task_names[stage.stage_name] ?? [];
  setText(parts.tasks, tasks.join(", "));
  setText(parts.rate, rate(its.perSecond(update.has_ended)));
  setText(parts.rateLabel, update.has_ended ? "per second, on average" : "per second");
  drawCurve(parts.curve, its.points);
  setText(parts.queue.figures, `${count(stage.pending_items)} of ${count(stage.queue_capacity)}`);
  const full = fillMeter(parts.queue.meter, stage.pending_items, stage.queue_capacity);
  parts.queue.meter.classList.toggle("full", full >= 1);
  setText(parts.workers.figures, `${count(stage.in_progress_items)} of ${count(stage.workers)}`);
  fillMeter(parts.workers.meter, stage.in_progress_items, stage.workers);

  const counts = [
    ["completed", count(stage.completed_items)],
    ["failed", count(stage.failed_items), stage.failed_items > 0 ? "bad" : ""],
    ["retries", count(stage.retries)],
    ["each takes", duration(stage.average_processing_time)],
    ["waits in the queue", duration(stage.average_queue_wait)],
  ];
  const rare = [["skipped", stage.skipped_items], ["wait for a retry", stage.retrying_items], ["cancelled", stage.cancelled_items]];
  counts.push(...rare.filter(([, number]) => number > 0).map(([name, number]) => [name, count(number)]));
  fillList(parts.counts, counts.flatMap(([name, value, kind]) => [["dt", name, ""], ["dd", value, kind ?? ""]]),
    ([tag]) => make(tag), (node, [, text, kind]) => {
      setText(node, text);
      node.className = kind;
    });
}

function fillGraph(update) {
  const stages = update.pipeline_stats.stage_stats.map((stage, index) => [stage, index]);
  fillList(byId("graph"), stages, stageCard, (card, [stage, index]) => fillStage(card, stage, index, update));
}

function fillNumbers(update) {
  const stats = update.pipeline_stats;
  setText(byId("processed"), count(stats.items_processed));
  setText(byId("failed"), count(stats.items_failed));
  byId("failed").classList.toggle("none", stats.items_failed === 0);
  setText(byId("in-flight"), count(stats.items_in_flight));
  setText(byId("cancelled"), count(stats.items_cancelled));
  const done = stats.items_processed + stats.items_failed + stats.items_cancelled;
  const all = ratesOf("all");
  all.add(update.elapsed, done);
  const perSecond = all.perSecond(update.has_ended);
  setText(byId("rate"), rate(perSecond));
  setText(byId("rate-label"), update.has_ended ? "per second, on average" : "per second");

  const total = update.total_items ?? stats.items_submitted;
  byId("progress").hidden = total === 0;
  const part = fillMeter(byId("bar"), done, total);
  const of = update.total_items === null ? "that were fed so far" : "in all";
  setText(byId("done"), `${count(done)} of ${count(total)} ${of} have their outcome (${Math.floor(100 * part)} %)`);
  const isKnown = update.total_items !== null && !update.has_ended && perSecond > 0 && done < total;
  byId("left").hidden = !isKnown;
  if (isKnown) {
    setText(byId("eta"), duration((total - done) / perSecond));
  }
}

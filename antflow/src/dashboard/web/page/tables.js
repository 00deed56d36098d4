
// Errors, workers, and what an item went through.

let canFind = false;

/** An id that can be followed. */
function itemButton() {
  const button = make("button", { type: "button", class: "item" });
  button.addEventListener("click", () => find(button.textContent, true));
  return button;
}

function fillItem(button, id) {
  setText(button, id ?? "");
  button.hidden = id === null || id === undefined;
  button.disabled = !canFind;
}

function fillCounts(body, counts) {
  const rows = Object.entries(counts).sort(([, one], [, other]) => other - one);
  const row = () => make("tr", null, make("th", { scope: "row" }), make("td", { class: "number" }));
  fillList(body, rows, row, (node, [name, number]) => {
    setText(node.children[0], name);
    setText(node.children[1], count(number));
  });
}

function failure() {
  const entry = make("li");
  entry.parts = { item: itemButton(), where: make("span", { class: "quiet" }), message: make("pre") };
  entry.append(make("p", null, entry.parts.item, " ", entry.parts.where), entry.parts.message);
  return entry;
}

function fillFailure(entry, failed) {
  const { item, where, message } = entry.parts;
  fillItem(item, failed.item_id);
  const task = failed.task ? `, ${failed.task}` : "";
  const attempts = failed.attempts === 1 ? "1 attempt" : `${failed.attempts} attempts`;
  setText(where, `in ${failed.stage}${task} at ${clock(failed.timestamp)}, ${attempts}: ${failed.type_name}`);
  setText(message, failed.message);
}

function fillErrors(summary) {
  const any = summary.total_failed > 0;
  byId("errors").hidden = !any;
  byId("no-errors").hidden = any;
  fillCounts(byId("by-type"), summary.errors_by_type);
  fillCounts(byId("by-stage"), summary.errors_by_stage);
  fillList(byId("failures"), summary.failed_items.toReversed(), failure, fillFailure);
}

function workerRow() {
  const row = make("tr", null, make("th", { scope: "row" }));
  row.badge = make("span", { class: "badge" });
  row.item = itemButton();
  for (const content of [row.badge, row.item, "", "", "", "", "", "", ""]) {
    row.append(make("td", null, content));
  }
  return row;
}

function fillWorkers(page, now) {
  fillList(byId("workers"), page.workers, workerRow, (row, worker) => {
    const cells = row.children;
    setText(cells[0], worker.worker);
    setText(row.badge, worker.status);
    setState(row.badge, worker.status);
    fillItem(row.item, worker.current_item);
    setText(cells[3], [worker.current_task, worker.status_text].filter(Boolean).join(": "));
    setText(cells[4], duration(Math.max(0, now - worker.since)));
    setText(cells[5], count(worker.items_processed));
    setText(cells[6], count(worker.items_failed));
    setText(cells[7], count(worker.retries));
    setText(cells[8], duration(worker.average_processing_time));
    setText(cells[9], `${Math.round(100 * worker.utilization)} %`);
  });
  const last = page.offset + page.workers.length;
  const range = page.workers.length > 0 ? `${count(page.offset + 1)} to ${count(last)}` : "none";
  setText(byId("shown"), `${range} of ${count(page.total)}, ${count(page.busy)} of them busy`);
  byId("earlier").disabled = page.offset === 0;
  byId("later").disabled = last >= page.total;
}

let sought = null;
let shownHistory = "";

async function find(id, jump) {
  sought = id;
  byId("id").value = id;
  window.history.replaceState(null, "", `#item=${encodeURIComponent(id)}`);
  await findAgain();
  if (jump) {
    byId("find").scrollIntoView({ block: "start" });
    byId("id").focus({ preventScroll: true });
  }
}

/** Asks for the item that is shown; what is the same is left as it is. */
async function findAgain() {
  const id = sought;
  const { ok, said } = await ask(`items/${encodeURIComponent(id)}`);
  const text = JSON.stringify(said);
  if (id !== sought || text === shownHistory) {
    return;
  }
  shownHistory = text;
  const events = ok ? said.events : [];
  const omitted = ok && said.omitted > 0 ? `; ${count(said.omitted)} earlier ones are left out` : "";
  const metadata = Object.entries(events[0]?.metadata ?? {}).map(([key, value]) => `${key}: ${value}`);
  const about = metadata.length > 0 ? ` (${metadata.join(", ")})` : "";
  setText(byId("found"), ok ? `Item ${id}${about}: ${lastWord(events.at(-1))}${omitted}` : said?.error ?? "no answer");
  showHistory(events);
}

function lastWord(event) {
  return `${event.status.replace("_", " ")} in ${event.stage}`;
}

function showHistory(events) {
  const start = events[0]?.timestamp;
  const entries = events.map((event) => {
    const entry = make("li", { "data-state": event.status });
    const after = event.timestamp === start ? clock(start) : `+${duration(event.timestamp - start)}`;
    const head = make("p", { class: "head" },
      make("span", { class: "badge", "data-state": event.status }, event.status.replace("_", " ")),
      make("strong", null, event.stage),
      make("span", { class: "quiet" }, after));
    const facts = [
      event.worker && `by ${event.worker}`,
      event.duration !== null && `after ${duration(event.duration)} of work`,
      event.next_attempt && `attempt ${event.next_attempt} is next`,
    ].filter(Boolean);
    head.append(make("span", { class: "quiet" }, facts.join(", ")));
    entry.append(head);
    if (event.error) {
      entry.append(make("pre", null, `${event.error.type_name}: ${event.error.message}`));
    }
    return entry;
  });
  byId("timeline").replaceChildren(...entries);
}

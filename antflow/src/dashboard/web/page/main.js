
// What comes when, and what is done about it.

let latest = null;
let offset = 0;
let announced = { failed: 0, at: 0 };

function announce(text) {
  setText(byId("said"), text);
}

function stateOf(update) {
  const stages = update.pipeline_stats.stage_stats;
  if (update.has_ended) {
    return "ended";
  }
  return stages.length > 0 && stages.every((stage) => stage.is_paused) ? "paused" : "running";
}

function fillOptions(select, names, first) {
  const options = first.concat(names.map((name) => ({ name, value: name })));
  fillList(select, options, () => make("option"), (option, { name, value }) => {
    setText(option, name);
    if (option.value !== value) {
      option.value = value;
    }
  });
}

function show(update) {
  const before = latest;
  latest = update;
  canFind = update.can.find_items;
  byId("find").hidden = !canFind;
  byId("steer").hidden = !update.can.control || update.has_ended;
  const state = stateOf(update);
  setText(byId("run"), `run ${update.run}`);
  setText(byId("state"), state);
  setState(byId("state"), state);
  setText(byId("elapsed"), update.has_ended ? `took ${duration(update.elapsed)}` : `for ${duration(update.elapsed)}`);
  document.title = `${state}, run ${update.run} - antflow`;
  const names = update.pipeline_stats.stage_stats.map((stage) => stage.stage_name);
  fillOptions(byId("steered"), names, []);
  fillOptions(byId("of-stage"), names, [{ name: "all", value: "" }]);
  fillNumbers(update);
  fillGraph(update);
  fillErrors(update.error_summary);
  showWorkers(update);
  if (sought !== null && (!before?.has_ended || before.run !== update.run)) {
    findAgain().catch(() => {});
  }
  tell(before, update, state);
}

/** Says what somebody who does not see the page would want to know, and not too often. */
function tell(before, update, state) {
  const failed = update.pipeline_stats.items_failed;
  if (before && stateOf(before) !== state) {
    announce(`The run is ${state}.`);
  } else if (failed > announced.failed && Date.now() - announced.at > 10_000) {
    announced = { failed, at: Date.now() };
    announce(`${count(failed)} items failed.`);
  }
}

let asking = false;

async function showWorkers(update) {
  const [sort, stage] = [byId("sort").value, byId("of-stage").value];
  // An update has the first of the usual order.
  if (sort === "longest" && stage === "" && offset === 0) {
    fillWorkers(update.workers, update.timestamp);
    return;
  }
  if (asking) {
    return;
  }
  asking = true;
  try {
    const query = new URLSearchParams({ sort, offset, limit: 100 });
    if (stage !== "") {
      query.set("stage", stage);
    }
    const { ok, said } = await ask(`workers?${query}`);
    if (ok && said.workers.length === 0 && offset > 0) {
      offset = 0;
    } else if (ok) {
      fillWorkers(said, update.timestamp);
    }
  } catch {
    // The next update asks again.
  } finally {
    asking = false;
  }
}

function turn(pages) {
  offset = Math.max(0, offset + 100 * pages);
  if (latest) {
    showWorkers(latest);
  }
}

let source = null;

function listen() {
  source?.close();
  source = new EventSource(api("events"));
  source.addEventListener("open", () => lost(false));
  source.addEventListener("update", (event) => show(parse(event.data)));
  source.addEventListener("error", () => {
    lost(true);
    // It tries again by itself, unless it was answered something else than a stream.
    if (source.readyState === EventSource.CLOSED) {
      setTimeout(listen, 3000);
    }
  });
}

function lost(isLost) {
  byId("link").hidden = !isLost;
  if (isLost) {
    setText(byId("state"), "not connected");
    setState(byId("state"), "lost");
  }
}

async function steer(action, wish) {
  const said = byId("steered-to");
  try {
    const headers = { Authorization: `Bearer ${byId("token").value}` };
    const answer = await ask(`control/${action}`, { method: "POST", headers, body: wish ? JSON.stringify(wish) : "" });
    setText(said, answer.ok ? `Done: ${action}${wish ? ` ${wish.stage}` : ""}.` : answer.said?.error ?? `status ${answer.status}`);
  } catch (error) {
    setText(said, String(error));
  }
}

byId("pause").addEventListener("click", () => steer("pause"));
byId("resume").addEventListener("click", () => steer("resume"));
byId("shutdown").addEventListener("click", () => {
  if (confirm("End the run? What is not done ends cancelled.")) {
    steer("shutdown");
  }
});
byId("pause-stage").addEventListener("click", () => steer("pause", { stage: byId("steered").value }));
byId("resume-stage").addEventListener("click", () => steer("resume", { stage: byId("steered").value }));
byId("resize").addEventListener("click", () => steer("resize", { stage: byId("steered").value, workers: byId("size").valueAsNumber }));
byId("steering").addEventListener("submit", (event) => event.preventDefault());
byId("search").addEventListener("submit", (event) => {
  event.preventDefault();
  find(byId("id").value.trim(), false).catch((error) => setText(byId("found"), String(error)));
});
for (const id of ["sort", "of-stage"]) {
  byId(id).addEventListener("change", () => {
    offset = 0;
    turn(0);
  });
}
byId("earlier").addEventListener("click", () => turn(-1));
byId("later").addEventListener("click", () => turn(1));

// A page that nobody sees asks for nothing.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    source?.close();
  } else {
    listen();
  }
});

const wanted = /^#item=(.+)$/.exec(location.hash);
if (wanted) {
  sought = decodeURIComponent(wanted[1]);
  byId("id").value = sought;
}
listen();

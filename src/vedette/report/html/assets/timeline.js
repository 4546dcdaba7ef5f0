// The timeline: what was found when, in lanes; a range that is drawn on it is a filter.

const LANES = { rule: "rule", host: "host", user: "login user", session: "session" };
const LANE_HEIGHT = 34, BAND = 22, AXIS = 20, STEP = 5, MOST_LANES = 8;
const view = { lanes: "rule", from: 0, to: 1, whole: [0, 1] };
let canvas = null, rangeLabel = null;

function laneOf(index) {
  const row = ROWS[index];
  switch (view.lanes) {
    case "host": return str(row[C.host]) || "(no name)";
    case "user": return str(row[C.login]) || (str(row[C.user]) ? `${str(row[C.user])} (no login)` : "unknown");
    case "session": return sessionOf(row[C.session]) || "no session";
    default: return D.rules[row[C.rule]].title;
  }
}

// Lane of each finding, by number, for each way to cut lanes; made once.
const CUT = new Map();
function cut() {
  if (!CUT.has(view.lanes)) {
    const known = new Map(), names = [];
    const lane = Int32Array.from(ROWS, (row, index) => {
      const name = laneOf(index);
      if (!known.has(name)) {
        known.set(name, names.length);
        names.push(name);
      }
      return known.get(name);
    });
    CUT.set(view.lanes, { lane, names });
  }
  return CUT.get(view.lanes);
}

function lanesOf(indices) {
  const { lane, names } = cut();
  const lanes = names.map((name) => ({ name, indices: [], rank: 9 }));
  for (const index of indices) {
    const one = lanes[lane[index]];
    one.indices.push(index);
    if (RANK[index] < one.rank) one.rank = RANK[index];
  }
  const ordered = lanes.filter((one) => one.indices.length).sort((a, b) => a.rank - b.rank || b.indices.length - a.indices.length);
  if (ordered.length <= MOST_LANES) return ordered;
  const rest = ordered.slice(MOST_LANES - 1);
  return [...ordered.slice(0, MOST_LANES - 1), { name: `${rest.length} others`, indices: rest.flatMap((one) => one.indices), rank: 9 }];
}

function tickStep(width, count) {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800, 2592000, 31536000].map((s) => s * 1000);
  return steps.find((step) => width / step <= count) || steps[steps.length - 1] * Math.ceil(width / steps[steps.length - 1] / count);
}

function drawTimeline() {
  const width = Math.max(200, canvas.clientWidth || canvas.parentElement.clientWidth - 30);
  const lanes = lanesOf(IN_ALL_TIMES);
  const bands = D.incidents.length ? BAND : 0;
  const height = AXIS + bands + Math.max(1, lanes.length) * LANE_HEIGHT + 4;
  const length = Math.max(1, view.to - view.from);
  const x = (time) => ((time - view.from) / length) * width;
  const parts = [];
  const step = tickStep(length, Math.max(2, Math.floor(width / 95)));
  for (let tick = Math.ceil(view.from / step) * step; tick <= view.to; tick += step) {
    const at = x(tick);
    const text = step >= 86400000 ? stamp(tick, "day") : stamp(tick, "time").slice(0, step < 60000 ? 8 : 5);
    parts.push(svg("line", { x1: at, x2: at, y1: AXIS - 4, y2: height, class: "rule" }));
    if (at < width - 40 && at > 2) parts.push(svg("text", { x: at + 3, y: 11 }, text));
  }
  if (bands) {
    parts.push(svg("text", { x: 2, y: AXIS + 13, class: "lane" }, "Incidents"));
    D.incidents.forEach((incident, place) => {
      const from = x(Date.parse(incident.first)), to = x(Date.parse(incident.last));
      if (!(to >= -20 && from <= width + 20)) return;
      const left = Math.max(0, from - 3), right = Math.min(width, Math.max(to + 3, from + 9));
      const band = svg("rect", { x: left, y: AXIS + 2, width: Math.max(6, right - left), height: BAND - 7, rx: 4, class: `band ${lookOf(incident.level)}`, "data-incident": place });
      band.append(svg("title", null, incident.title));
      parts.push(band);
      for (const fact of incident.facts.slice(0, 200)) {
        const at = x(Date.parse(fact.time));
        if (at >= 0 && at <= width) parts.push(svg("circle", { cx: at, cy: AXIS + 2 + (BAND - 7) / 2, r: 3, class: FACT[fact.kind] || "other", "pointer-events": "none" }));
      }
    });
  }
  const room = Math.floor(width / STEP);
  lanes.forEach(({ name, indices }, number) => {
    const top = AXIS + bands + number * LANE_HEIGHT;
    const counts = new Int32Array(room), ranks = new Uint8Array(room).fill(9), alive = new Uint8Array(room);
    let most = 1;
    for (const index of indices) {
      const at = x(T[index]);
      if (at < 0 || at > width) continue;
      const place = Math.min(room - 1, Math.floor(at / STEP));
      const count = (counts[place] += 1);
      if (count > most) most = count;
      if (!GONE[index]) alive[place] = 1;
      if (RANK[index] < ranks[place]) ranks[place] = RANK[index];
    }
    parts.push(svg("line", { x1: 0, x2: width, y1: top + LANE_HEIGHT - 1, y2: top + LANE_HEIGHT - 1, class: "rule" }));
    const letters = Math.max(8, Math.floor(width / 6.3));
    parts.push(svg("text", { x: 2, y: top + 12, class: "lane" }, name.length > letters ? `${name.slice(0, letters - 1)}…` : name, svg("title", null, `${name}: ${counted(indices.length, "finding")}`)));
    const scale = 13 / Math.log2(Math.max(8, most) + 1);
    for (let place = 0; place < room; place++) {
      const count = counts[place];
      if (!count) continue;
      const tall = 4 + Math.round(Math.log2(count + 1) * scale);
      const look = alive[place] ? LEVELS[ranks[place]] || "other" : "gone";
      // Bars that touch and look alike are one shape.
      let until = place + 1;
      while (until < room && counts[until] === count && ranks[until] === ranks[place] && alive[until] === alive[place]) until += 1;
      const bar = svg("rect", { x: place * STEP, y: top + LANE_HEIGHT - 2 - tall, width: (until - place) * STEP - 1, height: tall, rx: 1, class: look });
      bar.append(svg("title", null, `${counted(count, "finding")}, ${stamp(view.from + (place * STEP / width) * length)} UTC`));
      parts.push(bar);
      place = until - 1;
    }
  });
  canvas.setAttribute("viewBox", `0 0 ${width} ${height}`);
  canvas.setAttribute("height", String(height));
  canvas.replaceChildren(...parts);
  rangeLabel.textContent = `${between([view.from, view.to])} · ${lasting(length)}`;
}

function look(from, to, quiet) {
  const [first, last] = view.whole;
  const length = Math.min(last - first, Math.max(20, to - from));
  view.from = Math.max(first, Math.min(from, last - length));
  view.to = view.from + length;
  const all = view.from <= first && view.to >= last;
  if (!quiet) refine(all ? { from: null, to: null } : { from: view.from, to: view.to });
}

function zoom(factor, at = 0.5) {
  const length = view.to - view.from, middle = view.from + length * at;
  look(middle - length * factor * at, middle + length * factor * (1 - at));
}

function shift(share) {
  const length = view.to - view.from;
  look(view.from + length * share, view.to + length * share);
}

function drag() {
  let start = null, pick = null;
  const at = (event) => {
    const box = canvas.getBoundingClientRect();
    return Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
  };
  const width = () => canvas.viewBox.baseVal.width;
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    start = at(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (start === null || (!pick && Math.abs(at(event) - start) * width() < 6)) return;
    if (!pick) {
      canvas.setPointerCapture(event.pointerId);
      pick = svg("rect", { y: 0, height: canvas.viewBox.baseVal.height, class: "pick" });
      canvas.append(pick);
    }
    const now = at(event);
    pick.setAttribute("x", String(Math.min(start, now) * width()));
    pick.setAttribute("width", String(Math.abs(now - start) * width()));
  });
  const end = (event) => {
    if (start === null) return;
    const [from, to] = [start, at(event)].sort((a, b) => a - b);
    const length = view.to - view.from, picked = pick;
    start = pick = null;
    if (picked) {
      picked.remove();
      look(view.from + from * length, view.from + to * length);
    } else if (event.target.dataset && event.target.dataset.incident) {
      const card = byId(`incident-${event.target.dataset.incident}`);
      if (card) {
        card.querySelector("details.more").open = true;
        card.scrollIntoView();
        card.focus({ preventScroll: true });
      }
    }
  };
  canvas.addEventListener("pointerup", end);
  canvas.addEventListener("pointercancel", () => { if (pick) pick.remove(); start = pick = null; });
  canvas.addEventListener("dblclick", () => zoom(0.4));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey) return;
    event.preventDefault();
    zoom(event.deltaY > 0 ? 1.4 : 0.7, at(event));
  }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const act = { "+": () => zoom(0.5), "=": () => zoom(0.5), "-": () => zoom(2), ArrowLeft: () => shift(-0.25), ArrowRight: () => shift(0.25), 0: () => look(...view.whole), Escape: () => look(...view.whole) }[event.key];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  });
}

function makeTimeline() {
  const times = span();
  if (!times) return null;
  const margin = Math.max(500, (times[1] - times[0]) * 0.015);
  view.whole = [times[0] - margin, times[1] + margin];
  [view.from, view.to] = view.whole;
  canvas = svg("svg", { tabindex: 0, role: "application", "aria-label": "Timeline of findings. Plus and minus zoom, the arrow keys move, 0 shows everything.", preserveAspectRatio: "none" });
  rangeLabel = el("span.count");
  const control = (text, name, act) => el("button.small", { type: "button", "aria-label": name, title: name, onclick: act }, text);
  const lanes = el("select", { "aria-label": "Lanes of the timeline", onchange: () => { view.lanes = lanes.value; drawTimeline(); } },
    Object.entries(LANES).map(([value, name]) => el("option", { value }, `by ${name}`)));
  drag();
  watchers.push(drawTimeline);
  let wide = 0;
  new ResizeObserver(() => {
    if (Math.abs(canvas.clientWidth - wide) < 2) return;
    wide = canvas.clientWidth;
    drawTimeline();
  }).observe(canvas);
  return el(".timeline.panel", null,
    el(".bar", null, el("div", null, rangeLabel), el("div.only-screen", null, lanes, control("−", "Zoom out", () => zoom(2)), control("+", "Zoom in", () => zoom(0.5)),
      control("◀", "Earlier", () => shift(-0.5)), control("▶", "Later", () => shift(0.5)), control("All", "Show the whole time", () => look(...view.whole)))),
    canvas);
}

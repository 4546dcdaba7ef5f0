// The first part: what there is, in figures.

function levelCounts() {
  const counts = new Map();
  ROWS.forEach((row, index) => {
    if (GONE[index]) return;
    const look = lookOf(RULE_LEVEL[row[C.rule]]);
    counts.set(look, (counts.get(look) || 0) + 1);
  });
  return counts;
}

function span() {
  const times = [T.length ? T[0] : NaN, T.length ? T[T.length - 1] : NaN, ...D.incidents.flatMap((one) => [Date.parse(one.first), Date.parse(one.last)])];
  const known = times.filter(Number.isFinite);
  return known.length ? [Math.min(...known), Math.max(...known)] : null;
}

function between(times) {
  if (!times) return "no time";
  const [first, last] = times;
  const end = stamp(first, "day") === stamp(last, "day") ? stamp(last).slice(11) : stamp(last);
  return `${stamp(first)} to ${end} UTC`;
}

function drawSummary() {
  const body = byId("summary-body");
  const counts = levelCounts();
  const hosts = distinct("host").map(([place]) => str(place) || "(no name)");
  const open = D.incidents.filter((one) => !one.decision);
  const excluded = GONE.reduce((sum, one) => sum + one, 0);
  const alerts = ROWS.length - excluded;
  const covered = D.summaries.flatMap((one) => one.hosts);
  const names = [...new Set([...covered.map((one) => one.host || "(no name)"), ...hosts])];
  put(body, [
    el("p.lead", null,
      D.incidents.length > 0 && [el("b", null, counted(D.incidents.length, "incident")), open.length ? [", ", el("b", null, whole(open.length)), " without a decision. "] : ", all decided. "],
      el("b", null, counted(alerts, "finding")), " on ", el("b", null, names.length === 1 ? names[0] : counted(names.length, "host")), ", ",
      between(span()), ".",
      excluded > 0 && ` ${counted(excluded, "more finding")} covered by exclusions.`),
    D.redacted && el("p.note", null, "Names, addresses and secrets in this report are masked; one value has one mask throughout."),
  ]);
  const tiles = el(".tiles");
  if (D.incidents.length) tiles.append(el("a.tile.panel", { href: "#incidents", className: `tile panel ${lookOf(worst(D.incidents.map((one) => one.level)))}` },
    el("span.big", null, whole(D.incidents.length)), el("span.what", null, D.incidents.length === 1 ? "incident" : "incidents")));
  for (const level of [...LEVELS, "other"]) {
    const count = counts.get(level);
    if (!count) continue;
    const tile = el(`button.tile.panel.${level}`, { type: "button", "aria-pressed": "false", onclick: () => toggleLevel(level, true) },
      el("span.big", null, whole(count)), el("span.what", null, level));
    levelButtons.push([level, tile]);
    tiles.append(tile);
  }
  tiles.append(el("a.tile.panel", { href: "#coverage" }, el("span.big", null, whole(names.length)), el("span.what", null, names.length === 1 ? "host" : "hosts")));
  const silenced = Math.max(excluded, D.summaries.flatMap((one) => one.excluded).reduce((sum, one) => sum + one.findings, 0));
  tiles.append(el("a.tile.panel", { href: "#exclusions" }, el("span.big", null, whole(silenced)), el("span.what", null, "excluded")));
  body.append(tiles);
  const blind = D.summaries.flatMap((one) => one.blind);
  if (blind.length) body.append(el("p.note.warn", null, counted(blind.length, "time"), " in which a host was not wholly seen: ", el("a", { href: "#coverage" }, "blind spots")));
  if (D.unread.length) body.append(el("p.note.warn", null,
    counted(D.unread.reduce((sum, one) => sum + one[1], 0), "line"), " of the input could not be read: ", el("a", { href: "#unshown" }, "what this report does not show")));
}

const worst = (levels) => [...levels].sort((a, b) => rankOf(a) - rankOf(b))[0] || "";
const levelButtons = [];

function toggleLevel(level, alone) {
  const levels = new Set(filter.levels);
  if (levels.has(level)) levels.delete(level);
  else {
    if (alone) levels.clear();
    levels.add(level);
  }
  refine({ levels });
  if (alone) byId("findings").scrollIntoView();
}
watchers.push(() => levelButtons.forEach(([level, button]) => button.setAttribute("aria-pressed", String(filter.levels.has(level)))));

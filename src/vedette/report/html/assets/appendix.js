// Techniques, rules, exclusions, coverage.

function drawTechniques() {
  const body = byId("techniques-body"), { techniques, tactics, version, asOf } = D.attack;
  if (!techniques.length) return put(body, [el("p.dim", null, "No rule that fired names a technique.")]);
  const buttons = [];
  const box = (one) => {
    const ids = [one.id, ...one.former].join(" ");
    const button = el(`button.cell.panel.${lookOf(one.level)}`, { type: "button", "aria-pressed": "false", onclick: () => {
      refine({ technique: filter.technique === ids ? "" : ids });
      if (filter.technique) byId("findings").scrollIntoView();
    } },
      el("b", null, one.name || one.id),
      el("span", null, [one.name && one.id, one.former.length && `was ${one.former.join(", ")}`, counted(one.findings, "finding"), one.excluded && `${one.excluded} excluded`].filter(Boolean).join(" · ")));
    buttons.push([ids, button]);
    return button;
  };
  const columns = tactics.map(([short, name]) => [name, techniques.filter((one) => one.tactics.includes(short))]).filter((column) => column[1].length);
  const unknown = techniques.filter((one) => !one.tactics.length);
  const matrix = el(".matrix", null, columns.map(([name, fired]) => el("div", null, el("h4", null, name), fired.map(box))));
  if (unknown.length) matrix.append(el("div", null, el("h4", null, "Not in our list"), unknown.map(box)));
  watchers.push(() => buttons.forEach(([ids, button]) => button.setAttribute("aria-pressed", String(filter.technique === ids))));
  return put(body, [matrix, el("p.dim", null, `Only what fired. Tactics as in ATT&CK ${version}, list of ${asOf}. Choose a technique to filter by it.`)]);
}

function openRule(place) {
  const holder = byId(`rule-${place}`);
  if (holder) holder.open = true;
}

function drawRules() {
  const body = byId("rules-body");
  if (!D.rules.length) return put(body, [el("p.dim", null, "No rule fired.")]);
  const counts = new Map();
  ROWS.forEach((row, index) => {
    const known = counts.get(row[C.rule]) || [0, 0];
    known[GONE[index]] += 1;
    counts.set(row[C.rule], known);
  });
  const found = (place) => counts.get(place) || [0, 0];
  const ordered = D.rules.map((rule, place) => [rule, place]).sort((a, b) => rankOf(a[0].level) - rankOf(b[0].level) || found(b[1])[0] - found(a[1])[0]);
  for (const [rule, place] of ordered) {
    const [alerts, gone] = found(place);
    const inner = el("div");
    const holder = el("details.rule.panel", { id: `rule-${place}`, ontoggle: () => {
      if (!holder.open || inner.childElementCount) return;
      put(inner, [
        rule.description && el("p", null, rule.description),
        rule.falsepositives && rule.falsepositives.length > 0 && el("p.dim", null, `Known false positives: ${rule.falsepositives.join("; ")}`),
        el("p.dim", null, "id ", code(rule.id), rule.source && [" · ", code(rule.source)], rule.attack.length > 0 && ` · ${rule.attack.join(" ")}`),
        rule.note && el("p.note", null, rule.note),
        rule.text && codeBlock(`Rule, by ${rule.author || "an unnamed author"}, ${rule.license || "licence not stated"}`, rule.text),
        rule.kql && codeBlock("KQL for Microsoft Sentinel (ASIM), without exclusions", rule.kql),
      ]);
    } },
      el("summary", null, badge(rule.level), el("b", null, rule.title), el("span.dim", null, `by ${rule.author || "an unnamed author"} · ${rule.license || "licence not stated"}`),
        el("span.count.right", null, counts.has(place) ? `${counted(alerts, "finding")}${gone ? `, ${gone} excluded` : ""}` : "joined by a correlation")),
      inner);
    body.append(holder);
  }
  return undefined;
}

function drawExclusions() {
  const body = byId("exclusions-body");
  const known = new Map();
  const at = (id) => {
    if (!known.has(id)) known.set(id, { id, title: "", why: "", owner: "", findings: 0, here: 0, rules: new Map() });
    return known.get(id);
  };
  for (const one of D.summaries.flatMap((summary) => summary.excluded)) {
    const kept = at(one.id);
    Object.assign(kept, { title: kept.title || one.title, why: kept.why || one.why, owner: kept.owner || one.owner, findings: kept.findings + one.findings });
  }
  ROWS.forEach((row, index) => {
    if (!GONE[index]) return;
    const verdict = verdictOf(index), kept = at(verdict.by), title = D.rules[row[C.rule]].title;
    kept.here += 1;
    kept.why = kept.why || verdict.why;
    kept.rules.set(title, (kept.rules.get(title) || 0) + 1);
  });
  if (!known.size) return put(body, [el("p.dim", null, "No exclusion silenced anything that this report knows of.")]);
  const all = [...known.values()].sort((a, b) => Math.max(b.findings, b.here) - Math.max(a.findings, a.here));
  const missing = all.some((one) => one.findings > one.here);
  return put(body, [
    missing && el("p.note", null, "Some excluded findings are counted only; hunt with ", code("--show-excluded"), " to have them here."),
    el(".grid2", null, all.slice(0, 200).map((one) => el(".panel.pad", null,
      el("h3", null, one.title || "Exclusion"), el("p", null, one.why || "no reason was given"),
      el("p.dim", null, code(one.id), one.owner && ` · owner: ${one.owner}`),
      el(".counts", null, tag(`silenced ${counted(Math.max(one.findings, one.here), "finding")}`, "neutral"), [...one.rules.entries()].map(([title, count]) => tag(`${title}: ${whole(count)}`)))))),
  ]);
}

// A share in percent, never rounded up to all nor down to nothing.
function percent(share) {
  if (share <= 0 || share >= 1) return share <= 0 ? "0 %" : "100 %";
  return `${Math.min(99.9, Math.max(0.1, share * 100)).toFixed(1)} %`;
}

function drawCoverage() {
  const body = byId("coverage-body");
  const list = (title, items) => items.length > 0 && el("section", null, el("h4", null, title), el("ul.reasons", null, items.slice(0, 200).map((item) => el("li", null, item))), items.length > 200 && el("p.dim", null, `and ${items.length - 200} more`));
  if (!D.summaries.length) body.append(el("p.note.warn", null, "The findings came without the account of their hunt, so this report can't say what was covered and what was not. Nothing found is worth what was looked at."));
  for (const one of D.summaries) {
    if (one.interrupted) body.append(el("p.note.warn", null, "The hunt was stopped before the end of the logs; nothing is said about the rest."));
    const reasons = new Map();
    for (const dead of one.dead) reasons.set(dead.why, [...(reasons.get(dead.why) || []), dead.title]);
    put(body, [
      el(".grid2", null, one.hosts.slice(0, 300).map((host) => {
        const fill = el("i"), starts = host.events.process_creation || 0;
        fill.style.width = `${Math.min(100, (host.hours / Math.max(1, host.span)) * 100)}%`;
        return el(".panel.pad", null, el("h3", null, host.host || "(no name)"), el("p.dim", null, between([Date.parse(host.first), Date.parse(host.last)])),
          el(".meter", { "aria-hidden": "true" }, fill), el("p", null, `records in ${whole(host.hours)} of ${counted(host.span, "hour")}`,
            starts > 0 && `; parents known for ${percent(host.parents_known / starts)} of process starts`),
          el(".counts", null, Object.entries(host.events).sort((a, b) => b[1] - a[1]).map(([name, count]) => tag(`${name}: ${whole(count)}`))));
      })),
      el("section.panel.pad", null,
        el("p", null, el("b", null, counted(one.rules_loaded, "rule")), ` loaded, `, el("b", null, whole(one.rules_live)), " can match these logs",
          one.dead.length > 0 && [", ", el("b", null, whole(one.dead.length)), " never can"], "."),
        list("Times in which a host was not wholly seen", one.blind.map((blind) => `${blind.host || "(no name)"}, ${between([Date.parse(blind.first), Date.parse(blind.last)])}: ${blind.why}`)),
        list("Rules that can't match", [...reasons.entries()].sort((a, b) => b[1].length - a[1].length).map(([why, titles]) => `${counted(titles.length, "rule")}, ${why}: ${titles.slice(0, 6).join(", ")}${titles.length > 6 ? ` and ${titles.length - 6} more` : ""}`)),
        list("Refused", one.refused), list("Lines of logs that are no records", Object.entries(one.rejected).map(([why, count]) => `${whole(count)}: ${why}`)), list("Remarks", one.notes)),
    ]);
  }
  const cut = D.strings.filter((text) => text.includes(" characters left out … ")).length;
  body.append(el("section.panel.pad", { id: "unshown" }, el("h4", null, "What this report does not show"), el("ul.reasons", null,
    D.unread.map(([reason, count, where]) => el("li", null, `${counted(count, "line")}: ${reason}`, where && [", first at ", code(where)])),
    D.unread.length === 0 && el("li", null, `No line was lost: all ${whole(D.lines)} were read.`),
    cut > 0 && el("li", null, `${counted(cut, "very long text")} of the log without the middle.`),
    el("li", null, "Characters that can't be seen stand as escapes such as ", code("\\x1b"), "; the exact text is in the NDJSON."),
    el("li", null, "What no audit rule recorded."))));
}

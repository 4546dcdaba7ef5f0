// Incidents: who did what, from where, to where, and what the kernel says.

const KERNEL = { confirmed: ["kernel confirms the loss", "bad"], "no drop seen": ["kernel saw no loss", "good"], undeterminable: ["kernel: can't be told", "warned"] };
const STATE = { open: ["firewall left open", "bad"], restored: ["restored by the same job", "good"], recovered: ["recovered by another session", "good"] };
const FACT = { flush: "high", loss: "high", listener: "critical", connection: "medium", ssh: "critical", scan: "medium", restore: "good", recovery: "good", finding: "low" };

function peersOf(incident) {
  const peers = new Map();
  for (const fact of incident.facts) {
    if (!["connection", "ssh", "scan"].includes(fact.kind) || !fact.address) continue;
    const known = peers.get(fact.address) || { ports: new Set(), kinds: new Set() };
    if (fact.port !== null) known.ports.add(fact.port);
    known.kinds.add(fact.kind);
    peers.set(fact.address, known);
  }
  return [...peers.entries()];
}

function flowOf(incident) {
  const listeners = incident.facts.filter((fact) => fact.kind === "listener" && fact.port !== null);
  const peers = peersOf(incident);
  const became = incident.login_user && incident.user && incident.login_user !== incident.user;
  const arrow = () => el(".arrow", { "aria-hidden": "true" }, el("span", null, "→"));
  const listening = [...new Set(listeners.map((fact) => `${fact.address || "*"} port ${fact.port}`))];
  return el(".flow", null,
    el(".box", null, el("h4", null, "From"), el("b.mono", null, incident.came_from || "not in the log")),
    arrow(),
    el(".box.mid", null, el("h4", null, "Who, on which host"),
      el("b", null, incident.login_user || incident.user || "unknown user", became && ` as ${incident.user}`),
      el("span", null, incident.hosts.join(", ")),
      incident.session && el("span.dim", null, ` · session ${incident.session.ses}`)),
    arrow(),
    el(".box", null, el("h4", null, "To"),
      listening.length + peers.length === 0 && el("span.dim", null, "no listener and no new peer seen"),
      el("ul", null,
        listening.map((text) => el("li", null, el("b.mono", null, text), el("span.dim", null, "listens on the host"))),
        peers.slice(0, 12).map(([address, known]) => {
          const ports = [...known.ports].sort((a, b) => a - b);
          return el("li", null, el("b.mono", null, ports.length === 1 ? `${address} port ${ports[0]}` : address), el("span.dim", null, [...known.kinds].join(", "),
            ports.length > 1 && `: ports ${ports.slice(0, 10).join(", ")}${ports.length > 10 ? " …" : ""}`));
        }),
        peers.length > 12 && el("li.dim", null, `and ${peers.length - 12} more`))));
}

function findingsOf(incident) {
  const wanted = new Set(incident.facts.map((fact) => `${fact.origin.file}|${fact.origin.offset}|${fact.origin.serial}`));
  const found = [];
  ROWS.forEach((row, index) => {
    if (wanted.has(`${str(row[C.file])}|${row[C.offset]}|${row[C.serial]}`)) found.push(index);
  });
  return found;
}

function factItem(fact, first) {
  const since = Date.parse(fact.time) - first, command = fact.command_line || "";
  // What the command line says need not be said twice.
  const tail = `: ${command}`;
  const said = command && fact.text.endsWith(tail) ? fact.text.slice(0, -tail.length) : fact.text;
  const author = fact.rule && `${fact.rule.title === said ? "rule" : `rule: ${fact.rule.title},`} by ${fact.rule.author || "an unnamed author"}`;
  return el("li", { className: FACT[fact.kind] || "other" },
    el("span.when", { title: fact.time }, fact.time.slice(11, 23), since > 0 && ` +${lasting(since)}`),
    tag(fact.kind, FACT[fact.kind] || "other"), " ", el("b", null, said),
    command && !said.includes(command) && code(command),
    el("span.tie", null, [
      fact.tie, fact.user && `${fact.login_user && fact.login_user !== fact.user ? `${fact.login_user} as ` : ""}${fact.user}`, fact.pid !== null && `pid ${fact.pid}`,
      author, fact.excluded_by && `covered by exclusion ${fact.excluded_by}`,
    ].filter(Boolean).join(" · ")));
}

function factList(incident) {
  const first = Date.parse(incident.first);
  const list = el("ol.facts");
  const most = 30;
  for (const fact of incident.facts.slice(0, most)) list.append(factItem(fact, first));
  if (incident.facts.length <= most) return list;
  const more = el("button.small", { type: "button", onclick: () => {
    more.remove();
    for (const fact of incident.facts.slice(most)) list.append(factItem(fact, first));
  } }, `Show ${incident.facts.length - most} more`);
  return [list, more];
}

function kernelOf(incident) {
  const { kernel } = incident;
  const figure = (value) => (value === null ? "not told" : value > 0 ? `+${value}` : String(value).replace("-", "−"));
  return el("section", null, el("h4", null, "What the kernel recorded"), el("p", null, kernel.text),
    kernel.tables.length > 0 && el("table", null,
      el("thead", null, el("tr", null, ["table", "entries", "rules"].map((head, place) => el("th", { className: place ? "num" : "" }, head)))),
      el("tbody", null, kernel.tables.map((one) => el("tr", null, el("td", null, `${one.family} ${one.table} `, el("span.dim", null, one.backend)),
        el("td.num", null, figure(one.net)), el("td.num", null, figure(one.rules)))))));
}

function stepItem(step) {
  return el(".step", null,
    el(".line", null, el("span", null, tag({ log: "in the log", kql: "Sentinel", host: "on the host" }[step.where] || step.where), " ", step.title), step.command && copyButton(step.title, step.command)),
    step.command && el("pre.log", { tabindex: 0 }, step.command));
}

function decisionOf(incident) {
  const one = incident.decision;
  if (!one) {
    // Only an id that no shell reads as anything else becomes a command.
    const command = /^[A-Za-z0-9_.-]+$/.test(incident.id) && !incident.id.startsWith("-") && `vedette decide ${incident.id} malicious --note ''`;
    return [el("p.dim", null, "None yet. It is kept by the incident's id ", code(incident.id), ", over re-runs and longer logs."),
      command && el(".step", null, el(".line", null, el("code", null, command), copyButton("command for a decision", command)))];
  }
  return el("p", null, tag(one.verdict, one.verdict === "malicious" ? "bad" : "good"), " ", one.note,
    el("span.dim", null, [one.by && ` by ${one.by}`, one.time && `, ${one.time}`].filter(Boolean).join("")));
}

// How many kinds of things followed: the widest of incidents that are as severe comes first.
const breadth = (incident) => new Set(incident.facts.map((fact) => fact.kind)).size;

function drawIncidents() {
  if (!D.incidents.length) return;
  byId("incidents").hidden = false;
  const body = byId("incidents-body");
  const ordered = D.incidents.map((one, place) => [one, place]).sort(([a], [b]) =>
    Number(Boolean(a.decision)) - Number(Boolean(b.decision)) || rankOf(a.level) - rankOf(b.level) || breadth(b) - breadth(a) || (a.first < b.first ? -1 : 1));
  const more = el("button", { type: "button" });
  let drawn = 0;
  const draw = () => {
    for (const [incident, place] of ordered.slice(drawn, drawn + 25)) more.before(incidentCard(incident, place, incident === ordered[0][0]));
    drawn = Math.min(ordered.length, drawn + 25);
    more.hidden = drawn >= ordered.length;
    more.textContent = `Show more (${ordered.length - drawn} left)`;
  };
  more.addEventListener("click", draw);
  body.append(more);
  draw();
}

function incidentCard(incident, place, open) {
  const kernel = KERNEL[incident.kernel.verdict] || [incident.kernel.verdict, "neutral"];
  const state = STATE[incident.state] || [incident.state, "neutral"];
  const holder = el("div");
  const grown = el("button.small", { type: "button", "aria-expanded": "false", onclick: () => {
    const open = grown.getAttribute("aria-expanded") !== "true";
    grown.setAttribute("aria-expanded", String(open));
    holder.replaceChildren();
    if (open) holder.append(treeOf(findingsOf(incident), incident.facts) || el("p.dim", null, "No process of it is known."));
  } }, "Show");
  return el(`article.card.panel.${lookOf(incident.level)}`, { id: `incident-${place}`, tabindex: -1, "aria-labelledby": `incident-title-${place}` },
    el("header", null,
      el(".titles", null, el("h3", { id: `incident-title-${place}` }, incident.title), el("span.dim", null, between([Date.parse(incident.first), Date.parse(incident.last)]))),
      el(".pills", null, badge(incident.level), tag(...kernel), tag(...state), incident.raised && tag("raised although excluded", "warned"),
        incident.decision && tag(`decided: ${incident.decision.verdict}`, incident.decision.verdict === "malicious" ? "bad" : "good"),
        tag(`${counted(incident.findings, "finding")}${incident.excluded ? `, ${incident.excluded} excluded` : ""}`))),
    flowOf(incident),
    el("details.more", { open }, el("summary", null, "What happened, what the kernel recorded, what to do now"), el(".columns", null,
      el("div", null,
        el("section", null, el("h4", null, "What happened"), factList(incident)),
        el("section", null, el("h4", null, "Process tree ", grown), holder)),
      el("div", null,
        incident.reasons.length > 0 && el("section", null, el("h4", null, `Why ${incident.level}`), el("ul.reasons", null, incident.reasons.map((reason) => el("li", null, reason)))),
        kernelOf(incident),
        incident.next_steps.length > 0 && el("section", null, el("h4", null, "What to do now"), incident.next_steps.map(stepItem)),
        el("section", null, el("h4", null, "Decision"), decisionOf(incident))))));
}

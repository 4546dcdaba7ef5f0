// The list of findings: filters, groups, pages, and what is known of each.

const PAGE = 50;
const list = { page: 0, sort: "severity", open: null, groups: [] };
let rowsHolder = null, countLabel = null, pager = null;
const controls = {};

function grouped() {
  const places = new Int32Array(GROUPS).fill(-1), groups = [];
  for (const index of SHOWN) {
    const place = places[GROUP[index]];
    if (place >= 0) groups[place].push(index);
    else {
      places[GROUP[index]] = groups.length;
      groups.push([index]);
    }
  }
  if (list.sort === "latest") groups.reverse();
  if (list.sort === "severity") groups.sort(([a], [b]) => GONE[a] - GONE[b] || RANK[a] - RANK[b] || T[a] - T[b]);
  return groups;
}

function drawList() {
  list.groups = grouped();
  list.page = 0;
  list.open = null;
  drawPage();
  const hidden = ROWS.length - SHOWN.length;
  countLabel.textContent = `${counted(SHOWN.length, "finding")} in ${counted(list.groups.length, "row")}${hidden ? `, ${whole(hidden)} filtered out` : ""}`;
}

function drawPage() {
  const pages = Math.max(1, Math.ceil(list.groups.length / PAGE));
  const from = list.page * PAGE;
  rowsHolder.replaceChildren(...list.groups.slice(from, from + PAGE).map((members, place) => rowItem(members, from + place)));
  if (!list.groups.length) rowsHolder.append(el("li.empty", null, ROWS.length ? "Nothing fits the filter." : "No findings. What was covered, and what was not, stands below."));
  const turn = (by) => () => { list.page += by; drawPage(); byId("findings").scrollIntoView(); };
  pager.replaceChildren();
  if (pages > 1) {
    pager.append(
      el("button.small", { type: "button", disabled: list.page === 0, onclick: turn(-1) }, "Previous"),
      el("span.count", null, `rows ${whole(from + 1)} to ${whole(Math.min(from + PAGE, list.groups.length))} of ${whole(list.groups.length)}`),
      el("button.small", { type: "button", disabled: list.page >= pages - 1, onclick: turn(1) }, "Next"));
  }
}

function whoOf(index) {
  const user = cell(index, "user"), login = cell(index, "login");
  return [el("span", null, user && login && user !== login ? `${login} as ${user}` : user || login || "unknown user"), el("span.dim", null, cell(index, "host"))];
}

function rowItem(members, number) {
  const first = members[0], rule = ruleOf(first), gone = GONE[first] === 1, look = lookOf(rule.level);
  const cause = cell(first, "cause");
  const detail = el("div", { id: `detail-${number}` });
  const button = el("button", { type: "button", className: `row ${look}${gone ? " gone" : ""}`, "aria-expanded": "false", "aria-controls": `detail-${number}` },
    el("span.when", { title: `${stamp(T[first])} UTC` }, stamp(T[first], "day").slice(5), " ", stamp(T[first], "time").slice(0, 8)),
    el("span.level", null, badge(rule.level)),
    el("span.who", null, whoOf(first)),
    el("span.what", null, el("b", null, rule.title), gone && [" ", tag("excluded", "neutral")], cause && el("span.via", null, ` via ${cause.length > 90 ? `${cause.slice(0, 90)}…` : cause}`), code(cell(first, "deed").slice(0, 600))),
    el("span.times", { title: counted(members.length, "finding") }, members.length > 1 && `×${members.length}`));
  const item = el("li", null, button, detail);
  const shut = () => { button.setAttribute("aria-expanded", "false"); detail.replaceChildren(); };
  button.addEventListener("click", () => {
    if (button.getAttribute("aria-expanded") === "true") return shut();
    button.setAttribute("aria-expanded", "true");
    detail.replaceChildren(memberDetail(members, 0));
    return undefined;
  });
  item.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || button.getAttribute("aria-expanded") !== "true") return;
    event.stopPropagation();
    shut();
    button.focus();
  });
  return item;
}

// What a correlation joined: its rules with their authors, and the first of its events.
function jointOf(place) {
  const joint = D.joints[place];
  const parts = joint.parts.slice(0, 100).map((part) => {
    const rule = D.rules.find((one) => one.id === part.rule);
    return el("tr", null, el("td", { className: "num" }, part.time.slice(11, 23)), el("td", null, part.host), el("td", null, rule ? rule.title : code(part.rule), part.excluded_by && [" ", tag("excluded", "neutral")]),
      el("td", null, code(`serial ${part.origin.serial}`)));
  });
  return el("section", null, el("h4", null, "What it joins"),
    el("p", null, tag(joint.kind.replace(/_/g, " ")), ` ${counted(joint.count, "event")}${joint.excluded ? `, ${joint.excluded} of them excluded` : ""}, in ${counted(joint.windows, "window")} of ${lasting(joint.timespan * 1000)}`),
    el("dl", null, Object.entries(joint.group).map(([name, value]) => [el("dt", null, name), el("dd", null, code(value))])),
    el("ul.reasons", null, joint.rules.map((one) => {
      const rule = D.rules[one.rule];
      return el("li", null, el("a", { href: `#rule-${one.rule}`, onclick: () => openRule(one.rule) }, rule.title), el("span.dim", null, ` by ${rule.author || "an unnamed author"} · ${rule.license || "licence not stated"}${one.count === null ? "" : `, ${counted(one.count, "event")}`}`));
    })),
    el("table", null, el("tbody", null, parts)), joint.count > parts.length && el("p.dim", null, `and ${whole(joint.count - parts.length)} more events`));
}

function memberDetail(members, at) {
  const index = members[at], rule = ruleOf(index), row = ROWS[index], verdict = verdictOf(index), look = lookOf(rule.level);
  const own = row[C.node] >= 0 ? nodeOf(row[C.node]) : null;
  const go = (to) => () => {
    const fresh = memberDetail(members, to);
    box.replaceWith(fresh);
    const same = fresh.querySelector(to > at ? ".next" : ".previous");
    (same && !same.disabled ? same : fresh.querySelector(".stepper button:not([disabled])")).focus();
  };
  const pairs = (entries) => el("dl", null, entries.filter(([, value]) => value !== "" && value !== null && value !== undefined && value !== false).map(([name, value]) => [el("dt", null, name), el("dd", null, value)]));
  const event = D.shared[row[C.event]].map(([name, value]) => [str(name), code(str(value))]);
  const records = el("div");
  const box = el(`.detail.${look}`, null,
    members.length > 1 && el(".bar.stepper", null, el("div", null,
      el("button.small.previous", { type: "button", disabled: at === 0, onclick: go(at - 1) }, "Previous"),
      el("span.count", null, `finding ${whole(at + 1)} of ${whole(members.length)} in this row`),
      el("button.small.next", { type: "button", disabled: at === members.length - 1, onclick: go(at + 1) }, "Next"))),
    verdict.excluded && el("p.note", null, el("b", null, "Excluded"), " by ", code(verdict.by), verdict.why && `: ${verdict.why}`),
    el(".grid", null,
      el("div", null,
        row[C.joint] >= 0 ? jointOf(row[C.joint]) : el("section", null, el("h4", null, "Process tree"), treeOf([index]) || el("p.dim", null, "This event has no process.")),
        event.length > 0 && el("section", null, el("h4", null, "Event"), pairs(event))),
      el("div", null,
        el("section", null, el("h4", null, "What is known"), pairs([
          ["time", `${new Date(T[index]).toISOString()}`], ["host", cell(index, "host")], ["user", cell(index, "user")], ["logged in as", cell(index, "login") || "unset"],
          ["session", sessionOf(row[C.session])], ["image", own && own.image && code(own.image)], ["invoked as", own && own.invoked && own.invoked !== own.image && code(own.invoked)],
          ["script", own && own.script && code(own.script)], ["folder", cell(index, "cwd") && code(cell(index, "cwd"))], ["kind", cell(index, "category")],
          ["views", D.shared[row[C.views]].map(str).join(", ")], ["hangs on", verdict.undecided.length > 0 && `absent: ${verdict.undecided.join(", ")}`],
        ])),
        row[C.joint] < 0 && el("section", null, el("h4", null, "What matched"), pairs(D.shared[row[C.matched]].map(([field, value, reading]) => [str(field) + (str(reading) ? ` (${str(reading)})` : ""), str(value) ? code(str(value)) : el("span.dim", null, "absent")]))),
        el("section", null, el("h4", null, "Rule"), el("p", null, el("a", { href: `#rule-${row[C.rule]}`, onclick: () => openRule(row[C.rule]) }, rule.title),
          el("span.dim", null, ` by ${rule.author || "an unnamed author"} · ${rule.license || "licence not stated"} · ${rule.attack.join(" ")}`))),
        el("section", null, el("h4", null, "Where it stands"), el("p", null, code(`${cell(index, "file")}, byte ${row[C.offset]}, serial ${row[C.serial]}`), " ", copyButton("ausearch command", `ausearch -a ${row[C.serial]} --format text`))))),
    el("section", null, row[C.raw]
      ? el("button.small", { type: "button", "aria-expanded": "false", onclick: (happened) => {
        const open = happened.target.getAttribute("aria-expanded") !== "true";
        happened.target.setAttribute("aria-expanded", String(open));
        const found = open && recordsOf(index);
        records.replaceChildren();
        if (found) put(records, codeBlock("records", found.join("\n")));
      } }, "Records as logged")
      : el("p.dim", null, "The records are not in this report; hunt with ", code("--raw"), " to have them."), records));
  return box;
}

function makeFilters() {
  const select = (name, title, options, narrow) => {
    const made = el("select", { "aria-label": title, onchange: () => refine({ [name]: made.value }) }, narrow || el("option", { value: "" }, title), options);
    controls[name] = made;
    return made;
  };
  const option = ([place, count]) => el("option", { value: place }, `${(str(place) || "(no name)").slice(0, 60)} (${whole(count)})`);
  const perRule = new Map();
  ROWS.forEach((row) => perRule.set(row[C.rule], (perRule.get(row[C.rule]) || 0) + 1));
  const rules = [...perRule.entries()].sort((a, b) => rankOf(RULE_LEVEL[a[0]]) - rankOf(RULE_LEVEL[b[0]]) || b[1] - a[1]);
  let waiting = 0;
  const search = el("input", { type: "search", id: "search", placeholder: "Search: command, path, address …", "aria-label": "Search in findings", autocomplete: "off", spellcheck: false, oninput: () => {
    cancelAnimationFrame(waiting);
    waiting = requestAnimationFrame(() => refine({ text: search.value }));
  } });
  controls.text = search;
  const present = [...LEVELS, "other"].filter((level) => D.rules.some((rule) => lookOf(rule.level) === level));
  const chips = present.map((level) => {
    const chip = el(`button.chip.${level}`, { type: "button", "aria-pressed": "false", onclick: () => toggleLevel(level, false) }, level);
    levelButtons.push([level, chip]);
    return chip;
  });
  const excluded = GONE.some(Boolean);
  return el(".filters.panel", { role: "search" },
    search, el(".levels", { role: "group", "aria-label": "Levels" }, chips),
    select("host", "All hosts", distinct("host").slice(0, 500).map(option)),
    select("rule", "All rules", rules.slice(0, 1000).map(([place, count]) => el("option", { value: place }, `${D.rules[place].title.slice(0, 70)} (${whole(count)})`))),
    select("user", "All users", distinct("user", "login").slice(0, 500).map(option)),
    excluded && select("verdict", "Verdict", [["", "alerts and excluded"], ["excluded", "excluded only"]].map(([value, text]) => el("option", { value }, text)), el("option", { value: "alert" }, "alerts only")),
    el("button.small", { type: "button", id: "clear", onclick: clearFilters }, "Clear"));
}

function clearFilters() {
  Object.assign(filter, EVERYTHING, { levels: new Set() });
  if (canvas) [view.from, view.to] = view.whole;
  for (const [name, control] of Object.entries(controls)) control.value = filter[name];
  refine({});
}

function drawFindings() {
  const body = byId("findings-body");
  const timeline = makeTimeline();
  rowsHolder = el("ul.plain.list.panel", { "aria-label": "Findings" });
  countLabel = el("span.count", { role: "status" });
  pager = el("div");
  const sort = el("select", { "aria-label": "Order of the findings", onchange: () => { list.sort = sort.value; drawList(); } },
    [["severity", "most severe first"], ["earliest", "earliest first"], ["latest", "latest first"]].map(([value, text]) => el("option", { value }, text)));
  put(body, [ROWS.length > 0 && makeFilters(), timeline, el(".bar", null, el("div", null, countLabel), el("div.only-screen", null, ROWS.length > 0 && sort)), rowsHolder, el(".bar", null, pager)]);
  watchers.push(drawList);
}

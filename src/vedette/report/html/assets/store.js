// The data of the page, its index, and the filter.

const D = JSON.parse(byId("data").textContent);
const C = Object.fromEntries(D.columns.map((name, place) => [name, place]));
const N = Object.fromEntries(D.nodeColumns.map((name, place) => [name, place]));
const ROWS = D.findings;
const C_RULE = C.rule, C_HOST = C.host, C_USER = C.user, C_LOGIN = C.login;
const str = (place) => (place < 0 ? "" : D.strings[place]);
const cell = (index, name) => str(ROWS[index][C[name]]);
const ruleOf = (index) => D.rules[ROWS[index][C.rule]];
const verdictOf = (index) => {
  const [gone, by, why, ...hangs] = D.shared[ROWS[index][C.verdict]];
  return { excluded: gone, by: str(by), why: str(why), undecided: hangs.map(str) };
};
const nodeOf = (place) => {
  const node = D.nodes[place];
  const program = str(node[N.script]) || str(node[N.invoked]) || str(node[N.image]);
  return {
    pid: node[N.pid], image: str(node[N.image]), invoked: str(node[N.invoked]), script: str(node[N.script]),
    command: str(node[N.command]), user: str(node[N.user]), cut: node[N.cut], parent: node[N.parent],
    name: base(program).replace(/^-/, "") || base(str(node[N.command]).split(" ")[0]) || "unknown program",
  };
};
const sessionOf = (place) => {
  if (place < 0) return "";
  const [node, boot, ses] = D.shared[place];
  return `${str(node)}${boot ? ` boot ${boot}` : ""} session ${ses}`;
};

const T = Float64Array.from(ROWS, (row) => row[C.time]);
const RULE_LEVEL = D.rules.map((rule) => rule.level);
const RULE_RANK = D.rules.map((rule) => rankOf(lookOf(rule.level)));
const RANK = Uint8Array.from(ROWS, (row) => RULE_RANK[row[C.rule]]);
const GONE = Uint8Array.from(ROWS, (row) => (D.shared[row[C.verdict]][0] ? 1 : 0));

// Findings that a reader takes for one share a group: rule, verdict, host, users, session, ancestor, minute.
const GROUP = (() => {
  const known = new Map();
  return Int32Array.from(ROWS, (row) => {
    const key = [
      row[C.rule], row[C.verdict], row[C.host], row[C.user], row[C.login], row[C.session], row[C.cause], Math.floor(row[C.time] / 60000),
      row[C.joint],
    ].join();
    if (!known.has(key)) known.set(key, known.size);
    return known.get(key);
  });
})();

// Lower-case text of a finding, made once, when somebody first asks for text.
let HAY = null;
function hay() {
  if (HAY) return HAY;
  const lines = new Map();
  const lineage = (place) => {
    if (place < 0) return "";
    if (!lines.has(place)) {
      const node = D.nodes[place];
      const own = [N.image, N.invoked, N.script, N.command, N.user].map((column) => str(node[column])).join(" ");
      lines.set(place, `${own} ${lineage(node[N.parent])}`);
    }
    return lines.get(place);
  };
  const shared = (place) => D.shared[place].map((pair) => pair.map(str).join("=")).join(" ");
  HAY = ROWS.map((row) => {
    const rule = D.rules[row[C.rule]];
    return [
      rule.title, rule.id, rule.level, rule.attack.join(" "), str(row[C.host]), str(row[C.user]), str(row[C.login]), sessionOf(row[C.session]),
      row[C.pid] === null ? "" : `pid ${row[C.pid]}`, str(row[C.deed]), lineage(row[C.node]), str(row[C.cwd]), shared(row[C.event]), shared(row[C.matched]),
      str(row[C.category]), row[C.joint] < 0 ? "" : Object.values(D.joints[row[C.joint]].group).join(" "),
    ].join(" ").toLowerCase();
  });
  return HAY;
}

const EVERYTHING = { levels: new Set(), host: "", rule: "", user: "", verdict: "alert", technique: "", text: "", from: null, to: null };
const filter = { ...EVERYTHING, levels: new Set() };
const watchers = [];
let SHOWN = [];
let IN_ALL_TIMES = [];
const GROUPS = GROUP.reduce((most, one) => Math.max(most, one + 1), 0);

function matching(wanted) {
  const words = wanted.text.toLowerCase().split(/\s+/).filter(Boolean);
  const hays = words.length ? hay() : null;
  const levels = wanted.levels;
  const rules = Uint8Array.from(D.rules, (rule, place) => (
    (!levels.size || levels.has(lookOf(rule.level))) && (wanted.rule === "" || String(place) === wanted.rule)
    && (wanted.technique === "" || rule.attack.some((one) => wanted.technique.split(" ").includes(one))) ? 1 : 0));
  const place = (name) => (name === "" ? -1 : Number(name));
  const host = place(wanted.host), user = place(wanted.user);
  const only = wanted.verdict === "" ? -1 : wanted.verdict === "excluded" ? 1 : 0;
  const found = [];
  for (let index = 0; index < ROWS.length; index++) {
    const row = ROWS[index];
    if (rules[row[C_RULE]] === 0) continue;
    if (only >= 0 && GONE[index] !== only) continue;
    if (host >= 0 && row[C_HOST] !== host) continue;
    if (user >= 0 && row[C_USER] !== user && row[C_LOGIN] !== user) continue;
    if (hays && !words.every((word) => hays[index].includes(word))) continue;
    found.push(index);
  }
  return found;
}

function refine(changes) {
  performance.mark("filter-start");
  Object.assign(filter, changes);
  IN_ALL_TIMES = matching(filter);
  SHOWN = filter.from === null ? IN_ALL_TIMES : IN_ALL_TIMES.filter((index) => T[index] >= filter.from && T[index] <= filter.to);
  for (const watcher of watchers) watcher(changes);
  performance.measure("filter", "filter-start");
}

function distinct(...columns) {
  const seen = new Map();
  for (const row of ROWS) {
    const places = new Set(columns.map((column) => row[C[column]]));
    for (const place of places) if (place >= 0) seen.set(place, (seen.get(place) || 0) + 1);
  }
  return [...seen.entries()].sort((a, b) => b[1] - a[1] || (str(a[0]) < str(b[0]) ? -1 : 1));
}

// Records stand in blocks of their own, which are read only when somebody asks for one.
const RAW = new Map();
function recordsOf(index) {
  const number = Math.floor(index / D.rawBlock);
  if (!RAW.has(number)) {
    const holder = byId(`raw-${number}`);
    RAW.set(number, holder ? JSON.parse(holder.textContent) : null);
  }
  return RAW.get(number) ? RAW.get(number)[index % D.rawBlock] : null;
}

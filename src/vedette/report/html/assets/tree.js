// Process trees: from init, or from the edge of the log, down to what was found.

function lineage(place) {
  const chain = [];
  for (let at = place; at >= 0 && chain.length < 300; at = D.nodes[at][N.parent]) chain.unshift(at);
  return chain;
}

function grow(indices) {
  const roots = [];
  const known = new Map();
  for (const index of indices) {
    const row = ROWS[index];
    if (row[C.node] < 0) continue;
    let above = null;
    for (const place of lineage(row[C.node])) {
      const one = nodeOf(place);
      // One process that was recorded twice, as ancestor and as the one that acted, is one node.
      const key = `${row[C.host]}|${above ? above.key : ""}|${one.pid}|${one.invoked}|${one.command}`;
      let node = known.get(key);
      if (!node) {
        node = { ...one, key, below: [], hits: [] };
        known.set(key, node);
        (above ? above.below : roots).push(node);
      }
      if (!node.user && one.user) node.user = one.user;
      above = node;
    }
    above.hits.push(index);
    above.acting = cell(index, "user");
  }
  return roots;
}

function branch(node, above, budget) {
  const look = node.hits.length ? lookOf(node.hits.map((index) => ruleOf(index).level).sort((a, b) => rankOf(a) - rankOf(b))[0]) : "";
  const user = node.acting || node.user;
  const item = el("li", null, el(`span.node${look ? `.hit.${look}` : ""}`, null,
    el("span.name", null, node.name),
    el("span.pid", null, `pid ${node.pid}`),
    user && el("span.by", null, user),
    above && above.pid === node.pid && el("span.by", { title: "the same process, which started another program in its place" }, "exec in place"),
    node.hits.length > 0 && [" ", tag(node.hits.length > 1 ? `${node.hits.length} findings` : ruleOf(node.hits[0]).title, look)],
    node.command && code(node.cut ? `${node.command} …` : node.command)));
  if (node.below.length) {
    const list = el("ul.tree");
    for (const child of node.below) {
      if (budget.left-- <= 0) break;
      list.append(branch(child, node, budget));
    }
    item.append(list);
  }
  return item;
}

// Facts tell of processes that no finding shows; each stands by itself, below the edge of the log.
function loose(facts, roots) {
  const seen = new Set();
  const walk = (node) => { seen.add(String(node.pid)); node.below.forEach(walk); };
  roots.forEach(walk);
  const items = [];
  for (const fact of facts) {
    if (fact.pid === null || seen.has(String(fact.pid))) continue;
    seen.add(String(fact.pid));
    const look = FACT[fact.kind] || "other";
    items.push(el("li", null, el(`span.node.hit.${look}`, null, el("span.name", null, base(fact.image) || "unknown program"), el("span.pid", null, `pid ${fact.pid}`),
      fact.user && el("span.by", null, fact.user), " ", tag(fact.kind, look), fact.command_line && code(fact.command_line))));
  }
  return items.slice(0, 60);
}

function treeOf(indices, facts = []) {
  const roots = grow(indices);
  const budget = { left: 120 };
  const whole = [], cut = [];
  for (const root of roots) {
    if (budget.left-- <= 0) break;
    (root.pid === 1 ? whole : cut).push(branch(root, null, budget));
  }
  cut.push(...loose(facts, roots));
  if (!whole.length && !cut.length) return null;
  const list = el("ul.tree", null, whole);
  if (cut.length) list.append(el("li", null, el("span.node.edge", null, "edge of the log: what started this is not in it"), el("ul.tree", null, cut)));
  if (budget.left <= 0) list.append(el("li.dim", null, "… more processes are left out"));
  return list;
}

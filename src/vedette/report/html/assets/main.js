// What happens when the page opens.

function drawNavigation() {
  const nav = byId("nav");
  const parts = [["Summary", "summary"], D.incidents.length && ["Incidents", "incidents", D.incidents.length], ["Findings", "findings", ROWS.length], ["ATT&CK", "techniques"], ["Rules", "rules", D.rules.length], ["Exclusions", "exclusions"], ["Coverage", "coverage"]];
  for (const [name, id, count] of parts.filter(Boolean)) nav.append(el("a", { href: `#${id}` }, name, count > 0 && el("b", null, whole(count))));
}

function themes() {
  const root = document.documentElement, button = byId("theme");
  const dark = () => (root.dataset.theme || (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
  button.addEventListener("click", () => {
    root.dataset.theme = dark() ? "light" : "dark";
    say(`${root.dataset.theme} colours`);
  });
}

document.addEventListener("keydown", (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && byId("search")) {
    event.preventDefault();
    byId("search").focus();
  }
  if (event.key === "Escape" && event.target.id === "search") clearFilters();
});

let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open])")].slice(0, 60);
  opened.forEach((one) => { one.open = true; });
});
addEventListener("afterprint", () => opened.forEach((one) => { one.open = false; }));

themes();
drawNavigation();
drawSummary();
drawIncidents();
drawFindings();
drawTechniques();
drawRules();
drawExclusions();
drawCoverage();
put(byId("foot"), [`Made by Vedette ${D.version}, ${D.made}. This file loads nothing and sends nothing.`]);
refine({});
performance.mark("drawn");
// The index of texts is made while nothing else happens, so that the first search need not wait for it.
(window.requestIdleCallback || ((act) => setTimeout(act, 200)))(() => hay());

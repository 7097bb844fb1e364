// What a page can do beyond its links and forms. Without it, everything still works.
"use strict";
(() => {
  const page = document.body;
  const CALM = 500;

  // "/" leads to the search box.
  document.addEventListener("keydown", (event) => {
    const typing = event.target.closest("input, select, textarea, [contenteditable]");
    if (event.key === "Escape") document.querySelector("details.who[open]")?.removeAttribute("open");
    if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const box = document.querySelector("[type=search]");
    if (box) { event.preventDefault(); box.focus(); box.select(); }
  });

  // While a part is fetched it says so; afterwards its short result is read out.
  document.addEventListener("htmx:before:request", (event) =>
    event.detail?.ctx?.target?.setAttribute?.("aria-busy", "true"));
  document.addEventListener("htmx:finally:request", (event) =>
    event.detail?.ctx?.target?.removeAttribute?.("aria-busy"));
  const region = document.getElementById("said");
  function announce(text) {
    if (region && text && region.textContent !== text) region.textContent = text;
  }
  document.addEventListener("htmx:after:swap", (event) => {
    if (event.detail?.ctx?.sourceElement?.id === "filter")
      announce(document.getElementById("unit-rows")?.dataset.said);
    show(page.dataset.streamState);
  });

  // The stream says what changed; the page fetches itself, so that one place decides who sees what.
  const path = page.dataset.stream;
  if (!path) return;

  function show(state) {
    if (!state) return;
    page.dataset.streamState = state;
    const words = document.querySelector("[data-state]");
    if (words && words.textContent !== words.dataset[state]) words.textContent = words.dataset[state];
  }

  const figures = () => new Map([...document.querySelectorAll("[data-figure]")].map((each, n) =>
    [each.dataset.figure + "#" + each.className + n, each]));

  function tint(before) {
    for (const [name, each] of figures()) {
      if (!before.has(name) || before.get(name) === each.textContent) continue;
      announce(region.dataset.changed);
      each.classList.add("changed");
      setTimeout(() => each.classList.remove("changed"), 1800);
    }
  }

  let due = null, fetching = false, again = false;
  async function refresh() {
    due = null;
    const live = document.getElementById("live");
    if (!live || document.hidden) { again = !!live; return; }
    if (fetching) { again = true; return; }
    fetching = true; again = false;
    const before = new Map([...figures()].map(([name, each]) => [name, each.textContent]));
    try {
      await htmx.ajax("GET", location.href, { target: "#live", select: "#live", selectOOB: "#fresh", swap: "outerMorph" });
      tint(before);
    } finally {
      fetching = false;
      if (again) soon();
    }
  }
  function soon() { due ??= setTimeout(refresh, CALM); }
  document.addEventListener("visibilitychange", () => { if (!document.hidden && again) soon(); });

  let wasAway = false;
  function take({ state, kind }) {
    if (state) {
      show(state);
      if (state === "live" && wasAway) soon();
      wasAway = state !== "live";
    }
    if (kind) soon();
  }

  const seen = document.getElementById("live")?.dataset.positions || "";
  if (window.SharedWorker) {
    const worker = new SharedWorker(page.dataset.worker, { name: "ketnap" });
    worker.port.onmessage = ({ data }) => take(data);
    worker.port.postMessage({ path, seen });
    addEventListener("pagehide", () => worker.port.postMessage({ bye: true }));
    addEventListener("pageshow", (event) => { if (event.persisted) worker.port.postMessage({ path, seen: "" }); });
  } else {
    const source = new EventSource(path + "?seen=" + encodeURIComponent(seen));
    source.onopen = () => take({ state: "live" });
    source.onerror = () => take({ state: source.readyState === EventSource.CLOSED ? "off" : "again" });
    for (const kind of ["changed", "reload"]) source.addEventListener(kind, () => take({ kind }));
  }
})();

// One event stream a browser: every tab that is open listens to this worker.
"use strict";
const AGAIN = 5000;
const tabs = new Map();
let source = null;
let state = "again";
let seen = "";

const vector = (text) => new Map((text || "").split(",").filter(Boolean).map((each) => each.split(":")));
const covers = (one, other) =>
  [...vector(other)].every(([ledger, at]) => Number(vector(one).get(ledger) || 0) >= Number(at));

function tell(message) {
  for (const tab of tabs.keys()) tab.postMessage(message);
}

function say(now) {
  state = now;
  tell({ state });
}

function open(path) {
  source = new EventSource(path + "?seen=" + encodeURIComponent(seen));
  source.onopen = () => say("live");
  source.onerror = () => {
    if (source.readyState !== EventSource.CLOSED) return say("again");
    say("off");
    setTimeout(() => { if (tabs.size && source.readyState === EventSource.CLOSED) open(path); }, AGAIN);
  };
  for (const kind of ["changed", "reload"])
    source.addEventListener(kind, (event) => {
      seen = event.lastEventId;
      tell({ kind });
    });
}

self.onconnect = ({ ports: [tab] }) => {
  tab.onmessage = ({ data }) => {
    if (data.bye) {
      tabs.delete(tab);
      if (!tabs.size && source) { source.close(); source = null; state = "again"; }
      return;
    }
    tabs.set(tab, true);
    // The page may be of before what the others were told already.
    if (source && !covers(data.seen, seen)) tab.postMessage({ kind: "changed" });
    if (!source) { seen = data.seen; open(data.path); }
    tab.postMessage({ state });
  };
};

// One event stream a browser: every tab that is open listens to this worker.
"use strict";
const tabs = new Set();
let source = null;
let told = { state: "again" };

function tell(message) {
  for (const tab of tabs) tab.postMessage(message);
}

function say(state) {
  told = { state };
  tell(told);
}

function open(path) {
  source = new EventSource(path);
  source.onopen = () => say("live");
  source.onerror = () => say(source.readyState === EventSource.CLOSED ? "off" : "again");
  for (const kind of ["message", "figures", "reload"])
    source.addEventListener(kind, (event) => tell({ kind, id: event.lastEventId, data: event.data }));
}

self.onconnect = ({ ports: [tab] }) => {
  tabs.add(tab);
  tab.onmessage = ({ data }) => {
    if (data.bye) {
      tabs.delete(tab);
      if (!tabs.size && source) { source.close(); source = null; }
      return;
    }
    if (!source || source.readyState === EventSource.CLOSED) open(data.path);
    tab.postMessage(told);
  };
};

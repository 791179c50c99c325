// Waits for the till to say that something has happened, then shows the page anew. Without this
// script the page reloads itself.
"use strict";

(() => {
  const box = document.querySelector("[data-poll]");
  if (!box) return;

  const PATIENCE_MS = 30000; // how long the till may let us wait
  const SHORTEST_MS = 500, LONGEST_MS = 30000; // between two questions
  const address = new URL(box.dataset.poll, location.href);
  address.searchParams.set("timeout_ms", PATIENCE_MS);
  if (box.dataset.until === "collected") address.searchParams.set("await_refund_obtained", "yes");

  let pause = SHORTEST_MS;
  let asking = null; // ends the question that is open
  let sleeping = null; // ends the pause before the next one

  const isDone = async (answer) => {
    switch (box.dataset.until) {
      case "session": return answer.status === 200;
      case "collected": return answer.ok && (await answer.json()).refund_pending === false;
      default: return answer.status !== 402;
    }
  };

  const ask = async () => {
    const begun = Date.now();
    asking = new AbortController();
    try {
      const answer = await fetch(address, {
        headers: { Accept: "application/json" }, cache: "no-store", signal: asking.signal,
      });
      if (answer.status >= 500 || answer.status === 429) throw new Error("not now");
      if (await isDone(answer)) return true;
      // A till that does not let us wait is not to be asked without end.
      pause = Date.now() - begun < 1000 ? Math.min(pause * 2, LONGEST_MS) : SHORTEST_MS;
    } catch {
      pause = Math.min(pause * 2, LONGEST_MS);
    } finally {
      asking = null;
    }
    return false;
  };

  const run = async () => {
    while (!(await ask())) {
      const length = pause * (0.75 + Math.random() / 2);
      await new Promise((wake) => { sleeping = wake; setTimeout(wake, length); });
      sleeping = null;
    }
    location.reload();
  };

  // Back from another app, or from no network: what was open may be dead, so ask at once.
  const hurry = () => {
    if (document.visibilityState !== "visible") return;
    pause = SHORTEST_MS;
    if (asking) asking.abort();
    if (sleeping) sleeping();
  };
  document.addEventListener("visibilitychange", hurry);
  addEventListener("online", hurry);
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  run();
})();

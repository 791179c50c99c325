// Waits for the till to say that something has happened, and then shows the page as it is now,
// without loading it anew. Without this script the page reloads itself.
//
// What waits is marked in the page: data-poll is the address that answers late, data-until what is
// waited for, data-forward that the browser goes on to what was bought, but never past a refund that it
// was given back. A receipt waits for a refund that may never come: only for as long as there can be one (data-for, in seconds), only in view, and not long after
// anybody has come to look. data-left counts down.

(() => {
  const PATIENCE_MS = 30000; // how long the till may let us wait
  const SHORTEST_MS = 500, LONGEST_MS = 30000; // between two questions
  const IDLE_MS = 15 * 60000; // how long a receipt waits when nobody comes to look
  // The page's language, as it is spoken where the reader is.
  const { lang } = document.documentElement;
  const speak = navigator.languages.find((tag) => tag.split("-")[0] === lang) ?? lang;

  let round = 0; // counts what is waited for; a wait for something older ends
  let pause = SHORTEST_MS;
  let asking = null; // ends the question that is open
  let wake = null; // ends the pause before the next one
  let hurried = false;
  let shownAt = 0;
  let lookedAt = Date.now(); // when somebody came to look

  // What screen readers are told, beside what is shown.
  const news = document.body.appendChild(document.createElement("p"));
  news.className = "unseen";
  news.setAttribute("role", "status");

  const { answered, failed, probe } = connection;

  const isWeb = (url) => /^https?:\/\//i.test(url ?? "");

  /** Goes where the shop wants the customer who has paid; false when that is nowhere. */
  const forward = (box, url) => {
    if (!("forward" in box.dataset) || !isWeb(url)) return false;
    location.replace(url);
    return true;
  };

  const isIdle = (box) => box.dataset.until === "refunded"
    && (document.visibilityState !== "visible" || Date.now() - lookedAt > IDLE_MS);

  /** What an answer means: "wait", "show" the page anew, or "gone": nothing more is waited for. */
  const meaning = async (box, answer) => {
    const { until } = box.dataset;
    if (until === "refunded") {
      if (answer.status === 402) return "show";
      if (answer.status !== 200) return "gone";
      return (await answer.json()).refund_amount === box.dataset.refunded ? "wait" : "show";
    }
    if (until === "session") return answer.status === 200 ? "show" : "wait";
    if (until === "collected") return answer.ok && (await answer.json()).refund_pending ? "wait" : "show";
    switch (answer.status) {
      case 402: {
        const { already_paid_order_id: before, fulfillment_url: url } = await answer.json();
        return before && forward(box, url) ? "gone" : "wait";
      }
      case 200: {
        const { refunded, fulfillment_url: url } = await answer.json();
        return !refunded && forward(box, url) ? "gone" : "show";
      }
      // Somebody's wallet has the order, perhaps ours: it may yet be paid.
      case 202: return forward(box, (await answer.json()).fulfillment_url) ? "gone" : "wait";
      // Only who has the contract is told more.
      case 403: return "wait";
      default: return "show";
    }
  };

  const ask = async (address, accept) => {
    asking = new AbortController();
    try {
      const answer = await fetch(address, {
        headers: { Accept: accept }, cache: "no-store", redirect: "manual", signal: asking.signal,
      });
      if (answer.status >= 500 || answer.status === 429) throw new Error("not now");
      answered();
      return answer;
    } finally {
      asking = null;
    }
  };

  /** Rests for about as long as `pause` says: not all at once, when many have lost the same till. */
  const rest = async () => {
    await new Promise((done) => { wake = done; setTimeout(done, pause * (0.75 + Math.random() / 2)); });
    wake = null;
  };

  /** Puts the page as it is now in the place of what is shown. */
  const show = async (box) => {
    const answer = await ask(location.href, "text/html");
    if (answer.type === "opaqueredirect") return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const main = page.querySelector("main");
    if (!main) return location.reload();
    const had = document.querySelector("main");
    const held = had.contains(document.activeElement);
    had.replaceWith(document.adoptNode(main));
    document.title = page.title;
    // At once: the till has written them in a zone of its own.
    localise();
    document.querySelectorAll("meta[name=taler-uri]").forEach((old) => old.remove());
    document.head.append(...page.querySelectorAll("meta[name=taler-uri]"));
    if (held) {
      const heading = main.querySelector("h1") ?? main;
      heading.tabIndex = -1;
      heading.focus();
    }
    news.textContent = page.title;
    // A page that turns over and over, because page and till do not agree, is to do so slowly.
    pause = Date.now() - shownAt < 5000 ? Math.min(pause * 2, LONGEST_MS) : SHORTEST_MS;
    shownAt = Date.now();
    if (pause > SHORTEST_MS) await rest();
    start();
  };

  const run = async (box) => {
    const mine = round;
    const address = new URL(box.dataset.poll, location.href);
    address.searchParams.set("timeout_ms", PATIENCE_MS);
    if (box.dataset.until === "collected") address.searchParams.set("await_refund_obtained", "yes");
    if (box.dataset.until === "refunded") address.searchParams.set("refund", box.dataset.refunded);
    const end = Date.now() + (box.dataset.for ?? Infinity) * 1000;
    while (mine === round && Date.now() < end) {
      if (isIdle(box)) {
        await new Promise((done) => { wake = done; });
        wake = null;
        continue;
      }
      const begun = Date.now();
      hurried = false;
      try {
        await probe();
        const answer = await ask(address, "application/json");
        if (mine !== round) return;
        const means = await meaning(box, answer);
        if (means === "gone") return;
        if (means === "show") return await show(box);
        // A till that does not let us wait is not to be asked without end.
        pause = Date.now() - begun < 1000 ? Math.min(pause * 2, LONGEST_MS) : SHORTEST_MS;
      } catch {
        if (!hurried && mine === round) failed(false);
        pause = Math.min(pause * 2, LONGEST_MS);
      }
      if (hurried) { pause = SHORTEST_MS; continue; }
      await rest();
    }
  };

  // Back from another app, or from no network: what was open may be dead, so ask at once.
  const hurry = () => {
    const box = document.querySelector("[data-poll]");
    if (document.visibilityState !== "visible") {
      if (box && isIdle(box)) asking?.abort();
      return;
    }
    lookedAt = Date.now();
    pause = SHORTEST_MS;
    hurried = true;
    asking?.abort();
    wake?.();
  };
  document.addEventListener("visibilitychange", hurry);
  addEventListener("online", hurry);
  // A window beside others is in view all the time; who comes back to it may have been away for long.
  addEventListener("focus", () => { if (Date.now() - lookedAt > IDLE_MS) hurry(); });
  addEventListener("pageshow", (event) => { if (event.persisted) start(); });

  /** Times in the reader's own zone. */
  const localise = () => {
    const format = new Intl.DateTimeFormat(speak, { dateStyle: "medium", timeStyle: "short" });
    for (const time of document.querySelectorAll("time[datetime]")) {
      const date = new Date(time.dateTime);
      if (!Number.isNaN(date.getTime())) time.textContent = format.format(date);
    }
  };

  /** Counts down what is left, by our own clock from now on. */
  const count = () => {
    const span = document.querySelector("[data-left]");
    if (!span) return;
    const end = Date.now() + span.dataset.left * 1000;
    const mine = round;
    const tick = () => {
      if (mine !== round || !span.isConnected) return;
      const secs = Math.max(0, Math.round((end - Date.now()) / 1000));
      const [number, unit] = secs < 60 ? [secs, "second"]
        : secs < 3600 ? [Math.floor(secs / 60), "minute"]
          : secs < 172800 ? [Math.floor(secs / 3600), "hour"] : [Math.floor(secs / 86400), "day"];
      const text = new Intl.NumberFormat(speak, { style: "unit", unit, unitDisplay: "long" }).format(number);
      if (span.textContent !== text) span.textContent = text;
      if (secs === 0) return hurry();
      setTimeout(tick, 1000);
    };
    tick();
  };

  const start = () => {
    round += 1;
    asking?.abort();
    wake?.();
    localise();
    count();
    const box = document.querySelector("[data-poll]");
    if (box) run(box);
  };

  start();
})();

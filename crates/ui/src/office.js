// What the back office does by itself while somebody looks at it. Without this script every page
// works, and is as new as its last loading.

const office = (() => {
  const SHORTEST_MS = 500, LONGEST_MS = 30000; // between two questions
  const COOKIE_LOST = 401;

  // The code of the link by which the first shop is made stands behind its "#", which browsers tell nobody.
  for (const input of document.querySelectorAll("[data-fragment]")) {
    const take = () => {
      const code = location.hash.slice(1);
      if (!code) return;
      input.value = code;
      // It stays neither in the address bar nor in the history.
      history.replaceState(null, "", location.pathname + location.search);
    };
    take();
    // Somebody who has the page open already pastes the link over its address.
    addEventListener("hashchange", take);
  }

  const hidden = () => document.visibilityState !== "visible";
  const shown = () => new Promise((wake) => {
    const look = () => {
      if (hidden()) return;
      document.removeEventListener("visibilitychange", look);
      wake();
    };
    document.addEventListener("visibilitychange", look);
  });

  // What a form changes is no news to the page that sent it and is about to go.
  let leaving = false;
  document.addEventListener("submit", () => { leaving = true; });
  addEventListener("pageshow", () => { leaving = false; });

  const { answered, failed, probe } = connection;
  // What rests between two questions, asks at once.
  const rested = new Set();
  addEventListener("online", () => { for (const wake of rested) wake(); });
  const rest = async (pause) => {
    let wake;
    await new Promise((done) => { wake = done; rested.add(wake); setTimeout(wake, pause); });
    rested.delete(wake);
  };

  // Asks again and again; the till answers when something is new, or after a while that nothing is.
  // `question` gives the address, `heard` gets an answer that has news and says whether to go on; it also ends
  // when `isOver` says so.
  const follow = async (question, heard, whenHidden, isOver = () => false) => {
    let pause = SHORTEST_MS;
    while (!isOver()) {
      if (hidden() && !whenHidden) await shown();
      const begun = Date.now();
      try {
        await probe();
        const answer = await fetch(question(), { cache: "no-store" });
        if (leaving || isOver()) return;
        // The page itself knows where to sign in again.
        if (answer.status === COOKIE_LOST) { location.reload(); return; }
        // What was deleted elsewhere is best seen on its page.
        if (answer.status === 404) { location.reload(); return; }
        if (!answer.ok) throw new Error("not now");
        answered();
        if (answer.status === 200) {
          pause = SHORTEST_MS;
          if (!(await heard(answer))) return;
        } else {
          // A till that does not let us wait is not to be asked without end.
          pause = Date.now() - begun < 2000 ? Math.min(pause * 2, LONGEST_MS) : SHORTEST_MS;
        }
      } catch {
        if (!leaving && !isOver()) failed(false);
        pause = Math.min(pause * 2, LONGEST_MS);
      }
      await rest(pause);
    }
  };

  const asked = (path, tag) => {
    const address = new URL(path, location.href);
    address.searchParams.set("tag", tag);
    return address;
  };
  const part = (id) => document.getElementById(id);
  const replaced = async (answer, id) => {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    const next = fresh.getElementById(id);
    if (next) part(id).replaceWith(next);
    return { next, title: fresh.title };
  };

  // A list whose rows the till sends anew when one of them changes.
  for (const box of document.querySelectorAll("[data-live]")) {
    const id = box.dataset.part;
    follow(() => asked(box.dataset.live, part(id).dataset.tag), async (answer) => {
      await replaced(answer, id);
      return true;
    });
  }

  // A page that is loaded anew when its order changes, unless somebody is typing into it.
  for (const box of document.querySelectorAll("[data-reload]")) {
    let typing = false;
    box.addEventListener("input", () => { typing = true; });
    follow(() => asked(box.dataset.reload, box.dataset.tag), () => {
      if (!typing) { location.reload(); return false; }
      return new Promise((go) => setTimeout(() => go(true), LONGEST_MS));
    });
  }

  // For pages with a script of their own. A page that stays although its form was sent says so.
  const stay = () => { leaving = false; };
  return { follow, asked, part, replaced, stay };
})();

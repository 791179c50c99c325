// Shows the next one-time code when the one on the page is over. Without this script the page is loaded again by hand.

(() => {
  const LONGEST_S = 30, RETRY_MS = 5000;
  const box = () => document.getElementById("code");

  async function next() {
    const { again, left } = box().dataset;
    await new Promise((done) => { setTimeout(done, Math.min(Number(left) || LONGEST_S, LONGEST_S) * 1000); });
    for (;;) {
      if (document.visibilityState !== "visible") {
        await new Promise((done) => { document.addEventListener("visibilitychange", done, { once: true }); });
        continue;
      }
      try {
        const answer = await fetch(again, { cache: "no-store" });
        // The page itself knows where to sign in again.
        if (answer.redirected) { location.reload(); return false; }
        if (!answer.ok) throw new Error("not now");
        const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("code");
        if (!fresh) return false;
        box().replaceWith(fresh);
        return true;
      } catch {
        await new Promise((done) => { setTimeout(done, RETRY_MS); });
      }
    }
  }

  (async () => { while (await next()); })();
})();

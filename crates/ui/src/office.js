// What the back office does by itself while somebody looks at it. Without this script every page
// works, and is as new as its last loading.

(() => {
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
  // `question` gives the address, `heard` gets an answer that has news and says whether to go on.
  const follow = async (question, heard, whenHidden) => {
    let pause = SHORTEST_MS;
    for (;;) {
      if (hidden() && !whenHidden) await shown();
      const begun = Date.now();
      try {
        await probe();
        const answer = await fetch(question(), { cache: "no-store" });
        if (leaving) return;
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
        if (!leaving) failed(false);
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

  // A sale: it turns green, and sounds, while the page stays, or the sound would not be allowed.
  let speaker = null;
  const listen = () => {
    try {
      speaker ??= new AudioContext();
      if (speaker.state === "suspended") speaker.resume();
    } catch { speaker = null; }
  };
  // A shopkeeper who wants silence has it in this browser from then on.
  const SILENCE = "tilld-silence";
  const isSilent = () => {
    try { return localStorage.getItem(SILENCE) !== null; } catch { return false; }
  };
  for (const box of document.querySelectorAll("[data-sound]")) {
    const tick = box.querySelector("input");
    box.hidden = false;
    tick.checked = !isSilent();
    tick.addEventListener("change", () => {
      try {
        if (tick.checked) localStorage.removeItem(SILENCE);
        else localStorage.setItem(SILENCE, "yes");
      } catch { box.hidden = true; }
    });
  }
  const sound = () => {
    if (isSilent() || !speaker || speaker.state !== "running") return;
    [[660, 0], [880, 0.16]].forEach(([pitch, later]) => {
      const tone = speaker.createOscillator(), volume = speaker.createGain();
      const at = speaker.currentTime + later;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
      tone.connect(volume).connect(speaker.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    });
  };
  const sale = document.querySelector("[data-sale]");
  if (sale && sale.dataset.paid === "false") {
    document.addEventListener("pointerdown", listen);
    document.addEventListener("keydown", listen);
    if (navigator.userActivation?.hasBeenActive) listen();
    const { sale: live, again } = sale.dataset;
    follow(() => asked(live, part("part").dataset.tag), async () => {
      const answer = await fetch(again, { cache: "no-store" });
      if (!answer.ok || answer.redirected) { location.reload(); return false; }
      const { next, title } = await replaced(answer, "part");
      document.title = title;
      if (next?.dataset.paid !== "true") return true;
      sound();
      next.querySelector("a.button")?.focus();
      return false;
    }, true);
  }

  // The keypad, for those who point.
  const keypad = document.querySelector("[data-keypad]");
  if (keypad) {
    const keys = keypad.querySelector(".keys"), display = keypad.elements.amount;
    const digits = Number(keypad.dataset.digits);
    /** Is this a part of an amount: at most one mark, and not more digits behind it than there are? */
    const isFine = (text) => {
      const parts = text.split(/[.,]/);
      return parts.length === 1 || (parts.length === 2 && digits > 0 && parts[1].length <= digits);
    };
    keys.hidden = false;
    // The screen's own keyboard would cover ours.
    if (matchMedia("(pointer: coarse)").matches) display.inputMode = "none";
    keys.addEventListener("click", (event) => {
      const key = event.target.closest("[data-key]")?.dataset.key;
      if (!key) return;
      if (key === "back") display.value = display.value.slice(0, -1);
      else if (isFine(display.value + key)) display.value += key;
      // Who points goes on typing, and Enter charges; who came by the Tab key stays.
      if (event.detail > 0) display.focus({ preventScroll: true });
    });
    // The currency has no more digits.
    display.addEventListener("input", () => {
      const { value } = display;
      if (!isFine(value) && /^\d*[.,]\d*$/.test(value)) {
        display.value = value.slice(0, value.search(/[.,]/) + (digits > 0 ? digits + 1 : 0));
      }
    });
    // Wherever the focus is gone, an amount can be typed.
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const { activeElement: at } = document;
      if (at && at !== document.body && !keys.contains(at)) return;
      if (/^([\d.,]|Backspace)$/.test(event.key)) display.focus({ preventScroll: true });
      else if (event.key === "Enter" && !keys.contains(at)) keypad.requestSubmit();
    });
  }
})();

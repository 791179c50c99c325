// The till page and the page of a sale: cart, keypad, parked sales, change, and going from sale to sale without loading a
// page, so that full screen and sound stay. Without this script the forms sell as well.
//
// The server makes every price. What is shown here is the same sum, with integers, and is sent along: if a price has
// changed meanwhile, the sale is refused and not made at another price than the customer was told.

(() => {
  const MOST_LINES = 80, MOST_PARKED = 20; // the server's, and what a list can show
  const SCAN_GAP_MS = 60, SHORTEST_CODE = 4; // a scanner types faster than people, and codes are long
  const DOUBLE_MS = 600; // the second click of a double click comes no later
  const { follow, asked, part, replaced, stay } = office;
  const all = (selector, root = document) => [...root.querySelectorAll(selector)];
  const one = (selector, root = document) => root.querySelector(selector);

  // Amounts are integers in units of 10⁻⁸, quantities in millionths.
  const UNIT = 100000000n, MILLION = 1000000n;
  /** What somebody typed, with a dot or a comma; null if it is no number. */
  const number = (text, digits, one) => {
    const found = /^(\d{0,12})(?:[.,](\d*))?$/.exec(text.trim());
    const [, whole, fraction = ""] = found ?? [];
    if (!found || whole + fraction === "" || fraction.length > digits) return null;
    return BigInt(whole || 0) * one + BigInt(fraction.padEnd(String(one).length - 1, "0") || 0);
  };
  const text = (value, one) => {
    const fraction = String(value % one).padStart(String(one).length - 1, "0").replace(/0+$/, "");
    return `${value / one}${fraction && `.${fraction}`}`;
  };
  const rounded = (value, digits) => {
    const step = 10n ** BigInt(8 - digits);
    return (value + step / 2n) / step * step;
  };
  const times = (price, millionths, digits) => rounded((price * millionths + MILLION / 2n) / MILLION, digits);

  /** Writes amounts as the server does. */
  const writer = ({ sign, digits, mark, group }) => (value) => {
    const [whole, fraction = ""] = text(value, UNIT).split(".");
    const grouped = whole.length < 5 ? whole : whole.replace(/\B(?=(\d{3})+$)/g, group);
    const tail = fraction.padEnd(digits, "0");
    return `${grouped}${tail && mark + tail}\u00a0${sign}`;
  };

  // What the browser keeps for a shop: the sale that is being typed in, and those that are parked.
  const blank = () => ({ lines: [], discount: "", tip: "", note: "" });
  const memory = (shop) => {
    const key = `tilld-till-${shop}`;
    let kept = null;
    try { kept = JSON.parse(localStorage.getItem(key)); } catch { /* there is none */ }
    const state = { sale: blank(), parked: [], isSent: false, ...kept };
    state.save = () => {
      try { localStorage.setItem(key, JSON.stringify(state)); } catch { /* it is forgotten with the page */ }
    };
    return state;
  };

  // Sound. A browser allows it once somebody has pressed something.
  let speaker = null;
  const listen = () => {
    try {
      speaker ??= new AudioContext();
      if (speaker.state === "suspended") speaker.resume();
    } catch { speaker = null; }
  };
  document.addEventListener("pointerdown", listen);
  document.addEventListener("keydown", listen);
  // A shopkeeper who wants silence has it in this browser from then on.
  const SILENCE = "tilld-silence";
  const isSilent = () => {
    try { return localStorage.getItem(SILENCE) !== null; } catch { return false; }
  };
  const sound = (tones) => {
    if (isSilent() || !speaker || speaker.state !== "running") return;
    for (const [pitch, later] of tones) {
      const tone = speaker.createOscillator(), volume = speaker.createGain();
      const at = speaker.currentTime + later;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0.0001, at);
      volume.gain.exponentialRampToValueAtTime(0.3, at + 0.02);
      volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.3);
      tone.connect(volume).connect(speaker.destination);
      tone.start(at);
      tone.stop(at + 0.32);
    }
  };
  const PAID = [[660, 0], [880, 0.16]], WRONG = [[220, 0]];

  const startSound = () => {
    for (const box of all("[data-sound]")) {
      const tick = one("input", box);
      box.hidden = false;
      tick.checked = !isSilent();
      tick.addEventListener("change", () => {
        try {
          if (tick.checked) localStorage.removeItem(SILENCE);
          else localStorage.setItem(SILENCE, "yes");
        } catch { box.hidden = true; }
      });
    }
  };

  const startFullScreen = () => {
    const button = one("[data-full]");
    if (!button || !document.fullscreenEnabled || matchMedia("(display-mode: fullscreen)").matches) return;
    button.hidden = false;
    button.addEventListener("click", () => {
      const done = document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen();
      done.catch(() => { button.hidden = true; });
    });
  };

  /** The keys of a keypad, for those who point: they type into `display`, which takes what `isFine` says. */
  const startKeys = (keys, display, isFine, typed) => {
    keys.hidden = false;
    // The screen's own keyboard would cover ours.
    if (matchMedia("(pointer: coarse)").matches) display.inputMode = "none";
    keys.addEventListener("click", (event) => {
      const { key, givenKey } = event.target.closest("button")?.dataset ?? {};
      const press = key ?? givenKey;
      if (!press || press === "add" || press === "times") return;
      if (press === "back") display.value = display.value.slice(0, -1);
      else if (isFine(display.value + press)) display.value += press;
      typed();
      // Who points goes on typing, and Enter charges; who came by the Tab key stays.
      if (event.detail > 0) display.focus({ preventScroll: true });
    });
  };
  /** Is this a part of an amount: at most one mark, and not more digits behind it than there are? */
  const fine = (digits) => (value) => {
    const parts = value.split(/[.,]/);
    return parts.length === 1 || (parts.length === 2 && digits() > 0 && parts[1].length <= digits());
  };

  /** What the customer gives in cash, and what goes back. `due` says the sum, `form` is sent in the end. */
  const startCash = (form, due, write, digits) => {
    const dialog = one("[data-cash]", form), open = one("[data-cash-open]", form);
    if (!dialog?.showModal || !open) return;
    const given = one("[name=given]", dialog), pay = one("[value=cash]", dialog);
    const show = () => {
      const sum = due(), value = number(given.value, digits(), UNIT);
      const back = value !== null && sum !== null ? value - sum : null;
      one("[data-change]", dialog).textContent = back !== null && back >= 0n ? write()(back) : "–";
      given.setCustomValidity("");
      dialog.classList.toggle("short", back !== null && back < 0n);
    };
    startKeys(one("[data-given-keys]", dialog), given, fine(digits), show);
    given.addEventListener("input", show);
    open.type = "button";
    open.addEventListener("click", () => {
      const sum = due();
      if (sum === null || sum === 0n) { form.reportValidity(); return; }
      one("[data-due]", dialog).textContent = write()(sum);
      const notes = one("[data-notes]", dialog);
      // The sum itself, and the next notes and coins above it.
      const steps = [1n, 5n, 10n, 20n, 50n, 100n, 200n].map((step) => step * UNIT);
      const sums = new Set(steps.map((step) => (sum + step - 1n) / step * step).filter((next) => next > sum));
      const suggested = [...sums].sort((a, b) => (a < b ? -1 : 1)).slice(0, 3);
      notes.replaceChildren(...[sum, ...suggested].map((value, at) => {
        const button = document.createElement("button");
        button.type = "button";
        button.className = "quiet slim";
        const [shown] = write()(value).split("\u00a0");
        button.textContent = at === 0 ? notes.dataset.exactly : shown;
        button.addEventListener("click", () => { given.value = text(value, UNIT).replace(".", notes.dataset.mark); show(); pay.focus(); });
        return button;
      }));
      given.value = "";
      show();
      dialog.showModal();
      given.focus();
    });
    one("[data-close]", dialog).addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { given.value = ""; });
    given.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      form.requestSubmit(pay);
    });
  };

  const startTill = (counter) => {
    const form = one("form[data-keypad]", counter), shelf = one("form[data-shelf]", counter);
    const { shop, mark, group } = counter.dataset;
    const state = memory(shop);
    // It comes back from a form that was refused, or by the browser's button.
    state.isSent = false;
    const display = form.elements.amount, keys = one("[data-keys]", form), trouble = one("[data-trouble]", counter);
    const signs = JSON.parse(counter.dataset.signs);
    const currency = () => signs.find(({ code }) => code === form.elements.currency.value) ?? signs[0];
    const digits = () => currency().digits;
    const write = () => writer({ ...currency(), mark, group });
    const typedAmount = () => number(display.value, digits(), UNIT);

    const tiles = new Map(all("[data-prices]", counter).map((button) => {
      const id = button.value.slice(2);
      const name = one(".name", button).textContent;
      const prices = new Map(button.dataset.prices.split(" ").map((price) => {
        const [code, parts] = price.split(":");
        return [code, parts.split("+").map((part) => number(part, 8, UNIT))];
      }));
      return [id, { id, name, button, prices, digits: Number(button.dataset.digits ?? 0), left: button.dataset.left,
        folded: `${name}\n${id}`.toLowerCase(), groups: (button.dataset.groups ?? "").split(" ") }];
    }));
    state.sale.lines = state.sale.lines.filter(({ id }) => id === undefined || tiles.has(id));

    const say = (message) => {
      trouble.textContent = message;
      trouble.hidden = message === "";
      if (message !== "") sound(WRONG);
    };

    // The sum.
    const quantityOf = ({ id, quantity }) => number(quantity, id === undefined ? 6 : tiles.get(id).digits, MILLION);
    const priceOf = (line) => {
      const quantity = quantityOf(line);
      if (quantity === null || quantity === 0n) return null;
      const parts = line.id === undefined ? [number(line.price, digits(), UNIT)] : tiles.get(line.id).prices.get(currency().code);
      if (!parts || parts.includes(null)) return null;
      return parts.reduce((sum, part) => sum + times(part, quantity, digits()), 0n);
    };
    const sumOf = (sale, extra) => {
      let lines = extra ?? 0n;
      for (const line of sale.lines) {
        const price = priceOf(line);
        if (price === null) return null;
        lines += price;
      }
      let off = 0n;
      if (sale.discount.trim() !== "") {
        const share = /^(.*)%$/.exec(sale.discount.trim());
        const value = share ? number(share[1], 2, 10000n) : number(sale.discount, digits(), UNIT);
        if (value === null || (share && value > 1000000n)) return null;
        off = share ? times(lines, value, digits()) : value;
      }
      const tip = sale.tip.trim() === "" ? 0n : number(sale.tip, digits(), UNIT);
      if (tip === null || off > lines || (off > 0n && off === lines)) return null;
      return { lines, off, tip, total: lines - off + tip };
    };
    const sums = () => {
      const amount = display.value.trim() === "" ? 0n : typedAmount();
      return amount === null ? null : sumOf(state.sale, amount);
    };
    const nameOf = ({ id, what, quantity }) => {
      const name = id === undefined ? what : tiles.get(id).name;
      return quantity === "1" ? name : `${quantity} × ${name}`;
    };
    const names = (sale) => {
      let short = "";
      for (const name of sale.lines.map(nameOf)) {
        const longer = short === "" ? name : `${short}, ${name}`;
        if (new TextEncoder().encode(longer).length > 120) return short === "" ? "" : `${short}, …`;
        short = longer;
      }
      return short;
    };

    // What is shown.
    const list = one("[data-lines]", counter), pattern = one("template[data-line]", counter);
    const drawLines = () => {
      list.replaceChildren(...state.sale.lines.map((line, at) => {
        const item = pattern.content.cloneNode(true).firstElementChild;
        const name = line.id === undefined ? line.what : tiles.get(line.id).name;
        one(".what", item).textContent = name;
        const count = one("input", item);
        count.value = line.quantity;
        for (const control of [count, ...all("button", item)]) control.setAttribute("aria-label", `${control.getAttribute("aria-label")}: ${name}`);
        const change = (quantity) => { line.quantity = quantity; changed(); };
        count.addEventListener("input", () => { line.quantity = count.value.trim(); changed(false); });
        count.addEventListener("change", () => { if (quantityOf(line) === 0n) drop(at); });
        const step = (by) => {
          const quantity = (quantityOf(line) ?? 0n) + by * MILLION;
          if (quantity <= 0n) drop(at);
          else change(text(quantity, MILLION));
        };
        one("[data-less]", item).addEventListener("click", () => step(-1n));
        one("[data-more]", item).addEventListener("click", () => step(1n));
        one("[data-drop]", item).addEventListener("click", () => drop(at));
        return item;
      }));
      list.scrollTop = list.scrollHeight;
    };
    const drop = (at) => { state.sale.lines.splice(at, 1); changed(); };
    const drawParked = () => {
      const box = one("[data-parked]", counter);
      box.hidden = state.parked.length === 0;
      one("ul", box).replaceChildren(...state.parked.map((sale, at) => {
        const item = document.createElement("li"), button = document.createElement("button");
        const sum = sale.lines.every(({ id }) => id === undefined || tiles.has(id)) ? sumOf(sale) : null;
        button.type = "button";
        button.className = "quiet slim";
        button.textContent = [sale.note || names({ lines: sale.lines.filter(({ id }) => id === undefined || tiles.has(id)) }) || "…", sum && write()(sum.total)].filter(Boolean).join(" · ");
        button.addEventListener("click", () => {
          const [opened] = state.parked.splice(at, 1);
          if (!isBlank()) state.parked.push(state.sale);
          load({ ...blank(), ...opened });
        });
        item.append(button);
        return item;
      }));
    };
    const isBlank = () => state.sale.lines.length === 0 && display.value.trim() === "";
    const changed = (drawn = true) => {
      if (drawn) drawLines();
      const found = sums(), { sale } = state;
      all("[data-lines] > *", counter).forEach((item, at) => {
        const line = sale.lines[at], price = priceOf(line), quantity = quantityOf(line);
        one(".sum", item).textContent = price === null ? "?" : write()(price);
        const left = line.id !== undefined && tiles.get(line.id).left;
        const isShort = Boolean(left) && quantity !== null && quantity > number(left, 6, MILLION);
        item.classList.toggle("short", isShort || price === null);
        one("input", item).setAttribute("aria-invalid", String(price === null));
      });
      for (const empty of all("[data-empty]", counter)) empty.hidden = sale.lines.length > 0;
      const off = one("[data-off]", counter);
      off.hidden = !found || found.off === 0n;
      if (found) one("dd", off).textContent = `−${write()(found.off)}`;
      const tip = one("[data-tip]", counter);
      tip.hidden = !found || found.tip === 0n;
      if (found) one("dd", tip).textContent = write()(found.tip);
      for (const total of all("[data-total]", counter)) total.textContent = found ? write()(found.total) : "?";
      for (const count of all("[data-count]", counter)) count.textContent = sale.lines.length || "";
      // What is sent beside what is typed.
      const hidden = (name, value) => Object.assign(document.createElement("input"), { type: "hidden", name, value });
      const inputs = sale.lines.map((line) => {
        if (line.id !== undefined) return hidden("line", `${line.quantity.replace(",", ".")} ${line.id}`);
        return hidden("own", `${text(priceOf(line) ?? 0n, UNIT)} ${nameOf(line)}`);
      });
      if (found) inputs.push(hidden("total", text(found.total, UNIT)));
      if (sale.lines.length > 0) inputs.push(hidden("names", names(sale)));
      one("[data-inputs]", form).replaceChildren(...inputs);
      display.required = sale.lines.length === 0;
      for (const button of all("[data-park], [data-clear]", counter)) button.disabled = isBlank();
      drawParked();
      state.save();
    };
    const EXTRAS = { discount: "discount", tip: "tip", note: "summary" };
    const load = (sale) => {
      state.sale = sale;
      display.value = "";
      for (const [member, name] of Object.entries(EXTRAS)) form.elements[name].value = sale[member];
      one("[data-extras]", form).open ||= sale.discount !== "" || sale.tip !== "";
      changed();
    };
    for (const [member, name] of Object.entries(EXTRAS)) {
      form.elements[name].addEventListener("input", () => { state.sale[member] = form.elements[name].value; changed(false); });
    }

    // What is put in.
    let factor = null;
    const multiply = (value) => {
      factor = value;
      const shown = one("[data-factor]", form);
      shown.textContent = value === null ? "" : `${value} ×`;
    };
    const put = (line, same) => {
      const { lines } = state.sale;
      const known = lines.find(same);
      if (known) known.quantity = text((quantityOf(known) ?? 0n) + quantityOf(line), MILLION);
      else if (lines.length >= MOST_LINES) { say(counter.dataset.full); return; }
      else lines.push(line);
      multiply(null);
      say("");
      changed();
    };
    const add = (id) => {
      const tile = tiles.get(id);
      const line = { id, quantity: factor ?? "1" };
      if (!tile.prices.has(currency().code) || quantityOf(line) === null) { say(counter.dataset.unreadable); return; }
      put(line, (other) => other.id === id);
    };
    /** Puts the amount that is typed into the cart, or says that there is none. */
    const addTyped = () => {
      const amount = typedAmount();
      if (amount === null || amount === 0n) { display.focus(); return; }
      const what = form.elements.summary.value.trim() || counter.dataset.what;
      display.value = "";
      put({ price: text(amount, UNIT), what, quantity: factor ?? "1" }, () => false);
    };
    const takeFactor = () => {
      const value = number(display.value, 6, MILLION);
      if (value === null || value === 0n) return;
      display.value = "";
      multiply(text(value, MILLION));
      changed(false);
    };
    startKeys(keys, display, fine(digits), () => changed(false));
    keys.addEventListener("click", (event) => {
      const { key } = event.target.closest("[data-key]")?.dataset ?? {};
      if (key === "add") addTyped();
      if (key === "times") takeFactor();
      if ((key === "add" || key === "times") && event.detail > 0) display.focus({ preventScroll: true });
    });
    // The currency has no more digits.
    const cut = () => {
      const { value } = display;
      if (fine(digits)(value) || !/^\d*[.,]\d*$/.test(value)) return;
      display.value = value.slice(0, value.search(/[.,]/) + (digits() > 0 ? digits() + 1 : 0));
    };
    display.addEventListener("input", () => { cut(); changed(false); });

    // Tiles, their categories, and the search.
    const find = one("#find", counter);
    let shownGroup = "";
    const filter = () => {
      const words = find.value.trim().toLowerCase();
      let count = 0;
      for (const { button, folded, groups } of tiles.values()) {
        const isShown = words === "" ? shownGroup === "" || groups.includes(shownGroup) : folded.includes(words);
        button.parentElement.hidden = !isShown;
        count += isShown;
      }
      one("[data-none]", counter).hidden = count > 0;
    };
    const scanned = (code) => {
      if (!tiles.has(code)) return false;
      if (tiles.get(code).button.disabled) say(`${tiles.get(code).name}: ${counter.dataset.soldOut}`);
      else add(code);
      return true;
    };
    const unknown = (code) => say(counter.dataset.unknown.replace("{}", code));
    if (shelf) {
      for (const hidden of all("[data-find], [data-groups]", shelf)) hidden.hidden = false;
      for (const { button } of tiles.values()) button.type = "button";
      shelf.addEventListener("submit", (event) => event.preventDefault());
      shelf.addEventListener("click", (event) => {
        const button = event.target.closest("[data-prices]");
        if (button) add(button.value.slice(2));
        const chip = event.target.closest("button[data-group]");
        if (!chip) return;
        shownGroup = chip.dataset.group;
        find.value = "";
        for (const other of all("button[data-group]", shelf)) other.setAttribute("aria-pressed", String(other === chip));
        filter();
      });
      find.addEventListener("input", filter);
      find.addEventListener("keydown", (event) => {
        if (event.key === "Escape") { find.value = ""; filter(); }
        if (event.key !== "Enter") return;
        event.preventDefault();
        const code = find.value.trim();
        if (code === "") return;
        const shown = [...tiles.values()].filter(({ button }) => !button.parentElement.hidden && !button.disabled);
        if (scanned(code)) { /* it is in the cart */ } else if (shown.length === 1) add(shown[0].id);
        else { unknown(code); find.select(); return; }
        find.value = "";
        filter();
      });
    }

    // Keys, wherever the focus is, and scanners: these type a code faster than people do, and press Enter.
    let code = "", last = 0, before = "";
    const isWriting = (at) => at?.matches?.("input:not([name=amount]), textarea, select");
    const typed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || !counter.isConnected || one("dialog[open]")) return;
      const { activeElement: at } = document;
      if (isWriting(at)) return;
      if (event.key === "Enter") {
        const isScan = event.timeStamp - last < SCAN_GAP_MS && code.length >= SHORTEST_CODE;
        const scan = isScan && tiles.size > 0 ? code : "";
        code = "";
        if (scan !== "" && (tiles.has(scan) || /^\d{8,}$|[^\d.,]/.test(scan))) {
          event.preventDefault();
          event.stopPropagation();
          display.value = before;
          if (!scanned(scan)) unknown(scan);
          return;
        }
      } else if (event.key.length === 1) {
        if (code === "" || event.timeStamp - last >= SCAN_GAP_MS) { code = ""; before = display.value; }
        code = /[+*/]/.test(event.key) ? "" : code + event.key;
        last = event.timeStamp;
      }
      if (at === display) {
        if (event.key === "+") { event.preventDefault(); addTyped(); }
        if (event.key === "*") { event.preventDefault(); takeFactor(); }
        if (event.key === "/" && shelf) { event.preventDefault(); show("goods"); find.focus(); }
        return;
      }
      if (at && at !== document.body && !keys.contains(at)) return;
      if (/^([\d.,]|Backspace)$/.test(event.key)) display.focus({ preventScroll: true });
      else if (event.key === "+") { event.preventDefault(); addTyped(); }
      else if (event.key === "*") { event.preventDefault(); takeFactor(); }
      else if (event.key === "/" && shelf) { event.preventDefault(); show("goods"); find.focus(); }
      else if (event.key === "Enter" && !keys.contains(at)) form.requestSubmit();
    };
    const pointed = () => { code = ""; };
    document.addEventListener("keydown", typed, true);
    document.addEventListener("pointerdown", pointed);
    leave = () => {
      document.removeEventListener("keydown", typed, true);
      document.removeEventListener("pointerdown", pointed);
    };

    // On a narrow screen one part at a time.
    const show = (view) => {
      counter.dataset.view = view;
      for (const tab of all("[data-show]", counter)) tab.setAttribute("aria-pressed", String(tab.dataset.show === view));
    };
    // What is wrong is seen, whatever part is shown.
    for (const field of form.elements) field.addEventListener("invalid", () => { if (!field.checkVisibility()) show("pad"); });
    for (const tab of all("[data-show]", counter)) tab.addEventListener("click", () => show(tab.dataset.show));
    one("[data-views]", counter).hidden = false;
    one("[data-part=cart]", counter).hidden = false;
    one("[data-sum]", counter).hidden = false;
    show(shelf && !one("[aria-invalid=true]", form) ? "goods" : "pad");

    one("[data-park]", counter).addEventListener("click", () => {
      if (display.value.trim() !== "") addTyped();
      if (state.sale.lines.length === 0 || state.parked.length >= MOST_PARKED) return;
      state.parked.push(state.sale);
      load(blank());
    });
    one("[data-clear]", counter).addEventListener("click", () => { multiply(null); say(""); load(blank()); });
    if (form.elements.currency.tagName === "SELECT") form.elements.currency.addEventListener("change", () => {
      for (const { button, prices } of tiles.values()) {
        const parts = prices.get(currency().code);
        button.disabled = !parts || "soldOut" in button.dataset;
        one(".cost", button).textContent = parts ? write()(parts.reduce((sum, part) => sum + part, 0n)) : "–";
      }
      changed();
    });
    startCash(form, () => sums()?.total ?? null, write, digits);
    const sent = (isSent) => { state.isSent = isSent; state.save(); };
    form.addEventListener("submit", () => sent(true));
    unsent = () => sent(false);

    const amount = display.value;
    load(state.sale);
    display.value = amount;
    changed(false);
    // A finger brings up the screen's keyboard wherever the focus is.
    if (!matchMedia("(pointer: coarse)").matches) display.focus({ preventScroll: true });
  };

  const startSale = (sale) => {
    const { sale: live, again, shop } = sale.dataset;
    const state = memory(shop);
    if (state.isSent) {
      Object.assign(state, { sale: blank(), isSent: false });
      state.save();
    }
    const form = one("[data-pay]", sale);
    if (form) {
      const { price, sign, digits, mark, group } = form.dataset;
      const sum = number(price.split(":")[1], 8, UNIT);
      startCash(form, () => sum, () => writer({ sign, digits: Number(digits), mark, group }), () => Number(digits));
    }
    if (sale.dataset.paid === "true") { one("[data-next]", sale)?.focus(); return; }
    follow(() => asked(live, part("part").dataset.tag), async () => {
      const answer = await fetch(again, { cache: "no-store" });
      if (!answer.ok || answer.redirected) { location.reload(); return false; }
      // Who is counting the customer's money goes on.
      if (one("dialog[open]", sale)) return true;
      const { next, title } = await replaced(answer, "part");
      document.title = title;
      if (!next) return false;
      if (next.dataset.paid === "true") sound(PAID);
      startSale(next);
      return false;
    }, true, () => !sale.isConnected);
  };

  // From page to page.
  let leave = () => {}, unsent = () => {};
  const start = () => {
    startSound();
    startFullScreen();
    const counter = one("[data-till]"), sale = one("[data-sale]");
    if (counter) startTill(counter);
    if (sale) startSale(sale);
  };
  const show = async (answer, isForm) => {
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!one("[data-till], [data-sale]", fresh)) { location.assign(answer.url); return; }
    leave();
    leave = unsent = () => {};
    for (const name of ["header", "main"]) one(name).replaceWith(document.adoptNode(one(name, fresh)));
    document.title = fresh.title;
    if (!isForm || answer.redirected) history.pushState(null, "", answer.url);
    stay();
    start();
    if (one("[data-sale][data-paid=true][data-undone=false]")) sound(PAID);
    scrollTo(0, 0);
    shownAt = Date.now();
    dispatchEvent(new Event("till-shown"));
  };
  // Who clicks twice means one thing, also where the next page has another button in the same place.
  let shownAt = 0;
  document.addEventListener("click", (event) => {
    if (event.detail < 2 || Date.now() - shownAt > DOUBLE_MS) return;
    event.preventDefault();
    event.stopPropagation();
  }, true);
  // What hangs over the page goes when something else is looked at.
  document.addEventListener("click", (event) => {
    const today = one("details.today[open]");
    if (today && !today.contains(event.target)) today.open = false;
  });
  addEventListener("popstate", () => location.reload());
  let isBusy = false;
  const go = async (address, options, fallback) => {
    if (isBusy) return;
    isBusy = true;
    document.body.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(address, { cache: "no-store", headers: { Accept: "text/html" }, ...options });
      await show(answer, "body" in options);
    } catch {
      fallback();
    } finally {
      document.body.removeAttribute("aria-busy");
      isBusy = false;
    }
  };
  document.addEventListener("submit", (event) => {
    const form = event.target, { submitter } = event;
    if (event.defaultPrevented || !form.matches("[data-swap]")) return;
    event.preventDefault();
    const body = new URLSearchParams(new FormData(form));
    if (submitter?.name) body.append(submitter.name, submitter.value);
    // The same form once more is the same sale.
    go(form.getAttribute("action"), { method: "POST", body }, () => { stay(); unsent(); connection.failed(true); });
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-swap]");
    if (!link || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    go(link.href, {}, () => location.assign(link.href));
  });
  start();
})();

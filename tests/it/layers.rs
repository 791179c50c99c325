//! Checks the layers of `src/lib.rs` and of the crates: a module uses only the layers below it. Reads
//! the sources, so that it covers every spelling of a use.

use std::fs;
use std::path::{Path, PathBuf};

/// Each crate beside the daemon, and which others it may name as dependencies; the compiler does the rest.
const CRATES: &[(&str, &[&str])] = &[
    ("taler", &[]),
    // Time, randomness and the log limit.
    ("system", &["taler"]),
    // The layout of pages, for all servers.
    ("ui", &["taler"]),
    // Shared by all HTTP servers and clients.
    ("net", &[]),
    // Exchange, wallet and demo shop: independent of the till.
    ("playground", &["net", "system", "taler", "ui"]),
];

/// Each module of the daemon and of the playground, and which others, and which crates, it may use.
const PLAN: &[(&str, &[&str])] = &[
    ("model", &["taler"]),
    // Of webhooks, what an operator may allow them.
    ("config", &["taler", "webhook"]),
    // Only the topics; a wake carries no news.
    ("hub", &["model", "taler"]),
    // The exchange's client stores nothing.
    ("exchange", &["net", "system", "taler"]),
    // Nor do calls of webhooks: a request, and one attempt.
    ("webhook", &["model", "net", "taler"]),
    ("store", &["model", "system", "taler"]),
    ("till", &["exchange", "hub", "model", "store", "system", "taler", "webhook"]),
    // Of `store`, no more than its errors, and those in one file only.
    ("http", &["model", "net", "store", "system", "taler", "till", "ui", "webhook"]),
    // Background jobs call use cases, as handlers do.
    ("jobs", &["system", "till"]),
    (
        "server",
        &[
            "config", "exchange", "http", "hub", "jobs", "model", "store", "system", "taler",
            "till", "webhook",
        ],
    ),
    // Exchanges, because the till would keep what they say, and the doctor changes nothing.
    (
        "cli",
        &[
            "config",
            "exchange",
            "hub",
            "model",
            "net",
            "playground",
            "server",
            "store",
            "system",
            "taler",
            "till",
            "webhook",
        ],
    ),
    ("main", &["cli"]),
    ("playground/file", &["system"]),
    // Only demonstrations start it.
    ("playground/sandbox", &["net", "playground/file", "system", "taler"]),
    // A customer: it knows nothing of till and exchange but what they answer.
    ("playground/wallet", &["net", "playground/file", "system", "taler"]),
    // A shop like any other, with a wallet behind a button: it asks the till over HTTP only.
    ("playground/demo", &["net", "playground/wallet", "system", "taler", "ui"]),
];

/// What use cases know nothing of: how the store keeps things, and how the web answers. They read by a
/// `store::Read`, write by a `store::Tx`, and answer in the shop's words.
const BARRED_FROM_TILL: &[&str] = &["rusqlite", "actix_web", "awc"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every source of the program: those of the daemon by their path below `src`, those of the crates
/// with the crate's name before it.
fn sources() -> Vec<(String, String)> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                gather(&path, found);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    let mut sources = Vec::new();
    let mut read = |prefix: String, folder: PathBuf| {
        let mut paths = Vec::new();
        gather(&folder, &mut paths);
        paths.sort();
        for path in paths {
            let name = path.strip_prefix(&folder).unwrap().to_str().unwrap();
            sources.push((format!("{prefix}{name}"), fs::read_to_string(&path).unwrap()));
        }
    };
    read(String::new(), root().join("src"));
    for (name, _) in CRATES {
        read(format!("{name}/"), root().join("crates").join(name).join("src"));
    }
    sources
}

/// The names that a manifest lists as its dependencies; not those of its tests.
fn dependencies(manifest: &Path) -> Vec<String> {
    let manifest: toml::Table = toml::from_str(&fs::read_to_string(manifest).unwrap()).unwrap();
    manifest["dependencies"].as_table().unwrap().keys().cloned().collect()
}

/// Whether the plan covers the source. Other crates have no layers.
fn is_planned(name: &str) -> bool {
    let is_of = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('/'));
    name != "lib.rs"
        && name != "playground/lib.rs"
        && CRATES.iter().all(|(prefix, _)| *prefix == "playground" || !is_of(prefix))
}

/// The module that the file `name` belongs to.
fn module(name: &str) -> &str {
    let start = if name.starts_with("playground/") { "playground/".len() } else { 0 };
    let end = name[start..].find('/').map_or(name.len(), |at| start + at);
    name[..end].trim_end_matches(".rs")
}

/// `text` without its comments. Texts in quotes that hold `//` are cut short; no path is in them.
fn code(text: &str) -> String {
    let bare = |line: &str| line.split("//").next().unwrap().to_owned() + "\n";
    text.lines().map(bare).collect()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first segments of what follows each `root` (like `crate::`), braces opened.
fn heads(code: &str, root: &str) -> Vec<String> {
    let mut heads: Vec<String> = Vec::new();
    for (at, _) in code.match_indices(root) {
        if code[..at].ends_with(|c| is_word(c) || c == ':') {
            continue;
        }
        let rest = code[at + root.len()..].trim_start();
        let Some(list) = rest.strip_prefix('{') else {
            heads.push(rest.chars().take_while(|c| is_word(*c)).collect());
            continue;
        };
        let (mut depth, mut item) = (1, String::new());
        for c in list.chars() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            if depth == 0 || (depth == 1 && c == ',') {
                heads.push(item.trim().chars().take_while(|c| is_word(*c)).collect());
                item.clear();
            } else {
                item.push(c);
            }
            if depth == 0 {
                break;
            }
        }
    }
    heads.retain(|head| !head.is_empty());
    heads
}

/// What the file `name` uses against the plan, one sentence each.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let own = module(name);
    let Some((_, allowed)) = PLAN.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{name} belongs to {own}, which is on no floor")];
    };
    // Where the modules of this crate are in the plan.
    let prefix = if own.starts_with("playground/") { "playground/" } else { "" };
    // A path from the very root begins as any other.
    let code = code(text).replace(" ::", " ");
    let mut complaints = Vec::new();
    let floor = |head: &str| PLAN.iter().any(|(module, _)| *module == format!("{prefix}{head}"));
    for head in heads(&code, "crate::") {
        if !floor(&head) {
            complaints.push(format!("{name} uses crate::{head}, which is on no floor"));
        }
    }
    // The other ways to the crate's root: upwards, and by the crate's own name.
    let climbing = ["super::super::super::", "super::super::", "super::"];
    let ways = ["crate::", "tilld::"].into_iter().chain(climbing);
    let mut used: Vec<_> = ways.flat_map(|way| heads(&code, way)).collect();
    used.sort();
    used.dedup();
    if own == "http" && used.iter().any(|head| head == "store") {
        let items = [heads(&code, "store::"), heads(&code, "crate::store::")].concat();
        let more = items.into_iter().filter(|item| item != "Error");
        match name {
            "http/error.rs" => complaints
                .extend(more.map(|item| format!("{name} may not use crate::store::{item}"))),
            _ => complaints.push(format!("{name} may not use crate::store")),
        }
    }
    if own == "till" {
        for library in BARRED_FROM_TILL {
            // Tests of waiting need a runtime.
            let used = heads(&code, &format!("{library}::"));
            if used.iter().any(|head| head != "test") {
                complaints.push(format!("{name} may not use {library}"));
            }
        }
    }
    for head in used {
        let module = format!("{prefix}{head}");
        if floor(&head) && module != own && !allowed.contains(&module.as_str()) {
            complaints.push(format!("{name} may not use crate::{head}"));
        }
    }
    for (other, _) in CRATES {
        if !allowed.contains(other) && !heads(&code, &format!("{other}::")).is_empty() {
            complaints.push(format!("{name} may not use {other}"));
        }
    }
    complaints
}

#[test]
fn a_module_uses_only_what_lies_below_it() {
    let sources = sources();
    assert!(sources.len() > 30, "{}", sources.len());
    let found: Vec<_> = sources
        .iter()
        .filter(|(name, _)| is_planned(name))
        .flat_map(|(name, text)| complaints(name, text))
        .collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_crate_names_only_crates_below_it() {
    let below: Vec<_> = CRATES.iter().map(|(name, _)| *name).collect();
    let folder = fs::read_dir(root().join("crates")).unwrap();
    let mut there: Vec<_> =
        folder.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    there.sort_unstable();
    let mut planned = below.clone();
    planned.sort_unstable();
    assert_eq!(there, planned);
    for (name, allowed) in CRATES {
        let manifest = root().join("crates").join(name).join("Cargo.toml");
        for other in dependencies(&manifest) {
            let is_ours = other == "tilld" || below.contains(&other.as_str());
            assert!(!is_ours || allowed.contains(&other.as_str()), "{name} may not use {other}");
        }
    }
}

#[test]
fn the_plan_is_the_crate() {
    let sources = sources();
    for (lib, prefix) in [("lib.rs", ""), ("playground/lib.rs", "playground/")] {
        let text = &sources.iter().find(|(name, _)| name == lib).unwrap().1;
        let names = text.lines().filter_map(|line| {
            line.trim_start_matches("pub ").strip_prefix("mod ")?.strip_suffix(';')
        });
        let mut declared: Vec<_> = names.map(|name| format!("{prefix}{name}")).collect();
        let is_of_it = |module: &&str| prefix.is_empty() != module.starts_with("playground/");
        let mut planned: Vec<_> = PLAN.iter().map(|(module, _)| *module).filter(is_of_it).collect();
        planned.retain(|module| *module != "main");
        declared.sort_unstable();
        planned.sort_unstable();
        assert_eq!(declared, planned);
        assert!(!code(text).contains("use "), "{lib} only names the modules");
    }
}

/// So that it can be taken out: the feature `legacy` replaces it by `http/no_legacy.rs` there.
#[test]
fn only_the_route_table_names_the_api_of_2019() {
    for (name, text) in sources() {
        let is_of_it = name.starts_with("http/legacy/") || name.starts_with("http/openapi/");
        let names_it = code(&text).contains("legacy::");
        assert!(!names_it || is_of_it || name == "http/mod.rs", "{name} names it");
    }
}

#[test]
fn a_use_against_the_plan_is_found_however_it_is_spelt() {
    let all = |name: &str, text: &str| complaints(name, text).join("; ");
    for text in [
        "use crate::store::Store;",
        "use crate::{\n    model::{order, access},\n    store,\n};",
        "fn f() { crate::store::open() }",
        "use super::super::store::Store;",
        "use tilld::store;",
    ] {
        assert_eq!(
            all("http/legacy.rs", text),
            "http/legacy.rs may not use crate::store",
            "{text}"
        );
    }
    assert_eq!(all("model/x.rs", "use crate::store::x;"), "model/x.rs may not use crate::store");
    for text in ["use ui::Messages;", "use ::ui::{self, Messages};", "fn f() -> ui::Messages {}"] {
        assert_eq!(all("till/x.rs", text), "till/x.rs may not use ui", "{text}");
    }
    assert_eq!(
        all("playground/wallet/x.rs", "use crate::sandbox::Sandbox;"),
        "playground/wallet/x.rs may not use crate::sandbox"
    );
    assert_eq!(all("playground/demo/x.rs", "use crate::wallet;\nuse ui::Messages;"), "");
    for text in ["use rusqlite::Connection;", "fn f(db: rusqlite::Connection) {}"] {
        assert_eq!(all("till/x.rs", text), "till/x.rs may not use rusqlite", "{text}");
    }
    assert_eq!(
        all("till/x.rs", "use actix_web::http::StatusCode;"),
        "till/x.rs may not use actix_web"
    );
    assert_eq!(all("till/x.rs", "use crate::http;"), "till/x.rs may not use crate::http");
    assert_eq!(all("config.rs", "use super::server;"), "config.rs may not use crate::server");
    assert_eq!(all("main.rs", "tilld::store::x();"), "main.rs may not use crate::store");
    assert_eq!(
        all("http/error.rs", "use crate::store;\nfn f(s: &store::Store) -> store::Error {}"),
        "http/error.rs may not use crate::store::Store"
    );
    assert_eq!(all("extras/x.rs", ""), "extras/x.rs belongs to extras, which is on no floor");
    assert_eq!(
        all("till/x.rs", "use crate::extras::X;"),
        "till/x.rs uses crate::extras, which is on no floor"
    );
    assert_eq!(all("http/error.rs", "use crate::store;\nfn f(_: store::Error) {}"), "");
    assert_eq!(
        all("till/x.rs", "/// Not for [`crate::http`].\nuse crate::store::{Tx, tokens};"),
        ""
    );
}

/// Who may write a WARN or ERROR line each time: what no request reaches, and what says that a state
/// has changed.
const LOUD: &[&str] = &[
    "cli/",
    // Once, when it starts or is asked to stop.
    "server/",
    "store/open.rs",
    "playground/sandbox/minting.rs",
    // By commands.
    "store/backup.rs",
    "playground/wallet/refund.rs",
    // When keys cannot be had for another reason than before, and when they can; at the start.
    "exchange/key_cache.rs",
    "till/exchange.rs",
    // By the clock, at the start, and for a change of state.
    "jobs.rs",
    "till/pending.rs",
    "till/time.rs",
    "till/strangers.rs",
    // Once for a refund that an exchange refuses for good.
    "till/exchange_refunds.rs",
];

#[test]
fn what_a_request_can_cause_is_logged_through_the_limit() {
    let loud = ["log::warn!", "log::error!", "Level::Warn,", "Level::Error,"];
    for (name, text) in sources() {
        let may = name == "system/log_limit.rs" || LOUD.iter().any(|start| name.starts_with(start));
        let code = code(&text);
        assert!(may || !loud.iter().any(|word| code.contains(word)), "{name}: see `log_limit`");
    }
}

#[test]
fn only_the_command_line_prints_and_only_the_clock_reads_the_time() {
    for (name, text) in sources() {
        let code = code(&text);
        let prints = ["print!", "println!", "eprint!", "eprintln!"];
        let may_print = name.starts_with("cli/") || name == "main.rs";
        assert!(may_print || !prints.iter().any(|word| code.contains(word)), "{name} prints");
        let reads = code.contains("SystemTime::now");
        assert_eq!(reads, name == "system/clock.rs", "{name} and the clock");
        let draws = code.contains("getrandom::");
        assert_eq!(draws, name == "system/random.rs", "{name} and randomness");
    }
}

#[test]
fn only_a_paid_contract_is_signed_as_paid() {
    let till = |name: &str| name.starts_with("till/") || name.starts_with("http/");
    for (name, text) in sources().into_iter().filter(|(name, _)| till(name)) {
        assert_eq!(code(&text).contains("PaymentOk"), name == "till/pay/paid.rs", "{name}");
    }
}

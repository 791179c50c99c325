//! The floor plan of `src/lib.rs`: a module uses only what lies below it. Read from the sources
//! themselves, so that it holds however the uses are spelt.

use std::fs;
use std::path::{Path, PathBuf};

/// Each module, and which others it may use.
const PLAN: &[(&str, &[&str])] = &[
    ("taler", &[]),
    // How often a log line is written; whoever logs what clients can cause uses it.
    ("log_limit", &[]),
    ("domain", &["taler"]),
    ("config", &["domain", "taler"]),
    // Only the topics; a wake carries no news.
    ("hub", &["domain"]),
    // Time and chance come from nowhere else.
    ("machine", &["domain"]),
    // How pages look, whoever shows them.
    ("page", &["domain", "taler"]),
    // The network's far side: it knows nothing of the till, and only demonstrations start it.
    ("sandbox", &["domain", "log_limit", "machine", "taler"]),
    // A customer: it knows nothing of till and exchange but what they answer.
    ("wallet", &["domain", "log_limit", "machine", "taler"]),
    // A shop like any other, with a wallet behind a button: it asks the till over HTTP only.
    ("demo", &["domain", "log_limit", "machine", "page", "taler", "wallet"]),
    // The peer keeps nothing.
    ("exchange", &["domain", "log_limit", "machine", "taler"]),
    ("store", &["domain", "log_limit", "taler"]),
    ("till", &["domain", "exchange", "hub", "log_limit", "machine", "store", "taler"]),
    // Of `store`, no more than its errors, and those in one file only.
    ("http", &["domain", "log_limit", "page", "store", "taler", "till"]),
    // The clock: it calls verbs, as the web does.
    ("jobs", &["log_limit", "till"]),
    (
        "server",
        &[
            "config",
            "domain",
            "exchange",
            "http",
            "hub",
            "jobs",
            "log_limit",
            "machine",
            "store",
            "till",
        ],
    ),
    // Exchanges, because the till would keep what they say, and the doctor changes nothing.
    (
        "cli",
        &[
            "config", "demo", "domain", "exchange", "hub", "machine", "sandbox", "server", "store",
            "taler", "till", "wallet",
        ],
    ),
    ("main", &["cli"]),
];

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
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = Vec::new();
    gather(&src, &mut paths);
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        (name, fs::read_to_string(&path).unwrap())
    };
    paths.into_iter().map(named).collect()
}

/// The module that the file `name` belongs to.
fn module(name: &str) -> &str {
    name.split('/').next().unwrap().trim_end_matches(".rs")
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
    let code = code(text);
    let mut complaints = Vec::new();
    let floor = |head: &str| PLAN.iter().any(|(module, _)| *module == head);
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
    for head in used {
        if floor(&head) && head != own && !allowed.contains(&head.as_str()) {
            complaints.push(format!("{name} may not use crate::{head}"));
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
        .filter(|(name, _)| name != "lib.rs")
        .flat_map(|(name, text)| complaints(name, text))
        .collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn the_plan_is_the_crate() {
    let sources = sources();
    let lib = &sources.iter().find(|(name, _)| name == "lib.rs").unwrap().1;
    let mut declared: Vec<_> =
        lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    declared.push("main");
    let mut planned: Vec<_> = PLAN.iter().map(|(module, _)| *module).collect();
    declared.sort_unstable();
    planned.sort_unstable();
    assert_eq!(declared, planned);
    assert!(!code(lib).contains("use "), "src/lib.rs only names the modules");
}

#[test]
fn a_use_against_the_plan_is_found_however_it_is_spelt() {
    let all = |name: &str, text: &str| complaints(name, text).join("; ");
    for text in [
        "use crate::store::Store;",
        "use crate::{\n    domain::{ids, web},\n    store,\n};",
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
    assert_eq!(
        all("taler/x.rs", "use crate::domain::ids;"),
        "taler/x.rs may not use crate::domain"
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
    "sandbox/minting.rs",
    // By commands.
    "store/backup.rs",
    "wallet/refund.rs",
    // When keys cannot be had for another reason than before, and when they can; at the start.
    "exchange/keeper.rs",
    "till/exchange.rs",
    // By the clock, at the start, and for a change of state.
    "jobs.rs",
    "till/pending.rs",
    "till/time.rs",
    "till/strangers.rs",
    // Once for a refund that an exchange refuses for good.
    "till/give_back.rs",
];

#[test]
fn what_a_request_can_cause_is_logged_through_the_limit() {
    let loud = ["log::warn!", "log::error!", "Level::Warn,", "Level::Error,"];
    for (name, text) in sources() {
        let may = name == "log_limit.rs" || LOUD.iter().any(|start| name.starts_with(start));
        let code = code(&text);
        assert!(may || !loud.iter().any(|word| code.contains(word)), "{name}: see `log_limit`");
    }
}

#[test]
fn only_the_command_line_prints_and_only_the_machine_reads_the_clock() {
    for (name, text) in sources() {
        let code = code(&text);
        let prints = ["print!", "println!", "eprint!", "eprintln!"];
        let may_print = name.starts_with("cli/") || name == "main.rs";
        assert!(may_print || !prints.iter().any(|word| code.contains(word)), "{name} prints");
        let reads = code.contains("SystemTime::now");
        assert_eq!(reads, name == "machine.rs", "{name} and the clock");
    }
}

#[test]
fn only_a_paid_contract_is_signed_as_paid() {
    let till = |name: &str| name.starts_with("till/") || name.starts_with("http/");
    for (name, text) in sources().into_iter().filter(|(name, _)| till(name)) {
        assert_eq!(code(&text).contains("PaymentOk"), name == "till/pay/paid.rs", "{name}");
    }
}

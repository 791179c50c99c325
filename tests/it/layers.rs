//! Checks the layers of `src/lib.rs` and of the crates: a module uses only the layers below it. Reads
//! the sources, so that it covers every spelling of a use.

use std::collections::{BTreeMap, BTreeSet};
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

/// Whether the line has the number of an HTTP status for an answer, or where an answer is judged by one.
/// What exchanges have answered is kept and passed on, and read by their client only (`exchange/meaning.rs`).
fn names_a_status(line: &str) -> bool {
    let is_status = |word: &str| {
        word.len() == 3 && word.parse::<u16>().is_ok_and(|number| (200..600).contains(&number))
    };
    let mut words = line.split(|c| !is_word(c));
    let speaks = ["status", "code", "NO_ANSWER"].iter().any(|word| line.contains(word));
    speaks && words.any(is_status)
}

/// What the file `name` uses against the plan, one sentence each.
fn complaints(name: &str, text: &str) -> Vec<String> {
    let own = module(name);
    let Some((_, allowed)) = PLAN.iter().find(|(module, _)| *module == own) else {
        return vec![format!("{name} belongs to {own}, which is in no layer")];
    };
    // Where the modules of this crate are in the plan.
    let prefix = if own.starts_with("playground/") { "playground/" } else { "" };
    // A path from the very root begins as any other.
    let code = code(text).replace(" ::", " ");
    let mut complaints = Vec::new();
    let is_planned_module =
        |head: &str| PLAN.iter().any(|(module, _)| *module == format!("{prefix}{head}"));
    for head in heads(&code, "crate::") {
        if !is_planned_module(&head) {
            complaints.push(format!("{name} uses crate::{head}, which is in no layer"));
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
        for line in without_tests(&code).lines().filter(|line| names_a_status(line)) {
            complaints.push(format!("{name} decides by a status: {}", line.trim()));
        }
    }
    for head in used {
        let module = format!("{prefix}{head}");
        if is_planned_module(&head) && module != own && !allowed.contains(&module.as_str()) {
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
    for text in ["status: 410,", "const NO_ANSWER: u16 = 504;", "http_status.unwrap_or(451),"] {
        let found = format!("till/x.rs decides by a status: {text}");
        assert_eq!(all("till/x.rs", text), found);
        assert_eq!(all("exchange/x.rs", text), "");
    }
    assert_eq!(all("till/x.rs", "const PAGE: u32 = 500;"), "");
    assert_eq!(all("till/x.rs", "use crate::http;"), "till/x.rs may not use crate::http");
    assert_eq!(all("config.rs", "use super::server;"), "config.rs may not use crate::server");
    assert_eq!(all("main.rs", "tilld::store::x();"), "main.rs may not use crate::store");
    assert_eq!(
        all("http/error.rs", "use crate::store;\nfn f(s: &store::Store) -> store::Error {}"),
        "http/error.rs may not use crate::store::Store"
    );
    assert_eq!(all("extras/x.rs", ""), "extras/x.rs belongs to extras, which is in no layer");
    assert_eq!(
        all("till/x.rs", "use crate::extras::X;"),
        "till/x.rs uses crate::extras, which is in no layer"
    );
    assert_eq!(all("http/error.rs", "use crate::store;\nfn f(_: store::Error) {}"), "");
    assert_eq!(
        all("till/x.rs", "/// Not for [`crate::http`].\nuse crate::store::{Tx, tokens};"),
        ""
    );
}

/// Folders whose files import each other in no circle.
const WITHOUT_CYCLES: &[&str] = &["cli", "exchange", "http", "model", "server", "store", "till"];
/// Where the `mod.rs` of a folder counts as a file like any other: it mounts the handlers, so none of them may
/// import from it. Elsewhere it has the type that all files of the folder work on.
const MOD_FILES_COUNT: &[&str] = &["http"];

/// The module that a file is: that of `http/orders/mod.rs` is `http::orders`.
fn module_path(name: &str) -> String {
    let path = name.trim_end_matches(".rs");
    path.strip_suffix("/mod").unwrap_or(path).replace('/', "::")
}

/// `code` without the items that only tests have.
fn without_tests(code: &str) -> String {
    let (mut kept, mut rest) = (String::new(), code);
    while let Some(at) =
        ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|a| rest.find(a)).min()
    {
        kept += &rest[..at];
        let item = &rest[at..];
        // The item ends with its semicolon, or with its block.
        let (mut depth, mut end) = (0, item.len());
        for (at, c) in item.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                _ => {}
            }
            let is_block = c == '}' && !item[at + 1..].trim_start().starts_with(';');
            if depth == 0 && (c == ';' || is_block) {
                end = at + 1;
                break;
            }
        }
        rest = &item[end..];
    }
    kept + rest
}

/// The modules in files of their own that only tests have.
fn tests_of(name: &str, text: &str) -> Vec<String> {
    let declared = |code: &str| -> BTreeSet<String> {
        let names = code.lines().filter_map(|line| {
            let (before, name) = line.strip_suffix(';')?.rsplit_once("mod ")?;
            (before.is_empty() || before.starts_with("pub")).then(|| name.to_owned())
        });
        names.collect()
    };
    let code = code(text);
    let own = module_path(name);
    let (all, of_program) = (declared(&code), declared(&without_tests(&code)));
    all.difference(&of_program).map(|test| format!("{own}::{test}")).collect()
}

/// The paths that a tree of a `use` names, each with the name that it has from then on.
fn leaves(tree: &str) -> Vec<(Vec<String>, String)> {
    let words = |path: &str| -> Vec<String> {
        path.split("::")
            .map(|word| word.trim().to_owned())
            .filter(|word| !word.is_empty())
            .collect()
    };
    let Some((start, list)) = tree.split_once('{') else {
        let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
        let path = words(path);
        let last = path.last().cloned().unwrap_or_default();
        let name = if name.is_empty() { last } else { name.trim().to_owned() };
        return vec![(path, name)];
    };
    let list = list.rsplit_once('}').map_or(list, |(list, _)| list);
    let (mut depth, mut item, mut found) = (0, String::new(), Vec::new());
    for c in list.chars().chain([',']) {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if c != ',' || depth > 0 {
            item.push(c);
        } else if !item.trim().is_empty() {
            // `self` in a list is what stands before it.
            let whole = format!("{start}{}", item.trim());
            let whole = whole.strip_suffix("::self").unwrap_or(&whole);
            found.extend(leaves(whole));
            item.clear();
        }
    }
    found
}

/// The modules among `modules` that the module `own` imports from; `code` is its text without comments.
fn imports(own: &str, code: &str, modules: &BTreeSet<String>) -> BTreeSet<String> {
    let code = without_tests(code).replace("pub(in crate", "pub(").replace(" ::", " ");
    let (mut body, mut uses, mut rest) = (String::new(), Vec::new(), code.as_str());
    while let Some(at) = rest.find("use ") {
        let (before, after) = (&rest[..at], &rest[at + "use ".len()..]);
        body += before;
        let line = before.rsplit('\n').next().unwrap().trim();
        rest = after;
        if line.is_empty() || line.starts_with("pub") {
            let (tree, after) = after.split_once(';').unwrap_or((after, ""));
            uses.extend(leaves(tree));
            rest = after;
        }
    }
    body += rest;

    let mut names = BTreeMap::new();
    // Where a path leads: a module, and whether it names something in it.
    let resolve = |path: &[String], names: &BTreeMap<String, String>| -> Option<(String, bool)> {
        let mut path = path.iter().map(String::as_str).peekable();
        let mut module: Vec<&str> = match path.next()? {
            "crate" | "tilld" => Vec::new(),
            first @ ("self" | "super") => {
                let mut module: Vec<_> = own.split("::").collect();
                if first == "super" {
                    module.pop();
                }
                while path.next_if_eq(&"super").is_some() {
                    module.pop();
                }
                module
            }
            first => match names.get(first) {
                Some(module) => module.split("::").collect(),
                None if modules.contains(&format!("{own}::{first}")) => {
                    own.split("::").chain([first]).collect()
                }
                None => return None,
            },
        };
        while let Some(next) = path.peek() {
            module.push(next);
            if !modules.contains(&module.join("::")) {
                module.pop();
                break;
            }
            path.next();
        }
        Some((module.join("::"), path.next().is_some()))
    };
    let mut found = BTreeSet::new();
    for (path, name) in uses {
        match resolve(&path, &BTreeMap::new()) {
            Some((module, true)) => drop(found.insert(module)),
            // The module itself: what is taken from it shows where its name is used.
            Some((module, false)) => drop(names.insert(name, module)),
            None => {}
        }
    }
    let is_of_path = |c: char| is_word(c) || c == ':';
    for path in body.split(|c| !is_of_path(c)).filter(|path| path.contains("::")) {
        let path: Vec<_> = path.split("::").map(str::to_owned).collect();
        found.extend(resolve(&path, &names).map(|(module, _)| module));
    }
    found.retain(|module| module != own && modules.contains(module));
    found
}

/// The imports, one sentence each, that are part of a circle among `files` (names and texts).
fn circles<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)> + Clone,
    mod_files_count: bool,
) -> Vec<String> {
    let modules: BTreeSet<_> = files.clone().map(|(name, _)| module_path(name)).collect();
    let tests: BTreeSet<_> = files.clone().flat_map(|(name, text)| tests_of(name, text)).collect();
    let is_of_program = |module: &str| !tests.iter().any(|test| module.starts_with(test));
    let mut edges: BTreeSet<(String, String)> = BTreeSet::new();
    for (name, text) in files {
        let own = module_path(name);
        for other in imports(&own, &code(text), &modules) {
            let is_counted = mod_files_count || !own.starts_with(&format!("{other}::"));
            if is_counted && is_of_program(&own) {
                edges.insert((own.clone(), other));
            }
        }
    }
    // What imports nothing that is left, or is imported by nothing that is left, is in no circle.
    loop {
        let (froms, tos): (BTreeSet<_>, BTreeSet<_>) = edges.iter().cloned().unzip();
        let before = edges.len();
        edges.retain(|(from, to)| tos.contains(from) && froms.contains(to));
        if edges.len() == before {
            return edges.iter().map(|(from, to)| format!("{from} imports {to}")).collect();
        }
    }
}

#[test]
fn no_files_import_each_other_in_a_circle() {
    let (sources, mut found) = (sources(), Vec::new());
    for folder in WITHOUT_CYCLES {
        let files = sources.iter().filter(|(name, _)| name.starts_with(&format!("{folder}/")));
        let files = files.map(|(name, text)| (name.as_str(), text.as_str()));
        assert!(files.clone().count() > 3, "{folder}");
        found.extend(circles(files, MOD_FILES_COUNT.contains(folder)));
    }
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_circle_of_imports_is_found_however_it_is_spelt() {
    let circles = |texts: &[(&'static str, &'static str)]| circles(texts.iter().copied(), true);
    let b = ("http/b.rs", "pub(super) fn b() { super::a::a() }");
    let both = ["http::a imports http::b", "http::b imports http::a"];
    for a in [
        "use super::b::b;",
        "use super::{error, b::{b, c as d}};",
        "use crate::{till::Till, http::b::b};",
        "use super::b;\nfn a() { b::b() }",
        "use super::{b::{self as other}};\nfn a() { other::b() }",
        "fn a() { crate::http::b::b() }",
        "fn a() { super::b::b() }",
    ] {
        assert_eq!(circles(&[("http/mod.rs", ""), ("http/a.rs", a), b]), both, "{a}");
    }
    for a in [
        "use super::b;",
        "// super::b::b()",
        "pub(in crate::http::b) fn a() {}",
        "#[cfg(test)]\nuse super::b::{b, c};\nfn a() {}",
        "fn a() {}\n#[cfg(test)]\nmod tests {\n    use crate::http::b::b;\n}",
    ] {
        assert_eq!(circles(&[("http/mod.rs", ""), ("http/a.rs", a), b]), [""; 0], "{a}");
    }
    let parent = ("http/mod.rs", "mod a;\nuse self::a::a;\npub struct Settings;");
    let child = ("http/a.rs", "use super::Settings;");
    assert_eq!(circles(&[parent, child]), ["http imports http::a", "http::a imports http"]);
    // Handlers are named by tables of routes.
    let table = ("http/mod.rs", "mod a;\nroutes! { GET \"/\" => a::a; }\npub struct Settings;");
    assert_eq!(circles(&[table, child]).len(), 2);
    let chain =
        [("http/a.rs", "use super::b::b;"), ("http/b.rs", "use super::c::c;"), ("http/c.rs", "")];
    assert_eq!(circles(&chain), [""; 0]);
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

//! What comments and documents refer to exists: sections of `docs/protocol`, files of
//! `docs/decisions`, links, anchors, and tests. A citation has one form: the document's name and a
//! section's number, with further numbers after a comma, "and" or "to", as in `crypto 6.1 and 6.2`.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Component, Path, PathBuf};

use regex_lite::Regex;

/// Folders of which nothing is read: not written by us.
const SKIPPED: &[&str] = &["target", "node_modules", ".git", "corpus", "artifacts"];

/// Files whose comments may cite.
const CODE: &[&str] = &["rs", "sql", "toml", "js", "mjs", "css", "py", "html", "sh"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of the repository whose name ends in one of `endings`, with its text.
fn files(endings: &[&str]) -> Vec<(String, String)> {
    fn gather(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap_or_default();
            if SKIPPED.contains(&name) {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                gather(&path, found);
            } else {
                found.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    gather(root(), &mut paths);
    paths.retain(|path| {
        path.extension().is_some_and(|ending| endings.iter().any(|wanted| ending == *wanted))
    });
    paths.sort();
    let named = |path: PathBuf| {
        let name = path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned();
        fs::read_to_string(&path).ok().map(|text| (name, text))
    };
    paths.into_iter().filter_map(named).collect()
}

/// `line` without what marks it as a comment; `None` if it is none.
fn comment(line: &str) -> Option<&str> {
    let bare = line.trim_start();
    for mark in ["///", "//!", "//", "--", "/*", "*", "# ", "<!--", "{#"] {
        if let Some(rest) = bare.strip_prefix(mark) {
            return Some(rest.trim());
        }
    }
    // Behind code. Addresses hold two slashes too, but no blank before them.
    line.split_once(" // ").map(|(_, rest)| rest.trim())
}

/// The comments of `text`, each block of lines in one piece, with the number of its first line.
fn comments(text: &str) -> Vec<(usize, String)> {
    let mut blocks: Vec<(usize, String)> = Vec::new();
    let mut open = false;
    for (at, line) in text.lines().enumerate() {
        match (comment(line), open) {
            (Some(words), true) => {
                let (_, block) = blocks.last_mut().unwrap();
                block.push(' ');
                block.push_str(words);
            }
            (Some(words), false) => blocks.push((at + 1, words.to_owned())),
            (None, _) => {}
        }
        open = comment(line).is_some();
    }
    blocks
}

/// What can be cited, and how a citation is found.
struct Citable {
    /// Each document's sections, and the decisions under the name `decision`.
    known: BTreeMap<String, BTreeSet<String>>,
    citation: Regex,
    /// A document named without a section. Names without a hyphen are words of the language, too.
    bare: Regex,
    number: Regex,
}

impl Citable {
    fn new() -> Self {
        let heading = Regex::new(r"(?m)^#{2,6} (\d+(?:\.\d+)*)\.?(?: |$)").unwrap();
        let mut known = BTreeMap::<String, BTreeSet<String>>::new();
        for (name, text) in files(&["md"]) {
            if let Some(document) = name.strip_prefix("docs/protocol/") {
                let numbers = heading.captures_iter(&text).map(|m| m[1].to_owned()).collect();
                known.insert(document.trim_end_matches(".md").to_owned(), numbers);
            } else if let Some(file) = name.strip_prefix("docs/decisions/") {
                let number = file.split('-').next().unwrap().trim_start_matches('0');
                known.entry("decision".to_owned()).or_default().insert(number.to_owned());
            }
        }
        known.remove("README");
        let names: Vec<_> = known.keys().map(String::as_str).collect();
        let hyphened: Vec<_> = names.iter().copied().filter(|name| name.contains('-')).collect();
        let citation = format!(
            r"\b({}|decisions) (\d+(?:\.\d+)*(?:(?:, and |, | and | to )\d+(?:\.\d+)*\b)*)",
            names.join("|")
        );
        let bare = format!(r"(?:^|[\s(])({})(?:\.md)?[),.;:]", hyphened.join("|"));
        Self {
            citation: Regex::new(&citation).unwrap(),
            bare: Regex::new(&bare).unwrap(),
            number: Regex::new(r"( to )?(\d+(?:\.\d+)*)").unwrap(),
            known,
        }
    }

    /// The citations in `words`: the document and the number. A range of decisions names each.
    fn citations(&self, words: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for cited in self.citation.captures_iter(words) {
            let document = if &cited[1] == "decisions" { "decision" } else { &cited[1] };
            let mut before = 0;
            for number in self.number.captures_iter(&cited[2]) {
                let whole = number[2].parse::<u32>().ok();
                if let (Some(_), Some(end), "decision") = (number.get(1), whole, document) {
                    found.extend((before + 1..end).map(|n| (document.to_owned(), n.to_string())));
                }
                before = whole.unwrap_or(0);
                found.push((document.to_owned(), number[2].to_owned()));
            }
        }
        found
    }

    /// The citations in `words` that lead nowhere, one sentence each.
    fn unresolved(&self, words: &str) -> Vec<String> {
        let mut cited = self.citations(words);
        cited.retain(|(document, number)| !self.known[document].contains(number));
        cited.into_iter().map(|(d, n)| format!("{d} has no section {n}")).collect()
    }

    /// What is wrong with the citations in a comment, one sentence each.
    fn complaints(&self, words: &str) -> Vec<String> {
        let mut found = self.unresolved(words);
        let bare = self.bare.captures_iter(words);
        found.extend(bare.map(|m| format!("{} is cited without a section", &m[1])));
        found
    }
}

#[test]
fn every_citation_in_a_comment_has_its_section() {
    let citable = Citable::new();
    assert!(citable.known["decision"].len() > 100 && citable.known["crypto"].contains("14.2"));
    let (mut wrong, mut count) = (Vec::new(), 0);
    for (file, text) in files(CODE) {
        for (line, block) in comments(&text) {
            count += citable.citations(&block).len();
            wrong.extend(citable.complaints(&block).iter().map(|c| format!("{file}:{line}: {c}")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(count > 150, "only {count} citations were found: the search is broken");
}

#[test]
fn every_citation_in_a_document_has_its_section() {
    let citable = Citable::new();
    let mut wrong = Vec::new();
    for (file, text) in files(&["md"]) {
        let unresolved = citable.unresolved(&text.replace('\n', " "));
        wrong.extend(unresolved.iter().map(|complaint| format!("{file}: {complaint}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_citation_that_leads_nowhere_is_found() {
    let citable = Citable::new();
    let wrong = |words: &str| citable.complaints(words);
    assert_eq!(wrong("merchant-api 3.5, crypto 7.1, 10 and 11"), <[String; 0]>::default());
    assert_eq!(wrong("decisions 6, 9 to 12"), <[String; 0]>::default());
    assert_eq!(wrong("merchant-api 3.99"), ["merchant-api has no section 3.99"]);
    assert_eq!(wrong("crypto 7.1, 10 and 99"), ["crypto has no section 99"]);
    assert_eq!(wrong("decision 4711"), ["decision has no section 4711"]);
    assert_eq!(wrong("as seen (observed-2026)."), ["observed-2026 is cited without a section"]);
    let ranged = citable.citations("decisions 9 to 12");
    let numbers: Vec<_> = ranged.iter().map(|(_, number)| number.as_str()).collect();
    assert_eq!(numbers, ["9", "10", "11", "12"]);
    // Comments are read in one piece, whatever marks their lines.
    let block = comments("/// no lock (crypto 5,\n/// decisions 6 and\n    /// 9)\nlet a = 1;");
    assert_eq!(block, [(1, "no lock (crypto 5, decisions 6 and 9)".to_owned())]);
}

/// `text` without code, in blocks and in lines: what stands there is no link.
fn prose(text: &str) -> String {
    let blocks = Regex::new(r"(?ms)^ *```.*?^ *```").unwrap();
    let spans = Regex::new(r"`[^`\n]*`").unwrap();
    spans.replace_all(&blocks.replace_all(text, ""), "code").into_owned()
}

/// The anchors of a document, made of its headings as forges make them.
fn anchors(text: &str) -> BTreeSet<String> {
    let blocks = Regex::new(r"(?ms)^ *```.*?^ *```").unwrap();
    let mut seen = BTreeMap::<String, u32>::new();
    let mut found = BTreeSet::new();
    for line in blocks.replace_all(text, "").lines().filter(|line| line.starts_with('#')) {
        let kept = |c: char| match c {
            ' ' => Some('-'),
            '-' | '_' => Some(c),
            _ => c.is_alphanumeric().then(|| c.to_lowercase().next().unwrap_or(c)),
        };
        let anchor: String = line.trim_start_matches('#').trim().chars().filter_map(kept).collect();
        let before = seen.entry(anchor.clone()).or_default();
        found.insert(if *before == 0 { anchor } else { format!("{anchor}-{before}") });
        *before += 1;
    }
    found
}

/// The relative links of the document `file` that lead nowhere.
fn broken_links(file: &str, text: &str) -> Vec<String> {
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    let folder = Path::new(file).parent().unwrap();
    let mut broken = Vec::new();
    for link in link.captures_iter(&prose(text)) {
        let target = &link[1];
        if target.contains("://") || target.starts_with("mailto:") {
            continue;
        }
        let (path, anchor) = target.split_once('#').unwrap_or((target, ""));
        let mut whole = root().to_path_buf();
        for part in folder.join(path).components() {
            match part {
                Component::ParentDir => drop(whole.pop()),
                part => whole.push(part),
            }
        }
        let there = match path {
            "" => Some(text.to_owned()),
            _ if !whole.starts_with(root()) || !whole.exists() => None,
            _ => Some(fs::read_to_string(&whole).unwrap_or_default()),
        };
        if !there.is_some_and(|there| anchor.is_empty() || anchors(&there).contains(anchor)) {
            broken.push(format!("{file}: {target}"));
        }
    }
    broken
}

#[test]
fn every_relative_link_in_a_document_leads_somewhere() {
    let documents = files(&["md"]);
    assert!(documents.len() > 100);
    let broken: Vec<_> = documents.iter().flat_map(|(f, text)| broken_links(f, text)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));

    let wrong = "[a](b.md) [c](#not-here) [d](README.md#nor-here) [e](LICENSE) [f](#here-it-is)\n# Here: it is";
    assert_eq!(
        broken_links("A.md", wrong),
        ["A.md: b.md", "A.md: #not-here", "A.md: README.md#nor-here"]
    );
}

/// Tests are named where documents say what holds, so a renamed one is renamed there, too.
#[test]
fn every_test_that_a_document_names_exists() {
    let code: String = files(&["rs", "mjs", "py"]).into_iter().map(|(_, text)| text).collect();
    let named = Regex::new(r"`([a-z0-9]+(?:_[a-z0-9]+){4,})`").unwrap();
    let mut missing = Vec::new();
    for (file, text) in files(&["md"]) {
        // What the protocol and the settings call by such names is not ours.
        if file.starts_with("docs/protocol/") {
            continue;
        }
        let tests = named.captures_iter(&text).map(|m| m[1].to_owned());
        let gone = tests.filter(|test| !code.contains(&format!("fn {test}(")));
        missing.extend(gone.map(|test| format!("{file}: {test}")));
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_file_that_a_document_names_exists() {
    let endings = ["rs", "sql", "mjs", "html", "toml", "json", "md", "tsv"];
    let there: Vec<_> = files(&endings).into_iter().map(|(file, _)| format!("/{file}")).collect();
    let form = format!(r"`([a-zA-Z_0-9.-][a-zA-Z_0-9./-]*\.(?:{}))`", endings.join("|"));
    let named = Regex::new(&form).unwrap();
    let mut missing = Vec::new();
    for (file, text) in files(&["md"]) {
        // The protocol names files of others.
        if file.starts_with("docs/protocol/") || file.starts_with("tests/vectors/") {
            continue;
        }
        for name in named.captures_iter(&text).map(|m| m[1].to_owned()) {
            let is_pattern = name.contains("NNNN");
            let ends_so = |path: &String| path.ends_with(&format!("/{name}"));
            if !is_pattern && !there.iter().any(ends_so) {
                missing.push(format!("{file}: {name}"));
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

/// The two that everybody reads first stay as short as they are meant to be, in words.
#[test]
fn the_first_documents_are_short() {
    for (file, limit) in [("README.md", 900), ("ARCHITECTURE.md", 1_300)] {
        let words = fs::read_to_string(root().join(file)).unwrap().split_whitespace().count();
        assert!(words <= limit, "{file} has {words} words, {limit} is the limit");
    }
}

#[test]
fn every_dependency_has_its_reason() {
    let reasons = fs::read_to_string(root().join("docs/dependencies.md")).unwrap();
    let manifests = files(&["toml"]).into_iter().filter(|(file, _)| {
        file == "Cargo.toml" || (file.starts_with("crates/") && file.ends_with("/Cargo.toml"))
    });
    let mut missing = Vec::new();
    for (file, text) in manifests {
        let manifest: toml::Table = text.parse().unwrap();
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let crates = manifest.get(kind).and_then(toml::Value::as_table);
            for (name, what) in crates.into_iter().flatten() {
                // Our own crates need none.
                if what.get("path").is_some() || file_of_ours(name) {
                    continue;
                }
                if !reasons.contains(&format!("`{name}`")) {
                    missing.push(format!("{file}: {name}"));
                }
            }
        }
    }
    assert!(missing.is_empty(), "no reason in docs/dependencies.md:\n{}", missing.join("\n"));
}

/// Whether the crate `name` is a member of the workspace.
fn file_of_ours(name: &str) -> bool {
    let folder = root().join("crates");
    [name, name.trim_start_matches("tilld-")].iter().any(|name| folder.join(name).exists())
}

#[test]
fn the_receivers_of_the_guide_are_those_that_are_tried_and_short() {
    let guide = fs::read_to_string(root().join("docs/guide/webhooks.md")).unwrap();
    for (name, language) in
        [("receiver.mjs", "js"), ("receiver.py", "python"), ("receiver.php", "php")]
    {
        let file = root().join("docs/guide/webhook-receivers").join(name);
        let text = fs::read_to_string(file).unwrap();
        assert!(text.lines().count() <= 30, "{name}");
        assert!(guide.contains(&format!("```{language}\n{text}```\n")), "{name}");
    }
}

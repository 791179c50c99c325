//! The bill of materials (`CycloneDX` 1.5): every crate that is in the program or helped to build it, and
//! the two C libraries that are built in, for programs that compare such lists with known weaknesses.
//!
//! All of it is what Cargo says (`cargo tree`, which knows what is really built, and `Cargo.lock`, which
//! knows the checksums). It has no serial number and no time, so that the same source gives the same file.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::{Map, Value, json};

use super::PACKAGE;

/// A crate by name and version, as `cargo tree` prints it.
type Crate = (String, String);

/// What is built, and which needs which.
#[derive(Default)]
struct Tree {
    licenses: BTreeMap<Crate, String>,
    needs: BTreeMap<Crate, BTreeSet<Crate>>,
}

/// The bill for a program built for `target`, as JSON.
pub(super) fn of_materials(target: Option<&str>) -> Result<Vec<u8>, Box<dyn Error>> {
    let all = tree("normal,build", target)?;
    let linked = tree("normal,no-proc-macro", target)?;
    let locked = locked()?;
    let root = (PACKAGE.to_owned(), env!("CARGO_PKG_VERSION").to_owned());

    let mut components = Vec::new();
    for (part, license) in all.licenses.iter().filter(|(part, _)| **part != root) {
        let (name, version) = part;
        let mut component = described("library", "cargo", part, license);
        let is_linked = linked.licenses.contains_key(part);
        let scope = if is_linked { "required" } else { "excluded" };
        component.insert("scope".into(), scope.into());
        let checksum = locked.get(part).ok_or(format!("{name} {version} is not in Cargo.lock"))?;
        match checksum {
            Some(checksum) => {
                let hashes = json!([{ "alg": "SHA-256", "content": checksum }]);
                component.insert("hashes".into(), hashes);
            }
            // A part of this program. Who looks for its name elsewhere finds another crate.
            None => {
                component.remove("purl");
            }
        }
        components.push(component);
    }
    let mut needs = all.needs;
    for BuiltIn { host, part, license, cpe } in built_in(&linked.licenses)? {
        let mut component = described("library", "generic", &part, license);
        let cpe = format!("cpe:2.3:a:{cpe}:{}:*:*:*:*:*:*:*", part.1);
        component.insert("scope".into(), "required".into());
        component.insert("cpe".into(), cpe.into());
        components.push(component);
        needs.entry(host).or_default().insert(part.clone());
        needs.entry(part).or_default();
    }
    let license = all.licenses.get(&root).ok_or("the program is not in its own tree")?;
    let needs = needs.iter().map(|(part, needed)| {
        json!({
            "ref": reference(part),
            "dependsOn": needed.iter().map(reference).collect::<Vec<_>>(),
        })
    });
    let bill = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": { "component": described("application", "cargo", &root, license) },
        "components": components,
        "dependencies": needs.collect::<Vec<_>>(),
    });
    Ok(format!("{bill:#}\n").into_bytes())
}

/// A library that is no crate but comes along in one, as source.
struct BuiltIn {
    host: Crate,
    part: Crate,
    license: &'static str,
    /// How lists of weaknesses call it.
    cpe: &'static str,
}

fn built_in(linked: &BTreeMap<Crate, String>) -> Result<[BuiltIn; 2], Box<dyn Error>> {
    let find = |name: &str| {
        let found = linked.keys().find(|part| part.0 == name).cloned();
        found.ok_or(format!("{name} is not linked"))
    };
    let (sqlite, jemalloc) = (find("libsqlite3-sys")?, find("tikv-jemalloc-sys")?);
    // As in 0.6.1+5.3.0-1-ge13ca99.
    let version = jemalloc.1.split_once('+').and_then(|(_, theirs)| theirs.split('-').next());
    let version = version.ok_or("the crate does not tell its jemalloc")?.to_owned();
    Ok([
        BuiltIn {
            host: sqlite,
            part: ("sqlite".to_owned(), sqlite_version()?),
            license: "blessing",
            cpe: "sqlite:sqlite",
        },
        BuiltIn {
            host: jemalloc,
            part: ("jemalloc".to_owned(), version),
            license: "BSD-2-Clause",
            cpe: "jemalloc:jemalloc",
        },
    ])
}

/// The version of the SQLite that comes along in libsqlite3-sys, as its header says it.
fn sqlite_version() -> Result<String, Box<dyn Error>> {
    let metadata = ["metadata", "--locked", "--format-version", "1"];
    let output = Command::new(env!("CARGO")).args(metadata).output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    let mut packages = metadata.get("packages").and_then(Value::as_array).into_iter().flatten();
    let host = packages.find(|package| package.get("name") == Some(&json!("libsqlite3-sys")));
    let manifest = host.and_then(|host| host.get("manifest_path")?.as_str());
    let folder = manifest.and_then(|path| Path::new(path).parent());
    let header = folder.ok_or("libsqlite3-sys has no folder")?.join("sqlite3/sqlite3.h");
    let header = fs::read_to_string(header)?;
    let version = header.lines().find_map(|line| line.strip_prefix("#define SQLITE_VERSION "));
    let version = version.ok_or("the header does not say its version")?;
    Ok(version.trim().trim_matches('"').to_owned())
}

fn described(class: &str, kind: &str, part: &Crate, license: &str) -> Map<String, Value> {
    let (name, version) = part;
    // As old crates write it; what it means is "or".
    let license = license.replace('/', " OR ");
    let members = [
        ("type", json!(class)),
        ("bom-ref", json!(reference(part))),
        ("name", json!(name)),
        ("version", json!(version)),
        ("purl", json!(format!("pkg:{kind}/{name}@{}", version.replace('+', "%2B")))),
        ("licenses", json!([{ "expression": license }])),
    ];
    members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
}

fn reference((name, version): &Crate) -> String {
    format!("{name}@{version}")
}

/// What Cargo builds along the `edges`, from the program down.
fn tree(edges: &str, target: Option<&str>) -> Result<Tree, Box<dyn Error>> {
    let format = ["--prefix", "depth", "--format", "|{p}|{l}|"];
    let mut command = Command::new(env!("CARGO"));
    command.args(["tree", "--locked", "--package", PACKAGE, "--edges", edges]).args(format);
    command.args(target.iter().flat_map(|target| ["--target", target]));
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    let mut found = Tree::default();
    let mut above: Vec<Crate> = Vec::new();
    for line in String::from_utf8(output.stdout)?.lines().filter(|line| !line.is_empty()) {
        let mut fields = line.split('|');
        let mut next = || fields.next().ok_or(format!("not a line of a tree: {line}"));
        let (depth, package, license) = (next()?.parse()?, next()?, next()?);
        let (name, rest) = package.split_once(" v").ok_or(format!("not a crate: {line}"))?;
        let version = rest.split(' ').next().unwrap_or(rest);
        let part = (name.to_owned(), version.to_owned());
        above.truncate(depth);
        if let Some(parent) = above.last() {
            found.needs.entry(parent.clone()).or_default().insert(part.clone());
        }
        found.needs.entry(part.clone()).or_default();
        found.licenses.insert(part.clone(), license.to_owned());
        above.push(part);
    }
    Ok(found)
}

/// Each crate of `Cargo.lock`, with SHA-256 of its archive; those of this program have none.
fn locked() -> Result<BTreeMap<Crate, Option<String>>, Box<dyn Error>> {
    let lock: toml::Table = toml::from_str(&fs::read_to_string("Cargo.lock")?)?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let packages = packages.ok_or("Cargo.lock lists nothing")?;
    let text = |package: &toml::Value, key| package.get(key)?.as_str().map(str::to_owned);
    Ok(packages
        .iter()
        .filter_map(|package| {
            let part = (text(package, "name")?, text(package, "version")?);
            Some((part, text(package, "checksum")))
        })
        .collect())
}

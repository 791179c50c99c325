//! Walks over `sql/`: the chain of migrations, every statement and its plan, and the sum of it all.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection};
use system::steps::BASE;

/// Set to have `sql/schema.sql` written instead of compared.
const WRITE: &str = "TILLD_WRITE_SCHEMA";

/// The files below one folder, and the database that they are for.
struct Schema {
    /// Below the root of the sources, with a slash at its end.
    folder: &'static str,
    /// Where its statements are embedded.
    code: &'static str,
    /// How many migrations the program knows.
    version: u32,
}

const TILL: Schema = Schema { folder: "sql/", code: "src/store", version: tilld::store::VERSION };

const SANDBOX: Schema = Schema {
    folder: "crates/playground/sql/sandbox/",
    code: "crates/playground/src/sandbox",
    version: playground::sandbox::VERSION,
};

const WALLET: Schema = Schema {
    folder: "crates/playground/sql/wallet/",
    code: "crates/playground/src/wallet",
    version: playground::wallet::VERSION,
};

const SCHEMAS: [Schema; 3] = [TILL, SANDBOX, WALLET];

impl Schema {
    fn path(&self) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(self.folder)
    }

    /// Every SQL file of the schema, by its name without `.sql`.
    fn files(&self) -> BTreeMap<String, String> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.path()).unwrap() {
            let table = entry.unwrap().path();
            if !table.is_dir() {
                continue;
            }
            for entry in fs::read_dir(&table).unwrap() {
                let path = entry.unwrap().path();
                assert!(path.extension().is_some_and(|e| e == "sql"), "{}", path.display());
                let name = path.strip_prefix(self.path()).unwrap().with_extension("");
                files.insert(name.to_str().unwrap().to_owned(), fs::read_to_string(path).unwrap());
            }
        }
        files
    }

    /// The migrations, oldest first: name and text.
    fn migrations(&self) -> Vec<(String, String)> {
        self.files().into_iter().filter(|(name, _)| name.starts_with("migrations/")).collect()
    }

    /// What the code embeds by `sql!("a" + "b")`: the names of the files of each.
    fn embedded(&self) -> BTreeSet<Vec<String>> {
        let mut all = BTreeSet::new();
        let code = Path::new(env!("CARGO_MANIFEST_DIR")).join(self.code);
        for entry in fs::read_dir(code).unwrap() {
            let source = fs::read_to_string(entry.unwrap().path()).unwrap();
            // What only tests put together is no statement.
            let (source, _) = source.split_once("#[cfg(test)]").unwrap_or((&source, ""));
            for rest in source.split("sql!(").skip(1) {
                let (list, _) = rest.split_once(')').unwrap();
                let names = list.split('+').map(|name| name.trim().trim_matches('"').to_owned());
                all.insert(names.collect());
            }
        }
        all
    }

    /// The statements as they are embedded: the names of their files, joined by ` + `, and the text.
    fn statements(&self) -> Vec<(String, String)> {
        let files = self.files();
        let text = |names: &[String]| names.iter().map(|name| files[name].as_str()).collect();
        let is_statement = |names: &&Vec<String>| !names[0].starts_with("migrations/");
        let embedded = self.embedded();
        let statements = embedded.iter().filter(is_statement);
        let all: Vec<_> = statements.map(|names| (names.join(" + "), text(names))).collect();
        assert!(all.len() > 20, "{}", all.len());
        all
    }

    fn migrated(&self) -> Connection {
        let db = Connection::open_in_memory().unwrap();
        for (name, text) in self.migrations() {
            db.execute_batch(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        db
    }
}

/// The till's migrations, oldest first: name and text.
pub(crate) fn migrations() -> Vec<(String, String)> {
    TILL.migrations()
}

/// The first column of all rows.
fn column(db: &Connection, statement: &str) -> Vec<String> {
    let mut statement = db.prepare_cached(statement).unwrap();
    let rows = statement.query_map([], |row| row.get(0)).unwrap();
    rows.collect::<Result<_, _>>().unwrap()
}

/// Every row that the statement's plan would read one by one.
fn scans(db: &Connection, statement: &str) -> Vec<String> {
    let mut explain = db.prepare_cached(&format!("EXPLAIN QUERY PLAN {statement}")).unwrap();
    let mut rows = explain.raw_query();
    let mut scans = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        let step: String = row.get("detail").unwrap();
        if step.starts_with("SCAN ") && step != "SCAN CONSTANT ROW" {
            scans.push(step);
        }
    }
    scans
}

/// What is wrong between a statement's plan and what its files say of it.
fn complaint(db: &Connection, name: &str, text: &str) -> Option<String> {
    let scans = scans(db, text);
    let reason = text.lines().find_map(|line| line.strip_prefix("-- scans:"));
    match (scans.is_empty(), reason.map(str::trim)) {
        (true, None) => None,
        (false, Some(reason)) if !reason.is_empty() => None,
        (false, _) => Some(format!("{name} does not say why: {}", scans.join(", "))),
        (true, Some(_)) => Some(format!("{name} says that it scans, and does not")),
    }
}

#[test]
fn migrations_are_numbered_without_a_gap() {
    for schema in SCHEMAS {
        let migrations = schema.migrations();
        for (number, (name, _)) in (1..).zip(&migrations) {
            assert!(
                name.starts_with(&format!("migrations/{number:04}_")),
                "{name} is not {number}"
            );
        }
        assert_eq!(BASE + u32::try_from(migrations.len()).unwrap(), schema.version);
    }
}

#[test]
fn no_statement_scans_a_table_without_saying_why() {
    for schema in SCHEMAS {
        let (db, statements) = (schema.migrated(), schema.statements());
        let found: Vec<_> =
            statements.iter().filter_map(|(name, text)| complaint(&db, name, text)).collect();
        assert_eq!(found, [""; 0]);
    }
}

#[test]
fn a_scan_and_a_false_confession_are_both_found() {
    let db = TILL.migrated();
    let check = |text: &str| complaint(&db, "x/y", text);
    let scan = "SELECT id FROM instances i WHERE name = :name";
    assert_eq!(check(scan).unwrap(), "x/y does not say why: SCAN i");
    assert!(check(&format!("-- scans:\n{scan}")).is_some());
    assert_eq!(check(&format!("-- scans: just because\n{scan}")), None);
    assert!(check("-- scans: just because\nSELECT id FROM instances WHERE id = :id").is_some());
    assert_eq!(check("SELECT id FROM instances WHERE id = :id"), None);
}

#[test]
fn what_is_embedded_is_one_statement() {
    for schema in SCHEMAS {
        let db = schema.migrated();
        for (name, text) in schema.statements() {
            let mut batch = Batch::new(&db, &text);
            let mut count = 0;
            while batch.next().unwrap_or_else(|error| panic!("{name}: {error}")).is_some() {
                count += 1;
            }
            assert_eq!(count, 1, "{name}");
            assert!(!text.contains('*') || text.contains("count(*)"), "{name} names no columns");
            assert!(!text.contains('?'), "{name} has a parameter without a name");
        }
    }
}

#[test]
fn every_file_is_embedded() {
    for schema in SCHEMAS {
        let embedded: BTreeSet<_> = schema.embedded().into_iter().flatten().collect();
        let files: BTreeSet<_> = schema.files().into_keys().collect();
        assert_eq!(embedded, files, "below {}", schema.folder);
    }
}

#[test]
fn every_table_is_strict() {
    let loose = "SELECT name FROM pragma_table_list \
                 WHERE schema = 'main' AND name NOT LIKE 'sqlite%' AND NOT strict";
    for schema in SCHEMAS {
        assert_eq!(column(&schema.migrated(), loose), [""; 0]);
    }
}

#[test]
fn every_column_is_explained() {
    let mut silent = Vec::new();
    for (name, text) in SCHEMAS.iter().flat_map(Schema::migrations) {
        for line in text.lines() {
            // Columns are indented and lower case; constraints are not lower case.
            let is_column = line.starts_with("    ") && line[4..].starts_with(char::is_lowercase);
            let told = line.split_once("--").is_some_and(|(_, words)| !words.trim().is_empty());
            if is_column && !told {
                silent.push(format!("{name}: {}", line.split_whitespace().next().unwrap()));
            }
        }
    }
    assert_eq!(silent, [""; 0]);
}

#[test]
fn the_schema_file_is_the_sum_of_the_migrations() {
    for schema in SCHEMAS {
        let sum = column(
            &schema.migrated(),
            "SELECT sql || ';' FROM sqlite_schema WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite%' \
             ORDER BY tbl_name, type <> 'table', name",
        );
        let text = format!(
            "-- The sum of the migrations, to be read. Written by: {WRITE}=1 cargo test --test it sql\n\
             \n{}\n",
            sum.join("\n\n")
        );
        let path = schema.path().join("schema.sql");
        if std::env::var_os(WRITE).is_some() {
            fs::write(&path, &text).unwrap();
        }
        let there = fs::read_to_string(&path).unwrap_or_default();
        let name = schema.folder;
        assert!(
            there == text,
            "{name}schema.sql is old; see its first line. It should be:\n{text}"
        );
    }
}

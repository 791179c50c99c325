//! What operations refuse. Each failure is a row of the table in `http/error.rs`; an operation names its own,
//! and has besides those of every operation of its kind.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use serde_json::{Map, Value, json};

use super::operation::{Operation, header_of_answer};
use crate::http::error::Row;
use crate::http::error::tests::{every_row, listed};
use crate::http::legacy;
use crate::http::routes::Access::{
    AnySession, AnyToken, Management, Private, Public, Session, SessionBackground, Till,
    TillBackground,
};
use crate::http::routes::RouteSpec;

/// What every request may be refused for before it is known what it asks for.
const BEFORE_ROUTING: &[&str] = &["Header", "HeadTooLong", "Malformed", "Segment", "UriTooLong"];
/// What every operation may meet.
const ALWAYS: &[&str] = &["Bug", "Damaged", "NoRandomness", "Overloaded", "PasswordHash", "Store"];
/// What those with a body may meet besides.
const WITH_BODY: &[&str] =
    &["BodyBroken", "BodyTooLong", "BodyTooSlow", "Compression", "Json", "Missing"];
/// What those with a token may meet, and that the password may stand in its place.
const WITH_TOKEN: &[&str] = &["NotAuthorized", "TokenExpired", "TooManyAttempts"];
/// What those of an instance may meet.
const OF_INSTANCE: &[&str] = &["InstanceDeleted", "InstanceUnknown"];
/// Failures that say more than others, and the schema of what they say.
const MORE: &[(&str, &str)] = &[
    ("ExchangeErrorKind", "ExchangeProblem"),
    ("InstanceUnfinished", "Unfinished"),
    ("OutOfStock", "OutOfStock"),
];
/// The status of a full disk, which those that only read do not meet.
const DISK_FULL: u16 = 507;

/// What an operation of one of these tables may answer.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Kind {
    /// The API of today.
    Api,
    /// The API of 2019.
    Legacy,
    /// The back office.
    Office,
}

/// The names of all failures of `operation`, in the form of its path that names an instance or not.
fn names(row: &RouteSpec, operation: &Operation, names_instance: bool) -> BTreeSet<&'static str> {
    let mut names: BTreeSet<&'static str> = operation.failures().clone();
    names.extend(BEFORE_ROUTING.iter().chain(ALWAYS));
    if operation.has_body() {
        names.extend(WITH_BODY);
    }
    if operation.demands() {
        names.insert("Missing");
    }
    match row.access {
        Public | AnySession | Session(_) | Till(_) => {}
        SessionBackground(_) | TillBackground(_) => names.extend(["NotAuthorized"]),
        AnyToken => names.extend(WITH_TOKEN.iter().chain(OF_INSTANCE)),
        Private(_) => {
            names.extend(WITH_TOKEN.iter().chain(OF_INSTANCE).chain(&["NotPermitted"]));
        }
        Management(_) => names.extend(WITH_TOKEN.iter().chain(&["NotPermitted"])),
    }
    if names_instance {
        names.extend(OF_INSTANCE);
    }
    names
}

/// The rows that a client can get, by status. Beside each code of 2019 stands that of today.
type Rows = BTreeMap<u16, BTreeSet<(u32, &'static str, u32)>>;

fn rows(row: &RouteSpec, operation: &Operation, kind: Kind, names_instance: bool) -> Rows {
    let mut rows = Rows::new();
    let only_reads = row.method == "GET" && kind != Kind::Office;
    let is_own = |name: &str| operation.failures().contains(name);
    for name in names(row, operation, names_instance) {
        let found = listed(name);
        assert!(!found.is_empty(), "{} {}: no failure is called {name}", row.method, row.path);
        for one in found {
            let Row { status, code: today, hint: _ } = one.row;
            if status == DISK_FULL && only_reads && !is_own(name) {
                continue;
            }
            let mut add = |Row { status, code, hint }: Row| {
                rows.entry(status).or_default().insert((code, hint, today));
            };
            if kind != Kind::Legacy || BEFORE_ROUTING.contains(&name) {
                add(one.row);
            }
            if kind == Kind::Legacy {
                add(legacy::translated(row.method, row.path, one));
            }
        }
    }
    if kind == Kind::Office {
        for Row { status, code, hint } in every_row() {
            if operation.refusals().contains(&status) {
                rows.entry(status).or_default().insert((code, hint, code));
            }
        }
    }
    rows
}

/// The descriptions of failures: each stands once, by its name.
#[derive(Default)]
pub(super) struct Responses(Map<String, Value>);

impl Responses {
    /// Where each status that `operation` may refuse with is described.
    pub(super) fn of(
        &mut self,
        row: &RouteSpec,
        operation: &Operation,
        kind: Kind,
        names_instance: bool,
    ) -> BTreeMap<u16, Value> {
        let rows = rows(row, operation, kind, names_instance);
        rows.into_iter().map(|(status, rows)| (status, self.refer(status, &rows, kind))).collect()
    }

    /// All descriptions.
    pub(super) fn into_components(self) -> Map<String, Value> {
        self.0
    }

    fn refer(
        &mut self,
        status: u16,
        rows: &BTreeSet<(u32, &'static str, u32)>,
        kind: Kind,
    ) -> Value {
        let codes: BTreeSet<_> = rows.iter().map(|(code, ..)| *code).collect();
        let prefix = if kind == Kind::Legacy { "Old" } else { "Status" };
        let mut name = format!("{prefix}{status}");
        for code in &codes {
            let _ = write!(name, "-{code}");
        }
        let response = response(status, rows, kind);
        // The same codes may have other hints.
        let (base, mut number) = (name.clone(), 1);
        while self.0.get(&name).is_some_and(|known| *known != response) {
            number += 1;
            name = format!("{base}.{number}");
        }
        let reference = json!({ "$ref": format!("#/components/responses/{name}") });
        self.0.insert(name, response);
        reference
    }
}

fn response(status: u16, rows: &BTreeSet<(u32, &'static str, u32)>, kind: Kind) -> Value {
    let mut about = String::new();
    for (code, hint) in rows.iter().map(|(code, hint, _)| (code, hint)).collect::<BTreeSet<_>>() {
        let _ = writeln!(about, "- {code}: {hint}");
    }
    let one_of = |codes: BTreeSet<u32>, about: &str, example: Option<u32>| json!({ "type": "integer", "enum": codes, "description": about, "examples": [example] });
    let first = rows.first();
    let mut example = json!({
        "code": first.map(|(code, ..)| code), "hint": first.map(|(_, hint, _)| hint),
        "request_id": "5d1f0a3c-17",
    });
    let codes = one_of(
        rows.iter().map(|(code, ..)| *code).collect(),
        "A code of Taler's list.",
        first.map(|(code, ..)| *code),
    );
    let mut members = json!({ "code": codes });
    if kind == Kind::Legacy {
        example["error"] = example["hint"].clone();
        example["ec"] = json!(first.map(|(.., today)| today));
        members["ec"] = one_of(
            rows.iter().map(|(.., today)| *today).collect(),
            "The code of today.",
            first.map(|(.., today)| *today),
        );
    }
    let named = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let mut parts = vec![named("Problem")];
    if kind == Kind::Legacy {
        parts.push(named("LegacyProblem"));
    }
    for (failures, more) in MORE {
        let has_one = |(_, hint, _): &(u32, &str, u32)| {
            listed(failures).iter().any(|one| one.row.status == status && one.row.hint == *hint)
        };
        if rows.iter().any(has_one) {
            parts.push(named(more));
        }
    }
    parts.push(json!({ "type": "object", "properties": members }));
    let json = json!({ "allOf": parts });
    let page = json!({ "schema": { "type": "string" } });
    let content =
        json!({ "application/json": { "schema": json, "example": example }, "text/html": page });
    let mut response = json!({ "description": about.trim_end(), "content": content });
    let header = match status {
        401 => Some(("WWW-Authenticate", true)),
        429 => Some(("Retry-After", true)),
        503 | DISK_FULL => Some(("Retry-After", false)),
        _ => None,
    };
    if let Some((name, required)) = header {
        response["headers"] = json!({ name: header_of_answer(name, required) });
    }
    response
}

/// Failures that no operation has: they are about paths and methods that there are not.
pub(super) const OF_NO_OPERATION: &[&str] = &["Method"];

/// The rows that one of `names` stands for.
pub(super) fn rows_of<'a>(names: impl Iterator<Item = &'a str>) -> Vec<Row> {
    names.flat_map(listed).map(|one| one.row).collect()
}

/// The names of failures that whole kinds of operations have.
pub(super) fn common() -> impl Iterator<Item = &'static str> {
    let all = [BEFORE_ROUTING, ALWAYS, WITH_BODY, WITH_TOKEN, OF_INSTANCE, &["NotPermitted"]];
    all.into_iter().flatten().copied()
}

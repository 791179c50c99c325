//! Builds the document: every route of every table, in each of its path forms, as its resource describes it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::path::Path;

use serde_json::{Map, Value, json};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::operation::Operation;
use super::schema::{components, instance_id};
use super::{derived, instances, legacy, office, shop, templates};
use crate::http::Access::{
    AnySession, AnyToken, Management, Private, Public, Session, SessionBackground,
};
use crate::http::error::Row;
use crate::http::error::tests::every_row;
use crate::http::{
    ADMIN, EVERYWHERE, LATER, LATER_ROOT, LEGACY, OFFICE, OFFICE_PATH, ROOT, RouteSpec,
};
use crate::http::{accounts, orders, otp_devices, sessions, tokens, webhooks};

/// Set to have the document written instead of compared.
const WRITE: &str = "TILLD_WRITE_OPENAPI";
/// What every operation may answer.
const ALWAYS: &[u16] = &[400, 414, 431, 500, 503];
/// What those with a body may answer besides.
const WITH_BODY: &[u16] = &[408, 413];
/// The path of an instance other than the special one.
const INSTANCE: &str = "/instances/{instance}";

/// A part of the API.
struct Chapter {
    tag: &'static str,
    about: &'static str,
    operations: Vec<Operation>,
}

impl Chapter {
    fn new(tag: &'static str, about: &'static str, operations: Vec<Operation>) -> Self {
        Self { tag, about, operations }
    }
}

/// Descriptions, and the rows that they are of, each with its table.
type Table = (Vec<Chapter>, Vec<(&'static str, &'static RouteSpec)>);

/// The API of today.
fn chapters() -> Vec<Chapter> {
    vec![
        Chapter::new("orders", "Orders, from the shop's side", orders::shop::operations()),
        Chapter::new(
            "wallet",
            "Orders, from the side of wallets and browsers",
            orders::wallet::operations(),
        ),
        Chapter::new("templates", "Templates, from the shop's side", templates::shop()),
        Chapter::new("visitors", "Templates and sessions of visitors", visitors()),
        Chapter::new("instance", "The instance itself", instances::own()),
        Chapter::new("accounts", "Bank accounts", accounts::operations()),
        Chapter::new("otp devices", "Machines that show one-time codes", otp_devices::operations()),
        Chapter::new("tokens", "Tokens", tokens::operations()),
        Chapter::new("webhooks", "Webhooks", webhooks::operations()),
        Chapter::new("management", "All instances, for the special one", instances::management()),
        Chapter::new("backend", "What anybody may know", shop::public()),
        Chapter::new("later", "What is not offered yet", later()),
    ]
}

fn visitors() -> Vec<Operation> {
    templates::wallet().into_iter().chain(sessions::operations()).collect()
}

/// What is refused with 501 until it is offered: to whom it would be, and with whatever is sent.
fn later() -> Vec<Operation> {
    let one = |row: &'static RouteSpec| {
        let operation = Operation::new(row.method, row.path, "Not offered yet").refuses(&[501]);
        let operation = match row.path.contains("{id}") {
            true => operation.in_id(json!({ "type": "string", "minLength": 1 })),
            false => operation,
        };
        match row.path.contains("{slug}") {
            true => operation.in_path("slug", json!({ "type": "string", "minLength": 1 })),
            false => operation,
        }
    };
    LATER.iter().chain(LATER_ROOT).map(one).collect()
}

/// The forms in which a row is there.
fn forms(row: &RouteSpec, table: &str) -> Vec<String> {
    let RouteSpec { path, .. } = row;
    match table {
        "everywhere" => vec![(*path).to_owned(), format!("{INSTANCE}{path}")],
        "root" if *path == "/" => vec![(*path).to_owned(), INSTANCE.to_owned()],
        "2019" => {
            let own = [String::new(), INSTANCE.to_owned()];
            let public = own.clone().map(|form| format!("/public{form}"));
            // Without `/public`, this one is today's.
            let own = own.into_iter().filter(|_| *path != "/config");
            let public = public.into_iter().filter(|_| row.access == Public);
            own.chain(public).map(|form| format!("{form}{path}")).collect()
        }
        "office" => vec![format!("{OFFICE_PATH}{path}")],
        _ => vec![(*path).to_owned()],
    }
}

/// What is common to operations with this access.
fn refusals(row: &RouteSpec, operation: &Operation, table: &str, path: &str) -> BTreeSet<u16> {
    let mut statuses: BTreeSet<u16> = ALWAYS.iter().copied().collect();
    if operation.has_body() {
        statuses.extend(WITH_BODY);
    }
    if row.method != "GET" || table == "office" {
        statuses.insert(507);
    }
    match row.access {
        Public | AnySession | Session(_) => {}
        SessionBackground(_) => statuses.extend([401]),
        AnyToken => statuses.extend([401, 404]),
        Private(_) => statuses.extend([401, 403, 404]),
        Management(_) => statuses.extend([401, 403]),
    }
    if path.contains(INSTANCE) {
        statuses.insert(404);
    }
    statuses
}

fn security(row: &RouteSpec, table: &str) -> Value {
    match row.access {
        Public if row.path == "/private/token" => json!([{ "password": [] }, { "token": [] }]),
        Public => json!([]),
        AnyToken => json!([{ "token": [] }]),
        Private(permission) if table == "2019" => {
            json!([{ "token": [permission.as_str()] }, { "api-key": [permission.as_str()] }])
        }
        Private(permission) | Management(permission) => {
            json!([{ "token": [permission.as_str()] }])
        }
        AnySession | Session(_) | SessionBackground(_) => json!([{ "webSession": [] }]),
    }
}

/// A name for the operation, made of its method and path.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.replace(['{', '}'], "").replace(['/', '.'], "-");
    format!("{}{path}", method.to_ascii_lowercase()).trim_end_matches('-').to_owned()
}

/// Every path; and of each table the rows without a description, and descriptions without a row.
fn paths() -> (Map<String, Value>, Vec<String>) {
    let (mut paths, mut complaints) = (Map::new(), Vec::new());
    let of = |tag, about, operations| vec![Chapter::new(tag, about, operations)];
    let today = || {
        let everywhere = EVERYWHERE.iter().chain(LATER).map(|row| ("everywhere", row));
        everywhere.chain(ROOT.iter().chain(LATER_ROOT).map(|row| ("root", row)))
    };
    let tables: [Table; 4] = [
        (chapters(), today().collect()),
        (of("2019", "", legacy::all()), LEGACY.iter().map(|row| ("2019", row)).collect()),
        (of("office", "", office::all()), OFFICE.iter().map(|row| ("office", row)).collect()),
        (of("operator", "", shop::admin()), ADMIN.iter().map(|row| ("operator", row)).collect()),
    ];
    for (chapters, rows) in tables {
        let mut described = BTreeSet::new();
        for (table, row) in rows {
            let found = chapters.iter().find_map(|chapter| {
                let same = |one: &&Operation| (one.method, one.path) == (row.method, row.path);
                Some((chapter.tag, chapter.operations.iter().find(same)?))
            });
            let Some((tag, operation)) = found else {
                complaints.push(format!("nothing describes {} {}", row.method, row.path));
                continue;
            };
            described.insert((row.method, row.path));
            for path in forms(row, table) {
                let mut operation_of = paths.remove(&path).unwrap_or_else(|| json!({}));
                let method = row.method.to_ascii_lowercase();
                operation_of[&method] = form(row, operation, table, tag, &path);
                if table == "operator" {
                    operation_of["servers"] = json!([{
                        "url": "http://127.0.0.1:9967", "description": "The setting admin.listen",
                    }]);
                }
                paths.insert(path, operation_of);
            }
        }
        for one in chapters.iter().flat_map(|chapter| &chapter.operations) {
            if !described.contains(&(one.method, one.path)) {
                complaints.push(format!("there is no route {} {}", one.method, one.path));
            }
        }
    }
    (paths, complaints)
}

fn form(row: &RouteSpec, operation: &Operation, table: &str, tag: &str, path: &str) -> Value {
    let kind = if table == "2019" { "Old" } else { "Status" };
    let refusal = |status: u16| json!({ "$ref": format!("#/components/responses/{kind}{status}") });
    let instance =
        json!({ "name": "instance", "in": "path", "required": true, "schema": instance_id() });
    let in_path: Vec<_> = path.contains(INSTANCE).then_some(instance).into_iter().collect();
    operation.written(
        &operation_id(row.method, path),
        tag,
        security(row, table),
        &in_path,
        &refusals(row, operation, table, path),
        &refusal,
    )
}

/// Each status with the codes that say more.
fn responses() -> Map<String, Value> {
    let mut codes: BTreeMap<u16, BTreeMap<u32, &str>> = BTreeMap::new();
    for Row { status, code, hint } in every_row() {
        codes.entry(status).or_default().entry(code).or_insert(hint);
    }
    let page = json!({ "schema": { "type": "string" } });
    let mut all = Map::new();
    for (status, codes) in codes {
        let mut about = String::new();
        for (code, hint) in &codes {
            let _ = writeln!(about, "- {code}: {hint}");
        }
        let known: Vec<_> = codes.keys().collect();
        let today = json!({ "allOf": [
            { "$ref": "#/components/schemas/Problem" },
            { "type": "object", "properties": { "code": { "type": "integer", "enum": known } } },
        ] });
        let header = match status {
            401 => Some(("WWW-Authenticate", true)),
            429 | 503 | 507 => Some(("Retry-After", status != 503)),
            405 => Some(("Allow", true)),
            _ => None,
        };
        let old = json!({ "$ref": "#/components/schemas/Problem2019" });
        for (kind, schema, about) in
            [("Status", today, about.trim_end()), ("Old", old, "As today, in the words of 2019.")]
        {
            let content = json!({ "application/json": { "schema": schema }, "text/html": page });
            let mut response = json!({ "description": about, "content": content });
            if let Some((name, required)) = header {
                response["headers"] =
                    json!({ name: { "required": required, "schema": { "type": "string" } } });
            }
            all.insert(format!("{kind}{status}"), response);
        }
    }
    all
}

fn tags() -> Vec<Value> {
    let today = chapters();
    let today = today.iter().map(|chapter| (chapter.tag, chapter.about));
    let more = [
        ("2019", "The API of 2019. Its paths came in any case and may begin with /public."),
        (
            "office",
            "The back office, for browsers. No API: what forms hold may change at any time.",
        ),
        ("operator", "The operator's own listener (the setting admin.listen)."),
    ];
    today.chain(more).map(|(tag, about)| json!({ "name": tag, "description": about })).collect()
}

fn document() -> Value {
    let (paths, complaints) = paths();
    assert!(complaints.is_empty(), "{complaints:#?}");
    let mut schemas = components();
    let chapters = chapters();
    let operations = chapters.iter().flat_map(|chapter| &chapter.operations);
    schemas.extend(derived::components(operations.flat_map(Operation::learned)));
    schemas.extend([
        ("Auth".to_owned(), instances::auth()),
        ("Order2019".to_owned(), legacy::order()),
    ]);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "tilld",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A merchant backend for GNU Taler. Members and parameters that are not \
                described are ignored, but for those of orders, which become part of the contract. \
                OPTIONS is answered everywhere, and HEAD wherever GET is.",
            "license": { "name": "AGPL-3.0-or-later", "identifier": "AGPL-3.0-or-later" },
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses(),
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token, secret-token: included" },
                "password": { "type": "http", "scheme": "basic", "description": "The instance's name and password" },
                "api-key": { "type": "apiKey", "in": "header", "name": "Authorization", "description": "As in 2019: ApiKey and the token" },
                "webSession": { "type": "apiKey", "in": "cookie", "name": "__Host-tilld", "description": "From the sign-in. By plain HTTP from another machine it is called tilld. At a port of its own the port is added, as in __Host-tilld-9966, and below a path a few digits for the path." },
            },
        },
    })
}

#[test]
fn the_document_kept_is_that_of_the_code() {
    let text = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/openapi.json");
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&file, &text).unwrap();
    }
    let kept = std::fs::read_to_string(&file).unwrap();
    let differ = kept.lines().zip(text.lines()).find(|(kept, made)| kept != made);
    assert!(kept == text, "{WRITE}=1 writes docs/openapi.json anew; it differs: {differ:?}");
}

#[test]
fn every_route_is_described_and_nothing_else() {
    let (paths, complaints) = paths();
    assert_eq!(complaints, [""; 0]);
    let described: usize = paths
        .values()
        .map(|path| path.as_object().unwrap().keys().filter(|key| *key != "servers").count())
        .sum();
    let there = |table: &str, rows: &[RouteSpec]| {
        rows.iter().map(|row| forms(row, table).len()).sum::<usize>()
    };
    let rows = there("everywhere", EVERYWHERE) + there("root", ROOT) + there("2019", LEGACY);
    let later = there("everywhere", LATER) + there("root", LATER_ROOT);
    assert_eq!(described, rows + later + OFFICE.len() + ADMIN.len());
}

#[test]
fn the_document_is_one_that_others_can_read_and_its_references_lead_somewhere() {
    let document = document();
    let schemas = &document["components"]["schemas"];
    for (name, schema) in schemas.as_object().unwrap() {
        let read: Result<RefOr<Schema>, _> = serde_json::from_value(schema.clone());
        let read = read.unwrap_or_else(|error| panic!("{name}: {error}: {schema}"));
        assert_eq!(serde_json::to_value(read).unwrap(), *schema, "{name}");
    }
    let model: OpenApi = serde_json::from_value(document.clone()).unwrap();
    let mut lost = lost(&document, &serde_json::to_value(model).unwrap(), "");
    // The model's headers cannot say that they are always there.
    lost.retain(|one| !(one.contains("/headers/") && one.contains("/required: ")));
    assert_eq!(lost, [""; 0]);
    let mut used = BTreeSet::new();
    references(&document, &mut used);
    for reference in &used {
        let place = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(place).is_some(), "{reference}");
    }
    for name in document["components"]["schemas"].as_object().unwrap().keys() {
        let reference = format!("#/components/schemas/{name}");
        assert!(used.contains(&reference), "nothing uses {reference}");
    }
}

/// Where the model has not kept what the document says.
fn lost(document: &Value, model: &Value, place: &str) -> Vec<String> {
    match (document, model) {
        (Value::Object(ours), Value::Object(theirs)) => ours
            .iter()
            .flat_map(|(name, value)| {
                let place = format!("{place}/{name}");
                lost(value, theirs.get(name).unwrap_or(&Value::Null), &place)
            })
            .collect(),
        _ if document == model => Vec::new(),
        _ => vec![format!("{place}: {document}, not {model}")],
    }
}

fn references(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get("$ref") {
                found.insert(reference.clone());
            }
            members.values().for_each(|member| references(member, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}

/// The daemon sends these when the database fails; the document did not know them.
#[test]
fn what_the_store_answers_is_in_the_list_of_failures() {
    let document = document();
    let codes = |status: u16| {
        let place =
            format!("/components/responses/Status{status}/content/application~1json/schema");
        document.pointer(&place).unwrap()["allOf"][1]["properties"]["code"]["enum"].clone()
    };
    assert_eq!(codes(500), json!([53, 54, 60, 77, 2008]));
    assert_eq!(codes(503), json!([55, 77]));
    assert_eq!(codes(507), json!([52]));
}

/// Members and parameters that nobody describes yet: those of areas whose handlers have no structs.
#[test]
fn what_is_derived_is_described() {
    let mut silent = Vec::new();
    let chapters = chapters();
    let operations = || chapters.iter().flat_map(|chapter| &chapter.operations);
    for (name, schema) in derived::components(operations().flat_map(Operation::learned)) {
        undescribed(&schema, &name, &mut silent);
    }
    for operation in operations().filter(|operation| !operation.learned().is_empty()) {
        for parameter in operation.parameters() {
            if !parameter["description"].is_string() && parameter["in"] != "header" {
                silent
                    .push(format!("{} {} {}", operation.method, operation.path, parameter["name"]));
            }
        }
    }
    assert_eq!(silent, [""; 0]);
}

/// Where a member of `schema` is not described.
fn undescribed(schema: &Value, place: &str, silent: &mut Vec<String>) {
    if let Some(members) = schema["properties"].as_object() {
        for (name, member) in members {
            if member["description"].as_str().is_none_or(str::is_empty) {
                silent.push(format!("{place}.{name}"));
            }
        }
    }
    match schema {
        Value::Object(parts) => {
            parts
                .iter()
                .for_each(|(name, part)| undescribed(part, &format!("{place}/{name}"), silent));
        }
        Value::Array(parts) => parts.iter().for_each(|part| undescribed(part, place, silent)),
        _ => {}
    }
}

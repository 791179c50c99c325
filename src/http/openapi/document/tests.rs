//! What holds of the document as a whole.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::LazyLock;

use serde_json::{Map, Value};
use utoipa::openapi::{OpenApi, RefOr, Schema};

use super::super::examples;
use super::super::refusals::{OF_NO_OPERATION, common, rows_of};
use super::{Table, document, tables};
use crate::http::error::tests::every_row;
use crate::model::contract::MAX_PRODUCTS;
use crate::model::product::MAX_TAXES;
use crate::till::{MAX_COINS, MAX_TOTALS};
use taler::template::MAX_CART;

/// The document, which takes a while to be made.
static DOCUMENT: LazyLock<Value> = LazyLock::new(document);

/// Set to have the document written instead of compared.
const WRITE: &str = "TILLD_WRITE_OPENAPI";

#[test]
fn the_document_kept_is_that_of_the_code() {
    let text = serde_json::to_string_pretty(&*DOCUMENT).unwrap() + "\n";
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
    let (tables, document) = (tables(), &*DOCUMENT);
    let complaints: Vec<_> = tables.iter().flat_map(Table::complaints).collect();
    assert_eq!(complaints, [""; 0]);
    let paths = document["paths"].as_object().unwrap().values();
    let keys = paths.flat_map(|path| path.as_object().unwrap().keys());
    let described = keys.filter(|key| *key != "servers").count();
    let forms =
        |table: &Table| -> usize { table.rows.iter().map(|row| table.forms(row).len()).sum() };
    assert_eq!(described, tables.iter().map(forms).sum::<usize>());
}

#[test]
fn the_document_is_one_that_others_can_read_and_its_references_lead_somewhere() {
    let document = &*DOCUMENT;
    let schemas = &document["components"]["schemas"];
    for (name, schema) in schemas.as_object().unwrap() {
        let read: Result<RefOr<Schema>, _> = serde_json::from_value(schema.clone());
        let read = read.unwrap_or_else(|error| panic!("{name}: {error}: {schema}"));
        assert_eq!(serde_json::to_value(read).unwrap(), *schema, "{name}");
    }
    let model: OpenApi = serde_json::from_value(document.clone()).unwrap();
    let mut lost = lost(document, &serde_json::to_value(model).unwrap(), "");
    // The model's headers cannot say that they are always there.
    lost.retain(|one| !(one.contains("/headers/") && one.contains("/required: ")));
    assert_eq!(lost, [""; 0]);
    let mut used = BTreeSet::new();
    references(document, &mut used);
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

/// The codes that the document allows for a status of an operation.
fn codes(document: &Value, method: &str, path: &str, status: u16) -> BTreeSet<u64> {
    let reference = &document["paths"][path][method]["responses"][status.to_string()]["$ref"];
    let Some(reference) = reference.as_str() else { return BTreeSet::new() };
    let response = document.pointer(reference.strip_prefix('#').unwrap()).unwrap();
    let schema = &response["content"]["application/json"]["schema"];
    let codes = schema["allOf"]
        .as_array()
        .unwrap()
        .iter()
        .find_map(|part| part["properties"]["code"]["enum"].as_array());
    codes.unwrap().iter().map(|code| code.as_u64().unwrap()).collect()
}

/// The daemon sends these when the database fails; the document did not know them.
#[test]
fn what_the_store_answers_is_in_the_list_of_failures() {
    let document = &*DOCUMENT;
    let codes = |status| codes(document, "post", "/private/orders", status);
    assert_eq!(codes(500), [53, 54, 60, 77, 2008].into());
    assert_eq!(codes(503), [55, 77].into());
    assert_eq!(codes(507), [52].into());
}

/// Each status had all codes that any operation answers with.
#[test]
fn an_operation_has_its_own_codes() {
    let document = &*DOCUMENT;
    let codes = |method, path, status| codes(document, method, path, status);
    assert_eq!(codes("get", "/sessions/{id}", 404), [2000, 2016, 2038].into());
    assert_eq!(codes("get", "/private/templates/{id}", 404), [2000, 2016, 2018].into());
    assert_eq!(codes("post", "/private/orders/{id}/payments", 409), [2160].into());
    assert_eq!(codes("get", "/config", 404), [].into());
    assert_eq!(codes("get", "/instances/{instance}/config", 404), [2000, 2016].into());
    // A password may stand in the place of a token.
    assert_eq!(codes("get", "/private", 429), [2015].into());
    // In 2019 the same failures had other codes, once the path was known.
    assert_eq!(codes("get", "/check-payment", 404), [2000, 2913].into());
    assert_eq!(codes("post", "/pay", 410), [2121].into());
    assert_eq!(codes("post", "/tip-pickup", 410), [2701].into());
    assert_eq!(codes("get", "/history", 400), [23, 26, 29, 1009, 2200].into());
}

#[test]
fn every_failure_is_one_of_an_operation() {
    let tables = tables();
    let operations = || tables.iter().flat_map(Table::operations);
    let own = operations().flat_map(|one| one.failures().iter().copied());
    let known = rows_of(own.chain(common()).chain(OF_NO_OPERATION.iter().copied()));
    // What only pages refuse with is known by its status.
    let pages: BTreeSet<_> = operations().flat_map(|one| one.refusals().iter().copied()).collect();
    let lost: Vec<_> =
        every_row().filter(|row| !known.contains(row) && !pages.contains(&row.status)).collect();
    assert_eq!(lost, []);
}

#[test]
fn only_pages_do_not_tell_their_failures_apart() {
    for table in tables() {
        for one in table.operations().filter(|one| !one.refusals().is_empty()) {
            assert!(table.is_office(), "{} {} names statuses without codes", one.method, one.path);
        }
    }
}

#[test]
fn limits_are_those_of_the_domain() {
    let document = &*DOCUMENT;
    let schemas = &document["components"]["schemas"];
    assert_eq!(schemas["Payment"]["properties"]["coins"]["maxItems"], MAX_COINS);
    let country = &schemas["Location"]["properties"]["country"];
    assert_eq!(country["maxLength"], crate::model::instance::MAX_LINE);
    for (schema, member, most) in [
        ("OrderCreation", "inventory_products", MAX_PRODUCTS),
        ("PotPatch", "expected_pot_totals", MAX_TOTALS),
        ("PotPatch", "new_pot_totals", MAX_TOTALS),
        ("ProductAdd", "taxes", MAX_TAXES),
        ("ProductPatch", "taxes", MAX_TAXES),
        ("TemplateUse", "inventory_selection", MAX_CART),
    ] {
        let limit = &schemas[schema]["properties"][member]["maxItems"];
        assert_eq!(*limit, most, "{schema}.{member}");
    }
}

/// Members and parameters of whole resources had neither.
#[test]
fn every_member_and_parameter_has_a_description_and_an_example() {
    let document = &*DOCUMENT;
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let mut silent = Vec::new();
    walk(document, "", &mut |part, place| {
        look_at_members(part, place, schemas, &mut silent);
        look_at_parameter(part, place, &mut silent);
    });
    for (name, schema) in schemas {
        if is_silent(schema) {
            silent.push(format!("schemas/{name} has no description"));
        }
        if schema.get("examples").is_none() {
            silent.push(format!("schemas/{name} has no example"));
        }
    }
    assert_eq!(silent, [""; 0]);
}

fn look_at_members(
    part: &Value,
    place: &str,
    schemas: &Map<String, Value>,
    silent: &mut Vec<String>,
) {
    let Some(members) = part.get("properties").and_then(Value::as_object) else { return };
    for (name, member) in members {
        if is_silent(member) {
            silent.push(format!("{place}.{name} has no description"));
        }
        if examples::of(member, schemas).is_none() {
            silent.push(format!("{place}.{name} has no example"));
        }
    }
}

fn look_at_parameter(part: &Value, place: &str, silent: &mut Vec<String>) {
    // A member of a schema may be called so as well.
    let is_header = place.rsplit('/').nth(1) == Some("headers") && !place.contains("/properties/");
    if !is_header && (part.get("in").is_none() || part.get("name").is_none()) {
        return;
    }
    let name = &part["name"];
    if place.contains("/securitySchemes/") {
        return;
    }
    if is_silent(part) {
        silent.push(format!("{place} {name} has no description"));
    }
    if part.get("example").is_none() && part["schema"].get("examples").is_none() {
        silent.push(format!("{place} {name} has no example"));
    }
}

/// Without a description, or with one that is for readers of the source.
fn is_silent(part: &Value) -> bool {
    let about = part["description"].as_str().unwrap_or_default();
    about.is_empty() || about.contains("```") || about.contains("[`")
}

/// Shows `look` every object of the document, but for what is inside of examples.
fn walk(part: &Value, place: &str, look: &mut impl FnMut(&Value, &str)) {
    match part {
        Value::Object(members) => {
            look(part, place);
            for (name, member) in members {
                if !["example", "examples", "enum"].contains(&name.as_str()) {
                    walk(member, &format!("{place}/{name}"), look);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &format!("{place}/{at}"), look);
            }
        }
        _ => {}
    }
}

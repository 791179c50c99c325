//! Builds the document: every route of every table, in each of its path forms, as its resource describes it.

mod tests;

use serde_json::{Map, Value, json};
use taler::amount::{Amount, Currency};
use taler::base32::HashCode;
use taler::ids::{InstanceId, OrderId};
use taler::sign::PublicKey;
use taler::template::TemplateContract;
use taler::time::Timestamp;
use taler::web::{BaseUrl, FulfillmentUrl};
use utoipa::ToSchema;

use super::derived::{self, Learned};
use super::operation::Operation;
use super::refusals::{Kind, Responses};
use super::values::{AnySegment, ShopName, Summary, TemplateText, WebAddress, WireMethod};
use super::{backoffice, contract, examples};
use crate::http::Access::{
    AnySession, AnyToken, Management, Private, Public, Session, SessionBackground, Till,
    TillBackground,
};
use crate::http::error::{ExchangeProblem, LegacyProblem, Problem};
use crate::http::out_of_stock::OutOfStock;
use crate::http::templates::InventoryPayload;
use crate::http::{
    ADMIN, EVERYWHERE, LATER, LATER_ROOT, LEGACY, OFFICE, OFFICE_PATH, ROOT, RouteSpec,
};
use crate::http::{
    accounts, admin, categories, groups, instances, kyc, legacy, legal, orders, otp_devices, pages,
    pos, pots, products, sessions, shop, statistics, templates, tokens, transfers, units, webhooks,
};
use crate::model::instance::Unfinished;

/// The path of an instance other than the special one.
pub(super) const INSTANCE: &str = "/instances/{instance}";

/// A part of the API.
pub(super) struct Chapter {
    tag: &'static str,
    about: &'static str,
    pub(super) operations: Vec<Operation>,
}

impl Chapter {
    fn new(tag: &'static str, about: &'static str, operations: Vec<Operation>) -> Self {
        Self { tag, about, operations }
    }
}

/// The routes of a table, and what describes them.
pub(super) struct Table {
    kind: TableKind,
    pub(super) rows: Vec<&'static RouteSpec>,
    pub(super) chapters: Vec<Chapter>,
}

/// In which forms the routes of a table are there.
#[derive(Clone, Copy, Eq, PartialEq)]
enum TableKind {
    /// At the root and below each instance, but for those of the root alone.
    Api,
    /// The same, in the four forms of 2019.
    Legacy,
    /// Below the back office's path.
    Office,
    /// At the operator's listener.
    Operator,
}

/// Every table.
pub(super) fn tables() -> [Table; 4] {
    let one = |kind, rows: &'static [RouteSpec], chapter| Table {
        kind,
        rows: rows.iter().collect(),
        chapters: vec![chapter],
    };
    let today = Table {
        kind: TableKind::Api,
        rows: EVERYWHERE.iter().chain(LATER).chain(ROOT).chain(LATER_ROOT).collect(),
        chapters: chapters(),
    };
    [
        today,
        one(
            TableKind::Legacy,
            LEGACY,
            Chapter::new(
                "2019",
                "The API of 2019. Its paths came in any case and may begin with /public.",
                legacy::operations(),
            ),
        ),
        one(
            TableKind::Office,
            OFFICE,
            Chapter::new(
                "office",
                "The back office, for browsers. No API: what forms hold may change at any time.",
                backoffice::operations(),
            ),
        ),
        one(
            TableKind::Operator,
            ADMIN,
            Chapter::new(
                "operator",
                "The operator's own listener (the setting admin.listen).",
                admin::operations(),
            ),
        ),
    ]
}

/// The API of today.
fn chapters() -> Vec<Chapter> {
    let joined = |parts: Vec<Vec<Operation>>| parts.into_iter().flatten().collect();
    vec![
        Chapter::new("orders", "Orders, from the shop's side", orders::shop::operations()),
        Chapter::new(
            "wallet",
            "Orders, from the side of wallets and browsers",
            orders::wallet::operations(),
        ),
        Chapter::new("templates", "Templates, from the shop's side", templates::operations()),
        Chapter::new(
            "visitors",
            "Templates and sessions of visitors",
            joined(vec![templates::for_wallets(), sessions::operations()]),
        ),
        Chapter::new(
            "instance",
            "The instance itself",
            joined(vec![instances::operations(), kyc::operations()]),
        ),
        Chapter::new("accounts", "Bank accounts", accounts::operations()),
        Chapter::new("otp devices", "Machines that show one-time codes", otp_devices::operations()),
        Chapter::new("tokens", "Tokens", tokens::operations()),
        Chapter::new(
            "inventory",
            "Products, and how they are sorted and counted",
            joined(vec![
                products::operations(),
                products::public_operations(),
                categories::operations(),
                units::operations(),
                groups::operations(),
                pots::operations(),
                pos::operations(),
            ]),
        ),
        Chapter::new("webhooks", "Webhooks", webhooks::operations()),
        Chapter::new("transfers", "The money's way to the bank", transfers::operations()),
        Chapter::new("statistics", "Sums and numbers", statistics::operations()),
        Chapter::new(
            "management",
            "All instances, for the special one",
            joined(vec![instances::management(), kyc::management(), statistics::management()]),
        ),
        Chapter::new(
            "backend",
            "What anybody may know",
            joined(vec![shop::operations(), legal::operations(), pages::operations()]),
        ),
        Chapter::new("later", "What is not offered yet", later()),
    ]
}

/// What is refused with 501 until it is offered: to whom it would be, and with whatever is sent.
fn later() -> Vec<Operation> {
    let one = |row: &'static RouteSpec| {
        let operation =
            Operation::new(row.method, row.path, "Not offered yet").fails(&["NotImplemented"]);
        let operation = match row.path.contains("{id}") {
            true => operation.at::<AnySegment>("What it is about."),
            false => operation,
        };
        match row.path.contains("{slug}") {
            true => operation.in_path::<AnySegment>("slug", "What is counted."),
            false => operation,
        }
    };
    LATER.iter().chain(LATER_ROOT).map(one).collect()
}

impl Table {
    /// The forms in which a row is there.
    pub(super) fn forms(&self, row: &RouteSpec) -> Vec<String> {
        let path = row.path;
        match self.kind {
            TableKind::Api if path == "/" => vec![path.to_owned(), INSTANCE.to_owned()],
            TableKind::Api => {
                let at_root = || ROOT.iter().chain(LATER_ROOT);
                let is_of_root =
                    at_root().any(|one| (one.method, one.path) == (row.method, row.path));
                let below = (!is_of_root).then(|| format!("{INSTANCE}{path}"));
                [path.to_owned()].into_iter().chain(below).collect()
            }
            TableKind::Legacy => {
                let own = [String::new(), INSTANCE.to_owned()];
                let public = own.clone().map(|form| format!("/public{form}"));
                // Without `/public`, this one is today's.
                let own = own.into_iter().filter(|_| path != "/config");
                let public = public.into_iter().filter(|_| row.access == Public);
                own.chain(public).map(|form| format!("{form}{path}")).collect()
            }
            TableKind::Office => vec![format!("{OFFICE_PATH}{path}")],
            TableKind::Operator => vec![path.to_owned()],
        }
    }

    fn security(&self, row: &RouteSpec) -> Value {
        match row.access {
            Public if ["/private/token", "/private/pos-2024.json"].contains(&row.path) => {
                json!([{ "password": [] }, { "token": [] }])
            }
            Public => json!([]),
            AnyToken => json!([{ "token": [] }]),
            Private(permission) if self.kind == TableKind::Legacy => {
                json!([{ "token": [permission.as_str()] }, { "api-key": [permission.as_str()] }])
            }
            Private(permission) | Management(permission) => {
                json!([{ "token": [permission.as_str()] }])
            }
            AnySession | Session(_) | SessionBackground(_) | Till(_) | TillBackground(_) => {
                json!([{ "webSession": [] }])
            }
        }
    }

    /// What describes a row, and the part of the API that it is in.
    fn find(&self, row: &RouteSpec) -> Option<(&'static str, &Operation)> {
        let same = |one: &&Operation| (one.method, one.path) == (row.method, row.path);
        self.chapters
            .iter()
            .find_map(|chapter| Some((chapter.tag, chapter.operations.iter().find(same)?)))
    }

    /// Adds the paths of all rows.
    fn add_to(&self, paths: &mut Map<String, Value>, responses: &mut Responses) {
        for row in &self.rows {
            let Some((tag, operation)) = self.find(row) else { continue };
            for path in self.forms(row) {
                let operations = paths.entry(path.clone()).or_insert_with(|| json!({}));
                let method = row.method.to_ascii_lowercase();
                operations[&method] = self.form(row, operation, tag, &path, responses);
                if self.kind == TableKind::Operator {
                    operations["servers"] = json!([{
                        "url": "http://127.0.0.1:9967", "description": "The setting admin.listen",
                    }]);
                }
            }
        }
    }

    fn form(
        &self,
        row: &RouteSpec,
        operation: &Operation,
        tag: &str,
        path: &str,
        responses: &mut Responses,
    ) -> Value {
        let kind = match self.kind {
            TableKind::Api | TableKind::Operator => Kind::Api,
            TableKind::Legacy => Kind::Legacy,
            TableKind::Office => Kind::Office,
        };
        let names_instance = path.contains(INSTANCE);
        let instance = json!({
            "name": "instance", "in": "path", "required": true, "description": "The instance.",
            "schema": { "$ref": "#/components/schemas/InstanceId" },
        });
        let in_path: Vec<_> = names_instance.then_some(instance).into_iter().collect();
        let refused = responses.of(row, operation, kind, names_instance);
        let security = self.security(row);
        operation.written(&operation_id(row.method, path), tag, &security, &in_path, &refused)
    }

    /// Rows without a description, and descriptions without a row.
    pub(super) fn complaints(&self) -> Vec<String> {
        let silent = self.rows.iter().filter(|row| self.find(row).is_none());
        let silent = silent.map(|row| format!("nothing describes {} {}", row.method, row.path));
        let is_route = |one: &Operation| {
            self.rows.iter().any(|row| (one.method, one.path) == (row.method, row.path))
        };
        let invented = self.operations().filter(|one| !is_route(one));
        let invented = invented.map(|one| format!("there is no route {} {}", one.method, one.path));
        silent.chain(invented).collect()
    }

    /// Whether these are the pages of the back office.
    pub(super) fn is_office(&self) -> bool {
        self.kind == TableKind::Office
    }

    /// Every description.
    pub(super) fn operations(&self) -> impl Iterator<Item = &Operation> {
        self.chapters.iter().flat_map(|chapter| &chapter.operations)
    }
}

/// A name for the operation, made of its method and path.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.replace(['{', '}'], "").replace(['/', '.'], "-");
    format!("{}{path}", method.to_ascii_lowercase()).trim_end_matches('-').to_owned()
}

/// What no operation names, but the schemas that are written by hand.
fn always() -> Vec<Learned> {
    fn learn<T: ToSchema>(learned: &mut Vec<Learned>) {
        derived::reference::<T>(false, learned);
    }
    let mut learned = Vec::new();
    for learn in [
        learn::<Amount>,
        learn::<BaseUrl>,
        learn::<Currency>,
        learn::<FulfillmentUrl>,
        learn::<HashCode>,
        learn::<InstanceId>,
        learn::<OrderId>,
        learn::<PublicKey>,
        learn::<Timestamp>,
        learn::<WireMethod>,
        learn::<ShopName>,
        learn::<Summary>,
        learn::<TemplateText>,
        learn::<WebAddress>,
        learn::<ExchangeProblem>,
        learn::<LegacyProblem>,
        learn::<OutOfStock>,
        learn::<InventoryPayload>,
        learn::<TemplateContract>,
        learn::<Problem<'_>>,
        learn::<Unfinished>,
    ] {
        learn(&mut learned);
    }
    learned
}

/// Every schema that has a name.
fn schemas(tables: &[Table]) -> Map<String, Value> {
    let (always, operations) = (always(), tables.iter().flat_map(Table::operations));
    let learned = operations.flat_map(Operation::learned).chain(&always);
    let mut schemas = contract::components();
    schemas.extend(derived::components(learned));
    examples::complete(&mut schemas);
    schemas
}

/// Gives parameters, and bodies without a name, their examples.
fn exemplify(part: &mut Value, schemas: &Map<String, Value>) {
    match part {
        Value::Object(members) => {
            let is_parameter = members.contains_key("in") && members.contains_key("schema");
            let is_bare = |schema: &Value| schema.get("allOf").is_some();
            let is_body = members.len() == 1 && members.get("schema").is_some_and(is_bare);
            if (is_parameter || is_body)
                && !members.contains_key("example")
                && let Some(example) =
                    members.get("schema").and_then(|it| examples::of(it, schemas))
            {
                members.insert("example".into(), example);
                return;
            }
            members.values_mut().for_each(|member| exemplify(member, schemas));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| exemplify(item, schemas)),
        _ => {}
    }
}

pub(super) fn document() -> Value {
    let tables = tables();
    let (mut paths, mut responses) = (Map::new(), Responses::default());
    tables.iter().for_each(|table| table.add_to(&mut paths, &mut responses));
    let schemas = schemas(&tables);
    let mut paths = Value::Object(paths);
    exemplify(&mut paths, &schemas);
    let mut responses = Value::Object(responses.into_components());
    exemplify(&mut responses, &schemas);
    let chapters = tables.iter().flat_map(|table| &table.chapters);
    let tags: Vec<_> =
        chapters.map(|one| json!({ "name": one.tag, "description": one.about })).collect();
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
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "responses": responses,
            "securitySchemes": {
                "token": { "type": "http", "scheme": "bearer", "description": "A token, secret-token: included" },
                "password": { "type": "http", "scheme": "basic", "description": "The instance's name and password" },
                "api-key": { "type": "apiKey", "in": "header", "name": "Authorization", "description": "As in 2019: ApiKey and the token" },
                "webSession": { "type": "apiKey", "in": "cookie", "name": "__Host-tilld", "description": "From the sign-in. By plain HTTP from another machine it is called tilld. At a port of its own the port is added, as in __Host-tilld-9966, and below a path a few digits for the path." },
            },
        },
    })
}

//! Handlers of templates: managed by shops, used by wallets (merchant-api 5).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::{Answer, Failure};
use super::etag;
use super::extract::{Authorized, Body, InstanceParam, JsonBody, PathId, QueryParams};
use super::orders::{insert_some, made};
use super::origin::{base_url_for_strangers, client};
use super::pages;
use super::pages::page::is_wanted;
use super::products::{ProductTax, image_hash, taxes};
use super::quantity::StockQuantity;
use super::read;
use super::settings::Settings;
use crate::model::category::Category;
use crate::model::instance::Instance;
use crate::model::product::{Product, Translations};
use crate::model::unit::Unit;
use crate::till::{self, Offer, Till};
use taler::amount::Amount;
use taler::ids::{ProductId, TemplateId};
use taler::quantity::DecimalQuantity;
use taler::template::{Template, TemplateContract, TemplateInput};

/// `GET /private/templates`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let templates: Vec<_> = till
        .templates(&principal)
        .await?
        .into_iter()
        .map(|(id, description)| json!({ "template_id": id, "template_description": description }))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "templates": templates })))
}

/// `POST /private/templates`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let mut fields = body.fields().await?;
    let id = fields.need("template_id")?;
    till.add_template(&principal, template(id, fields)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PATCH /private/templates/$TEMPLATE_ID`: all of it anew.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<TemplateId>,
    body: Body,
) -> Answer {
    let fields = body.fields().await?;
    till.change_template(&principal, template(id, fields)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn template(id: TemplateId, mut fields: JsonBody) -> Result<Template, Failure> {
    let description = fields.need("template_description")?;
    let contract = TemplateContract::parse(fields.need("template_contract")?);
    Ok(Template {
        id,
        description,
        contract: contract.map_err(till::Error::from)?,
        editable_defaults: fields.get("editable_defaults")?,
        otp_id: fields.get("otp_id")?,
    })
}

/// `GET /private/templates/$TEMPLATE_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<TemplateId>,
) -> Answer {
    let template = till.template(&principal, id).await?;
    let mut body = shown(&template, principal.instance());
    insert_some(&mut body, "template_description", Some(template.description));
    insert_some(&mut body, "otp_id", template.otp_id);
    Ok(HttpResponse::Ok().json(body))
}

/// `DELETE /private/templates/$TEMPLATE_ID`.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<TemplateId>,
) -> Answer {
    till.delete_template(&principal, id).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /templates/$TEMPLATE_ID`: as JSON, or as a page.
pub(super) async fn public(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    PathId(id): PathId<TemplateId>,
    params: QueryParams,
) -> Answer {
    if is_wanted(&request) {
        return pages::template(&request, &till, &settings, &instance, id, &params).await;
    }
    let template = till.public_template(&instance, id).await?;
    let mut body = shown(&template, &till.instance(&instance).await?);
    let Some(offer) = till.offer(&instance, &template).await? else {
        return Ok(HttpResponse::Ok().json(body));
    };
    if let Some(Value::Object(contract)) = body.get_mut("template_contract") {
        contract.insert("inventory_payload".into(), json!(InventoryPayload::of(&offer)));
    }
    etag::answer(&request, &body)
}

/// What a template for carts offers, for wallets.
#[derive(Serialize)]
struct InventoryPayload<'a> {
    products: Vec<PayloadProduct<'a>>,
    categories: Vec<PayloadCategory<'a>>,
    units: Vec<PayloadUnit<'a>>,
}

#[derive(Serialize)]
struct PayloadProduct<'a> {
    product_id: &'a ProductId,
    product_name: &'a str,
    description: &'a str,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    description_i18n: &'a Translations,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    taxes: Vec<ProductTax>,
    unit: &'a str,
    unit_prices: &'a [Amount],
    unit_allow_fraction: bool,
    unit_precision_level: u8,
    remaining_stock: StockQuantity,
    categories: &'a [i64],
    #[serde(skip_serializing_if = "Option::is_none")]
    image_hash: Option<String>,
}

#[derive(Serialize)]
struct PayloadCategory<'a> {
    category_id: i64,
    category_name: &'a str,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    category_name_i18n: &'a Translations,
}

#[derive(Serialize)]
struct PayloadUnit<'a> {
    unit: &'a str,
    unit_name_long: &'a str,
    unit_name_short: &'a str,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    unit_name_long_i18n: &'a Translations,
    #[serde(skip_serializing_if = "Translations::is_empty")]
    unit_name_short_i18n: &'a Translations,
    unit_allow_fraction: bool,
    unit_precision_level: u8,
}

impl<'a> InventoryPayload<'a> {
    fn of(offer: &'a Offer) -> Self {
        let product = |product: &'a Product| PayloadProduct {
            product_id: &product.id,
            product_name: &product.details.name,
            description: &product.details.description,
            description_i18n: &product.details.description_i18n,
            taxes: taxes(product),
            unit: &product.details.unit,
            unit_prices: &product.details.prices,
            unit_allow_fraction: product.details.allow_fraction,
            unit_precision_level: product.details.precision,
            remaining_stock: StockQuantity(product.available()),
            categories: &product.details.categories,
            image_hash: image_hash(product),
        };
        let category = |category: &'a Category| PayloadCategory {
            category_id: category.serial,
            category_name: &category.details.name,
            category_name_i18n: &category.details.name_i18n,
        };
        let unit = |unit: &'a Unit| PayloadUnit {
            unit: &unit.unit,
            unit_name_long: &unit.name_long,
            unit_name_short: &unit.name_short,
            unit_name_long_i18n: &unit.name_long_i18n,
            unit_name_short_i18n: &unit.name_short_i18n,
            unit_allow_fraction: unit.allow_fraction,
            unit_precision_level: unit.precision,
        };
        Self {
            products: offer.products.iter().map(product).collect(),
            categories: offer.categories.iter().map(category).collect(),
            units: offer.units.iter().map(unit).collect(),
        }
    }
}

/// The public part of a template of `instance`.
fn shown(template: &Template, instance: &Instance) -> Value {
    let contract = template.contract.complete(instance.settings.default_pay_delay);
    let mut body = json!({ "template_contract": contract });
    insert_some(&mut body, "editable_defaults", template.editable_defaults.as_ref());
    insert_some(&mut body, "required_currency", template.contract.required_currency());
    body
}

/// A product that a customer takes of a template for carts.
#[derive(Deserialize)]
struct SelectedProduct {
    product_id: ProductId,
    quantity: DecimalQuantity,
}

/// The products that a customer takes, as the till knows them; each member is named where it is missing.
fn selection(
    lines: Option<Vec<Map<String, Value>>>,
) -> Result<Vec<(ProductId, DecimalQuantity)>, Failure> {
    let lines = lines.unwrap_or_default().into_iter();
    let read = lines.map(|line| {
        let SelectedProduct { product_id, quantity } = read::body(line)?;
        Ok((product_id, quantity))
    });
    read.collect()
}

/// `POST /templates/$TEMPLATE_ID`: a wallet or a browser creates an order.
pub(super) async fn instantiate(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    PathId(id): PathId<TemplateId>,
    body: Body,
) -> Answer {
    let mut fields = body.fields_or_form(&request).await?;
    if is_wanted(&request) {
        return pages::filled_in(&request, &till, &settings, &instance, id, fields).await;
    }
    let filling = TemplateInput {
        kind: fields.get("template_type")?,
        summary: fields.get("summary")?,
        amount: fields.get("amount")?,
        tip: fields.get("tip")?,
        website: fields.get("website")?,
        paivana_id: fields.get("paivana_id")?,
        selection: selection(fields.get("inventory_selection")?)?,
    };
    let base_url = base_url_for_strangers(&request, &settings, &till, &instance)?;
    let client = client(&request, &settings);
    Ok(made(&till.order_by_template(&instance, id, filling, &base_url, client).await?))
}

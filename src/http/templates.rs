//! Handlers of templates: managed by shops, used by wallets (merchant-api 5).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::error::{Answer, Failure};
use super::etag;
use super::extract::{Authorized, Body, InstanceParam, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    operation::{Operation, delete, get, patch, post},
    values,
};
#[cfg(test)]
use super::orders::OrderCreated;
use super::orders::made;
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
use taler::amount::{Amount, Currency};
use taler::ids::{OtpDeviceId, ProductId, SessionId, TemplateId};
use taler::quantity::DecimalQuantity;
use taler::template::{Template, TemplateContract, TemplateInput, TemplateType};
use taler::web::FulfillmentUrl;

/// An instance's templates.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TemplateList {
    /// The templates, by name.
    templates: Vec<TemplateRow>,
}

/// A template in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TemplateRow {
    /// The template's name.
    template_id: TemplateId,
    /// The shop's own note about it.
    #[cfg_attr(test, schema(value_type = values::TemplateNote))]
    template_description: String,
}

/// `GET /private/templates`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let templates = till.templates(&principal).await?.into_iter();
    let templates = templates.map(|(template_id, template_description)| TemplateRow {
        template_id,
        template_description,
    });
    Ok(HttpResponse::Ok().json(TemplateList { templates: templates.collect() }))
}

/// A template to be kept under a name.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct NewTemplate {
    /// The template's name.
    template_id: TemplateId,
}

/// What a template says.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TemplateDetails {
    /// The shop's own note about the template: up to 4,096 characters. Customers do not see it.
    #[cfg_attr(test, schema(value_type = values::TemplateNote))]
    template_description: String,
    /// What the template fixes about its orders. What it does not fix, the customer says.
    #[cfg_attr(test, schema(value_type = TemplateContract))]
    template_contract: Map<String, Value>,
    /// What wallets suggest to the customer for members that the template does not fix.
    #[cfg_attr(test, schema(value_type = Option<values::EditableDefaults>))]
    editable_defaults: Option<Map<String, Value>>,
    /// The device whose one-time codes the customer gets after paying.
    otp_id: Option<OtpDeviceId>,
}

/// `POST /private/templates`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let members = body.members().await?;
    let NewTemplate { template_id } = read::body(members.clone())?;
    till.add_template(&principal, template(template_id, read::body(members)?)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PATCH /private/templates/$TEMPLATE_ID`: all of it anew.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<TemplateId>,
    body: Body,
) -> Answer {
    till.change_template(&principal, template(id, body.read().await?)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn template(id: TemplateId, details: TemplateDetails) -> Result<Template, Failure> {
    let contract = TemplateContract::parse(details.template_contract);
    Ok(Template {
        id,
        description: details.template_description,
        contract: contract.map_err(till::Error::from)?,
        editable_defaults: details.editable_defaults,
        otp_id: details.otp_id,
    })
}

/// A template as its shop sees it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TemplateShown {
    /// What wallets see.
    #[serde(flatten)]
    public: PublicTemplate,
    /// The shop's own note about the template.
    #[cfg_attr(test, schema(value_type = values::TemplateNote))]
    template_description: String,
    /// The device whose one-time codes the customer gets after paying.
    #[serde(skip_serializing_if = "Option::is_none")]
    otp_id: Option<OtpDeviceId>,
}

/// A template as wallets see it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PublicTemplate {
    /// What the template fixes, completed by its type, the age that it asks for and the time to pay.
    #[cfg_attr(test, schema(value_type = values::CompleteContract))]
    template_contract: Map<String, Value>,
    /// What wallets suggest to the customer for members that the template does not fix.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::EditableDefaults>))]
    editable_defaults: Option<Map<String, Value>>,
    /// The currency to pay in, where the template fixes one and no price.
    #[serde(skip_serializing_if = "Option::is_none")]
    required_currency: Option<Currency>,
}

/// `GET /private/templates/$TEMPLATE_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<TemplateId>,
) -> Answer {
    let template = till.template(&principal, id).await?;
    Ok(HttpResponse::Ok().json(TemplateShown {
        public: shown(&template, principal.instance()),
        template_description: template.description,
        otp_id: template.otp_id,
    }))
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

/// How a browser wants to see a template.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct TemplateQuery {
    /// For browsers: the size of a sheet to be printed, `A4` or `A6` in any case. Without it, the page has the
    /// form.
    #[cfg_attr(test, schema(example = "A6"))]
    pub(super) print: Option<String>,
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
        let TemplateQuery { print } = params.read()?;
        return pages::template(&request, &till, &settings, &instance, id, print.as_deref()).await;
    }
    let template = till.public_template(&instance, id).await?;
    let mut body = shown(&template, &till.instance(&instance).await?);
    let Some(offer) = till.offer(&instance, &template).await? else {
        return Ok(HttpResponse::Ok().json(body));
    };
    let payload = json!(InventoryPayload::from(offer));
    body.template_contract.insert("inventory_payload".into(), payload);
    etag::answer(&request, &body)
}

/// What a template for carts offers, for wallets.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct InventoryPayload {
    /// The products, the oldest first.
    products: Vec<PayloadProduct>,
    /// The categories that these are in.
    categories: Vec<PayloadCategory>,
    /// The units that they are counted in.
    units: Vec<PayloadUnit>,
}

/// A product that a template offers.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PayloadProduct {
    /// The product's name in addresses and orders.
    product_id: ProductId,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Cheese"))]
    product_name: String,
    /// The product in words.
    #[cfg_attr(test, schema(example = "From the Alps"))]
    description: String,
    /// The description in other languages. It is missing if there is none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = values::ProductTranslations))]
    description_i18n: Translations,
    /// Taxes on one. It is missing if there are none.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schema(required = false))]
    taxes: Vec<ProductTax>,
    /// What it is counted in.
    #[cfg_attr(test, schema(example = "WeightUnitKg"))]
    unit: String,
    /// The price of one, in each currency that it is sold in, taxes included.
    unit_prices: Vec<Amount>,
    /// Whether there can be half of one.
    unit_allow_fraction: bool,
    /// Digits behind the dot of its quantities.
    #[cfg_attr(test, schema(value_type = values::Precision))]
    unit_precision_level: u8,
    /// What can be sold now; `-1`: any quantity.
    #[cfg_attr(test, schema(value_type = values::StockText))]
    remaining_stock: StockQuantity,
    /// The numbers of the categories that it is in.
    #[cfg_attr(test, schema(example = json!([1])))]
    categories: Vec<i64>,
    /// The hash that names its picture in `/products/$HASH/image`. It is missing if there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::ImageHash>))]
    image_hash: Option<String>,
}

/// A category of products that a template offers.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PayloadCategory {
    /// Its number.
    #[cfg_attr(test, schema(example = 1))]
    category_id: i64,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Dairy"))]
    category_name: String,
    /// The same in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = values::ProductTranslations))]
    category_name_i18n: Translations,
}

/// A unit of products that a template offers.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PayloadUnit {
    /// Its name, as products have it.
    #[cfg_attr(test, schema(example = "WeightUnitKg"))]
    unit: String,
    /// In words.
    #[cfg_attr(test, schema(example = "kilogram"))]
    unit_name_long: String,
    /// Its sign.
    #[cfg_attr(test, schema(example = "kg"))]
    unit_name_short: String,
    /// The words in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = values::ProductTranslations))]
    unit_name_long_i18n: Translations,
    /// The sign in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = values::ProductTranslations))]
    unit_name_short_i18n: Translations,
    /// Whether there can be half of one, where a product does not say.
    unit_allow_fraction: bool,
    /// Digits behind the dot, where a product does not say.
    #[cfg_attr(test, schema(value_type = values::Precision))]
    unit_precision_level: u8,
}

impl From<Offer> for InventoryPayload {
    fn from(Offer { products, categories, units }: Offer) -> Self {
        Self {
            products: products.into_iter().map(PayloadProduct::from).collect(),
            categories: categories.into_iter().map(PayloadCategory::from).collect(),
            units: units.into_iter().map(PayloadUnit::from).collect(),
        }
    }
}

impl From<Product> for PayloadProduct {
    fn from(product: Product) -> Self {
        let (image_hash, taxes) = (image_hash(&product), taxes(&product));
        let remaining_stock = StockQuantity(product.available());
        let Product { id, details, .. } = product;
        Self {
            product_id: id,
            product_name: details.name,
            description: details.description,
            description_i18n: details.description_i18n,
            taxes,
            unit: details.unit,
            unit_prices: details.prices,
            unit_allow_fraction: details.allow_fraction,
            unit_precision_level: details.precision,
            remaining_stock,
            categories: details.categories,
            image_hash,
        }
    }
}

impl From<Category> for PayloadCategory {
    fn from(category: Category) -> Self {
        Self {
            category_id: category.serial,
            category_name: category.details.name,
            category_name_i18n: category.details.name_i18n,
        }
    }
}

impl From<Unit> for PayloadUnit {
    fn from(unit: Unit) -> Self {
        Self {
            unit: unit.unit,
            unit_name_long: unit.name_long,
            unit_name_short: unit.name_short,
            unit_name_long_i18n: unit.name_long_i18n,
            unit_name_short_i18n: unit.name_short_i18n,
            unit_allow_fraction: unit.allow_fraction,
            unit_precision_level: unit.precision,
        }
    }
}

/// The public part of a template of `instance`.
fn shown(template: &Template, instance: &Instance) -> PublicTemplate {
    PublicTemplate {
        template_contract: template.contract.complete(instance.settings.default_pay_delay),
        editable_defaults: template.editable_defaults.clone(),
        required_currency: template.contract.required_currency().copied(),
    }
}

/// What a customer's wallet says to get an order of a template.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TemplateUse {
    /// The type that the wallet takes the template for. Without it, `fixed-order`.
    template_type: Option<TemplateType>,
    /// What is bought, if the template leaves it open: up to 4,096 characters.
    #[cfg_attr(test, schema(value_type = Option<values::TemplateText>))]
    summary: Option<String>,
    /// What is paid, the tip included. It must be said if the template leaves the price open.
    amount: Option<Amount>,
    /// How much of that is a tip, if the template asks for one.
    tip: Option<Amount>,
    /// The page that the customer wants to see, for templates of the type `paivana`.
    website: Option<FulfillmentUrl>,
    /// The session that the paywall's page has made up, for templates of the type `paivana`.
    paivana_id: Option<SessionId>,
    /// The products that are taken, for templates of the type `inventory-cart`: up to 100 lines.
    #[cfg_attr(test, schema(max_items = 100))]
    inventory_selection: Option<Vec<SelectedProduct>>,
}

/// A product that a customer takes of a template for carts.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct SelectedProduct {
    /// The product's name.
    product_id: ProductId,
    /// How much of it.
    quantity: DecimalQuantity,
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
    let members = body.members_or_form(&request).await?;
    if is_wanted(&request) {
        return pages::filled_in(&request, &till, &settings, &instance, id, members).await;
    }
    let wish: TemplateUse = read::body(members)?;
    let selection = wish.inventory_selection.unwrap_or_default().into_iter();
    let filling = TemplateInput {
        kind: wish.template_type,
        summary: wish.summary,
        amount: wish.amount,
        tip: wish.tip,
        website: wish.website,
        paivana_id: wish.paivana_id,
        selection: selection.map(|line| (line.product_id, line.quantity)).collect(),
    };
    let base_url = base_url_for_strangers(&request, &settings, &till, &instance)?;
    let client = client(&request, &settings);
    Ok(made(&till.order_by_template(&instance, id, filling, &base_url, client).await?))
}

/// How the API document describes the routes of shops.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const WRITTEN: &[&str] = &[
        "BadTemplate",
        "OtpDeviceUnknown",
        "BadOrder",
        "NoExchange",
        "CategoryUnknown",
        "ProductUnknown",
    ];
    vec![
        get("/private/templates", "The list of templates")
            .answers::<TemplateList>(200, "The templates."),
        post("/private/templates", "Keeps a template; the same once more changes nothing")
            .reads_both::<NewTemplate, TemplateDetails>()
            .done(204, "It is kept.")
            .fails(WRITTEN)
            .fails(&["TemplateExists"]),
        get("/private/templates/{id}", "A template")
            .at::<TemplateId>(NAMED)
            .answers::<TemplateShown>(200, "The template.")
            .fails(&["TemplateUnknown"]),
        patch("/private/templates/{id}", "Writes all of a template anew")
            .at::<TemplateId>(NAMED)
            .reads::<TemplateDetails>()
            .done(204, "It is changed.")
            .fails(WRITTEN)
            .fails(&["TemplateUnknown"]),
        delete("/private/templates/{id}", "Removes a template; its orders stay")
            .at::<TemplateId>(NAMED)
            .done(204, "It is gone.")
            .fails(&["TemplateUnknown"]),
    ]
}

/// How the API document describes the routes of wallets and browsers.
#[cfg(test)]
pub(super) fn for_wallets() -> Vec<Operation> {
    vec![
        get("/templates/{id}", "A template as wallets see it; to browsers as a page")
            .at::<TemplateId>(NAMED)
            .asks::<TemplateQuery>()
            .header("If-None-Match")
            .answers::<PublicTemplate>(200, "The template.")
            .shows(200, "", "text/html")
            .with(200, "ETag", false)
            .done(304, "A template for carts is as the client knows it.")
            .with(304, "ETag", true)
            .fails(&["InstanceUnknown", "InstanceDeleted", "TemplateUnknown"]),
        post("/templates/{id}", "Makes an order of a template; browsers send a form")
            .at::<TemplateId>(NAMED)
            .reads::<TemplateUse>()
            .answers::<OrderCreated>(200, "The order is made.")
            .shows(200, "", "text/html")
            .done(303, "To browsers: the order is there.")
            .with(303, "Location", true)
            .fails(&["InstanceUnknown", "InstanceDeleted", "TemplateUnknown", "TemplateMismatch"])
            .fails(&["TooManyWrites", "TooManyOpenOrders", "DiskReserve"])
            .fails(&["OutOfStock", "ProductUnknown"])
            .fails(super::orders::CREATION),
    ]
}

/// What the segment of the path is.
#[cfg(test)]
const NAMED: &str = "The template's name.";

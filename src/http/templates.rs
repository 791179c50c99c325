//! Handlers of templates: managed by shops, used by wallets (merchant-api 5).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::error::{Answer, Failure};
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
use super::read;
use super::settings::Settings;
use crate::model::instance::Instance;
use crate::till::{self, Till};
use taler::amount::{Amount, Currency};
use taler::ids::{OtpDeviceId, SessionId, TemplateId};
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
    #[cfg_attr(test, schema(value_type = TemplateContract))]
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
    Ok(HttpResponse::Ok().json(shown(&template, &till.instance(&instance).await?)))
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
    let TemplateUse { template_type, summary, amount, tip, website, paivana_id } =
        read::body(members)?;
    let filling = TemplateInput { kind: template_type, summary, amount, tip, website, paivana_id };
    let base_url = base_url_for_strangers(&request, &settings, &till, &instance)?;
    let client = client(&request, &settings);
    Ok(made(&till.order_by_template(&instance, id, filling, &base_url, client).await?))
}

/// How the API document describes the routes of shops.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const WRITTEN: &[&str] = &["BadTemplate", "OtpDeviceUnknown", "BadOrder", "NoExchange"];
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
            .answers::<PublicTemplate>(200, "The template.")
            .shows(200, "", "text/html")
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
            .fails(super::orders::CREATION),
    ]
}

/// What the segment of the path is.
#[cfg(test)]
const NAMED: &str = "The template's name.";

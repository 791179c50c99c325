//! Handlers of templates: managed by shops, used by wallets (merchant-api 5).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, InstanceParam, JsonBody, PathId, QueryParams};
use super::orders::{insert_some, made};
use super::origin::{base_url_for_strangers, client};
use super::pages;
use super::pages::page::is_wanted;
use super::settings::Settings;
use crate::model::instance::Instance;
use crate::till::{self, Till};
use taler::ids::TemplateId;
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
    Ok(HttpResponse::Ok().json(shown(&template, &till.instance(&instance).await?)))
}

/// The public part of a template of `instance`.
fn shown(template: &Template, instance: &Instance) -> Value {
    let contract = template.contract.complete(instance.settings.default_pay_delay);
    let mut body = json!({ "template_contract": contract });
    insert_some(&mut body, "editable_defaults", template.editable_defaults.as_ref());
    insert_some(&mut body, "required_currency", template.contract.required_currency());
    body
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
    };
    let base_url = base_url_for_strangers(&request, &settings, &till, &instance)?;
    let client = client(&request, &settings);
    Ok(made(&till.order_by_template(&instance, id, filling, &base_url, client).await?))
}

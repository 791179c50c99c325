//! Handlers of instances: each manages itself under `/private`, the special one all under `/management`
//! (merchant-api 6.1 and 6.2).

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, InstanceParam, JsonBody, PathId, QueryParams};
use super::routes::Access;
use super::tokens::issued;
use crate::model::access::{Permission, Scope, TokenScope};
use crate::model::business_day::BusinessDay;
use crate::model::instance::{Instance, InstanceSettings};
use crate::till::{ApiToken, Auth, CreateInstance, CreateToken, Password, Till};
use taler::ids::InstanceId;
use taler::time::RelativeTime;

/// `GET /private`.
pub(super) async fn own(Authorized(principal): Authorized) -> Answer {
    Ok(HttpResponse::Ok().json(shown(principal.instance())))
}

/// `PATCH /private`.
pub(super) async fn change_own(
    till: Data<Till>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    changed(&till, &principal.instance().id, body).await
}

/// `DELETE /private?purge=YES&force=YES`.
pub(super) async fn delete_own(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    deleted(&till, &principal.instance().id, &params).await
}

/// `POST /private/auth`.
pub(super) async fn auth_own(
    till: Data<Till>,
    Authorized(principal): Authorized,
    body: Body,
) -> Answer {
    let auth = auth_in(&mut body.fields().await?).map_err(|()| Failure::AuthOfOld)?;
    till.set_auth(&principal, auth).await?;
    let (id, means) = (&principal.instance().id, principal.means());
    log::info!("{id}: password or fixed token changed, {means}");
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /management/instances`.
pub(super) async fn list(till: Data<Till>, Authorized(_clerk): Authorized) -> Answer {
    let rows: Vec<_> = till
        .directory()
        .await?
        .iter()
        .map(|(instance, kinds)| {
            let mut row = json!({
                "id": instance.id,
                "name": instance.settings.name,
                "merchant_pub": instance.public_key,
                "payment_targets": kinds,
                "deleted": instance.is_deleted(),
            });
            add(&mut row, "website", &instance.settings.website);
            add(&mut row, "logo", &instance.settings.logo);
            row
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "instances": rows })))
}

/// `POST /management/instances`.
pub(super) async fn create(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    params: QueryParams,
    body: Body,
) -> Answer {
    created(&till, &params, body).await
}

/// Creates an instance, for an admitted client.
async fn created(till: &Till, params: &QueryParams, body: Body) -> Answer {
    let mut fields = body.fields().await?;
    let id: InstanceId = fields.need("id")?;
    let name: String = fields.need("name")?;
    let auth = auth_in(&mut fields.object("auth")?.ok_or(Failure::Missing("auth".into()))?)
        .map_err(|()| Failure::AuthOfNew)?;
    let settings = Draft::read(&mut fields)?.over(&till.plain_settings(&name), name);
    let wish = CreateInstance { id: id.clone(), settings, auth: Some(auth) };
    till.create_instance(wish).await?;
    // A client that asks for it is signed in at once.
    let Some(life) = params.text("token_validity_ms") else {
        return Ok(HttpResponse::NoContent().finish());
    };
    let duration = RelativeTime::parse_millis(life)
        .map_err(|_| Failure::Malformed("token_validity_ms".into()))?;
    let principal = till.admit_operator(&id).await?;
    let scope = TokenScope { scope: Scope::All, refreshable: true };
    let wish = CreateToken { scope, duration: Some(duration), description: None };
    Ok(issued(&till.issue_token(&principal, wish).await?))
}

/// `GET /management/instances/$ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
) -> Answer {
    Ok(HttpResponse::Ok().json(shown(&till.instance(&id).await?)))
}

/// `PATCH /management/instances/$ID`.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
    body: Body,
) -> Answer {
    changed(&till, &id, body).await
}

/// `DELETE /management/instances/$ID?purge=YES&force=YES`.
pub(super) async fn delete(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
    params: QueryParams,
) -> Answer {
    deleted(&till, &id, &params).await
}

/// `POST /management/instances/$ID/auth`.
pub(super) async fn auth(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<InstanceId>,
    body: Body,
) -> Answer {
    let auth = auth_in(&mut body.fields().await?).map_err(|()| Failure::AuthOfOld)?;
    till.set_auth(&till.admit_operator(&id).await?, auth).await?;
    log::info!("{id}: password or fixed token changed, {} of admin", principal.means());
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /instances`: instances are made by the operator only, who may do it here as well: `BTCPay` falls
/// back to this address.
pub(super) async fn provision(
    request: HttpRequest,
    till: Data<Till>,
    params: QueryParams,
    body: Body,
) -> Answer {
    if !request.headers().contains_key(AUTHORIZATION) {
        return Err(Failure::NoSelfProvisioning);
    }
    Authorized::behind(&request, Access::Management(Permission::InstancesWrite)).await?;
    created(&till, &params, body).await
}

/// `POST /forgot-password`: that would need a second way to reach the owner.
pub(super) async fn forgot_password(
    till: Data<Till>,
    InstanceParam(instance): InstanceParam,
) -> Answer {
    till.instance(&instance).await?;
    Err(Failure::NotImplemented("passwords are reset on the server: tilld passwd INSTANCE"))
}

async fn changed(till: &Till, id: &InstanceId, body: Body) -> Answer {
    let mut fields = body.fields().await?;
    let name = fields.need("name")?;
    let draft = Draft::read(&mut fields)?;
    till.change_instance(id, |old| draft.over(old, name)).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn deleted(till: &Till, id: &InstanceId, params: &QueryParams) -> Answer {
    let force = params.yes("force")?;
    match params.yes("purge")? {
        true => till.purge_instance(id, force).await?,
        false => till.delete_instance(id, force).await?,
    };
    Ok(HttpResponse::NoContent().finish())
}

/// An instance as its owner sees it.
fn shown(instance: &Instance) -> Value {
    let settings = &instance.settings;
    let mut body = json!({
        "name": settings.name,
        "merchant_pub": instance.public_key,
        "address": settings.address,
        "jurisdiction": settings.jurisdiction,
        "use_stefan": settings.use_stefan,
        "default_wire_transfer_delay": settings.default_wire_transfer_delay,
        "default_pay_delay": settings.default_pay_delay,
        "default_refund_delay": settings.default_refund_delay,
        "default_wire_transfer_rounding_interval":
            settings.default_wire_transfer_rounding_interval,
        "auth": { "method": "token" },
    });
    add(&mut body, "email", &settings.email);
    add(&mut body, "phone_number", &settings.phone_number);
    add(&mut body, "website", &settings.website);
    add(&mut body, "logo", &settings.logo);
    body
}

fn add(body: &mut Value, name: &str, value: &Option<String>) {
    if let (Some(members), Some(text)) = (body.as_object_mut(), value) {
        members.insert(name.into(), text.as_str().into());
    }
}

/// How an instance's owner shall get in: a password, or a fixed token as before protocol 19.
fn auth_in(fields: &mut JsonBody) -> Result<Auth, ()> {
    #[derive(Deserialize)]
    enum Method {
        #[serde(rename = "token")]
        Token,
    }
    let Ok(Method::Token) = fields.need("method") else { return Err(()) };
    let text = |fields: &mut JsonBody, name| fields.get::<String>(name).map_err(|_| ());
    if let Some(password) = text(fields, "password")? {
        return Password::parse(password).map(Auth::Password).map_err(|_| ());
    }
    let token = text(fields, "token")?.ok_or(())?;
    ApiToken::parse(&token).map(Auth::Token).map_err(|_| ())
}

/// The settings as a client writes them. Delays that are not mentioned stay as they are; other
/// members that are not mentioned are cleared.
struct Draft(InstanceSettings, [Option<RelativeTime>; 3], bool);

impl Draft {
    fn read(fields: &mut JsonBody) -> Result<Self, Failure> {
        let delays = [
            fields.get("default_pay_delay")?,
            fields.get("default_refund_delay")?,
            fields.get("default_wire_transfer_delay")?,
        ];
        let rounding = fields.get("default_wire_transfer_rounding_interval")?;
        let settings = InstanceSettings {
            name: String::new(),
            email: fields.get("email")?,
            phone_number: fields.get("phone_number")?,
            website: fields.get("website")?,
            logo: fields.get("logo")?,
            address: fields.get("address")?.unwrap_or_default(),
            jurisdiction: fields.get("jurisdiction")?.unwrap_or_default(),
            use_stefan: fields.get("use_stefan")?.unwrap_or(true),
            default_pay_delay: RelativeTime::ZERO,
            default_refund_delay: RelativeTime::ZERO,
            default_wire_transfer_delay: RelativeTime::ZERO,
            default_wire_transfer_rounding_interval: rounding.unwrap_or_default(),
            business_day: BusinessDay::default(),
        };
        Ok(Self(settings, delays, rounding.is_some()))
    }

    fn over(self, old: &InstanceSettings, name: String) -> InstanceSettings {
        let Self(new, [pay, refund, wire], rounded) = self;
        InstanceSettings {
            name,
            default_pay_delay: pay.unwrap_or(old.default_pay_delay),
            default_refund_delay: refund.unwrap_or(old.default_refund_delay),
            default_wire_transfer_delay: wire.unwrap_or(old.default_wire_transfer_delay),
            default_wire_transfer_rounding_interval: if rounded {
                new.default_wire_transfer_rounding_interval
            } else {
                old.default_wire_transfer_rounding_interval
            },
            // Only the back office asks for it.
            business_day: old.business_day.clone(),
            ..new
        }
    }
}

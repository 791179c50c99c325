//! What the special instance does with all instances (merchant-api 6.2).

use actix_web::http::header::AUTHORIZATION;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::error::{Answer, Failure};
use super::super::extract::{Authorized, Body, PathId, QueryParams};
#[cfg(test)]
use super::super::openapi::{
    operation::{self, Operation, get, patch, post},
    values,
};
use super::super::read;
use super::super::routes::Access;
#[cfg(test)]
use super::super::tokens::TokenAnswer;
use super::super::tokens::issued;
use super::auth::auth_in;
use super::own::{InstanceChange, changed, deleted, shown};
#[cfg(test)]
use super::{
    auth::AuthSetting,
    own::{DELETION, DeletionQuery, InstanceShown},
};
use crate::model::access::{Permission, Scope, TokenScope};
use crate::model::instance::Instance;
use crate::till::{CreateInstance, CreateToken, Till};
use taler::ids::InstanceId;
use taler::sign::PublicKey;
use taler::time::RelativeTime;

/// All instances.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct InstanceList {
    /// The instances, also those that were deleted and not purged.
    instances: Vec<InstanceRow>,
}

/// An instance in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct InstanceRow {
    /// The instance's name in addresses.
    id: InstanceId,
    /// The shop's name as customers see it.
    #[cfg_attr(test, schema(value_type = values::ShopName))]
    name: String,
    /// The shop's key.
    merchant_pub: PublicKey,
    /// The kinds of bank account that it has in use, such as `iban`.
    #[cfg_attr(test, schema(value_type = Vec<values::WireMethod>))]
    payment_targets: Vec<String>,
    /// Whether it was deleted, so that only its history is left.
    deleted: bool,
    /// The shop's web site.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::Website>))]
    website: Option<String>,
    /// The shop's logo.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<values::Image>))]
    logo: Option<String>,
}

/// `GET /management/instances`.
pub(in crate::http) async fn list(till: Data<Till>, Authorized(_clerk): Authorized) -> Answer {
    let row = |(instance, payment_targets): (Instance, Vec<String>)| InstanceRow {
        deleted: instance.is_deleted(),
        id: instance.id,
        name: instance.settings.name,
        merchant_pub: instance.public_key,
        payment_targets,
        website: instance.settings.website,
        logo: instance.settings.logo,
    };
    let instances = till.directory().await?.into_iter().map(row).collect();
    Ok(HttpResponse::Ok().json(InstanceList { instances }))
}

/// An instance to be made.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct NewInstance {
    /// The instance's name in addresses.
    id: InstanceId,
    /// How its owner gets in.
    #[cfg_attr(test, schema(value_type = AuthSetting))]
    auth: Map<String, Value>,
}

/// Whether who makes an instance gets a token for it.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CreationQuery {
    /// For how long the token is good that the answer has, in milliseconds. It may do everything and can be
    /// traded for a fresh one. Without it, there is no token.
    #[cfg_attr(test, schema(value_type = Option<values::Milliseconds>))]
    token_validity_ms: Option<String>,
}

/// `POST /management/instances`.
pub(in crate::http) async fn create(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    params: QueryParams,
    body: Body,
) -> Answer {
    created(&till, &params, body).await
}

/// Creates an instance, for an admitted client.
async fn created(till: &Till, params: &QueryParams, body: Body) -> Answer {
    let members = body.members().await?;
    let NewInstance { id, auth } = read::body(members.clone())?;
    let change: InstanceChange = read::body(members)?;
    let auth = auth_in(auth).map_err(|()| Failure::AuthOfNew)?;
    let CreationQuery { token_validity_ms } = params.read()?;
    let duration = token_validity_ms.as_deref().map(RelativeTime::parse_millis).transpose();
    let duration = duration.map_err(|_| Failure::Malformed("token_validity_ms".into()))?;
    let settings = change.over(&till.plain_settings(""));
    let wish = CreateInstance { id: id.clone(), settings, auth: Some(auth) };
    till.create_instance(wish).await?;
    // A client that asks for it is signed in at once.
    if duration.is_none() {
        return Ok(HttpResponse::NoContent().finish());
    }
    let principal = till.admit_operator(&id).await?;
    let scope = TokenScope { scope: Scope::All, refreshable: true };
    let wish = CreateToken { scope, duration, description: None };
    Ok(issued(&till.issue_token(&principal, wish).await?))
}

/// `GET /management/instances/$ID`.
pub(in crate::http) async fn show(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
) -> Answer {
    Ok(HttpResponse::Ok().json(shown(&till.instance(&id).await?)))
}

/// `PATCH /management/instances/$ID`.
pub(in crate::http) async fn change(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
    body: Body,
) -> Answer {
    changed(&till, &id, body).await
}

/// `DELETE /management/instances/$ID?purge=YES&force=YES`.
pub(in crate::http) async fn delete(
    till: Data<Till>,
    Authorized(_clerk): Authorized,
    PathId(id): PathId<InstanceId>,
    params: QueryParams,
) -> Answer {
    deleted(&till, &id, &params).await
}

/// `POST /management/instances/$ID/auth`.
pub(in crate::http) async fn auth(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<InstanceId>,
    body: Body,
) -> Answer {
    let auth = auth_in(body.members().await?).map_err(|()| Failure::AuthOfOld)?;
    till.set_auth(&till.admit_operator(&id).await?, auth).await?;
    log::info!("{id}: password or fixed token changed, {} of admin", principal.means());
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /instances`: instances are made by the operator only, who may do it here as well: `BTCPay` falls
/// back to this address.
pub(in crate::http) async fn provision(
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

/// How the API document describes these routes.
#[cfg(test)]
pub(in crate::http) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The instance.";
    const NOBODY: &[&str] = &["InstanceUnknown", "InstanceDeleted"];
    let one = "/management/instances/{id}";
    let creation = |operation: Operation| {
        operation
            .asks::<CreationQuery>()
            .reads_both::<NewInstance, InstanceChange>()
            .done(204, "It is made.")
            .answers::<TokenAnswer<'_>>(200, "It is made, and this is a token for it.")
            .fails(&["AuthOfNew", "InvalidField", "InstanceExists", "PurgeRequired"])
    };
    vec![
        get("/management/instances", "The list of instances")
            .answers::<InstanceList>(200, "The instances."),
        creation(post(
            "/management/instances",
            "Makes an instance; the same once more changes nothing",
        )),
        get(one, "An instance's settings")
            .at::<InstanceId>(NAMED)
            .answers::<InstanceShown>(200, "The settings.")
            .fails(NOBODY),
        patch(one, "Writes an instance's settings anew")
            .at::<InstanceId>(NAMED)
            .reads::<InstanceChange>()
            .done(204, "They are changed.")
            .fails(NOBODY)
            .fails(&["InvalidField", "PatchOfDeleted"]),
        operation::delete(
            one,
            "Deletes an instance. While coins or refunds of it are under way that is refused, and says how many \
             there are",
        )
        .at::<InstanceId>(NAMED)
        .asks::<DeletionQuery>()
        .done(204, DELETION)
        .fails(NOBODY)
        .fails(&["InstanceUnfinished"]),
        post("/management/instances/{id}/auth", "A new password for an instance")
            .at::<InstanceId>(NAMED)
            .reads::<AuthSetting>()
            .done(204, "It counts from now on.")
            .fails(NOBODY)
            .fails(&["AuthOfOld"]),
        creation(post(
            "/instances",
            "As POST /management/instances, for clients with a token of the special instance",
        ))
        .fails(&["NoSelfProvisioning", "NotAuthorized", "TokenExpired", "NotPermitted"])
        .fails(&["TooManyAttempts"]),
    ]
}

//! Handlers of tokens: create, list, revoke (merchant-api 1.6).

use std::net::IpAddr;

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, Credentials, InstanceParam, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, post},
};
use super::origin::client;
use super::settings::Settings;
use crate::model::access::TokenScope;
use crate::till::{CreateToken, Error, IssuedToken, Till};
use taler::ids::InstanceId;
use taler::time::{RelativeTime, Timestamp};

/// Most tokens on one page of the list.
const MOST: i64 = 1024;

/// What a client gets for a password or an older token.
pub(super) fn issued(token: &IssuedToken) -> HttpResponse {
    HttpResponse::Ok().json(TokenAnswer {
        access_token: token.key.reveal(),
        token: token.key.reveal(),
        scope: token.scope,
        expiration: token.expires_at,
        refreshable: token.scope.refreshable,
    })
}

/// A fresh token.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct TokenAnswer<'a> {
    /// The token, with `secret-token:` before it. It is told only now.
    #[cfg_attr(test, schema(value_type = openapi::values::Token))]
    access_token: &'a str,
    /// The same, by its name of before protocol 19.
    #[cfg_attr(test, schema(value_type = openapi::values::Token))]
    token: &'a str,
    /// What the token may do.
    scope: TokenScope,
    /// Until when it is good.
    expiration: Timestamp,
    /// Whether it can be traded for a fresh one.
    refreshable: bool,
}

/// A token that is asked for.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TokenRequest {
    /// What the token shall do. `:refreshable` after it is the same as the member `refreshable`.
    scope: TokenScope,
    /// Whether it can be traded for a fresh one. Without it, only if the scope says so.
    #[serde(default)]
    refreshable: bool,
    /// For how long it is good. A token that is traded for another one gives at most 90 days.
    duration: Option<RelativeTime>,
    /// The shop's note about the token.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::TokenNote>))]
    description: Option<String>,
}

/// `POST /private/token`: a password (Basic or Bearer), the fixed token or a refreshable one (Bearer) for a
/// fresh token.
pub(super) async fn create(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    credentials: Credentials,
    body: Body,
) -> Answer {
    if matches!(credentials, Credentials::None) {
        return Err(Error::NotAuthorized.into());
    }
    let TokenRequest { mut scope, refreshable, duration, description } = body.read().await?;
    scope.refreshable |= refreshable;
    let wish = CreateToken { scope, duration, description };
    let client = client(&request, &settings);
    Ok(issued(&trade(&till, &instance, credentials, client, wish).await?))
}

/// A fresh token for credentials of `instance`.
pub(super) async fn trade(
    till: &Till,
    instance: &InstanceId,
    credentials: Credentials,
    client: Option<IpAddr>,
    wish: CreateToken,
) -> Result<IssuedToken, Failure> {
    match credentials {
        Credentials::None => Err(Error::NotAuthorized.into()),
        Credentials::Bearer(key) => Ok(till.refresh(instance, &key, client, wish).await?),
        // The user name must be the instance in the path, or the password is for another instance.
        Credentials::Basic(name, _) if name != *instance => Err(Error::NotAuthorized.into()),
        Credentials::Basic(_, password) => {
            Ok(till.log_in(instance, password, client, wish).await?)
        }
    }
}

/// `DELETE /private/token`: the caller's own token ends.
pub(super) async fn log_out(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    till.log_out(&principal).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /private/tokens`: all but the values.
pub(super) async fn list(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    let TokensQuery { limit, offset } = params.read()?;
    let limit = limit.unwrap_or(-20);
    if limit == 0 {
        return Err(Failure::Malformed("limit".into()));
    }
    let limit = limit.clamp(-MOST, MOST);
    let tokens: Vec<_> = till
        .tokens(&principal, limit, offset)
        .await?
        .into_iter()
        .map(|token| TokenRow {
            serial: token.serial,
            creation_time: token.created_at,
            expiration: token.expires_at,
            scope: token.scope,
            refreshable: token.scope.refreshable,
            description: token.label(),
        })
        .collect();
    Ok(match tokens.is_empty() {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::Ok().json(TokenList { tokens }),
    })
}

/// Which tokens are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TokensQuery {
    /// How many tokens: above zero the oldest first, below zero the newest first. Without it, -20; at most
    /// 1,024.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Rows>))]
    limit: Option<i64>,
    /// The `serial` from which to go on. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    offset: Option<i64>,
}

/// Some of an instance's tokens.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TokenList {
    /// The tokens, in the direction that `limit` asks for.
    tokens: Vec<TokenRow>,
}

/// A token in the list, without its value.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TokenRow {
    /// Its number.
    #[cfg_attr(test, schema(value_type = openapi::values::Serial))]
    serial: i64,
    /// When it was made.
    creation_time: Timestamp,
    /// Until when it is good.
    expiration: Timestamp,
    /// What it may do.
    scope: TokenScope,
    /// Whether it can be traded for a fresh one.
    refreshable: bool,
    /// The shop's note about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::TokenNote>))]
    description: Option<String>,
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        post("/private/token", "A token, for a password or an older token")
            .reads::<TokenRequest>()
            .answers::<TokenAnswer<'_>>(200, "The token, which is told only now. For a token, it ends after 90 days at the latest.")
            .fails(&["NotAuthorized", "TokenExpired", "TooManyAttempts", "ScopeExceeded"])
            .fails(&["InstanceUnknown", "InstanceDeleted", "InvalidField"]),
        delete("/private/token", "Ends the token that is shown")
            .done(204, "It is good no more.")
            .fails(&["TokenUnknown"]),
        get("/private/tokens", "The list of tokens, without their values, newest first")
            .asks::<TokensQuery>()
            .answers::<TokenList>(200, "The tokens.")
            .done(204, "There are none here."),
        delete("/private/tokens/{id}", "Ends a token")
            .at::<openapi::values::Serial>("The token's number.")
            .done(204, "It is good no more.")
            .fails(&["TokenUnknown"]),
    ]
}

/// `DELETE /private/tokens/$SERIAL`.
pub(super) async fn revoke(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    till.revoke_token(&principal, serial).await?;
    Ok(HttpResponse::NoContent().finish())
}

//! Handlers of tokens: create, list, revoke (merchant-api 1.6).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::Settings;
use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, Credentials, InstanceParam, PathId, QueryParams};
use super::origin::client;
use crate::model::access::TokenScope;
use crate::till::{CreateToken, Error, IssuedToken, Till};

/// Most tokens on one page of the list.
const MOST: i64 = 1024;

/// What a client gets for a password or an older token.
pub(super) fn issued(token: &IssuedToken) -> HttpResponse {
    HttpResponse::Ok().json(json!({
        "access_token": token.key.reveal(),
        "token": token.key.reveal(),
        "scope": token.scope,
        "expiration": token.expires_at,
        "refreshable": token.scope.refreshable,
    }))
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
    let mut fields = body.fields().await?;
    let mut scope: TokenScope = fields.need("scope")?;
    scope.refreshable |= fields.get("refreshable")?.unwrap_or(false);
    let wish = CreateToken {
        scope,
        duration: fields.get("duration")?,
        description: fields.get("description")?,
    };
    let client = client(&request, &settings);
    let token = match credentials {
        Credentials::None => return Err(Error::NotAuthorized.into()),
        Credentials::Bearer(key) => till.refresh(&instance, &key, client, wish).await?,
        // The user name must be the instance in the path, or the password is for another instance.
        Credentials::Basic(name, _) if name != instance => return Err(Error::NotAuthorized.into()),
        Credentials::Basic(_, password) => till.log_in(&instance, password, client, wish).await?,
    };
    Ok(issued(&token))
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
    let limit = params.get("limit")?.unwrap_or(-20_i64);
    if limit == 0 {
        return Err(Failure::Malformed("limit".into()));
    }
    let limit = limit.clamp(-MOST, MOST);
    let tokens: Vec<_> = till
        .tokens(&principal, limit, params.get("offset")?)
        .await?
        .into_iter()
        .map(|token| {
            let mut row = json!({
                "serial": token.serial,
                "creation_time": token.created_at,
                "expiration": token.expires_at,
                "scope": token.scope,
                "refreshable": token.scope.refreshable,
            });
            if let (Some(text), Some(row)) = (token.label(), row.as_object_mut()) {
                row.insert("description".into(), text.into());
            }
            row
        })
        .collect();
    Ok(match tokens.is_empty() {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::Ok().json(json!({ "tokens": tokens })),
    })
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

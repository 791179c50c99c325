//! Handlers of bank accounts (merchant-api 6.3).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde_json::{Value, json};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, JsonBody, PathId};
use crate::model::account::{Account, AccountDetails};
use crate::till::{CreateAccount, Till};
use taler::base32::HashCode;
use taler::payto::Payto;

/// `GET /private/accounts`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let accounts: Vec<_> = till
        .accounts(&principal)
        .await?
        .iter()
        .map(|account| {
            json!({
                "payto_uri": account.payto_uri,
                "h_wire": account.h_wire,
                "active": account.active,
            })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "accounts": accounts })))
}

/// `POST /private/accounts`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let mut fields = body.fields().await?;
    let text: String = fields.need("payto_uri")?;
    let payto_uri = Payto::parse(text).map_err(|bad| Failure::Payto(bad.to_string()))?;
    let details = details(&mut fields)?;
    let account = till.add_account(&principal, CreateAccount { payto_uri, details }).await?;
    Ok(HttpResponse::Ok().json(json!({ "h_wire": account.h_wire, "salt": account.salt })))
}

/// `GET /private/accounts/$H_WIRE`. Credentials are never given out.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<String>,
) -> Answer {
    let Account { payto_uri, salt, h_wire, active, details } =
        till.account(&principal, h_wire(&id)?).await?;
    let mut body = json!({
        "payto_uri": payto_uri,
        "h_wire": h_wire,
        "salt": salt,
        "active": active,
    });
    if let Value::Object(members) = &mut body {
        if let Some(url) = details.credit_facade_url {
            members.insert("credit_facade_url".into(), json!(url));
        }
        if let Some(text) = details.extra_wire_subject_metadata {
            members.insert("extra_wire_subject_metadata".into(), json!(text));
        }
    }
    Ok(HttpResponse::Ok().json(body))
}

/// `PATCH /private/accounts/$H_WIRE`: what is not said stays.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<String>,
    body: Body,
) -> Answer {
    let h_wire = h_wire(&id)?;
    let new = details(&mut body.fields().await?)?;
    till.change_account(&principal, h_wire, |old| AccountDetails {
        credit_facade_url: new.credit_facade_url.or(old.credit_facade_url),
        credit_facade_credentials: new.credit_facade_credentials.or(old.credit_facade_credentials),
        extra_wire_subject_metadata: new
            .extra_wire_subject_metadata
            .or(old.extra_wire_subject_metadata),
    })
    .await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/accounts/$H_WIRE`: out of use, not out of memory.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<String>,
) -> Answer {
    till.remove_account(&principal, h_wire(&id)?).await?;
    Ok(HttpResponse::NoContent().finish())
}

fn h_wire(text: &str) -> Result<HashCode, Failure> {
    HashCode::parse(text).map_err(|_| Failure::HWire)
}

fn details(fields: &mut JsonBody) -> Result<AccountDetails, Failure> {
    Ok(AccountDetails {
        credit_facade_url: fields.get("credit_facade_url")?,
        credit_facade_credentials: fields.get("credit_facade_credentials")?,
        extra_wire_subject_metadata: fields.get("extra_wire_subject_metadata")?,
    })
}

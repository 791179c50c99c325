//! Handlers of bank accounts (merchant-api 6.3).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, PathId};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use crate::model::account::{Account, AccountDetails, FacadeCredentials};
use crate::till::{CreateAccount, Till};
use taler::base32::{HashCode, Salt};
use taler::payto::Payto;
use taler::web::BaseUrl;

/// `GET /private/accounts`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let accounts = till.accounts(&principal).await?.into_iter();
    let accounts = accounts.map(|account| AccountRow {
        payto_uri: account.payto_uri,
        h_wire: account.h_wire,
        active: account.active,
    });
    Ok(HttpResponse::Ok().json(AccountList { accounts: accounts.collect() }))
}

/// An instance's bank accounts.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AccountList {
    /// The accounts, also those out of use.
    accounts: Vec<AccountRow>,
}

/// A bank account in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AccountRow {
    /// The account.
    payto_uri: Payto,
    /// The hash that names it.
    h_wire: HashCode,
    /// Whether new orders may name it.
    active: bool,
}

/// A bank account to be added.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct NewAccount {
    /// The account, with the owner's name.
    #[cfg_attr(test, schema(value_type = Payto))]
    payto_uri: String,
    /// Where the bank tells of incoming transfers.
    credit_facade_url: Option<BaseUrl>,
    /// How to identify there. Credentials are never given out.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::FacadeCredentials>))]
    credit_facade_credentials: Option<FacadeCredentials>,
    /// What the exchange shall add to the subject of its transfers: up to 64 characters.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Subject>))]
    extra_wire_subject_metadata: Option<String>,
}

/// A bank account that is there.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AccountAdded {
    /// The hash that names it.
    h_wire: HashCode,
    /// The salt of that hash.
    salt: Salt,
}

/// A bank account in full.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AccountShown {
    /// The account.
    payto_uri: Payto,
    /// The hash that names it.
    h_wire: HashCode,
    /// The salt of that hash.
    salt: Salt,
    /// Whether new orders may name it.
    active: bool,
    /// Where the bank tells of incoming transfers.
    #[serde(skip_serializing_if = "Option::is_none")]
    credit_facade_url: Option<BaseUrl>,
    /// What the exchange shall add to the subject of its transfers.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Subject>))]
    extra_wire_subject_metadata: Option<String>,
}

/// What changes about a bank account. What is not said stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct AccountChange {
    /// Where the bank tells of incoming transfers.
    credit_facade_url: Option<BaseUrl>,
    /// How to identify there. Credentials are never given out.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::FacadeCredentials>))]
    credit_facade_credentials: Option<FacadeCredentials>,
    /// What the exchange shall add to the subject of its transfers: up to 64 characters.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Subject>))]
    extra_wire_subject_metadata: Option<String>,
}

/// `POST /private/accounts`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let NewAccount {
        payto_uri,
        credit_facade_url,
        credit_facade_credentials,
        extra_wire_subject_metadata,
    } = body.read().await?;
    let payto_uri = Payto::parse(payto_uri).map_err(|bad| Failure::Payto(bad.to_string()))?;
    let details = AccountDetails {
        credit_facade_url,
        credit_facade_credentials,
        extra_wire_subject_metadata,
    };
    let account = till.add_account(&principal, CreateAccount { payto_uri, details }).await?;
    Ok(HttpResponse::Ok().json(AccountAdded { h_wire: account.h_wire, salt: account.salt }))
}

/// `GET /private/accounts/$H_WIRE`. Credentials are never given out.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<String>,
) -> Answer {
    let Account { payto_uri, salt, h_wire, active, details } =
        till.account(&principal, h_wire(&id)?).await?;
    Ok(HttpResponse::Ok().json(AccountShown {
        payto_uri,
        h_wire,
        salt,
        active,
        credit_facade_url: details.credit_facade_url,
        extra_wire_subject_metadata: details.extra_wire_subject_metadata,
    }))
}

/// `PATCH /private/accounts/$H_WIRE`: what is not said stays.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<String>,
    body: Body,
) -> Answer {
    let h_wire = h_wire(&id)?;
    let new: AccountChange = body.read().await?;
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

pub(super) fn h_wire(text: &str) -> Result<HashCode, Failure> {
    HashCode::parse(text).map_err(|_| Failure::HWire)
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The hash that names the account.";
    vec![
        get("/private/accounts", "The list of bank accounts")
            .answers::<AccountList>(200, "The accounts."),
        post("/private/accounts", "Adds a bank account, or takes it into use again")
            .reads::<NewAccount>()
            .answers::<AccountAdded>(200, "It is there.")
            .fails(&["AccountExists", "NoReceiverName", "Payto", "InvalidField"]),
        get("/private/accounts/{id}", "A bank account")
            .at::<HashCode>(NAMED)
            .answers::<AccountShown>(200, "The account.")
            .fails(&["HWire", "AccountUnknown"]),
        patch("/private/accounts/{id}", "Changes an account's details; what is not said stays")
            .at::<HashCode>(NAMED)
            .reads::<AccountChange>()
            .done(204, "They are changed.")
            .fails(&["HWire", "AccountUnknown", "InvalidField"]),
        delete("/private/accounts/{id}", "Takes an account out of use")
            .at::<HashCode>(NAMED)
            .done(204, "It is out of use.")
            .fails(&["HWire", "AccountNotActive"]),
    ]
}

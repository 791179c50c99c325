//! Handlers of money pots (inventory 7).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::Answer;
use super::extract::{Authorized, Body, PathId, QueryParams};
use super::groups::LabelsQuery;
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use crate::model::label::{Label, Labelled};
use crate::till::{FilledPot, PotChange, Till};
use taler::amount::Amount;

/// `GET /private/pots`.
pub(super) async fn list(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    let (limit, offset) = LabelsQuery::read(&params)?;
    let pots = till.pots(&principal, limit, offset).await?.into_iter();
    let pots = pots.map(|Labelled { serial, label }| PotRow {
        pot_serial: serial,
        pot_name: label.name,
        description: label.description,
    });
    Ok(HttpResponse::Ok().json(PotList { pots: pots.collect() }))
}

/// Some of an instance's pots.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PotList {
    /// The pots, in the direction that `limit` asks for.
    pots: Vec<PotRow>,
}

/// A pot in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PotRow {
    /// Its number, from 1.
    #[cfg_attr(test, schema(example = 1))]
    pot_serial: i64,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Cellar"))]
    pot_name: String,
    /// The shop's own note.
    #[cfg_attr(test, schema(example = "Income of the cellar"))]
    description: String,
}

/// A pot to be added.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PotWish {
    /// What it is called. No two pots are called alike.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductName))]
    pot_name: String,
    /// The shop's own note.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductText))]
    description: String,
}

/// A pot that was added.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PotAdded {
    /// Its number.
    #[cfg_attr(test, schema(example = 1))]
    pot_serial_id: i64,
}

/// `POST /private/pots`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let PotWish { pot_name, description } = body.read().await?;
    let pot_serial_id = till.add_pot(&principal, Label { name: pot_name, description }).await?;
    Ok(HttpResponse::Ok().json(PotAdded { pot_serial_id }))
}

/// A pot with what is in it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PotShown {
    /// What it is called.
    #[cfg_attr(test, schema(example = "Cellar"))]
    pot_name: String,
    /// The shop's own note.
    #[cfg_attr(test, schema(example = "Income of the cellar"))]
    description: String,
    /// What payments have brought: an amount for each currency. Refunds take nothing out.
    pot_totals: Vec<Amount>,
}

/// `GET /private/pots/$POT_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    let FilledPot { pot, totals } = till.pot(&principal, serial).await?;
    Ok(HttpResponse::Ok().json(PotShown {
        pot_name: pot.label.name,
        description: pot.label.description,
        pot_totals: totals,
    }))
}

/// What changes about a pot. What is not said stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PotPatch {
    /// What it is called.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductName>))]
    pot_name: Option<String>,
    /// The shop's own note.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductText>))]
    description: Option<String>,
    /// What must be in it, or nothing is changed: amounts in different currencies.
    #[cfg_attr(test, schema(max_items = 64))]
    expected_pot_totals: Option<Vec<Amount>>,
    /// What shall be in it: amounts in different currencies.
    #[cfg_attr(test, schema(max_items = 64))]
    new_pot_totals: Option<Vec<Amount>>,
}

/// `PATCH /private/pots/$POT_ID`: what is not said stays.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
    body: Body,
) -> Answer {
    let PotPatch { pot_name, description, expected_pot_totals, new_pot_totals } =
        body.read().await?;
    let change = PotChange {
        name: pot_name,
        description,
        expected_totals: expected_pot_totals,
        new_totals: new_pot_totals,
    };
    till.change_pot(&principal, serial, change).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/pots/$POT_ID`: its products stay.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    till.delete_pot(&principal, serial).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NUMBERED: &str = "The pot's number.";
    vec![
        get("/private/pots", "The list of money pots")
            .asks::<LabelsQuery>()
            .answers::<PotList>(200, "The pots."),
        post("/private/pots", "Adds a pot")
            .reads::<PotWish>()
            .answers::<PotAdded>(200, "It is there.")
            .fails(&["Full", "InvalidField", "PotExists"]),
        get("/private/pots/{id}", "A pot and what is in it")
            .at::<openapi::values::Serial>(NUMBERED)
            .answers::<PotShown>(200, "The pot.")
            .fails(&["PotUnknown"]),
        patch("/private/pots/{id}", "Changes a pot; what is not said stays")
            .at::<openapi::values::Serial>(NUMBERED)
            .reads::<PotPatch>()
            .done(204, "It is changed.")
            .fails(&["InvalidField", "PotChanged", "PotExists", "PotUnknown"]),
        delete("/private/pots/{id}", "Deletes a pot; its products stay")
            .at::<openapi::values::Serial>(NUMBERED)
            .done(204, "It is gone.")
            .fails(&["PotUnknown"]),
    ]
}

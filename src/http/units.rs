//! Handlers of units of products (inventory 7).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::Answer;
use super::extract::{Authorized, Body, PathId};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use super::quantity::Precision;
use crate::model::product::Translations;
use crate::model::unit::{Unit, UnitChange};
use crate::till::Till;

/// `GET /private/units`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let units = till.units(&principal).await?.into_iter().map(UnitShown::from).collect();
    Ok(HttpResponse::Ok().json(UnitList { units }))
}

/// The units that products can be counted in.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct UnitList {
    /// The units, by their names.
    units: Vec<UnitShown>,
}

/// A unit.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct UnitShown {
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
    #[cfg_attr(test, schema(required = false, value_type = openapi::values::ProductTranslations))]
    unit_name_long_i18n: Translations,
    /// The sign in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = openapi::values::ProductTranslations))]
    unit_name_short_i18n: Translations,
    /// Whether there can be half of one, where a product does not say.
    unit_allow_fraction: bool,
    /// Digits behind the dot, where a product does not say.
    #[cfg_attr(test, schema(value_type = openapi::values::Precision))]
    unit_precision_level: u8,
    /// Whether it is offered for new products.
    unit_active: bool,
    /// Whether every shop has it.
    unit_builtin: bool,
}

impl From<Unit> for UnitShown {
    fn from(unit: Unit) -> Self {
        Self {
            unit_builtin: unit.is_builtin(),
            unit: unit.unit,
            unit_name_long: unit.name_long,
            unit_name_short: unit.name_short,
            unit_name_long_i18n: unit.name_long_i18n,
            unit_name_short_i18n: unit.name_short_i18n,
            unit_allow_fraction: unit.allow_fraction,
            unit_precision_level: unit.precision,
            unit_active: unit.is_active,
        }
    }
}

/// A unit to be added, or to be written anew.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct UnitAdd {
    /// Its name, as products have it: up to 80 characters.
    #[cfg_attr(test, schema(value_type = openapi::values::NewUnitName))]
    unit: String,
    /// In words.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductText))]
    unit_name_long: String,
    /// Its sign.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductText))]
    unit_name_short: String,
    /// The words in other languages.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    unit_name_long_i18n: Option<Translations>,
    /// The sign in other languages.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    unit_name_short_i18n: Option<Translations>,
    /// Whether there can be half of one. Without it, no.
    unit_allow_fraction: Option<bool>,
    /// Digits behind the dot. Without fractions it is 0.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Precision>))]
    unit_precision_level: Option<Precision>,
    /// Whether it is offered for new products. Without it, yes.
    unit_active: Option<bool>,
}

/// `POST /private/units`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let new: UnitAdd = body.read().await?;
    let allow_fraction = new.unit_allow_fraction.unwrap_or(false);
    let precision = new.unit_precision_level.map_or(0, |level| level.0);
    let unit = Unit {
        unit: new.unit,
        name_long: new.unit_name_long,
        name_short: new.unit_name_short,
        name_long_i18n: new.unit_name_long_i18n.unwrap_or_default(),
        name_short_i18n: new.unit_name_short_i18n.unwrap_or_default(),
        allow_fraction,
        precision: if allow_fraction { precision } else { 0 },
        is_active: new.unit_active.unwrap_or(true),
    };
    till.add_unit(&principal, unit).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /private/units/$UNIT`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(name): PathId<String>,
) -> Answer {
    Ok(HttpResponse::Ok().json(UnitShown::from(till.unit(&principal, name).await?)))
}

/// What changes about a unit. What is not said stays. Those that are built in keep their names.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct UnitPatch {
    /// In words.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductText>))]
    unit_name_long: Option<String>,
    /// Its sign.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductText>))]
    unit_name_short: Option<String>,
    /// The words in other languages: all of them.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    unit_name_long_i18n: Option<Translations>,
    /// The sign in other languages: all of them.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    unit_name_short_i18n: Option<Translations>,
    /// Whether there can be half of one.
    unit_allow_fraction: Option<bool>,
    /// Digits behind the dot. Without fractions it is 0.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Precision>))]
    unit_precision_level: Option<Precision>,
    /// Whether it is offered for new products.
    unit_active: Option<bool>,
}

/// `PATCH /private/units/$UNIT`: what is not said stays.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(name): PathId<String>,
    body: Body,
) -> Answer {
    let new: UnitPatch = body.read().await?;
    let change = UnitChange {
        name_long: new.unit_name_long,
        name_short: new.unit_name_short,
        name_long_i18n: new.unit_name_long_i18n,
        name_short_i18n: new.unit_name_short_i18n,
        allow_fraction: new.unit_allow_fraction,
        precision: new.unit_precision_level.map(|level| level.0),
        is_active: new.unit_active,
    };
    till.change_unit(&principal, name, change).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/units/$UNIT`: products that are counted in it stay as they are.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(name): PathId<String>,
) -> Answer {
    till.delete_unit(&principal, name).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The unit's name.";
    vec![
        get("/private/units", "The list of units, those that are built in too")
            .answers::<UnitList>(200, "The units."),
        post("/private/units", "Adds a unit, or writes one anew")
            .reads::<UnitAdd>()
            .done(204, "It is there.")
            .fails(&["Full", "InvalidField", "UnitBuiltin"]),
        get("/private/units/{id}", "A unit")
            .at::<openapi::values::NewUnitName>(NAMED)
            .answers::<UnitShown>(200, "The unit.")
            .fails(&["UnitUnknown"]),
        patch("/private/units/{id}", "Changes a unit; what is not said stays")
            .at::<openapi::values::NewUnitName>(NAMED)
            .reads::<UnitPatch>()
            .done(204, "It is changed.")
            .fails(&["InvalidField", "UnitBuiltin", "UnitUnknown"]),
        delete("/private/units/{id}", "Deletes a unit; products that are counted in it stay")
            .at::<openapi::values::NewUnitName>(NAMED)
            .done(204, "It is gone.")
            .fails(&["UnitBuiltin", "UnitUnknown"]),
    ]
}

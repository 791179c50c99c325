//! Handlers of groups of products (inventory 7).

use actix_web::HttpResponse;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use crate::model::label::{Label, Labelled};
use crate::till::Till;

/// Which groups or pots are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct LabelsQuery {
    /// How many: above zero the oldest first, below zero the newest first. Without it, -20; at most 1,024.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Rows>))]
    limit: Option<i64>,
    /// The number from which to go on. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    offset: Option<i64>,
}

impl LabelsQuery {
    /// The limit and the offset that `params` say.
    ///
    /// # Errors
    /// [`Failure::Malformed`] names the parameter.
    pub(super) fn read(params: &QueryParams) -> Result<(i64, Option<i64>), Failure> {
        let Self { limit, offset } = params.read()?;
        match limit.unwrap_or(-20) {
            0 => Err(Failure::Malformed("limit".into())),
            limit => Ok((limit, offset)),
        }
    }
}

/// `GET /private/groups`.
pub(super) async fn list(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    let (limit, offset) = LabelsQuery::read(&params)?;
    let groups = till.groups(&principal, limit, offset).await?.into_iter();
    let groups = groups.map(|Labelled { serial, label }| GroupRow {
        group_serial: serial,
        group_name: label.name,
        description: label.description,
    });
    Ok(HttpResponse::Ok().json(GroupList { groups: groups.collect() }))
}

/// Some of an instance's groups.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct GroupList {
    /// The groups, in the direction that `limit` asks for.
    groups: Vec<GroupRow>,
}

/// A group in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct GroupRow {
    /// Its number, from 1.
    #[cfg_attr(test, schema(example = 1))]
    group_serial: i64,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Food"))]
    group_name: String,
    /// The shop's own note.
    #[cfg_attr(test, schema(example = "What can be eaten"))]
    description: String,
}

/// A group to be written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct GroupWish {
    /// What it is called. No two groups are called alike.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductName))]
    group_name: String,
    /// The shop's own note.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductText))]
    description: String,
}

impl From<GroupWish> for Label {
    fn from(GroupWish { group_name, description }: GroupWish) -> Self {
        Self { name: group_name, description }
    }
}

/// A group that was added.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct GroupAdded {
    /// Its number.
    #[cfg_attr(test, schema(example = 1))]
    group_serial_id: i64,
}

/// `POST /private/groups`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let wish: GroupWish = body.read().await?;
    let group_serial_id = till.add_group(&principal, wish.into()).await?;
    Ok(HttpResponse::Ok().json(GroupAdded { group_serial_id }))
}

/// `PATCH /private/groups/$GROUP_ID`: all of it anew.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
    body: Body,
) -> Answer {
    let wish: GroupWish = body.read().await?;
    till.change_group(&principal, serial, wish.into()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/groups/$GROUP_ID`: its products stay.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    till.delete_group(&principal, serial).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NUMBERED: &str = "The group's number.";
    vec![
        get("/private/groups", "The list of groups of products")
            .asks::<LabelsQuery>()
            .answers::<GroupList>(200, "The groups."),
        post("/private/groups", "Adds a group")
            .reads::<GroupWish>()
            .answers::<GroupAdded>(200, "It is there.")
            .fails(&["Full", "GroupExists", "InvalidField"]),
        patch("/private/groups/{id}", "Writes a group anew")
            .at::<openapi::values::Serial>(NUMBERED)
            .reads::<GroupWish>()
            .done(204, "It is changed.")
            .fails(&["GroupExists", "GroupUnknown", "InvalidField"]),
        delete("/private/groups/{id}", "Deletes a group; its products stay")
            .at::<openapi::values::Serial>(NUMBERED)
            .done(204, "It is gone.")
            .fails(&["GroupUnknown"]),
    ]
}

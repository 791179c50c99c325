//! Handlers of categories of products (inventory 7).

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
use crate::model::category::{Category, NewCategory};
use crate::model::product::Translations;
use crate::till::Till;
use taler::ids::ProductId;

/// `GET /private/categories`.
pub(super) async fn list(till: Data<Till>, Authorized(principal): Authorized) -> Answer {
    let categories = till.categories(&principal).await?.into_iter();
    let categories = categories.map(|Category { serial, details, product_count }| CategoryRow {
        category_id: serial,
        name: details.name,
        name_i18n: details.name_i18n,
        product_count,
    });
    Ok(HttpResponse::Ok().json(CategoryList { categories: categories.collect() }))
}

/// An instance's categories.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CategoryList {
    /// The categories, the oldest first.
    categories: Vec<CategoryRow>,
}

/// A category in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CategoryRow {
    /// Its number, from 1.
    #[cfg_attr(test, schema(example = 1))]
    category_id: i64,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Dairy"))]
    name: String,
    /// The same in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = openapi::values::ProductTranslations))]
    name_i18n: Translations,
    /// How many products are in it.
    #[cfg_attr(test, schema(example = 3))]
    product_count: i64,
}

/// A category to be written.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CategoryWish {
    /// What it is called. No two categories are called alike.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductName))]
    name: String,
    /// The same in other languages.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    name_i18n: Option<Translations>,
}

impl From<CategoryWish> for NewCategory {
    fn from(CategoryWish { name, name_i18n }: CategoryWish) -> Self {
        Self { name, name_i18n: name_i18n.unwrap_or_default() }
    }
}

/// A category that was added.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CategoryAdded {
    /// Its number.
    #[cfg_attr(test, schema(example = 1))]
    category_id: i64,
}

/// `POST /private/categories`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let wish: CategoryWish = body.read().await?;
    let category_id = till.add_category(&principal, wish.into()).await?;
    Ok(HttpResponse::Ok().json(CategoryAdded { category_id }))
}

/// A category with its products.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CategoryShown {
    /// What it is called.
    #[cfg_attr(test, schema(example = "Dairy"))]
    name: String,
    /// The same in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = openapi::values::ProductTranslations))]
    name_i18n: Translations,
    /// The products in it, the oldest first.
    products: Vec<CategoryProduct>,
}

/// A product in a category.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct CategoryProduct {
    /// The product's name.
    product_id: ProductId,
}

/// `GET /private/categories/$CATEGORY_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    let found = till.category(&principal, serial).await?;
    let NewCategory { name, name_i18n } = found.category.details;
    let products = found.products.into_iter();
    let products = products.map(|product_id| CategoryProduct { product_id }).collect();
    Ok(HttpResponse::Ok().json(CategoryShown { name, name_i18n, products }))
}

/// `PATCH /private/categories/$CATEGORY_ID`: all of it anew.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
    body: Body,
) -> Answer {
    let wish: CategoryWish = body.read().await?;
    till.change_category(&principal, serial, wish.into()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /private/categories/$CATEGORY_ID`: its products stay.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(serial): PathId<i64>,
) -> Answer {
    till.delete_category(&principal, serial).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NUMBERED: &str = "The category's number.";
    vec![
        get("/private/categories", "The list of categories of products")
            .answers::<CategoryList>(200, "The categories."),
        post("/private/categories", "Adds a category")
            .reads::<CategoryWish>()
            .answers::<CategoryAdded>(200, "It is there.")
            .fails(&["CategoryExists", "Full", "InvalidField"]),
        get("/private/categories/{id}", "A category and its products")
            .at::<openapi::values::Serial>(NUMBERED)
            .answers::<CategoryShown>(200, "The category.")
            .fails(&["CategoryUnknown"]),
        patch("/private/categories/{id}", "Gives a category another name")
            .at::<openapi::values::Serial>(NUMBERED)
            .reads::<CategoryWish>()
            .done(204, "It is changed.")
            .fails(&["CategoryExists", "CategoryUnknown", "InvalidField"]),
        delete("/private/categories/{id}", "Deletes a category; its products stay")
            .at::<openapi::values::Serial>(NUMBERED)
            .done(204, "It is gone.")
            .fails(&["CategoryUnknown"]),
    ]
}

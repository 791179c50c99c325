//! Handlers of what a point of sale shows (inventory 8).

use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use serde::Serialize;

use super::error::{Answer, Failure};
use super::etag;
use super::extract::{Authorized, Credentials, InstanceParam};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, get},
};
use super::origin::{base_url, client};
use super::products::{ProductTax, image_hash, taxes};
use super::quantity::{StockQuantity, whole_stock};
use super::settings::Settings;
use super::tokens;
use crate::model::access::{Permission, Scope, TokenScope};
use crate::model::product::{Product, Translations};
use crate::till::{self, Admission, CreateToken, PointOfSale, Till, WithPictures};
use taler::amount::Amount;
use taler::ids::ProductId;
use taler::time::RelativeTime;

/// The category of products that are in none.
const DEFAULT_CATEGORY: i64 = 0;
/// What that is called.
const DEFAULT_NAME: &str = "default";
/// How long the token of an old point of sale is good, in seconds: 90 days, as that of a trade for another token.
const OLD_TOKEN_S: u64 = 90 * 86_400;
/// The shop's note about that token.
const OLD_TOKEN_NOTE: &str = "point of sale of 2024";

/// Everything that a point of sale shows.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct Pos {
    /// The products, the oldest first.
    products: Vec<PosProduct>,
    /// The categories; number 0 is that of products that are in none.
    categories: Vec<PosCategory>,
}

/// A category of a point of sale.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PosCategory {
    /// Its number.
    #[cfg_attr(test, schema(example = 1))]
    id: i64,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Dairy"))]
    name: String,
    /// The same in other languages. It is missing if there are none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = openapi::values::ProductTranslations))]
    name_i18n: Translations,
}

/// A product of a point of sale.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct PosProduct {
    /// Its place in the list of products.
    #[cfg_attr(test, schema(example = 17))]
    product_serial: i64,
    /// The product's name in addresses.
    product_id: ProductId,
    /// What it is called.
    #[cfg_attr(test, schema(example = "Cheese"))]
    product_name: String,
    /// The categories that it is in; 0 if it is in none.
    #[cfg_attr(test, schema(example = json!([1])))]
    categories: Vec<i64>,
    /// The product in words.
    #[cfg_attr(test, schema(example = "From the Alps"))]
    description: String,
    /// The description in other languages; empty if there is none.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductTranslations))]
    description_i18n: Translations,
    /// What it is counted in.
    #[cfg_attr(test, schema(example = "WeightUnitKg"))]
    unit: String,
    /// Whether there can be half of one.
    unit_allow_fraction: bool,
    /// Digits behind the dot of its quantities.
    #[cfg_attr(test, schema(value_type = openapi::values::Precision))]
    unit_precision_level: u8,
    /// The price of one, in each currency that it is sold in.
    unit_price: Vec<Amount>,
    /// The first of `unit_price`.
    price: Option<Amount>,
    /// Its picture as a data URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "data:image/gif;base64,R0lGODlhAQABAAAAACw="))]
    image: Option<String>,
    /// Taxes on one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[cfg_attr(test, schema(required = false))]
    taxes: Vec<ProductTax>,
    /// What was ever stocked. It is missing if the stock is without end.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::StockText>))]
    unit_total_stock: Option<StockQuantity>,
    /// The whole number of `unit_total_stock`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 10))]
    total_stock: Option<i64>,
    /// What can be sold now. It is missing if any quantity can.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::StockText>))]
    unit_available: Option<StockQuantity>,
    /// The whole number of `unit_available`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 8))]
    available: Option<i64>,
    /// How old the customer must be, in years. It is missing if any age will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Age>))]
    minimum_age: Option<u8>,
}

impl Pos {
    fn of(shown: PointOfSale) -> Self {
        Self {
            categories: categories(&shown),
            products: shown.products.into_iter().map(PosProduct::of).collect(),
        }
    }
}

fn categories(shown: &PointOfSale) -> Vec<PosCategory> {
    let default = PosCategory {
        id: DEFAULT_CATEGORY,
        name: DEFAULT_NAME.to_owned(),
        name_i18n: Translations::new(),
    };
    let own = shown.categories.iter().map(|category| PosCategory {
        id: category.serial,
        name: category.details.name.clone(),
        name_i18n: category.details.name_i18n.clone(),
    });
    std::iter::once(default).chain(own).collect()
}

/// The categories of a product, which is in one at least.
fn of_product(categories: Vec<i64>) -> Vec<i64> {
    if categories.is_empty() { vec![DEFAULT_CATEGORY] } else { categories }
}

impl PosProduct {
    /// With its picture, or where that was not read with what names it.
    fn of(product: Product) -> Self {
        let hash = image_hash(&product);
        let (taxes, available) = (taxes(&product), product.available());
        let Product { serial, id, details, image, .. } = product;
        Self {
            product_serial: serial.0,
            product_id: id,
            product_name: details.name,
            categories: of_product(details.categories),
            description: details.description,
            description_i18n: details.description_i18n,
            unit: details.unit,
            unit_allow_fraction: details.allow_fraction,
            unit_precision_level: details.precision,
            price: details.prices.first().copied(),
            unit_price: details.prices,
            image: image.map(|image| image.as_str().to_owned()).or(hash),
            taxes,
            unit_total_stock: details.total_stock.map(|stock| StockQuantity(Some(stock))),
            total_stock: details.total_stock.map(|stock| whole_stock(Some(stock))),
            unit_available: available.map(|stock| StockQuantity(Some(stock))),
            available: available.map(|stock| whole_stock(Some(stock))),
            minimum_age: Some(details.minimum_age).filter(|age| *age > 0),
        }
    }
}

/// `GET /private/pos`. The tag covers the pictures by their hashes, so that megabytes of them are read only for a
/// client that does not have them.
pub(super) async fn show(
    request: HttpRequest,
    till: Data<Till>,
    Authorized(principal): Authorized,
) -> Answer {
    let outline = Pos::of(till.point_of_sale(&principal, WithPictures::No).await?);
    let outline = serde_json::to_vec(&outline).map_err(|error| Failure::Bug(error.to_string()))?;
    let tag = etag::tag_of(&outline);
    if etag::is_known(&request, &tag) {
        return Ok(etag::unchanged(&tag));
    }
    let all = Pos::of(till.point_of_sale(&principal, WithPictures::Yes).await?);
    Ok(etag::tagged(&tag).json(all))
}

/// What the point of sale of 2024 reads when it is set up.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OldPos {
    /// Where it works.
    config: OldPosConfig,
    /// The categories; number 0 is that of products that are in none.
    categories: Vec<PosCategory>,
    /// The products, the oldest first.
    products: Vec<OldPosProduct>,
}

/// Where the point of sale of 2024 works.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OldPosConfig {
    /// The address of the shop's backend.
    #[cfg_attr(test, schema(value_type = taler::web::BaseUrl))]
    base_url: String,
    /// A fresh token, `secret-token:` included, with which it makes orders for 90 days.
    #[cfg_attr(test, schema(value_type = openapi::values::Token))]
    api_key: String,
}

/// A product as the point of sale of 2024 reads it.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct OldPosProduct {
    /// The product's name in addresses.
    product_id: ProductId,
    /// What it is called.
    #[cfg_attr(test, schema(example = "From the Alps"))]
    description: String,
    /// The description in other languages. It is missing if there is none.
    #[serde(skip_serializing_if = "Translations::is_empty")]
    #[cfg_attr(test, schema(required = false, value_type = openapi::values::ProductTranslations))]
    description_i18n: Translations,
    /// The price of one.
    price: Option<Amount>,
    /// Its picture as a data URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = "data:image/gif;base64,R0lGODlhAQABAAAAACw="))]
    image: Option<String>,
    /// The categories that it is in; 0 if it is in none.
    #[cfg_attr(test, schema(example = json!([1])))]
    categories: Vec<i64>,
}

/// `GET /private/pos-2024.json`: the instance's password (Basic or Bearer), the fixed token or a refreshable one
/// (Bearer) for all that the point of sale of 2024 needs, a token of its own among it.
pub(super) async fn old(
    request: HttpRequest,
    till: Data<Till>,
    settings: Data<Settings>,
    InstanceParam(instance): InstanceParam,
    credentials: Credentials,
) -> Answer {
    let base_url = base_url(&request, &settings, &instance)?;
    let wish = CreateToken {
        scope: TokenScope { scope: Scope::OrderPos, refreshable: false },
        duration: RelativeTime::from_secs(OLD_TOKEN_S).ok(),
        description: Some(OLD_TOKEN_NOTE.into()),
    };
    let client = client(&request, &settings);
    let token = tokens::trade(&till, &instance, credentials, client, wish).await?;
    let admission =
        till.admit_by_token(&instance, Some(&token.key), Some(Permission::ProductsRead))?;
    let Admission::Admitted(principal) = admission else {
        return Err(till::Error::NotAuthorized.into());
    };
    let shown = till.point_of_sale(&principal, WithPictures::Yes).await?;
    let categories = categories(&shown);
    let product = |product: Product| OldPosProduct {
        product_id: product.id,
        // It has no member for the name, and customers see this one.
        description: product.details.name,
        description_i18n: product.details.description_i18n,
        price: product.details.prices.first().copied(),
        image: product.image.map(|image| image.as_str().to_owned()),
        categories: of_product(product.details.categories),
    };
    let config = OldPosConfig {
        base_url: base_url.as_str().to_owned(),
        api_key: token.key.reveal().to_owned(),
    };
    let products = shown.products.into_iter().map(product).collect();
    Ok(HttpResponse::Ok().json(OldPos { config, categories, products }))
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    vec![
        get("/private/pos", "Everything that a point of sale shows")
            .header("If-None-Match")
            .answers::<Pos>(200, "The products and categories.")
            .with(200, "ETag", true)
            .done(304, "It is as the client knows it.")
            .with(304, "ETag", true),
        get("/private/pos-2024.json", "Sets up a point of sale of 2024, with a token of its own")
            .answers::<OldPos>(200, "All that it needs.")
            .fails(&["NotAuthorized", "TokenExpired", "TooManyAttempts", "ScopeExceeded"])
            .fails(&["InstanceUnknown", "InstanceDeleted", "NotPermitted"]),
    ]
}

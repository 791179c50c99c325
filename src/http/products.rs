//! Handlers of products (inventory 2, 3 and 9).

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::Data;
use serde::{Deserialize, Serialize};

use super::error::{Answer, Failure};
use super::extract::{Authorized, Body, PathId, QueryParams};
#[cfg(test)]
use super::openapi::{
    self,
    operation::{Operation, delete, get, patch, post},
};
use super::quantity::{Precision, StockQuantity, quantity, stock, whole_stock};
use crate::model::instance::Location;
use crate::model::product::{
    Image, Prices, Product, ProductChange, ProductFilter, Tax, Translations,
};
use crate::till::{HeldProduct, LockProduct, ProductPaging, Till};
use taler::amount::Amount;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use taler::time::{RelativeTime, Timestamp};

/// Longest name of a lock, in characters.
pub(super) const MAX_UUID: usize = 64;

/// `GET /private/products`.
pub(super) async fn list(
    till: Data<Till>,
    Authorized(principal): Authorized,
    params: QueryParams,
) -> Answer {
    let ask: ProductsQuery = params.read()?;
    let limit = ask.limit.unwrap_or(20);
    if limit == 0 {
        return Err(Failure::Malformed("limit".into()));
    }
    let filter = ProductFilter {
        category: ask.category_filter,
        group: ask.product_group_serial,
        name: ask.name_filter,
        description: ask.description_filter,
    };
    let page = ProductPaging { filter, limit, offset: ask.offset };
    let products = till.products(&principal, page).await?.into_iter();
    let products =
        products.map(|(product_id, serial)| ProductRow { product_id, product_serial: serial.0 });
    Ok(HttpResponse::Ok().json(ProductList { products: products.collect() }))
}

/// Which products are listed.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductsQuery {
    /// How many products: above zero the oldest first, below zero the newest first. Without it, 20; at most
    /// 1,024.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Rows>))]
    limit: Option<i64>,
    /// The `product_serial` from which to go on. It is not listed itself.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    offset: Option<i64>,
    /// Only products in this category.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    category_filter: Option<i64>,
    /// Only products whose name contains this text. Case does not matter.
    #[cfg_attr(test, schema(example = "cheese"))]
    name_filter: Option<String>,
    /// Only products whose description contains this text. Case does not matter.
    #[cfg_attr(test, schema(example = "alps"))]
    description_filter: Option<String>,
    /// Only products of this group.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    product_group_serial: Option<i64>,
}

/// Some of an instance's products.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductList {
    /// The products, in the direction that `limit` asks for.
    products: Vec<ProductRow>,
}

/// A product in the list.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductRow {
    /// The product's name.
    product_id: ProductId,
    /// Its place in the list, for `offset`.
    #[cfg_attr(test, schema(example = 17))]
    product_serial: i64,
}

/// A picture, or none: an empty text is none.
#[derive(Deserialize)]
#[serde(try_from = "String")]
struct ImageOrNone(Option<Image>);

impl TryFrom<String> for ImageOrNone {
    type Error = crate::model::product::BadImage;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Ok(Self(if text.is_empty() { None } else { Some(Image::parse(text)?) }))
    }
}

/// A tax on one piece of a product.
#[derive(Deserialize, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(super) struct ProductTax {
    /// What it is called: up to 512 characters.
    #[cfg_attr(test, schema(value_type = openapi::values::Line))]
    name: String,
    /// How much it is for one.
    tax: Amount,
}

impl From<&Tax> for ProductTax {
    fn from(Tax { name, tax }: &Tax) -> Self {
        Self { name: name.clone(), tax: *tax }
    }
}

/// The taxes on a product, in the words of the API.
pub(super) fn taxes(product: &Product) -> Vec<ProductTax> {
    product.details.taxes.iter().map(ProductTax::from).collect()
}

/// A product to be added.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductAdd {
    /// The product's name in addresses and lists: up to 128 characters.
    product_id: ProductId,
    /// The product in words.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductText))]
    description: String,
    /// What it is counted in: a unit of `/private/units`, or any other word of up to 80 characters.
    #[cfg_attr(test, schema(value_type = openapi::values::UnitName))]
    unit: String,
    /// What it is called. Without it, the description counts.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductName>))]
    product_name: Option<String>,
    /// The description in other languages.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    description_i18n: Option<Translations>,
    /// The categories that it is in.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::CategoryIds>))]
    categories: Option<Vec<i64>>,
    /// Whether there can be half of one. Without it, as its unit says.
    unit_allow_fraction: Option<bool>,
    /// Digits behind the dot of its quantities. Without it, as its unit says; without fractions it is 0.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Precision>))]
    unit_precision_level: Option<Precision>,
    /// What is in stock; `-1`: without end. It or `total_stock` must be there.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::StockText>))]
    unit_total_stock: Option<StockQuantity>,
    /// The whole number of `unit_total_stock`, for clients of before protocol 25.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WholeStock>))]
    total_stock: Option<i64>,
    /// The price of one, in each currency that it is sold in, taxes included; the first one is the usual one. It
    /// or `price` must be there.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::UnitPrices>))]
    unit_price: Option<Vec<Amount>>,
    /// The first of `unit_price`, for clients of before protocol 25.
    price: Option<Amount>,
    /// Whether the taxes are added to the price. Without it, the price contains them.
    price_is_net: Option<bool>,
    /// The group that it is in.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    product_group_id: Option<i64>,
    /// The pot that its income is booked to.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    money_pot_id: Option<i64>,
    /// A picture as a data URL of up to 600 KiB (png, jpeg, gif, webp or svg+xml); empty for none.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductImage>))]
    image: Option<ImageOrNone>,
    /// Taxes on one.
    #[cfg_attr(test, schema(max_items = 16))]
    taxes: Option<Vec<ProductTax>>,
    /// Where it is.
    address: Option<Location>,
    /// When there is more of it: 0 if that is not known, never if there will be none.
    next_restock: Option<Timestamp>,
    /// How old the customer must be, in years.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Age>))]
    minimum_age: Option<u8>,
}

/// What changes about a product. What is not said stays.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductPatch {
    /// What it is called.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductName>))]
    product_name: Option<String>,
    /// The product in words.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductText>))]
    description: Option<String>,
    /// The description in other languages: all of them.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductTranslations>))]
    description_i18n: Option<Translations>,
    /// The categories that it is in: all of them.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::CategoryIds>))]
    categories: Option<Vec<i64>>,
    /// What it is counted in.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::UnitName>))]
    unit: Option<String>,
    /// Whether there can be half of one.
    unit_allow_fraction: Option<bool>,
    /// Digits behind the dot of its quantities; without fractions it is 0.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Precision>))]
    unit_precision_level: Option<Precision>,
    /// What was ever stocked, what is sold and lost included; `-1`: without end. It cannot become less.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::StockText>))]
    unit_total_stock: Option<StockQuantity>,
    /// The whole number of `unit_total_stock`.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WholeStock>))]
    total_stock: Option<i64>,
    /// What was ever lost. It cannot become less.
    unit_total_lost: Option<DecimalQuantity>,
    /// The whole number of `unit_total_lost`.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WholeQuantity>))]
    total_lost: Option<i64>,
    /// The price of one, in each currency that it is sold in.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::UnitPrices>))]
    unit_price: Option<Vec<Amount>>,
    /// The first of `unit_price`.
    price: Option<Amount>,
    /// Whether the taxes are added to the price.
    price_is_net: Option<bool>,
    /// The group that it is in.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    product_group_id: Option<i64>,
    /// The pot that its income is booked to.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Serial>))]
    money_pot_id: Option<i64>,
    /// A picture as a data URL of up to 600 KiB; empty for none.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ProductImage>))]
    image: Option<ImageOrNone>,
    /// Taxes on one: all of them.
    #[cfg_attr(test, schema(max_items = 16))]
    taxes: Option<Vec<ProductTax>>,
    /// Where it is.
    address: Option<Location>,
    /// When there is more of it.
    next_restock: Option<Timestamp>,
    /// How old the customer must be, in years.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Age>))]
    minimum_age: Option<u8>,
}

/// The prices that are said by `all`, or by `first`, or by both alike.
fn prices(all: Option<Vec<Amount>>, first: Option<Amount>) -> Result<Option<Prices>, Failure> {
    match (all, first) {
        (Some(all), Some(first)) if all.first() != Some(&first) => {
            Err(Failure::Malformed("price".into()))
        }
        (Some(all), _) => Ok(Some(Prices::All(all))),
        (None, first) => Ok(first.map(Prices::First)),
    }
}

fn own_taxes(taxes: Vec<ProductTax>) -> Vec<Tax> {
    taxes.into_iter().map(|ProductTax { name, tax }| Tax { name, tax }).collect()
}

/// `POST /private/products`.
pub(super) async fn add(till: Data<Till>, Authorized(principal): Authorized, body: Body) -> Answer {
    let new: ProductAdd = body.read().await?;
    let total_stock = stock(new.total_stock, new.unit_total_stock, "unit_total_stock")?;
    let prices = prices(new.unit_price, new.price)?;
    let wish = ProductChange {
        name: new.product_name,
        description: Some(new.description),
        description_i18n: new.description_i18n,
        categories: new.categories,
        unit: Some(new.unit),
        allow_fraction: new.unit_allow_fraction,
        precision: new.unit_precision_level.map(|level| level.0),
        total_stock: Some(total_stock.ok_or(Failure::Missing("unit_total_stock".into()))?),
        total_lost: None,
        prices: Some(prices.ok_or(Failure::Missing("unit_price".into()))?),
        price_is_net: new.price_is_net,
        group: new.product_group_id,
        pot: new.money_pot_id,
        image: new.image.map(|image| image.0),
        taxes: new.taxes.map(own_taxes),
        address: new.address,
        next_restock: new.next_restock,
        minimum_age: new.minimum_age,
        low_stock: None,
    };
    till.add_product(&principal, new.product_id, wish).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// `PATCH /private/products/$PRODUCT_ID`: what is not said stays.
pub(super) async fn change(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<ProductId>,
    body: Body,
) -> Answer {
    let new: ProductPatch = body.read().await?;
    let change = ProductChange {
        name: new.product_name,
        description: new.description,
        description_i18n: new.description_i18n,
        categories: new.categories,
        unit: new.unit,
        allow_fraction: new.unit_allow_fraction,
        precision: new.unit_precision_level.map(|level| level.0),
        total_stock: stock(new.total_stock, new.unit_total_stock, "unit_total_stock")?,
        total_lost: quantity(new.total_lost, new.unit_total_lost, "unit_total_lost")?,
        prices: prices(new.unit_price, new.price)?,
        price_is_net: new.price_is_net,
        group: new.product_group_id,
        pot: new.money_pot_id,
        image: new.image.map(|image| image.0),
        taxes: new.taxes.map(own_taxes),
        address: new.address,
        next_restock: new.next_restock,
        minimum_age: new.minimum_age,
        low_stock: None,
    };
    till.change_product(&principal, id, change).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// A product in full.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductShown {
    /// What it is called.
    #[cfg_attr(test, schema(example = "Cheese"))]
    product_name: String,
    /// The product in words.
    #[cfg_attr(test, schema(example = "From the Alps"))]
    description: String,
    /// The description in other languages; empty if there is none.
    #[cfg_attr(test, schema(value_type = openapi::values::ProductTranslations))]
    description_i18n: Translations,
    /// The categories that it is in; empty if there are none.
    #[cfg_attr(test, schema(example = json!([1])))]
    categories: Vec<i64>,
    /// What it is counted in.
    #[cfg_attr(test, schema(example = "WeightUnitKg"))]
    unit: String,
    /// Whether there can be half of one.
    unit_allow_fraction: bool,
    /// Digits behind the dot of its quantities.
    #[cfg_attr(test, schema(value_type = openapi::values::Precision))]
    unit_precision_level: u8,
    /// What was ever stocked; `-1`: without end.
    #[cfg_attr(test, schema(value_type = openapi::values::StockText))]
    unit_total_stock: StockQuantity,
    /// The whole number of `unit_total_stock`.
    #[cfg_attr(test, schema(example = 10))]
    total_stock: i64,
    /// What was ever sold.
    unit_total_sold: DecimalQuantity,
    /// The whole number of `unit_total_sold`.
    #[cfg_attr(test, schema(example = 2))]
    total_sold: i64,
    /// What was ever lost.
    unit_total_lost: DecimalQuantity,
    /// The whole number of `unit_total_lost`.
    #[cfg_attr(test, schema(example = 0))]
    total_lost: i64,
    /// What can be sold now: the stock, less what is sold, lost, locked and reserved by unpaid orders; `-1`: any
    /// quantity.
    #[cfg_attr(test, schema(value_type = openapi::values::StockText))]
    unit_available: StockQuantity,
    /// The price of one, in each currency that it is sold in.
    unit_price: Vec<Amount>,
    /// The first of `unit_price`.
    price: Option<Amount>,
    /// Whether the taxes are added to the price.
    price_is_net: bool,
    /// The group that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 1))]
    product_group_id: Option<i64>,
    /// The pot that its income is booked to.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(example = 1))]
    money_pot_id: Option<i64>,
    /// Its picture as a data URL; empty if there is none.
    #[cfg_attr(test, schema(example = "data:image/gif;base64,R0lGODlhAQABAAAAACw="))]
    image: String,
    /// The hash that names the picture in `/products/$HASH/image`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::ImageHash>))]
    image_hash: Option<String>,
    /// Taxes on one.
    taxes: Vec<ProductTax>,
    /// Where it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<Location>,
    /// When there is more of it. It is missing if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_restock: Option<Timestamp>,
    /// How old the customer must be, in years. It is missing if any age will do.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[cfg_attr(test, schema(value_type = Option<openapi::values::Age>))]
    minimum_age: Option<u8>,
}

/// The hash of a product's picture as addresses have it.
pub(super) fn image_hash(product: &Product) -> Option<String> {
    product.image_hash.map(|hash| data_encoding::HEXLOWER.encode(&hash))
}

/// `GET /private/products/$PRODUCT_ID`.
pub(super) async fn show(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<ProductId>,
) -> Answer {
    let product = till.product(&principal, id).await?;
    let (image_hash, taxes, available) =
        (image_hash(&product), taxes(&product), product.available());
    let Product { details, sold, image, .. } = product;
    Ok(HttpResponse::Ok().json(ProductShown {
        product_name: details.name,
        description: details.description,
        description_i18n: details.description_i18n,
        categories: details.categories,
        unit: details.unit,
        unit_allow_fraction: details.allow_fraction,
        unit_precision_level: details.precision,
        unit_total_stock: StockQuantity(details.total_stock),
        total_stock: whole_stock(details.total_stock),
        unit_total_sold: sold,
        total_sold: whole_stock(Some(sold)),
        unit_total_lost: details.total_lost,
        total_lost: whole_stock(Some(details.total_lost)),
        unit_available: StockQuantity(available),
        price: details.prices.first().copied(),
        unit_price: details.prices,
        price_is_net: details.price_is_net,
        product_group_id: details.group,
        money_pot_id: details.pot,
        image: image.map_or_else(String::new, |image| image.as_str().to_owned()),
        image_hash,
        taxes,
        address: details.address,
        next_restock: Some(details.next_restock).filter(|time| *time != Timestamp::ZERO),
        minimum_age: Some(details.minimum_age).filter(|age| *age > 0),
    }))
}

/// `DELETE /private/products/$PRODUCT_ID`.
pub(super) async fn remove(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<ProductId>,
    params: QueryParams,
) -> Answer {
    let ProductDeletion { force } = params.read()?;
    let held = if force { HeldProduct::Delete } else { HeldProduct::Keep };
    till.delete_product(&principal, id, held).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// How a product is deleted.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ProductDeletion {
    /// Whether a product is deleted of which something is locked or reserved by an unpaid order.
    #[serde(default)]
    #[cfg_attr(test, schema(value_type = openapi::values::YesNo))]
    force: bool,
}

/// A lock of a product.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct LockRequest {
    /// The client's own name for the customer: up to 64 characters. A lock of the same name is replaced. An
    /// order names it in `lock_uuids`.
    #[cfg_attr(test, schema(value_type = openapi::values::LockName))]
    lock_uuid: String,
    /// For how long. Whatever is said, a lock ends after a day.
    duration: RelativeTime,
    /// How much is locked; 0 ends the lock. Without it and `unit_quantity`: 1.
    #[cfg_attr(test, schema(value_type = Option<openapi::values::WholeQuantity>))]
    quantity: Option<i64>,
    /// The same with digits behind the dot.
    unit_quantity: Option<DecimalQuantity>,
}

/// `POST /private/products/$PRODUCT_ID/lock`.
pub(super) async fn lock(
    till: Data<Till>,
    Authorized(principal): Authorized,
    PathId(id): PathId<ProductId>,
    body: Body,
) -> Answer {
    let wish: LockRequest = body.read().await?;
    if !is_uuid(&wish.lock_uuid) {
        return Err(Failure::Malformed("lock_uuid".into()));
    }
    let quantity = quantity(wish.quantity, wish.unit_quantity, "unit_quantity")?;
    let wish = LockProduct {
        uuid: wish.lock_uuid,
        duration: wish.duration,
        quantity: quantity.unwrap_or(DecimalQuantity::ONE),
    };
    till.lock_product(&principal, id, wish).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Whether `text` can name a lock.
pub(super) fn is_uuid(text: &str) -> bool {
    (1..=MAX_UUID).contains(&text.chars().count()) && !text.contains(char::is_control)
}

/// A picture.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ImageShown {
    /// The picture as a data URL.
    #[cfg_attr(test, schema(example = "data:image/gif;base64,R0lGODlhAQABAAAAACw="))]
    image: String,
}

/// `GET /products/$IMAGE_HASH/image`: as a data URL in JSON, so that no browser takes it for a page of ours.
pub(super) async fn image(till: Data<Till>, PathId(hash): PathId<String>) -> Answer {
    let decoded = data_encoding::HEXLOWER_PERMISSIVE.decode(hash.as_bytes());
    let hash = decoded.ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
    let hash = hash.ok_or_else(|| Failure::Malformed("hash".into()))?;
    let image = till.image(hash).await?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=31536000, immutable"))
        .json(ImageShown { image: image.as_str().to_owned() }))
}

/// How the API document describes these routes.
#[cfg(test)]
pub(super) fn operations() -> Vec<Operation> {
    const NAMED: &str = "The product's name.";
    vec![
        get("/private/products", "The list of products")
            .asks::<ProductsQuery>()
            .answers::<ProductList>(200, "The products."),
        post("/private/products", "Adds a product; the same once more changes nothing")
            .reads::<ProductAdd>()
            .done(204, "It is there.")
            .fails(&[
                "CategoryUnknown",
                "Full",
                "GroupUnknown",
                "InvalidField",
                "PotUnknown",
                "ProductExists",
            ]),
        get("/private/products/{id}", "A product")
            .at::<ProductId>(NAMED)
            .answers::<ProductShown>(200, "The product.")
            .fails(&["ProductUnknown"]),
        patch("/private/products/{id}", "Changes a product; what is not said stays")
            .at::<ProductId>(NAMED)
            .reads::<ProductPatch>()
            .done(204, "It is changed.")
            .fails(&[
                "CategoryUnknown",
                "Full",
                "GroupUnknown",
                "InvalidField",
                "LostBeyondStock",
                "LostReduced",
                "PotUnknown",
                "ProductUnknown",
                "StockReduced",
            ]),
        delete("/private/products/{id}", "Deletes a product; contracts that have it stay")
            .at::<ProductId>(NAMED)
            .asks::<ProductDeletion>()
            .done(204, "It is gone.")
            .fails(&["ProductHeld", "ProductUnknown"]),
        post("/private/products/{id}/lock", "Locks some of a product for a customer")
            .at::<ProductId>(NAMED)
            .reads::<LockRequest>()
            .done(204, "It is locked.")
            .fails(&["Full", "InvalidField", "OutOfStock", "ProductUnknown"]),
    ]
}

/// How the API document describes the public picture.
#[cfg(test)]
pub(super) fn public_operations() -> Vec<Operation> {
    const HASH: &str = "SHA-256 of the picture's base64 text, in hexadecimal digits.";
    vec![
        get("/products/{id}/image", "The picture of a product, for anybody")
            .at::<openapi::values::ImageHash>(HASH)
            .answers::<ImageShown>(200, "The picture.")
            .with(200, "Cache-Control", true)
            .fails(&["ImageUnknown", "InstanceUnknown", "InstanceDeleted"]),
    ]
}

//! What the demo shop sells at its till: a few products of three categories, with pictures that were drawn for it.

use data_encoding::BASE64;

use super::Error;
use super::demo_folder::fixed;
use crate::model::category::NewCategory;
use crate::model::product::{Image, Prices, ProductChange, ProductFilter, Translations};
use crate::till::{Principal, ProductPaging, Till};
use taler::amount::Amount;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;

/// A category: its name in English and in German.
type CategoryNames = (&'static str, &'static str);

const DRINKS: CategoryNames = ("Drinks", "Getränke");
const FOOD: CategoryNames = ("Food", "Essen");
const THINGS: CategoryNames = ("Books and more", "Bücher und mehr");

/// A product of the demo shop.
struct DemoProduct {
    id: &'static str,
    name: &'static str,
    german: &'static str,
    category: CategoryNames,
    price: &'static str,
    /// What it is counted in, if not in pieces.
    unit: &'static str,
    /// How much there is; `None`: without end.
    stock: Option<&'static str>,
    picture: &'static str,
}

/// A product whose picture is the file of its name.
macro_rules! product {
    ($id:literal, $name:literal, $german:literal, $category:expr, $price:literal, $unit:literal, $stock:expr) => {
        DemoProduct {
            id: $id,
            name: $name,
            german: $german,
            category: $category,
            price: $price,
            unit: $unit,
            stock: $stock,
            picture: include_str!(concat!("demo_pictures/", $id, ".svg")),
        }
    };
}

/// One of them is divided, some run out, and of one there is nothing left.
const PRODUCTS: &[DemoProduct] = &[
    product!("coffee", "Coffee", "Kaffee", DRINKS, "KUDOS:2.50", "Piece", None),
    product!("tea", "Tea", "Tee", DRINKS, "KUDOS:2.20", "Piece", None),
    product!("juice", "Apple juice", "Apfelsaft", DRINKS, "KUDOS:3", "Piece", Some("24")),
    product!("croissant", "Croissant", "Croissant", FOOD, "KUDOS:1.80", "Piece", Some("30")),
    product!("cake", "Piece of cake", "Stück Kuchen", FOOD, "KUDOS:3.40", "Piece", Some("12")),
    product!(
        "cheese",
        "Mountain cheese",
        "Bergkäse",
        FOOD,
        "KUDOS:21.50",
        "WeightUnitKg",
        Some("8")
    ),
    product!(
        "book",
        "A book about money",
        "Ein Buch über Geld",
        THINGS,
        "KUDOS:12",
        "Piece",
        Some("5")
    ),
    product!("ticket", "Concert ticket", "Konzertkarte", THINGS, "KUDOS:25", "Piece", Some("40")),
    product!("mug", "Mug", "Becher", THINGS, "KUDOS:9.50", "Piece", Some("0")),
];

/// Adds the products to a shop that has none.
pub(super) async fn stock_up(till: &Till, principal: &Principal) -> Result<(), Error> {
    let first = ProductPaging { filter: ProductFilter::default(), limit: 1, offset: None };
    if !till.products(principal, first).await?.is_empty() {
        return Ok(());
    }
    for product in PRODUCTS {
        let (name, german) = product.category;
        let known = till.categories(principal).await?;
        let known = known.into_iter().find(|category| category.details.name == name);
        let category = match known {
            Some(category) => category.serial,
            None => {
                let name_i18n = Translations::from([("de".to_owned(), german.to_owned())]);
                till.add_category(principal, NewCategory { name: name.to_owned(), name_i18n })
                    .await?
            }
        };
        let image = BASE64.encode(product.picture.trim().as_bytes());
        let image = Image::parse(format!("data:image/svg+xml;base64,{image}")).map_err(fixed)?;
        let stock = product.stock.map(DecimalQuantity::parse).transpose().map_err(fixed)?;
        let new = ProductChange {
            name: Some(product.name.to_owned()),
            description: Some(product.name.to_owned()),
            description_i18n: Some(Translations::from([(
                "de".to_owned(),
                product.german.to_owned(),
            )])),
            categories: Some(vec![category]),
            unit: Some(product.unit.to_owned()),
            total_stock: Some(stock),
            prices: Some(Prices::First(Amount::parse(product.price).map_err(fixed)?)),
            image: Some(Some(image)),
            ..ProductChange::default()
        };
        till.add_product(principal, ProductId::parse(product.id).map_err(fixed)?, new).await?;
    }
    Ok(())
}

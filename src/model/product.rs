//! A product of a shop's inventory: what it is, what it costs, how much of it there is (inventory 2).
//!
//! Stock, sold and lost are counters that only grow. What can be sold now is the first, less the other two,
//! less what is locked for customers and reserved by unpaid orders.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::instance::{Location, MAX_LINE, MAX_LOGO};
use super::invalid_field::InvalidField;
use taler::amount::{Amount, Currency};
use taler::characters::is_clean;
use taler::coin::age::MAX_AGE;
use taler::ids::ProductId;
use taler::quantity::{DIGITS, DecimalQuantity};
use taler::text::bad_text;
use taler::time::Timestamp;

/// Longest description of a product, in characters; as long as a text of an order may be.
pub(crate) const MAX_TEXT: usize = 4096;
/// Longest name of a unit, in characters: shops use codes of their other programs.
pub(crate) const MAX_UNIT: usize = 80;
/// Most prices of a product, each in another currency.
pub(crate) const MAX_PRICES: usize = 16;
/// Most taxes on a product.
pub(crate) const MAX_TAXES: usize = 16;
/// Most categories that a product is in.
pub(crate) const MAX_CATEGORIES: usize = 64;
/// Most languages of a text, and the longest tag of one.
pub(crate) const MAX_LANGUAGES: usize = 64;
/// Longest picture as a data URL, in bytes: as long as a logo.
pub(crate) const MAX_IMAGE: usize = MAX_LOGO;
/// Most digits behind the dot of a quantity.
pub(crate) const MAX_PRECISION: u8 = DIGITS;

/// The kinds of pictures that are taken.
pub(crate) const IMAGE_KINDS: &[&str] = &["png", "jpeg", "gif", "webp", "svg+xml"];

/// Names one product inside the store; also its place in the shop's list.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct ProductSerial(pub i64);

/// Names one picture inside the store.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct ImageSerial(pub i64);

/// A text in other languages, by their tags.
pub type Translations = BTreeMap<String, String>;

/// Whether a contract can hold these translations: their tags are names of members there.
pub fn are_translations(texts: &Translations) -> bool {
    let is_tag = |tag: &str| {
        (1..=MAX_LANGUAGES).contains(&tag.len())
            && tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
    };
    texts.len() <= MAX_LANGUAGES
        && texts.iter().all(|(tag, text)| is_tag(tag) && is_text(text, MAX_TEXT))
}

/// Whether `text` has at most so many characters and can stand in a contract.
pub fn is_text(text: &str, most: usize) -> bool {
    text.chars().count() <= most && is_clean(text)
}

/// A tax on one piece of a product.
#[derive(Clone, Debug, Deserialize, Eq, PartialEq, Serialize)]
pub struct Tax {
    /// What it is called.
    pub name: String,
    /// How much it is for one.
    pub tax: Amount,
}

bad_text! {
    /// This text is no picture; the sentence says why.
    BadImage
}

/// A picture as a data URL.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Image(String);

impl Image {
    /// Takes `data:image/KIND;base64,DATA` of up to 600 KiB, KIND one of png, jpeg, gif, webp and svg+xml.
    ///
    /// # Errors
    /// For any other text.
    pub fn parse(text: impl Into<String>) -> Result<Self, BadImage> {
        let text = text.into();
        if text.len() > MAX_IMAGE {
            return Err(BadImage("a picture has at most 614,400 bytes as a data URL"));
        }
        let kind = text.strip_prefix("data:image/").and_then(|rest| rest.split_once(";base64,"));
        let Some((kind, data)) = kind else {
            return Err(BadImage("a picture reads data:image/png;base64,DATA"));
        };
        if !IMAGE_KINDS.contains(&kind) {
            return Err(BadImage("a picture is png, jpeg, gif, webp or svg+xml"));
        }
        let digits = data.trim_end_matches('=');
        let fits = |b: u8| b.is_ascii_alphanumeric() || b"+/".contains(&b);
        if digits.is_empty()
            || data.len().saturating_sub(digits.len()) > 2
            || !digits.bytes().all(fits)
        {
            return Err(BadImage("a picture's data is base64"));
        }
        Ok(Self(text))
    }

    /// The data URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its media type, such as `image/png`.
    pub fn media_type(&self) -> &str {
        let kind = self.0.strip_prefix("data:").and_then(|rest| rest.split_once(';'));
        kind.map_or("", |(kind, _)| kind)
    }

    /// What follows `base64,`.
    pub fn data(&self) -> &str {
        self.0.split_once(',').map_or("", |(_, data)| data)
    }
}

taler::text::text_value!(Image, BadImage);

/// What the shop says of a product.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProductDetails {
    /// What it is called.
    pub name: String,
    /// In words.
    pub description: String,
    /// The description in other languages.
    pub description_i18n: Translations,
    /// The categories that it is in, ascending.
    pub categories: Vec<i64>,
    /// What it is counted in: a unit of the shop, or any other word.
    pub unit: String,
    /// Whether there can be half of one.
    pub allow_fraction: bool,
    /// Digits behind the dot of its quantities; 0 where no fraction is allowed.
    pub precision: u8,
    /// What was ever stocked; `None`: without end.
    pub total_stock: Option<DecimalQuantity>,
    /// What was ever lost.
    pub total_lost: DecimalQuantity,
    /// The price of one, in each currency that it is sold in; the first one is the usual one.
    pub prices: Vec<Amount>,
    /// Whether taxes are added to the price.
    pub price_is_net: bool,
    /// The shop's label for it.
    pub group: Option<i64>,
    /// Where its income is booked.
    pub pot: Option<i64>,
    /// Taxes on one.
    pub taxes: Vec<Tax>,
    /// Where it is.
    pub address: Option<Location>,
    /// When there is more of it; the time zero: it is not known.
    pub next_restock: Timestamp,
    /// How old the customer must be, in years; 0: any age.
    pub minimum_age: u8,
}

impl ProductDetails {
    /// Checks lengths, forms, and what must fit together.
    ///
    /// # Errors
    /// [`InvalidField`] names the first member that does not fit.
    pub fn check(&self) -> Result<(), InvalidField> {
        let mut currencies: Vec<&Currency> = self.prices.iter().map(Amount::currency).collect();
        currencies.sort_unstable();
        currencies.dedup();
        let fits = |quantity: &DecimalQuantity| quantity.digits() <= self.precision;
        let checks = [
            ("product_name", !self.name.is_empty() && is_text(&self.name, MAX_TEXT)),
            ("description", is_text(&self.description, MAX_TEXT)),
            ("description_i18n", are_translations(&self.description_i18n)),
            ("categories", self.categories.len() <= MAX_CATEGORIES),
            ("unit", is_text(&self.unit, MAX_UNIT)),
            ("unit_precision_level", self.precision <= MAX_PRECISION),
            ("unit_total_stock", self.total_stock.as_ref().is_none_or(fits)),
            ("unit_total_lost", fits(&self.total_lost)),
            (
                "unit_price",
                (1..=MAX_PRICES).contains(&self.prices.len())
                    && currencies.len() == self.prices.len(),
            ),
            (
                "taxes",
                self.taxes.len() <= MAX_TAXES
                    && self.taxes.iter().all(|tax| is_text(&tax.name, MAX_LINE)),
            ),
            ("address", self.address.as_ref().is_none_or(Location::fits)),
            ("minimum_age", self.minimum_age <= MAX_AGE),
        ];
        match checks.into_iter().find(|(_, fits)| !fits) {
            Some((member, _)) => Err(InvalidField(member)),
            None => Ok(()),
        }
    }
}

/// How finely products of a unit are divided, unless they say so themselves.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct UnitDefaults {
    /// Whether there can be half of one.
    pub allow_fraction: bool,
    /// Digits behind the dot.
    pub precision: u8,
}

/// Prices as a client says them.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Prices {
    /// All of them.
    All(Vec<Amount>),
    /// The first one, by a client that knows of one only.
    First(Amount),
}

/// What is to be changed about a product; `None` stays as it is.
#[derive(Clone, Debug, Default)]
pub struct ProductChange {
    /// What it is called.
    pub name: Option<String>,
    /// In words.
    pub description: Option<String>,
    /// The description in other languages.
    pub description_i18n: Option<Translations>,
    /// The categories that it is in.
    pub categories: Option<Vec<i64>>,
    /// What it is counted in.
    pub unit: Option<String>,
    /// Whether there can be half of one.
    pub allow_fraction: Option<bool>,
    /// Digits behind the dot of its quantities.
    pub precision: Option<u8>,
    /// What was ever stocked; `Some(None)`: without end.
    pub total_stock: Option<Option<DecimalQuantity>>,
    /// What was ever lost.
    pub total_lost: Option<DecimalQuantity>,
    /// The price of one.
    pub prices: Option<Prices>,
    /// Whether taxes are added to the price.
    pub price_is_net: Option<bool>,
    /// The shop's label for it.
    pub group: Option<i64>,
    /// Where its income is booked.
    pub pot: Option<i64>,
    /// Its picture; `Some(None)`: it has none any more.
    pub image: Option<Option<Image>>,
    /// Taxes on one.
    pub taxes: Option<Vec<Tax>>,
    /// Where it is.
    pub address: Option<Location>,
    /// When there is more of it.
    pub next_restock: Option<Timestamp>,
    /// How old the customer must be, in years.
    pub minimum_age: Option<u8>,
    /// From which quantity on it is low; `Some(None)`: when nothing is left. The API does not know it.
    pub low_stock: Option<Option<DecimalQuantity>>,
}

impl ProductChange {
    /// What a new product is, or with `before` a changed one; `unit` is what holds for its unit. The picture is
    /// kept apart.
    pub fn of(&self, before: Option<&ProductDetails>, unit: UnitDefaults) -> ProductDetails {
        let said_unit = self.unit.clone().or_else(|| before.map(|old| old.unit.clone()));
        // As fine as it was, unless it is counted in something else now.
        let same_unit = before.filter(|old| said_unit.as_ref() == Some(&old.unit));
        let usual = same_unit.map_or(unit.allow_fraction, |old| old.allow_fraction);
        let allow_fraction = self.allow_fraction.unwrap_or(usual);
        let usual = match same_unit {
            Some(old) if old.allow_fraction => old.precision,
            _ if unit.allow_fraction => unit.precision,
            _ => MAX_PRECISION,
        };
        let precision = self.precision.unwrap_or(usual);
        let mut categories = self.categories.clone();
        if let Some(categories) = &mut categories {
            categories.sort_unstable();
            categories.dedup();
        }
        let old_prices = before.map(|old| old.prices.as_slice()).unwrap_or_default();
        let prices = match &self.prices {
            None => old_prices.to_vec(),
            Some(Prices::All(prices)) => prices.clone(),
            Some(Prices::First(price)) => {
                let others = old_prices.iter().skip(1).copied();
                let others = others.filter(|other| other.currency() != price.currency());
                std::iter::once(*price).chain(others).collect()
            }
        };
        let description =
            self.description.clone().or_else(|| before.map(|b| b.description.clone()));
        let description = description.unwrap_or_default();
        let name = self.name.clone().or_else(|| before.map(|old| old.name.clone()));
        ProductDetails {
            name: name.unwrap_or_else(|| description.clone()),
            description,
            description_i18n: self
                .description_i18n
                .clone()
                .or_else(|| before.map(|old| old.description_i18n.clone()))
                .unwrap_or_default(),
            categories: categories
                .or_else(|| before.map(|old| old.categories.clone()))
                .unwrap_or_default(),
            unit: said_unit.unwrap_or_default(),
            allow_fraction,
            precision: if allow_fraction { precision } else { 0 },
            total_stock: self.total_stock.unwrap_or_else(|| before.and_then(|old| old.total_stock)),
            total_lost: self
                .total_lost
                .or_else(|| before.map(|old| old.total_lost))
                .unwrap_or_default(),
            prices,
            price_is_net: self
                .price_is_net
                .or_else(|| before.map(|old| old.price_is_net))
                .unwrap_or_default(),
            group: self.group.or_else(|| before.and_then(|old| old.group)),
            pot: self.pot.or_else(|| before.and_then(|old| old.pot)),
            taxes: self
                .taxes
                .clone()
                .or_else(|| before.map(|old| old.taxes.clone()))
                .unwrap_or_default(),
            address: self.address.clone().or_else(|| before.and_then(|old| old.address.clone())),
            next_restock: self
                .next_restock
                .or_else(|| before.map(|old| old.next_restock))
                .unwrap_or(Timestamp::ZERO),
            minimum_age: self
                .minimum_age
                .or_else(|| before.map(|old| old.minimum_age))
                .unwrap_or_default(),
        }
    }
}

/// A product as it is kept.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Product {
    /// Its place in the list.
    pub serial: ProductSerial,
    /// The shop's own name for it.
    pub id: ProductId,
    /// What the shop says of it.
    pub details: ProductDetails,
    /// What was ever sold.
    pub sold: DecimalQuantity,
    /// What is locked for customers and reserved by unpaid orders.
    pub held: DecimalQuantity,
    /// Its picture's row.
    pub image_serial: Option<ImageSerial>,
    /// SHA-256 of the picture's base64 text.
    pub image_hash: Option<[u8; 32]>,
    /// The picture, if it is there and not longer than was asked for.
    pub image: Option<Image>,
    /// From which quantity on the shop wants to buy more; `None`: when nothing is left.
    pub low_stock: Option<DecimalQuantity>,
}

impl Product {
    /// How much can be sold now; `None`: any quantity.
    pub fn available(&self) -> Option<DecimalQuantity> {
        let stock = self.details.total_stock?;
        let gone = self.sold.saturating_add(self.details.total_lost).saturating_add(self.held);
        Some(stock.saturating_sub(gone))
    }

    /// How much is there, whether customers have reserved some or not; `None`: it is not counted. More may
    /// have been sold than there was.
    pub fn present(&self) -> Option<DecimalQuantity> {
        let gone = self.sold.saturating_add(self.details.total_lost);
        Some(self.details.total_stock?.saturating_sub(gone))
    }

    /// Whether more was sold than there was, so that nothing is there but the counters do not say so.
    pub fn is_oversold(&self) -> bool {
        let gone = self.sold.saturating_add(self.details.total_lost);
        self.details.total_stock.is_some_and(|stock| stock < gone)
    }

    /// Whether the shop wants to buy more.
    pub fn is_low(&self) -> bool {
        self.present().is_some_and(|present| present <= self.low_stock.unwrap_or_default())
    }

    /// The price of one in `currency`.
    pub fn price_in(&self, currency: &Currency) -> Option<&Amount> {
        self.details.prices.iter().find(|price| price.currency() == currency)
    }

    /// Whether customers can buy it by itself: a price of zero says that the front end must know it.
    pub fn is_priced(&self) -> bool {
        self.details.prices.iter().any(|price| !price.is_zero())
    }
}

/// Which products are listed.
#[derive(Clone, Debug, Default)]
pub struct ProductFilter {
    /// In this category.
    pub category: Option<i64>,
    /// With this label.
    pub group: Option<i64>,
    /// With this in the name, upper or lower case.
    pub name: Option<String>,
    /// With this in the description, upper or lower case.
    pub description: Option<String>,
}

/// A product that an order takes more of than there is.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Shortage {
    /// Which.
    pub product_id: ProductId,
    /// How much was asked for.
    pub requested: DecimalQuantity,
    /// How much there is.
    pub available: DecimalQuantity,
    /// When there is more; the time zero: it is not known.
    pub next_restock: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_pictures_are_pictures() {
        for good in [
            "data:image/png;base64,iVBORw0KGgo=",
            "data:image/svg+xml;base64,PHN2Zz4=",
            "data:image/webp;base64,AA",
        ] {
            assert_eq!(Image::parse(good).unwrap().as_str(), good);
        }
        let gif = Image::parse("data:image/gif;base64,R0lG").unwrap();
        assert_eq!((gif.media_type(), gif.data()), ("image/gif", "R0lG"));
        for bad in [
            "",
            "iVBORw0KGgo=",
            "data:text/html;base64,AAAA",
            "data:image/png,AAAA",
            "data:image/png;charset=x;base64,AAAA",
            "data:image/PNG;base64,AAAA",
            "data:image/png;base64,",
            "data:image/png;base64,===",
            "data:image/png;base64,AA=A",
            "data:image/png;base64,A\"A",
        ] {
            assert!(Image::parse(bad).is_err(), "{bad}");
        }
        let long = |length: usize| {
            let start = "data:image/png;base64,";
            format!("{start}{}", "A".repeat(length - start.len()))
        };
        assert!(Image::parse(long(MAX_IMAGE)).is_ok());
        assert!(Image::parse(long(MAX_IMAGE + 1)).is_err());
    }
}

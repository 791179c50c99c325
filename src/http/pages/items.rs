//! The items of an order, from its terms, in the visitor's language and number format.
//!
//! Shops may have parts of the terms forgotten: missing parts are not shown.

use serde_json::{Map, Value};

use taler::amount::Amount;
use taler::currency::CurrencySpecification;
use ui::messages::filled;
use ui::{Locale, money};

/// Most products that a page lists.
const MAX_LINES: usize = 30;
/// Most products that a receipt lists: all that a contract can have.
pub(super) const ALL_LINES: usize = 1024;
/// Most characters of a text that a page shows.
const MAX_TEXT: usize = 800;
/// Most characters of a product's name that a page shows.
const MAX_NAME: usize = 100;

/// What is bought.
pub(super) struct OrderItems {
    /// In a line; the contract's own words where there are none in the visitor's language.
    pub(super) summary: String,
    /// The shop's name, empty if it has none.
    pub(super) shop: String,
    /// One by one.
    pub(super) lines: Vec<Line>,
    /// Whether any of them says a price.
    pub(super) has_prices: bool,
    /// How many are not listed.
    pub(super) more: Option<String>,
    /// The shop's message to the payer.
    pub(super) message: Option<String>,
}

/// A product.
pub(super) struct Line {
    pub(super) name: String,
    pub(super) quantity: String,
    pub(super) price: String,
    /// The price as a number.
    pub(super) amount: Option<Amount>,
}

impl OrderItems {
    /// Reads `terms`, of an order whose summary is `summary`, with as many products as a page lists.
    pub(super) fn of(
        terms: &Map<String, Value>,
        summary: &str,
        currencies: &[CurrencySpecification],
        locale: Locale,
    ) -> Self {
        Self::with_lines(MAX_LINES, terms, summary, currencies, locale)
    }

    /// The same with so many products.
    pub(super) fn with_lines(
        most: usize,
        terms: &Map<String, Value>,
        summary: &str,
        currencies: &[CurrencySpecification],
        locale: Locale,
    ) -> Self {
        let none = Vec::new();
        let products = terms.get("products").and_then(Value::as_array).unwrap_or(&none);
        let line = |product: &Value| line(product.as_object()?, currencies, locale);
        let mut lines: Vec<Line> = products.iter().filter_map(line).collect();
        let rest = lines.len().saturating_sub(most);
        lines.truncate(most);
        let shop = terms.get("merchant").and_then(|merchant| text(merchant.get("name")));
        Self {
            summary: shortened(translated(terms, "summary", locale).unwrap_or(summary), MAX_TEXT),
            shop: shortened(shop.unwrap_or_default(), MAX_NAME),
            has_prices: lines.iter().any(|line| !line.price.is_empty()),
            lines,
            more: (rest > 0)
                .then(|| filled(locale.messages().more_products, &[rest.to_string().as_str()])),
            message: translated(terms, "fulfillment_message", locale)
                .map(|text| shortened(text, MAX_TEXT)),
        }
    }
}

/// What a product says; nothing if it has no name.
fn line(
    product: &Map<String, Value>,
    currencies: &[CurrencySpecification],
    locale: Locale,
) -> Option<Line> {
    let name = match text(product.get("product_name")) {
        Some(name) => name,
        None => translated(product, "description", locale)?,
    };
    let quantity = match (product.get("unit_quantity"), product.get("quantity")) {
        (Some(Value::String(decimal)), _) => decimal.replace('.', &locale.decimal.to_string()),
        (_, Some(Value::Number(count))) => count.to_string(),
        _ => String::new(),
    };
    let unit = text(product.get("unit")).filter(|_| !quantity.is_empty()).unwrap_or_default();
    let first = product.get("prices").and_then(|prices| prices.get(0));
    let price = text(product.get("price").or(first)).and_then(|text| Amount::parse(text).ok());
    Some(Line {
        name: shortened(name, MAX_NAME),
        quantity: shortened(format!("{quantity} {unit}").trim(), 40),
        amount: price,
        // On a small screen it may wrap to two lines.
        price: price.map_or_else(String::new, |price| {
            money::show(&price, currencies, locale).replace('\u{a0}', " ")
        }),
    })
}

/// The text `name` in the visitor's language, if `members` has it in that (`NAME_i18n`), else as it
/// is.
fn translated<'a>(members: &'a Map<String, Value>, name: &str, locale: Locale) -> Option<&'a str> {
    let tag = locale.language.tag();
    let other = members.get(&format!("{name}_i18n")).and_then(Value::as_object);
    let own = other.and_then(|texts| {
        let speaks = |key: &str| key.split(['-', '_']).next().is_some_and(|main| main == tag);
        texts.get(tag).or_else(|| texts.iter().find(|(key, _)| speaks(key)).map(|(_, value)| value))
    });
    text(own).or_else(|| text(members.get(name)))
}

fn text(value: Option<&Value>) -> Option<&str> {
    value?.as_str().filter(|text| !text.trim().is_empty())
}

/// The beginning of `text`, with a mark where something is missing.
pub(super) fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn items(terms: &Value, language: &str) -> OrderItems {
        let Value::Object(terms) = terms else { panic!("an object") };
        OrderItems::of(terms, "Two teas", &[], Locale::of(language))
    }

    #[test]
    fn terms_are_told_in_the_visitors_words_and_numbers() {
        let terms = json!({
            "merchant": { "name": "Tea room" },
            "summary_i18n": { "de_CH": "Zwei Tees", "fr": "Deux thés" },
            "fulfillment_message": "Enjoy!",
            "products": [
                { "description": "Tea", "quantity": 2, "unit": "cups", "price": "EUR:2.5" },
                { "product_name": "Cake", "unit_quantity": "0.5", "prices": ["EUR:1"] },
                { "quantity": 1 },
                { "description": "Water" },
            ],
        });
        let german = items(&terms, "de");
        assert_eq!((german.summary.as_str(), german.shop.as_str()), ("Zwei Tees", "Tea room"));
        assert_eq!(german.message.as_deref(), Some("Enjoy!"));
        let lines: Vec<_> = german
            .lines
            .iter()
            .map(|line| format!("{}/{}/{}", line.name, line.quantity, line.price))
            .collect();
        assert_eq!(lines, ["Tea/2 cups/2,50 €", "Cake/0,5/1,00 €", "Water//"]);
        assert_eq!(items(&terms, "en").summary, "Two teas");
    }

    #[test]
    fn what_was_forgotten_or_is_too_much_does_not_spoil_the_page() {
        let nothing = items(&json!({}), "en");
        assert!(nothing.lines.is_empty() && nothing.shop.is_empty() && nothing.message.is_none());
        let many = json!({ "products": vec![json!({ "description": "é".repeat(4000) }); 70] });
        let many = items(&many, "en");
        assert_eq!((many.lines.len(), many.more.as_deref()), (MAX_LINES, Some("and 40 more")));
        assert_eq!(many.lines[0].name.chars().count(), MAX_NAME + 1);
    }
}

//! The catalog of goods, and the templates that the shop needs at its till.

use serde_json::{Map, Value, json};

use taler::ids::{BadId, TemplateId};
use taler::template::{BadTemplate, Template, TemplateContract};
use ui::Messages;
use ui::messages::ENGLISH;

/// What everything is priced in: play money.
pub const CURRENCY: &str = "KUDOS";
/// The template by which visitors tip.
pub(super) const TIP_JAR: &str = "tip-jar";
/// The template by which visitors open the article.
pub(super) const ARTICLE: &str = "article";
/// What the article costs.
pub(super) const ARTICLE_PRICE: &str = "KUDOS:0.50";
/// What a visitor tips who does not say otherwise, as a number.
pub(super) const TIP: &str = "2";

/// Something on the shelf.
#[derive(Debug)]
pub(super) struct Good {
    /// Its name in forms, and that of its picture.
    pub(super) id: &'static str,
    /// What it costs.
    pub(super) price: &'static str,
    /// What visitors call it; one line about it; what a visitor gets who has paid.
    texts: fn(&Messages) -> [&'static str; 3],
}

/// Everything on the shelf.
pub(super) const CATALOG: [Good; 3] = [
    Good {
        id: "coffee",
        price: "KUDOS:2.50",
        texts: |messages| {
            [messages.demo_coffee, messages.demo_coffee_about, messages.demo_coffee_delivery]
        },
    },
    Good {
        id: "book",
        price: "KUDOS:12",
        texts: |messages| {
            [messages.demo_book, messages.demo_book_about, messages.demo_book_delivery]
        },
    },
    Good {
        id: "ticket",
        price: "KUDOS:25",
        texts: |messages| {
            [messages.demo_ticket, messages.demo_ticket_about, messages.demo_ticket_delivery]
        },
    },
];

impl Good {
    /// What visitors call it; in English the order's summary.
    pub(super) fn name(&self, messages: &Messages) -> &'static str {
        let [name, ..] = (self.texts)(messages);
        name
    }

    /// One line about it.
    pub(super) fn about(&self, messages: &Messages) -> &'static str {
        let [_, about, _] = (self.texts)(messages);
        about
    }

    /// What a visitor gets who has paid.
    pub(super) fn delivery(&self, messages: &Messages) -> &'static str {
        let [.., delivery] = (self.texts)(messages);
        delivery
    }
}

/// What is called `id`.
pub(super) fn find(id: &str) -> Option<&'static Good> {
    CATALOG.iter().find(|good| good.id == id)
}

/// What an order with this summary is about.
pub(super) fn sold_as(summary: &str) -> Option<&'static Good> {
    CATALOG.iter().find(|good| good.name(&ENGLISH) == summary)
}

/// The templates that the shop wants to find at its till: the tip jar, whose amount the customer
/// chooses, and the article behind the paywall.
///
/// # Errors
/// [`BadTemplate`] when they are invalid to the till, which would be our fault.
pub fn templates() -> Result<Vec<Template>, BadTemplate> {
    let tip_jar = template(
        TIP_JAR,
        "The demo shop's tip jar",
        json!({ "summary": "A tip for the demo shop", "currency": CURRENCY }),
        Some(json!({ "amount": format!("{CURRENCY}:{TIP}") })),
    );
    let article = template(
        ARTICLE,
        "The demo shop's article",
        json!({
            "template_type": "paivana",
            "summary": "An article about the smell of money",
            "website_regex": "/shop/article$",
            "choices": [{ "amount": ARTICLE_PRICE }],
        }),
        None,
    );
    Ok(vec![tip_jar?, article?])
}

fn template(
    id: &str,
    description: &str,
    contract: Value,
    defaults: Option<Value>,
) -> Result<Template, BadTemplate> {
    let members = |value: Value| match value {
        Value::Object(members) => members,
        _ => Map::new(),
    };
    Ok(Template {
        id: TemplateId::parse(id).map_err(|BadId(_)| BadTemplate::InvalidField("template_id"))?,
        description: description.to_owned(),
        contract: TemplateContract::parse(members(contract))?,
        editable_defaults: defaults.map(members),
        otp_id: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use taler::amount::Amount;

    #[test]
    fn everything_has_a_price_and_a_name_of_its_own() {
        for good in &CATALOG {
            assert_eq!(Amount::parse(good.price).unwrap().currency().as_str(), CURRENCY);
            assert_eq!(find(good.id).unwrap().price, good.price);
            assert_eq!(sold_as(good.name(&ENGLISH)).unwrap().id, good.id);
        }
        assert!(find("yacht").is_none());
    }

    #[test]
    fn the_templates_make_sense_to_a_till() {
        for template in templates().unwrap() {
            assert_eq!(template.check(), Ok(()), "{}", template.id);
        }
        assert_eq!(Amount::parse(ARTICLE_PRICE).unwrap().currency().as_str(), CURRENCY);
    }
}

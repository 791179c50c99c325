//! Templates: the customer fills in what the shop left open, and pays for the order that becomes of
//! it (merchant-api 5.3, 5.4 and 10).

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::pay::Paid;
use super::{Error, Wallet};
use taler::amount::Amount;
use taler::ids::{OrderId, SessionId};
use taler::taler_uri::{Pay, PayTemplate};

/// A template that leads to an article, for a visitor of its page.
const PAIVANA: &str = "paivana";

/// A template as customers see it.
#[derive(Deserialize)]
struct Template {
    template_contract: Map<String, Value>,
    #[serde(default)]
    editable_defaults: Option<Map<String, Value>>,
}

/// The order that was made of it.
#[derive(Deserialize)]
struct Made {
    order_id: OrderId,
    token: Option<String>,
}

impl Wallet {
    /// Creates an order of what a `taler://pay-template/…` address names, and pays it. What the
    /// template leaves open is taken from the arguments, else from the address, else from the
    /// template's own suggestion.
    ///
    /// # Errors
    /// [`Error::InvalidField`] when something stays open; and as [`Wallet::pay`].
    pub async fn use_template(
        &self,
        uri: &str,
        amount: Option<Amount>,
        summary: Option<String>,
    ) -> Result<Paid, Error> {
        let template = PayTemplate::parse(uri)?;
        let _turn = self.begin().await?;
        self.greet(&template.base).await?;
        let url = template.base.join(&["templates", template.template.as_str()]);
        let there: Template = self.0.http.insist_get(&url, self.0.patience).await?.success()?;
        let body = filled(&there, &template, amount, summary)?;
        // Not to be repeated: each time it would be another order.
        let made: Made = self.0.http.post(&url, &body).await?.success()?;
        let session = match parameter(&template, "session_id") {
            Some(session) => Some(
                SessionId::parse(session)
                    .map_err(|_| Error::InvalidField("the address names a session that is none"))?,
            ),
            None => None,
        };
        let claim_token = made.token;
        self.pay_order(Pay {
            base: template.base,
            order: made.order_id,
            session,
            claim_token,
            ssid: None,
        })
        .await
    }
}

/// What the address gives for a blank, if it gives anything.
fn parameter<'a>(template: &'a PayTemplate, name: &str) -> Option<&'a str> {
    let value = template.params.iter().find(|(found, _)| found == name);
    value.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
}

/// The request to make an order.
fn filled(
    there: &Template,
    template: &PayTemplate,
    amount: Option<Amount>,
    summary: Option<String>,
) -> Result<Value, Error> {
    let fixed = |name: &str| there.template_contract.contains_key(name);
    let suggested = |name: &str| {
        let defaults = there.editable_defaults.as_ref()?;
        defaults.get(name)?.as_str().filter(|text| !text.is_empty())
    };
    let kind = there.template_contract.get("template_type").and_then(Value::as_str);
    let mut body = Map::new();
    if let Some(kind) = kind {
        body.insert("template_type".into(), kind.into());
    }
    let is_article = kind == Some(PAIVANA);
    if is_article {
        let given =
            |name, complaint| parameter(template, name).ok_or(Error::InvalidField(complaint));
        let website = given("fulfillment_url", "the address does not say for which article")?;
        let visitor = given("session_id", "the address does not say for which visitor")?;
        body.insert("website".into(), website.into());
        body.insert("paivana_id".into(), visitor.into());
    }
    let amount = match amount {
        Some(amount) => Some(amount),
        None if fixed("amount") || is_article => None,
        None => [parameter(template, "amount"), suggested("amount")]
            .into_iter()
            .flatten()
            // `EUR:` asks the customer, and so does zero, for which nobody can have anything.
            .find_map(|text| Amount::parse(text).ok().filter(|amount| !amount.is_zero())),
    };
    match amount {
        Some(amount) => drop(body.insert("amount".into(), json!(amount))),
        None if fixed("amount") || is_article => {}
        None => return Err(Error::InvalidField("the amount is for you to say: use --amount")),
    }
    let summary = match summary {
        Some(summary) => Some(summary),
        None if fixed("summary") || is_article => None,
        None => parameter(template, "summary").or(suggested("summary")).map(str::to_owned),
    };
    match summary {
        Some(summary) => drop(body.insert("summary".into(), summary.into())),
        None if fixed("summary") || is_article => {}
        None => return Err(Error::InvalidField("what it is for is for you to say: use --summary")),
    }
    Ok(body.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled_in(
        there: Value,
        query: &str,
        amount: Option<&str>,
        summary: Option<&str>,
    ) -> Result<Value, String> {
        let there: Template = serde_json::from_value(there).unwrap();
        let uri = format!("taler://pay-template/shop.example/coffee{query}");
        let template = PayTemplate::parse(&uri).unwrap();
        let amount = amount.map(|text| Amount::parse(text).unwrap());
        filled(&there, &template, amount, summary.map(str::to_owned))
            .map_err(|error| error.to_string())
    }

    #[test]
    fn blanks_are_filled_by_the_customer_then_the_address_then_the_shop() {
        let open = json!({
            "template_contract": {},
            "editable_defaults": { "amount": "KUDOS:3", "summary": "shop" },
        });
        let query = "?amount=KUDOS:2&summary=address";
        assert_eq!(
            filled_in(open.clone(), query, Some("KUDOS:1"), Some("customer")),
            Ok(json!({ "amount": "KUDOS:1", "summary": "customer" }))
        );
        assert_eq!(
            filled_in(open.clone(), query, None, None),
            Ok(json!({ "amount": "KUDOS:2", "summary": "address" }))
        );
        assert_eq!(
            filled_in(open.clone(), "?amount=KUDOS:0&summary=address", None, None),
            Ok(json!({ "amount": "KUDOS:3", "summary": "address" }))
        );
        assert_eq!(
            filled_in(open, "?amount=KUDOS:&summary=", None, None),
            Ok(json!({ "amount": "KUDOS:3", "summary": "shop" }))
        );
    }

    #[test]
    fn what_the_shop_has_fixed_is_not_asked_for() {
        let fixed = json!({ "template_contract": { "amount": "KUDOS:3", "summary": "shop" } });
        assert_eq!(filled_in(fixed.clone(), "?amount=KUDOS:2", None, None), Ok(json!({})));
        // But what the customer says is said.
        let said = filled_in(fixed, "", Some("KUDOS:1"), None);
        assert_eq!(said, Ok(json!({ "amount": "KUDOS:1" })));
    }

    #[test]
    fn what_stays_open_is_asked_for() {
        let open = json!({ "template_contract": {} });
        assert!(filled_in(open.clone(), "", None, Some("x")).unwrap_err().contains("--amount"));
        assert!(filled_in(open, "", Some("KUDOS:1"), None).unwrap_err().contains("--summary"));
    }

    #[test]
    fn an_article_is_for_a_visitor_of_its_page() {
        let article = json!({ "template_contract": { "template_type": "paivana" } });
        let query = "?session_id=17-a%2Fb&fulfillment_url=https%3A%2F%2Fnews.example%2F1";
        assert_eq!(
            filled_in(article.clone(), query, None, None),
            Ok(json!({
                "template_type": "paivana",
                "website": "https://news.example/1",
                "paivana_id": "17-a/b",
            }))
        );
        assert!(filled_in(article, "?session_id=1", None, None).is_err());
    }
}

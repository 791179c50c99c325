//! A template: an order with blanks, from which wallets make orders themselves (merchant-api 5).
//!
//! The shop prints it once, on a poster or in a paywall's page; no order exists until a customer
//! wants one. What the template fixes, the customer cannot change; what it leaves open, the
//! customer must say.

use regex_lite::{Regex, RegexBuilder};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::amount::{Amount, Currency};
use super::characters::is_clean;
use super::coin::age::MAX_AGE;
use super::ids::{OtpDeviceId, ProductId, SessionId, TemplateId};
use super::quantity::DecimalQuantity;
use super::time::{LONGEST_DELAY, RelativeTime, SECOND};
use super::web::FulfillmentUrl;

/// Longest description or summary, in characters.
pub const MAX_TEXT: usize = 4096;
/// Longest pattern for web addresses, in characters.
pub const MAX_PATTERN: usize = 1024;
/// Most memory that a pattern may take when it is made ready, in bytes.
const MAX_COMPILED: usize = 256 * 1024;
/// Most products, and most categories, that a template names one by one.
pub const MAX_SELECTED: usize = 1024;
/// Most products in the cart of a customer.
pub const MAX_CART: usize = 100;
/// How long an order of the inventory can be paid where its template does not say, in seconds: so long a customer
/// without an account keeps goods from others.
pub const CART_PAY_S: u64 = 15 * 60;
/// Members that a customer may be allowed to change.
const EDITABLE: &[&str] = &["amount", "currency", "summary"];

/// What kind of order comes of a template.
#[derive(Clone, Copy, Debug, Default, Deserialize, Eq, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub enum TemplateType {
    /// A price and a summary, each fixed or open.
    #[default]
    FixedOrder,
    /// A choice from the inventory.
    InventoryCart,
    /// Access to a page behind a paywall.
    Paivana,
}

/// Why a template is invalid, or cannot be had here.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadTemplate {
    /// This member is missing.
    #[error("{0} is missing")]
    Missing(&'static str),
    /// This member does not fit.
    #[error("{0} does not fit")]
    InvalidField(&'static str),
    /// tilld does not offer this yet.
    #[error("{0}")]
    Unsupported(&'static str),
}

/// Why no order comes of a template.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum TemplateMismatch {
    /// The customer takes the template for one of another type.
    #[error("template_type")]
    WrongType,
    /// The price is another.
    #[error("amount")]
    Amount,
    /// The summary is another.
    #[error("summary")]
    Summary,
    /// Nobody says a price.
    #[error("amount")]
    NoAmount,
    /// Nobody says what is bought.
    #[error("summary")]
    NoSummary,
    /// The price is in a currency that the template does not take.
    #[error("amount")]
    Currency,
    /// The template does not offer this product.
    #[error("inventory_selection")]
    WrongProduct,
    /// The products have no price in one currency.
    #[error("inventory_selection")]
    NoCurrency,
    /// This member is missing.
    #[error("{0}")]
    Missing(&'static str),
    /// This member does not fit.
    #[error("{0}")]
    InvalidField(&'static str),
}

/// Which products of the inventory a template offers.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Whether it offers all of them.
    pub all: bool,
    /// The categories of which it offers all.
    pub categories: Vec<i64>,
    /// Products that it offers.
    pub products: Vec<ProductId>,
    /// Whether the customer buys exactly one piece of one of them.
    pub choose_one: bool,
}

impl Selection {
    fn parse(members: &Map<String, Value>) -> Result<Self, BadTemplate> {
        let flag = |name| get::<bool>(members, name).map(Option::unwrap_or_default);
        let categories: Vec<i64> = get(members, "selected_categories")?.unwrap_or_default();
        let products: Vec<ProductId> = get(members, "selected_products")?.unwrap_or_default();
        if categories.len() > MAX_SELECTED {
            return Err(BadTemplate::InvalidField("selected_categories"));
        }
        if products.len() > MAX_SELECTED {
            return Err(BadTemplate::InvalidField("selected_products"));
        }
        let (all, choose_one) = (flag("selected_all")?, flag("choose_one")?);
        Ok(Self { all, categories, products, choose_one })
    }

    /// Whether it offers the product of this name, which is in these categories.
    pub fn offers(&self, id: &ProductId, categories: &[i64]) -> bool {
        self.all
            || self.products.contains(id)
            || categories.iter().any(|category| self.categories.contains(category))
    }
}

/// What a template fixes about its orders.
#[derive(Clone, Debug)]
pub struct TemplateContract {
    kind: TemplateType,
    summary: Option<String>,
    currency: Option<Currency>,
    amount: Option<Amount>,
    max_fee: Option<Amount>,
    pay_duration: Option<RelativeTime>,
    minimum_age: Option<u8>,
    request_tip: bool,
    website: Option<Regex>,
    /// What a cart is filled from; `None` for other types.
    selection: Option<Selection>,
    /// As the shop wrote it, unknown members too.
    members: Map<String, Value>,
}

/// Two are the same if they were written the same.
impl PartialEq for TemplateContract {
    fn eq(&self, other: &Self) -> bool {
        self.members == other.members
    }
}

impl TemplateContract {
    /// Reads what the shop wrote. Null is as none.
    ///
    /// # Errors
    /// [`BadTemplate`] names the member.
    pub fn parse(mut members: Map<String, Value>) -> Result<Self, BadTemplate> {
        members.retain(|_, value| !value.is_null());
        let kind = get(&members, "template_type")?.unwrap_or_default();
        let summary: Option<String> = get(&members, "summary")?;
        if summary.as_ref().is_some_and(|text| is_long(text)) {
            return Err(BadTemplate::InvalidField("summary"));
        }
        let currency: Option<Currency> = get(&members, "currency")?;
        let mut amount: Option<Amount> = get(&members, "amount")?;
        let mut max_fee = None;
        let minimum_age: Option<u8> = get(&members, "minimum_age")?;
        // Or it would be the customer's wallet that hears of it.
        if minimum_age.is_some_and(|age| age > MAX_AGE) {
            return Err(BadTemplate::InvalidField("minimum_age"));
        }
        let (mut website, mut selection) = (None, None);
        match kind {
            TemplateType::FixedOrder => {}
            TemplateType::InventoryCart => {
                // The products say what is to be paid.
                if amount.is_some() {
                    return Err(BadTemplate::InvalidField("amount"));
                }
                selection = Some(Selection::parse(&members)?);
            }
            TemplateType::Paivana => {
                website = pattern(get(&members, "website_regex")?)?;
                if let Some(choice) = only_choice(get(&members, "choices")?)? {
                    let price: Amount =
                        get(&choice, "amount")?.ok_or(BadTemplate::Missing("amount"))?;
                    if amount.is_some_and(|other| other != price) {
                        return Err(BadTemplate::InvalidField("amount"));
                    }
                    amount = Some(price);
                    max_fee = get(&choice, "max_fee")?;
                }
                if amount.is_none() {
                    return Err(BadTemplate::Missing("choices"));
                }
            }
        }
        let mut currencies =
            amount.iter().chain(&max_fee).map(|amount| *amount.currency()).chain(currency);
        if let Some(first) = currencies.next()
            && currencies.any(|other| other != first)
        {
            return Err(BadTemplate::InvalidField("currency"));
        }
        Ok(Self {
            kind,
            summary,
            currency,
            amount,
            max_fee,
            pay_duration: get(&members, "pay_duration")?,
            minimum_age,
            request_tip: get(&members, "request_tip")?.unwrap_or(false),
            website,
            selection,
            members,
        })
    }

    /// What the shop wrote.
    pub fn members(&self) -> &Map<String, Value> {
        &self.members
    }

    /// What the shop wrote, completed by what holds where it said nothing; `pay_delay` is the instance's
    /// time to pay. The Android wallet opens no template without these members.
    pub fn complete(&self, pay_delay: RelativeTime) -> Map<String, Value> {
        let mut members = self.members.clone();
        members.insert("template_type".into(), json!(self.kind));
        members.insert("minimum_age".into(), json!(self.minimum_age.unwrap_or(0)));
        members.insert("pay_duration".into(), json!(self.pay_duration_or(pay_delay)));
        members
    }

    /// How long its orders can be paid, where `pay_delay` is the instance's time to pay.
    pub fn pay_duration_or(&self, pay_delay: RelativeTime) -> RelativeTime {
        match (self.pay_duration, &self.selection) {
            (Some(duration), _) => duration,
            (None, Some(_)) => {
                RelativeTime::from_secs(CART_PAY_S).map_or(pay_delay, |usual| usual.min(pay_delay))
            }
            (None, None) => pay_delay,
        }
    }

    /// Which products its orders are made of; `None` unless it is for a cart.
    pub fn selection(&self) -> Option<&Selection> {
        self.selection.as_ref()
    }

    /// What kind of order comes of it.
    pub fn kind(&self) -> TemplateType {
        self.kind
    }

    /// What is bought, if that is fixed.
    pub fn summary(&self) -> Option<&str> {
        self.summary.as_deref()
    }

    /// The price without a tip, if it is fixed.
    pub fn amount(&self) -> Option<&Amount> {
        self.amount.as_ref()
    }

    /// The currency to pay in, if it is fixed.
    pub fn currency(&self) -> Option<&Currency> {
        self.amount.as_ref().map(Amount::currency).or(self.currency.as_ref())
    }

    /// Whether the customer may add a tip.
    pub fn takes_tip(&self) -> bool {
        self.request_tip
    }

    /// The currency to pay in, where the price is open.
    pub fn required_currency(&self) -> Option<&Currency> {
        self.currency.as_ref().filter(|_| self.amount.is_none())
    }

    /// Creates an order of the template and what the customer says.
    ///
    /// # Errors
    /// [`TemplateMismatch`] says what is missing, or contradicts the template.
    pub fn fill(&self, filling: TemplateInput) -> Result<FilledTemplate, TemplateMismatch> {
        if filling.kind.unwrap_or_default() != self.kind {
            return Err(TemplateMismatch::WrongType);
        }
        let summary = match (&self.summary, filling.summary.clone()) {
            (Some(fixed), Some(other)) if *fixed != other => return Err(TemplateMismatch::Summary),
            (Some(fixed), _) => fixed.clone(),
            (None, Some(text)) if fits(&text) => text,
            (None, Some(_)) => return Err(TemplateMismatch::InvalidField("summary")),
            (None, None) => return Err(TemplateMismatch::NoSummary),
        };
        let mut order = Map::new();
        order.insert("summary".into(), json!(summary));
        let cart = match &self.selection {
            Some(selection) => Some(self.cart(selection, &filling)?),
            None => {
                let amount = self.price(filling.amount, filling.tip)?;
                order.insert("amount".into(), json!(amount));
                None
            }
        };
        for (name, value) in [("tip", filling.tip), ("max_fee", self.max_fee)] {
            if let Some(value) = value {
                order.insert(name.into(), json!(value));
            }
        }
        if let Some(age) = self.minimum_age {
            order.insert("minimum_age".into(), json!(age));
        }
        let mut session = None;
        if self.kind == TemplateType::Paivana {
            let website = filling.website.ok_or(TemplateMismatch::Missing("website"))?;
            if self.website.as_ref().is_some_and(|pattern| !pattern.is_match(website.as_str())) {
                return Err(TemplateMismatch::InvalidField("website"));
            }
            order.insert("fulfillment_url".into(), json!(website));
            session = Some(filling.paivana_id.ok_or(TemplateMismatch::Missing("paivana_id"))?);
        }
        Ok(FilledTemplate { order, session, pay_duration: self.pay_duration, cart })
    }

    /// What the customer takes of the inventory.
    fn cart(
        &self,
        selection: &Selection,
        filling: &TemplateInput,
    ) -> Result<FilledCart, TemplateMismatch> {
        let bad = TemplateMismatch::InvalidField("inventory_selection");
        if filling.tip.is_some() && !self.request_tip {
            return Err(TemplateMismatch::InvalidField("tip"));
        }
        let foreign =
            |amount: &Amount| self.currency.as_ref().is_some_and(|own| own != amount.currency());
        if filling.amount.iter().chain(&filling.tip).any(foreign) {
            return Err(TemplateMismatch::Currency);
        }
        if filling.selection.is_empty() {
            return Err(TemplateMismatch::Missing("inventory_selection"));
        }
        let is_one = |line: &[(ProductId, DecimalQuantity)]| matches!(line, [(_, quantity)] if *quantity == DecimalQuantity::ONE);
        if filling.selection.len() > MAX_CART
            || (selection.choose_one && !is_one(&filling.selection))
        {
            return Err(bad);
        }
        Ok(FilledCart {
            lines: filling.selection.clone(),
            amount: filling.amount,
            currency: self.currency.or(filling.amount.map(|amount| *amount.currency())),
        })
    }

    /// What is to be paid, the tip included.
    fn price(&self, said: Option<Amount>, tip: Option<Amount>) -> Result<Amount, TemplateMismatch> {
        if tip.is_some() && !self.request_tip {
            return Err(TemplateMismatch::InvalidField("tip"));
        }
        let currency = self.amount.as_ref().map(Amount::currency).or(self.currency.as_ref());
        let foreign = |amount: &Amount| currency.is_some_and(|own| own != amount.currency());
        if said.iter().chain(&tip).any(foreign) {
            return Err(TemplateMismatch::Currency);
        }
        match (self.amount, said, tip) {
            (Some(fixed), said, tip) => {
                let total = match tip {
                    Some(tip) => fixed
                        .checked_add(&tip)
                        .map_err(|_| TemplateMismatch::InvalidField("tip"))?,
                    None => fixed,
                };
                match said {
                    Some(said) if said != total => Err(TemplateMismatch::Amount),
                    _ => Ok(total),
                }
            }
            // Only the shop gives away (decision 24). What is more than the tip is the price.
            (None, Some(said), tip) => {
                let price = tip.map_or(Ok(said), |tip| said.checked_sub(&tip));
                match price.map_err(|_| TemplateMismatch::InvalidField("tip"))?.is_zero() {
                    true => Err(TemplateMismatch::InvalidField("amount")),
                    false => Ok(said),
                }
            }
            (None, None, _) => Err(TemplateMismatch::NoAmount),
        }
    }
}

/// What a customer's wallet says when it makes an order of a template.
#[derive(Clone, Debug, Default)]
pub struct TemplateInput {
    /// For what it takes the template.
    pub kind: Option<TemplateType>,
    /// What is bought.
    pub summary: Option<String>,
    /// What is paid, the tip included.
    pub amount: Option<Amount>,
    /// How much of that is a tip.
    pub tip: Option<Amount>,
    /// The page, for paywalls.
    pub website: Option<FulfillmentUrl>,
    /// The session that the paywall's page has made up.
    pub paivana_id: Option<SessionId>,
    /// The products that are bought, for carts, and how much of each.
    pub selection: Vec<(ProductId, DecimalQuantity)>,
}

/// What a customer takes of the inventory.
#[derive(Clone, Debug)]
pub struct FilledCart {
    /// The products and how much of each. Whether the template offers them is still to be looked at.
    pub lines: Vec<(ProductId, DecimalQuantity)>,
    /// What the customer expects to pay, the tip included.
    pub amount: Option<Amount>,
    /// The only currency to pay in.
    pub currency: Option<Currency>,
}

/// What comes of a template: an order as a shop would write it.
#[derive(Clone, Debug)]
pub struct FilledTemplate {
    /// The order's members.
    pub order: Map<String, Value>,
    /// The session that it is for.
    pub session: Option<SessionId>,
    /// How long it can be paid; the instance's usual time when `None`.
    pub pay_duration: Option<RelativeTime>,
    /// What it takes of the inventory.
    pub cart: Option<FilledCart>,
}

/// A template as it is kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Template {
    /// The template ID, unique within the instance.
    pub id: TemplateId,
    /// The shop's own note.
    pub description: String,
    /// What it fixes.
    pub contract: TemplateContract,
    /// What wallets may suggest to the customer; only members that wallets may fill.
    pub editable_defaults: Option<Map<String, Value>>,
    /// The device whose codes the customer gets after paying.
    pub otp_id: Option<OtpDeviceId>,
}

impl Template {
    /// The currencies that orders of this template may be in, as far as it names any: those of its price
    /// and of what it suggests.
    pub fn currencies(&self) -> Vec<Currency> {
        let suggested = |name: &str| self.editable_defaults.as_ref()?.get(name)?.as_str();
        let amount = suggested("amount").and_then(|text| {
            Amount::parse(text)
                .map(|amount| *amount.currency())
                .ok()
                .or_else(|| bare_currency(text))
        });
        let currency = suggested("currency").and_then(|text| Currency::parse(text).ok());
        self.contract.currency().copied().into_iter().chain(amount).chain(currency).collect()
    }

    /// Checks what does not check itself, and what no order could be made of. Older versions took such
    /// templates, and they can still be read.
    ///
    /// # Errors
    /// [`BadTemplate::InvalidField`] names the member.
    pub fn check(&self) -> Result<(), BadTemplate> {
        if !fits(&self.description) {
            return Err(BadTemplate::InvalidField("template_description"));
        }
        if self.contract.summary.as_deref().is_some_and(|text| !fits(text)) {
            return Err(BadTemplate::InvalidField("summary"));
        }
        if self.contract.pay_duration.is_some_and(|time| time < SECOND || is_far(time)) {
            return Err(BadTemplate::InvalidField("pay_duration"));
        }
        let Some(defaults) = &self.editable_defaults else { return Ok(()) };
        let known = defaults.keys().all(|name| EDITABLE.contains(&name.as_str()));
        let amount = defaults.get("amount").is_none_or(is_price_or_currency);
        let texts = ["currency", "summary"]
            .into_iter()
            .all(|name| defaults.get(name).is_none_or(|value| value.as_str().is_some_and(fits)));
        // What is fixed cannot be suggested as well.
        let free = defaults.keys().all(|name| !self.contract.members.contains_key(name));
        if known && amount && texts && free {
            Ok(())
        } else {
            Err(BadTemplate::InvalidField("editable_defaults"))
        }
    }
}

fn is_long(text: &str) -> bool {
    text.chars().count() > MAX_TEXT
}

/// Whether a contract may hold the text.
fn fits(text: &str) -> bool {
    !is_long(text) && is_clean(text)
}

/// Whether it is so long that it was most likely meant in another unit. Forever is not.
fn is_far(time: RelativeTime) -> bool {
    !time.is_forever() && time > LONGEST_DELAY
}

/// Some shops suggest a currency only, as an amount without a number: `EUR:`.
/// A price to suggest is not zero: no order comes of an open price of zero.
fn is_price_or_currency(value: &Value) -> bool {
    value.as_str().is_some_and(|text| match Amount::parse(text) {
        Ok(price) => !price.is_zero(),
        Err(_) => bare_currency(text).is_some(),
    })
}

/// The currency of a text like `KUDOS:`, an amount without its number.
fn bare_currency(text: &str) -> Option<Currency> {
    Currency::parse(text.strip_suffix(':')?).ok()
}

fn get<T: DeserializeOwned>(
    members: &Map<String, Value>,
    name: &'static str,
) -> Result<Option<T>, BadTemplate> {
    let value = members.get(name).filter(|value| !value.is_null());
    value.map(T::deserialize).transpose().map_err(|_| BadTemplate::InvalidField(name))
}

/// The one price that a paywall names; choices between several are not offered yet.
fn only_choice(
    choices: Option<Vec<Map<String, Value>>>,
) -> Result<Option<Map<String, Value>>, BadTemplate> {
    let Some(mut choices) = choices else { return Ok(None) };
    let Some(choice) = choices.pop() else { return Err(BadTemplate::InvalidField("choices")) };
    let list = |name| get::<Vec<Value>>(&choice, name).map(Option::unwrap_or_default);
    if !choices.is_empty() || !list("inputs")?.is_empty() || !list("outputs")?.is_empty() {
        return Err(BadTemplate::Unsupported("templates with several choices"));
    }
    Ok(Some(choice))
}

/// A pattern that says which pages a template is for.
fn pattern(text: Option<String>) -> Result<Option<Regex>, BadTemplate> {
    let Some(text) = text else { return Ok(None) };
    let bad = BadTemplate::InvalidField("website_regex");
    if text.chars().count() > MAX_PATTERN {
        return Err(bad);
    }
    RegexBuilder::new(&text).size_limit(MAX_COMPILED).build().map(Some).map_err(|_| bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contract(value: Value) -> Result<TemplateContract, BadTemplate> {
        let Value::Object(members) = value else { panic!("an object") };
        TemplateContract::parse(members)
    }

    fn amount(text: &str) -> Option<Amount> {
        Some(Amount::parse(text).unwrap())
    }

    #[test]
    fn what_is_fixed_stays_and_what_is_open_must_be_said() {
        let open = contract(json!({})).unwrap();
        let fixed = contract(json!({ "summary": "Tea", "amount": "KUDOS:2" })).unwrap();
        let say = |summary: Option<&str>, price| TemplateInput {
            summary: summary.map(Into::into),
            amount: price,
            ..TemplateInput::default()
        };
        assert_eq!(
            open.fill(say(None, amount("KUDOS:1"))).unwrap_err(),
            TemplateMismatch::NoSummary
        );
        assert_eq!(open.fill(say(Some("x"), None)).unwrap_err(), TemplateMismatch::NoAmount);
        let order = open.fill(say(Some("x"), amount("KUDOS:1.50"))).unwrap().order;
        assert_eq!(Value::Object(order), json!({ "summary": "x", "amount": "KUDOS:1.5" }));

        // Nothing is for free that the shop has not made free.
        let zero = open.fill(say(Some("x"), amount("KUDOS:0.00"))).unwrap_err();
        assert_eq!(zero, TemplateMismatch::InvalidField("amount"));
        let free = contract(json!({ "summary": "Tea", "amount": "KUDOS:0" })).unwrap();
        assert_eq!(free.fill(say(None, None)).unwrap().order["amount"], json!("KUDOS:0"));

        assert_eq!(fixed.fill(say(Some("Rum"), None)).unwrap_err(), TemplateMismatch::Summary);
        assert_eq!(fixed.fill(say(None, amount("KUDOS:1"))).unwrap_err(), TemplateMismatch::Amount);
        assert_eq!(fixed.fill(say(None, amount("EUR:2"))).unwrap_err(), TemplateMismatch::Currency);
        for same in [say(None, None), say(Some("Tea"), amount("KUDOS:2.0"))] {
            let order = fixed.fill(same).unwrap().order;
            assert_eq!(Value::Object(order), json!({ "summary": "Tea", "amount": "KUDOS:2" }));
        }
    }

    #[test]
    fn a_tip_is_part_of_the_total_and_only_where_it_is_asked_for() {
        let silent = contract(json!({ "summary": "Tea", "amount": "KUDOS:2" })).unwrap();
        let asking =
            contract(json!({ "summary": "Tea", "amount": "KUDOS:2", "request_tip": true }))
                .unwrap();
        let tip = |total| TemplateInput {
            amount: total,
            tip: amount("KUDOS:1"),
            ..TemplateInput::default()
        };
        assert_eq!(silent.fill(tip(None)).unwrap_err(), TemplateMismatch::InvalidField("tip"));
        assert_eq!(asking.fill(tip(amount("KUDOS:2"))).unwrap_err(), TemplateMismatch::Amount);
        let open = contract(json!({ "summary": "Tea", "request_tip": true })).unwrap();
        assert_eq!(
            open.fill(tip(amount("KUDOS:1"))).unwrap_err(),
            TemplateMismatch::InvalidField("amount")
        );
        assert_eq!(
            open.fill(tip(amount("KUDOS:0.5"))).unwrap_err(),
            TemplateMismatch::InvalidField("tip")
        );
        assert_eq!(open.fill(tip(amount("KUDOS:3"))).unwrap().order["amount"], json!("KUDOS:3"));
        for total in [None, amount("KUDOS:3")] {
            let order = asking.fill(tip(total)).unwrap().order;
            assert_eq!((&order["amount"], &order["tip"]), (&json!("KUDOS:3"), &json!("KUDOS:1")));
        }
    }

    #[test]
    fn a_paywall_names_one_price_and_its_pages() {
        let kind = "paivana";
        let price = json!([{ "amount": "KUDOS:1" }]);
        let wall = contract(json!({
            "template_type": kind, "summary": "Article", "choices": price,
            "website_regex": "^https://news\\.example/",
        }))
        .unwrap();
        let ask = |website: Option<&str>, id: Option<&str>| {
            wall.fill(TemplateInput {
                kind: Some(TemplateType::Paivana),
                website: website.map(|url| FulfillmentUrl::parse(url).unwrap()),
                paivana_id: id.map(|id| SessionId::parse(id).unwrap()),
                ..TemplateInput::default()
            })
        };
        let good = ask(Some("https://news.example/a"), Some("1-x")).unwrap();
        assert_eq!(good.session, Some(SessionId::parse("1-x").unwrap()));
        assert_eq!(good.order["fulfillment_url"], "https://news.example/a");
        assert_eq!(good.order["amount"], "KUDOS:1");
        let other = ask(Some("https://evil.example/"), Some("1-x")).unwrap_err();
        assert_eq!(other, TemplateMismatch::InvalidField("website"));
        assert_eq!(ask(None, Some("1-x")).unwrap_err(), TemplateMismatch::Missing("website"));
        let nobody = ask(Some("https://news.example/a"), None).unwrap_err();
        assert_eq!(nobody, TemplateMismatch::Missing("paivana_id"));
        assert_eq!(wall.fill(TemplateInput::default()).unwrap_err(), TemplateMismatch::WrongType);

        let several = json!([{ "amount": "KUDOS:1" }, { "amount": "KUDOS:2" }]);
        let refused = |value: Value| contract(value).unwrap_err();
        assert!(matches!(
            refused(json!({ "template_type": kind, "choices": several })),
            BadTemplate::Unsupported(_)
        ));
        assert_eq!(refused(json!({ "template_type": kind })), BadTemplate::Missing("choices"));
        assert_eq!(
            refused(json!({ "template_type": kind, "choices": price, "amount": "KUDOS:2" })),
            BadTemplate::InvalidField("amount")
        );
        assert_eq!(
            refused(json!({ "template_type": kind, "choices": [] })),
            BadTemplate::InvalidField("choices")
        );
        assert_eq!(
            refused(json!({ "template_type": kind, "amount": "KUDOS:1", "website_regex": "(" })),
            BadTemplate::InvalidField("website_regex")
        );
    }

    #[test]
    fn a_cart_is_filled_with_what_is_offered() {
        let kind = Some(TemplateType::InventoryCart);
        let cart = |more: Value| {
            let Value::Object(mut members) = more else { panic!("an object") };
            members.insert("template_type".into(), json!("inventory-cart"));
            TemplateContract::parse(members)
        };
        let product = |text: &str| ProductId::parse(text).unwrap();
        let shelf = cart(json!({
            "summary": "Lunch", "selected_categories": [3], "selected_products": ["tea"], "currency": "KUDOS",
        }))
        .unwrap();
        let offers = |id: &str, categories: &[i64]| {
            shelf.selection().unwrap().offers(&product(id), categories)
        };
        assert!(offers("tea", &[]) && offers("rum", &[1, 3]) && !offers("rum", &[1]));
        assert!(cart(json!({ "selected_all": true })).unwrap().selection().unwrap().all);
        for (members, name) in [
            (json!({ "amount": "KUDOS:1" }), "amount"),
            (json!({ "selected_products": ["a\n"] }), "selected_products"),
            (json!({ "selected_products": vec!["a"; MAX_SELECTED + 1] }), "selected_products"),
            (json!({ "selected_categories": ["1"] }), "selected_categories"),
            (json!({ "choose_one": 1 }), "choose_one"),
        ] {
            assert_eq!(cart(members).unwrap_err(), BadTemplate::InvalidField(name));
        }
        let two = vec![(product("tea"), DecimalQuantity::ONE); 2];
        let fill = |contract: &TemplateContract, input: TemplateInput| {
            contract.fill(TemplateInput { kind, ..input })
        };
        let take = |selection| TemplateInput { selection, ..TemplateInput::default() };
        let filled = fill(&shelf, take(two.clone())).unwrap();
        assert_eq!(Value::Object(filled.order), json!({ "summary": "Lunch" }));
        assert_eq!(filled.cart.unwrap().lines, two);
        let bad = TemplateMismatch::InvalidField("inventory_selection");
        let none = fill(&shelf, take(Vec::new())).unwrap_err();
        assert_eq!(none, TemplateMismatch::Missing("inventory_selection"));
        let many = vec![(product("tea"), DecimalQuantity::ONE); MAX_CART + 1];
        assert_eq!(fill(&shelf, take(many)).unwrap_err(), bad);
        let one =
            cart(json!({ "summary": "x", "choose_one": true, "selected_all": true })).unwrap();
        assert_eq!(fill(&one, take(two.clone())).unwrap_err(), bad);
        let half = vec![(product("tea"), DecimalQuantity::parse("0.5").unwrap())];
        assert_eq!(fill(&one, take(half)).unwrap_err(), bad);
        let euro = TemplateInput { amount: amount("EUR:1"), ..take(two.clone()) };
        assert_eq!(fill(&shelf, euro).unwrap_err(), TemplateMismatch::Currency);
        let tip = TemplateInput { tip: amount("KUDOS:1"), ..take(two.clone()) };
        assert_eq!(fill(&shelf, tip).unwrap_err(), TemplateMismatch::InvalidField("tip"));
        assert_eq!(shelf.fill(take(two)).unwrap_err(), TemplateMismatch::WrongType);
        // What is not paid is free again soon.
        let usual = RelativeTime::from_secs(CART_PAY_S).unwrap();
        assert_eq!(shelf.pay_duration_or(RelativeTime::FOREVER), usual);
        assert_eq!(shelf.pay_duration_or(SECOND), SECOND);
    }

    #[test]
    fn suggestions_are_for_what_is_open() {
        let template = |fixed: Value, defaults: Value| Template {
            id: TemplateId::parse("t").unwrap(),
            description: "x".into(),
            contract: contract(fixed).unwrap(),
            editable_defaults: Some(serde_json::from_value(defaults).unwrap()),
            otp_id: None,
        };
        for good in [json!({ "amount": "EUR:" }), json!({ "summary": "x", "amount": "EUR:1" })] {
            assert_eq!(template(json!({}), good).check(), Ok(()));
        }
        for bad in [json!({ "amount": 1 }), json!({ "summary": 1 }), json!({ "minimum_age": 1 })] {
            assert!(template(json!({}), bad).check().is_err());
        }
        assert!(template(json!({ "summary": "x" }), json!({ "summary": "y" })).check().is_err());
    }
}

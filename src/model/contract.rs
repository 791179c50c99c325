//! Builds the terms of a contract from a shop's order (merchant-api 2.2 and 11).
//!
//! Every member that tilld knows is read as its type and written back in canonical form; members
//! that it does not know are kept as they were sent. What comes out is complete but for the
//! wallet's nonce, and is such that every wallet can read it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};
use serde_json::{Map, Value, json};
use url::Url;

use super::account::Account;
use super::instance::{Instance, InstanceSettings};
use taler::amount::{Amount, Currency};
use taler::base32::{Bytes, HashCode};
use taler::canonical;
use taler::coin::age::MAX_AGE;
use taler::contract;
use taler::ids::OrderId;
use taler::sign::PublicKey;
use taler::time::{LONGEST_DELAY, RelativeTime, Timestamp};
use taler::web::{BaseUrl, FulfillmentUrl};

/// Longest summary or fulfillment message, in characters.
pub(crate) const MAX_TEXT: usize = 4096;
/// Most products in one order.
pub(crate) const MAX_PRODUCTS: usize = 1024;
/// Stands for the order's name in its fulfillment URL.
const PLACEHOLDER: &str = "${ORDER_ID}";

/// Why no contract can be made of an order.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadOrder {
    /// A member is missing, or is not what it should be; which one.
    #[error("order: {0}")]
    Shape(String),
    /// There is no such version of orders.
    #[error("orders have version 0 or 1")]
    Version,
    /// The order leaves the customer a choice, which tilld cannot offer yet.
    #[error("orders with choices are not supported")]
    Choices,
    /// The order's name has characters that it may not have, or is too long.
    #[error("order_id")]
    OrderId,
    /// The time to pay has passed.
    #[error("pay_deadline")]
    PayDeadlinePast,
    /// The time for refunds is over.
    #[error("refund_deadline")]
    RefundDeadlinePast,
    /// The delivery would be in the past.
    #[error("delivery_date")]
    DeliveryDatePast,
    /// The exchange would never wire the money.
    #[error("wire_transfer_deadline")]
    WireDeadlineNever,
    /// The money would be wired while refunds are still possible.
    #[error("wire_transfer_deadline")]
    WireBeforeRefund,
    /// Amounts are in different currencies, or in one that the till does not know.
    #[error("currency")]
    Currency,
}

impl BadOrder {
    /// The member of the order that is to blame, where one is.
    pub fn member(&self) -> Option<&str> {
        let Self::Shape(what) = self else { return None };
        let end = what.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        // A sentence about one begins with its name; others begin with an article.
        what.get(..end).filter(|word| {
            what.get(end..).is_some_and(|rest| {
                word.len() > 1 && (rest.starts_with(": ") || rest.starts_with(" is missing"))
            })
        })
    }
}

fn shape(what: impl fmt::Display) -> BadOrder {
    BadOrder::Shape(what.to_string())
}

/// An exchange as contracts name it.
#[derive(Clone, Debug, Serialize)]
pub struct ExchangeOffer {
    /// Base URL of the exchange.
    pub url: BaseUrl,
    /// Its master key.
    pub master_pub: PublicKey,
    /// Priority for the shop; 1024 is usual.
    pub priority: u16,
    /// The most that can be paid with its coins; the largest amount there is where the exchange sets no
    /// limit.
    pub max_contribution: Amount,
}

/// The shop's defaults for every order.
#[derive(Debug)]
pub struct Frame<'a> {
    /// The shop.
    pub instance: &'a Instance,
    /// Base URL of the instance's API, unless the order has another.
    pub base_url: &'a BaseUrl,
    /// The current time.
    pub now: Timestamp,
    /// The order's name, unless it brings one.
    pub fresh_id: OrderId,
    /// Refund delay after its time stamp, unless the order has another.
    pub refund_delay: Option<RelativeTime>,
}

/// The parts of a contract that other modules need.
#[derive(Clone, Debug)]
pub struct Terms {
    /// The order's name.
    pub order_id: OrderId,
    /// The contract's time stamp.
    pub timestamp: Timestamp,
    /// Until when it can be paid.
    pub pay_deadline: Timestamp,
    /// Until when refunds can be granted: until the contract's refund deadline, or until the money is
    /// wired where that is zero.
    pub refundable_until: Timestamp,
    /// The price.
    pub amount: Amount,
    /// Summary of the order, one line.
    pub summary: String,
    /// Base URL of the instance's API.
    pub base_url: BaseUrl,
    /// Fulfillment URL.
    pub fulfillment_url: Option<FulfillmentUrl>,
    /// The contract but for account, exchanges, salts and nonce.
    contract: Map<String, Value>,
}

/// The name that an order brings, if it does.
///
/// # Errors
/// [`BadOrder::OrderId`] when it is none.
pub fn order_id(order: &Map<String, Value>) -> Result<Option<OrderId>, BadOrder> {
    match order.get("order_id") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => {
            OrderId::parse(text.as_str()).map(Some).map_err(|_| BadOrder::OrderId)
        }
        Some(_) => Err(BadOrder::OrderId),
    }
}

impl Terms {
    /// Completes an order.
    ///
    /// # Errors
    /// [`BadOrder`] says what is wrong with it.
    pub fn complete(order: Map<String, Value>, frame: Frame<'_>) -> Result<Self, BadOrder> {
        let mut draft = Draft(order);
        let settings = &frame.instance.settings;
        match draft.take::<u64>("version").map_err(|_| BadOrder::Version)?.unwrap_or(0) {
            0 => {}
            1 => return Err(BadOrder::Choices),
            _ => return Err(BadOrder::Version),
        }
        let order_id = order_id(&draft.0)?.unwrap_or(frame.fresh_id);
        draft.put("order_id", &order_id)?;

        let amount: Amount = draft.keep("amount")?.ok_or_else(|| shape("amount is missing"))?;
        let currency = *amount.currency();
        draft.fees(currency)?;
        draft.products(currency)?;

        let summary = draft.text("summary")?.ok_or_else(|| shape("summary is missing"))?;
        draft.texts()?;
        let fulfillment_url = match draft.take::<String>("fulfillment_url")? {
            None => None,
            Some(text) => {
                let text = text.replace(PLACEHOLDER, order_id.as_str());
                let url = FulfillmentUrl::parse(text)
                    .map_err(|bad| shape(format_args!("fulfillment_url: {bad}")))?;
                draft.put("fulfillment_url", &url)?;
                Some(url)
            }
        };
        let base_url = draft.take("merchant_base_url")?.unwrap_or_else(|| frame.base_url.clone());

        let times = draft.times(settings, frame.now, frame.refund_delay)?;

        draft.put("merchant_base_url", &base_url)?;
        draft.put("merchant", &merchant(settings))?;
        draft.put("merchant_pub", &frame.instance.public_key)?;
        draft.put("version", &0)?;
        // Wallets of 2022 ask for it; newer ones look at exchanges only.
        draft.put("auditors", &[(); 0])?;
        for unwanted in ["nonce", "exchanges", "order_default_money_pot"] {
            draft.0.remove(unwanted);
        }
        Ok(Self {
            order_id,
            timestamp: times.timestamp,
            pay_deadline: times.pay_deadline,
            refundable_until: times.refundable_until,
            amount,
            summary,
            base_url,
            fulfillment_url,
            contract: draft.0,
        })
    }

    /// The contract without a nonce as canonical JSON, with the account that the money goes to and the
    /// exchanges whose coins are taken. Parts that may be forgotten one day get their salts; `fresh` gives 32 random bytes with each
    /// call.
    ///
    /// # Errors
    /// [`BadOrder::Shape`] when wallets could not read the contract.
    pub fn proposal(
        &self,
        account: &Account,
        exchanges: &[ExchangeOffer],
        fresh: &mut dyn FnMut() -> Bytes<32>,
    ) -> Result<String, BadOrder> {
        let mut members = self.contract.clone();
        members.insert("h_wire".into(), json!(account.h_wire));
        members.insert("wire_method".into(), json!(account.payto_uri.wire_method()));
        members.insert("exchanges".into(), json!(exchanges));
        let mut contract = Value::Object(members);
        contract::add_salts(&mut contract, fresh);
        contract::validate(&contract).map_err(shape)?;
        canonical::canonical(&contract).map_err(shape)
    }
}

/// The terms of a contract that a payment with coins needs (merchant-api 11.1).
#[derive(Clone, Debug, Deserialize)]
pub struct PaymentTerms {
    /// When the contract was made.
    pub timestamp: Timestamp,
    /// Until when the shop may refund.
    pub refund_deadline: Timestamp,
    /// Until when the exchange must wire the money.
    pub wire_transfer_deadline: Timestamp,
    /// Deposit fees that the shop bears at most.
    pub max_fee: Amount,
    /// Names the account that the money goes to.
    pub h_wire: HashCode,
    /// Minimum age of the customer in years; 0: none.
    #[serde(default)]
    pub minimum_age: u8,
    /// The exchanges whose coins the contract says are taken.
    #[serde(default)]
    pub exchanges: Vec<NamedExchange>,
}

/// An exchange as a contract names it, by its address.
#[derive(Clone, Debug, Deserialize)]
pub struct NamedExchange {
    /// Base URL of the exchange.
    pub url: BaseUrl,
}

impl PaymentTerms {
    /// Reads it from a contract as it is kept.
    ///
    /// # Errors
    /// [`BadOrder::Shape`], which is damage: the contract was made here.
    pub fn read(contract: &str) -> Result<Self, BadOrder> {
        serde_json::from_str(contract).map_err(shape)
    }
}

/// The contract that the wallet with this nonce gets of a proposal, and its hash.
///
/// # Errors
/// [`BadOrder::Shape`] when the proposal is none: what is kept is damaged.
pub fn bind(proposal: &str, nonce: &PublicKey) -> Result<(String, HashCode), BadOrder> {
    // It is written canonically already, so only its outermost members need to be distinguished.
    let mut members: BTreeMap<&str, &RawValue> = serde_json::from_str(proposal).map_err(shape)?;
    let nonce = to_raw_value(nonce).map_err(shape)?;
    members.insert("nonce", &nonce);
    let contract = serde_json::to_string(&members).map_err(shape)?;
    let h_contract = contract::text_hash(&contract).map_err(shape)?;
    Ok((contract, h_contract))
}

/// The proposal of which a contract was made by a claim.
///
/// # Errors
/// [`BadOrder::Shape`], which is damage: the contract was made here.
pub fn unbind(contract: &str) -> Result<String, BadOrder> {
    let Value::Object(mut members) = canonical::parse(contract).map_err(shape)? else {
        return Err(shape("the contract is no object"));
    };
    members.remove("nonce");
    canonical::canonical(&Value::Object(members)).map_err(shape)
}

/// The shop as contracts show it.
fn merchant(settings: &InstanceSettings) -> Value {
    let mut merchant = json!({
        "name": settings.name,
        "address": settings.address,
        "jurisdiction": settings.jurisdiction,
    });
    let Value::Object(members) = &mut merchant else { return merchant };
    for (name, text) in
        [("email", &settings.email), ("website", &settings.website), ("logo", &settings.logo)]
    {
        if let Some(text) = text.as_ref().filter(|text| !text.is_empty()) {
            members.insert(name.into(), json!(text));
        }
    }
    merchant
}

/// The times that are known without reading the contract.
struct Times {
    timestamp: Timestamp,
    pay_deadline: Timestamp,
    refundable_until: Timestamp,
}

/// A contract on its way.
struct Draft(Map<String, Value>);

impl Draft {
    /// Removes the member `name`; null is as none.
    fn take<T: DeserializeOwned>(&mut self, name: &str) -> Result<Option<T>, BadOrder> {
        match self.0.remove(name) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => read(name, value).map(Some),
        }
    }

    fn put<T: Serialize + ?Sized>(&mut self, name: &str, value: &T) -> Result<(), BadOrder> {
        self.0.insert(name.into(), serde_json::to_value(value).map_err(shape)?);
        Ok(())
    }

    /// Reads the member `name` and leaves it there in its canonical form.
    fn keep<T: DeserializeOwned + Serialize>(&mut self, name: &str) -> Result<Option<T>, BadOrder> {
        let value = self.take(name)?;
        if let Some(value) = &value {
            self.put(name, value)?;
        }
        Ok(value)
    }

    /// A text that people read.
    fn text(&mut self, name: &str) -> Result<Option<String>, BadOrder> {
        let text: Option<String> = self.keep(name)?;
        match &text {
            Some(text) if text.chars().count() > MAX_TEXT => {
                Err(shape(format_args!("{name} has more than {MAX_TEXT} characters")))
            }
            _ => Ok(text),
        }
    }

    /// Texts, in other languages too, and the like.
    fn texts(&mut self) -> Result<(), BadOrder> {
        self.text("fulfillment_message")?;
        for name in ["summary_i18n", "fulfillment_message_i18n"] {
            self.keep::<BTreeMap<String, String>>(name)?;
        }
        if let Some(url) = self.keep::<String>("public_reorder_url")?
            && !Url::parse(&url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"))
        {
            return Err(shape("public_reorder_url is no web address"));
        }
        let age = self.take::<u8>("minimum_age")?.unwrap_or(0);
        if age > MAX_AGE {
            return Err(shape(format_args!("minimum_age is above {MAX_AGE}")));
        }
        self.put("minimum_age", &age)?;
        self.keep::<Map<String, Value>>("extra")?;
        self.keep::<RelativeTime>("auto_refund")?;
        // Some clients send the place as a text.
        self.keep::<Value>("delivery_location")?;
        Ok(())
    }

    fn fees(&mut self, currency: Currency) -> Result<(), BadOrder> {
        let max_fee = self.keep::<Amount>("max_fee")?;
        let tip = self.keep::<Amount>("tip")?;
        if [max_fee, tip].iter().flatten().any(|amount| *amount.currency() != currency) {
            return Err(BadOrder::Currency);
        }
        if max_fee.is_none() {
            self.put("max_fee", &Amount::zero(currency))?;
        }
        Ok(())
    }

    /// The products: their amounts are put in canonical form and must be in `currency`.
    fn products(&mut self, currency: Currency) -> Result<(), BadOrder> {
        let products: Vec<Map<String, Value>> = self.take("products")?.unwrap_or_default();
        if products.len() > MAX_PRODUCTS {
            return Err(shape(format_args!("more than {MAX_PRODUCTS} products")));
        }
        let products = products
            .into_iter()
            .map(|product| product_of(product, currency))
            .collect::<Result<Vec<_>, _>>()?;
        self.put("products", &products)
    }

    /// Removes the time `name`, which may be never, but is not far away in any other case: shops that
    /// forget to divide milliseconds mean another century.
    fn time(&mut self, name: &str, now: Timestamp) -> Result<Option<Timestamp>, BadOrder> {
        let time: Option<Timestamp> = self.take(name)?;
        let latest = now.saturating_add(LONGEST_DELAY);
        match time {
            Some(time) if time > latest && !time.is_never() => Err(shape(format_args!(
                "{name}: more than a hundred years away; t_s is in seconds, not milliseconds"
            ))),
            time => Ok(time),
        }
    }

    /// All times, with defaults for those that are missing (merchant-api 2.2).
    fn times(
        &mut self,
        settings: &InstanceSettings,
        now: Timestamp,
        refund_delay: Option<RelativeTime>,
    ) -> Result<Times, BadOrder> {
        let timestamp: Timestamp = self.time("timestamp", now)?.unwrap_or(now);
        let pay_deadline = self
            .time("pay_deadline", now)?
            .unwrap_or_else(|| timestamp.saturating_add(settings.default_pay_delay));
        if pay_deadline <= now {
            return Err(BadOrder::PayDeadlinePast);
        }
        let given = self.time("refund_deadline", now)?;
        // One that is the time stamp itself says that there are no refunds, and zero that there is no
        // deadline but the transfer of the money (observed-2026 3).
        let is_meant = |deadline| deadline == timestamp || deadline == Timestamp::ZERO;
        if given.is_some_and(|deadline| deadline < now && !is_meant(deadline)) {
            return Err(BadOrder::RefundDeadlinePast);
        }
        let wired_by = self.time("wire_transfer_deadline", now)?;
        let refund_deadline = match (given, refund_delay, wired_by) {
            (Some(given), _, _) => given,
            (None, Some(delay), _) => timestamp.saturating_add(delay),
            (None, None, None) => timestamp.saturating_add(settings.default_refund_delay),
            // The order names no refund deadline, so refunds end when the money is transferred.
            (None, None, Some(wired_by)) => {
                let usual = timestamp.saturating_add(settings.default_refund_delay);
                usual.min(wired_by.max(timestamp))
            }
        };
        if let Some(date) = self.time("delivery_date", now)? {
            if date < now {
                return Err(BadOrder::DeliveryDatePast);
            }
            self.put("delivery_date", &date)?;
        }
        let wire_transfer_deadline = wired_by.unwrap_or_else(|| {
            // Without a deadline for refunds, the delay begins with the contract.
            let begin = refund_deadline.max(timestamp);
            settings
                .default_wire_transfer_rounding_interval
                .round_up(begin.saturating_add(settings.default_wire_transfer_delay))
        });
        if wire_transfer_deadline.is_never() {
            return Err(BadOrder::WireDeadlineNever);
        }
        if wire_transfer_deadline < refund_deadline {
            return Err(BadOrder::WireBeforeRefund);
        }
        self.put("timestamp", &timestamp)?;
        self.put("pay_deadline", &pay_deadline)?;
        self.put("refund_deadline", &refund_deadline)?;
        self.put("wire_transfer_deadline", &wire_transfer_deadline)?;
        let refundable_until = match refund_deadline == Timestamp::ZERO {
            true => wire_transfer_deadline,
            false => refund_deadline,
        };
        Ok(Times { timestamp, pay_deadline, refundable_until })
    }
}

fn read<T: DeserializeOwned>(name: &str, value: Value) -> Result<T, BadOrder> {
    serde_json::from_value(value).map_err(|bad| shape(format_args!("{name}: {bad}")))
}

fn product_of(product: Map<String, Value>, currency: Currency) -> Result<Value, BadOrder> {
    let mut draft = Draft(product);
    if draft.text("description")?.is_none() && draft.text("product_name")?.is_none() {
        return Err(shape("a product has no description"));
    }
    let price: Option<Amount> = draft.keep("price")?;
    let prices: Option<Vec<Amount>> = draft.keep("prices")?;
    let mut amounts: Vec<_> = price.into_iter().chain(prices.into_iter().flatten()).collect();
    if let Some(taxes) = draft.take::<Vec<Map<String, Value>>>("taxes")? {
        let mut kept = Vec::new();
        for tax in taxes {
            let mut tax = Draft(tax);
            amounts.extend(tax.keep::<Amount>("tax")?);
            kept.push(tax.0);
        }
        draft.put("taxes", &kept)?;
    }
    if amounts.iter().any(|amount| *amount.currency() != currency) {
        return Err(BadOrder::Currency);
    }
    Ok(Value::Object(draft.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_put_where_it_belongs() {
        let nonce = PublicKey::new([7; 32]);
        for proposal in [
            json!({}),
            json!({ "amount": "EUR:1", "summary": "\"nonce\" and {\u{1}}\\", "z": [{ "b": 1, "a": null }] }),
            json!({ "nonce": "somebody else's", "p": { "q": -1 } }),
            json!({ "$forgettable": { "x": "salt" }, "x": "y" }),
            json!({ "a": [{ "$forgettable": { "x": "salt" }, "x": "y" }], "summary": "$forgotten" }),
        ] {
            let text = canonical::canonical(&proposal).unwrap();
            let (contract, h_contract) = bind(&text, &nonce).unwrap();
            let mut expected = proposal;
            expected["nonce"] = json!(nonce);
            assert_eq!(canonical::canonical(&expected), Ok(contract));
            assert_eq!(contract::contract_hash(&expected), Ok(h_contract));
        }
        for damaged in ["", "[]", "1", r#"{"a":1"#, r#"{"a":1}}"#, r#"{"a":x}"#] {
            assert!(bind(damaged, &nonce).is_err(), "{damaged}");
        }
    }
}

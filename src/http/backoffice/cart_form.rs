//! What the till page sends: products and their quantities, prices that were typed, discount and tip. The server makes
//! the price of it.
//!
//! | input | what is in it |
//! | --- | --- |
//! | `line` | quantity, a blank, and the product's name: `1.5 cheese`; any number of them |
//! | `own` | price, a blank, and what it is for: `2.50 Soup`; any number of them |
//! | `amount` | a price that was typed and stands for itself |
//! | `discount` | an amount, or a per cent such as `10%` |
//! | `tip` | an amount |
//! | `total` | what the page has shown as the sum, with a dot |
//! | `method` | `cash`, `card` or `other`; anything else waits for a wallet |
//! | `given` | what the customer hands over in cash |
//! | `names` | what is bought, which becomes the order's summary if `summary` says none |

use serde_json::{Map, Value, json};

use super::form::FormState;
use super::messages;
use crate::model::cart::{CartLine, Discount};
use crate::model::order::PaymentMethod;
use crate::till::{Cart, CartOffer};
use taler::amount::Amount;
use taler::currency::CurrencySpecification;
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;
use ui::money::{self, BadNumber};
use ui::{Messages, messages::filled};

/// Longest text on a sale that people type, in bytes.
const MAX_TEXT: usize = 200;
/// Most lines of a sale, of either kind: with them a form has fewer inputs than are looked at.
pub(super) const MAX_LINES: usize = 80;
/// The ways to pay that the till offers beside a wallet.
pub(super) const METHODS: &[&str] = &["cash", "card", "other"];

/// A sale as the page sent it, without mistakes.
pub(super) struct SaleForm {
    /// The order without its price.
    pub(super) order: Map<String, Value>,
    /// What it takes of the inventory, and how its price is made.
    pub(super) cart: Cart,
    /// How the money is taken; `None`: a wallet pays.
    pub(super) method: Option<PaymentMethod>,
    /// What the customer handed over.
    pub(super) given: Option<Amount>,
}

/// The amount that was typed into `name`; `None` if nothing was, or if `typed` says now what is wrong with it.
pub(super) fn some_amount(
    typed: &mut FormState,
    name: &'static str,
    currency: &CurrencySpecification,
    messages: &Messages,
) -> Option<Amount> {
    typed.form().some(name)?;
    match money::read_strictly(typed.form().text(name), currency) {
        Ok(amount) => return Some(amount).filter(|amount| !amount.is_zero()),
        Err(BadNumber::NoNumber) => typed.add_error(name, messages.no_amount),
        Err(BadNumber::TooFine) => {
            let digits = currency.input_digits().to_string();
            typed.add_error(name, filled(messages.amount_too_fine, &[&digits]));
        }
    }
    None
}

/// A per cent such as `12.5`, in hundredths; at most a hundred per cent.
fn share(text: &str) -> Option<u32> {
    let text = text.trim().replace(',', ".");
    let (whole, fraction) = text.split_once('.').unwrap_or((&text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(fraction) || fraction.len() > 2 {
        return None;
    }
    let whole: u32 = whole.parse().ok()?;
    let fraction: u32 = format!("{fraction:0<2}").parse().ok()?;
    let share = whole.checked_mul(100)?.checked_add(fraction)?;
    (share <= Discount::WHOLE).then_some(share)
}

/// The discount; `None` if there is none, or if `typed` says now what is wrong with it.
fn discount(
    typed: &mut FormState,
    currency: &CurrencySpecification,
    messages: &Messages,
) -> Option<Discount> {
    let text = typed.form().some("discount")?.to_owned();
    let Some(number) = text.strip_suffix('%') else {
        return some_amount(typed, "discount", currency, messages).map(Discount::Amount);
    };
    match share(number) {
        Some(0) => None,
        Some(share) => Some(Discount::Share(share)),
        None => {
            typed.add_error("discount", messages.no_share);
            None
        }
    }
}

/// A line of products; the rest of the text is the product's name, whatever stands in it.
fn line(text: &str) -> Option<CartLine> {
    let (quantity, id) = text.split_once(' ')?;
    let quantity = DecimalQuantity::parse(quantity).ok().filter(|quantity| !quantity.is_zero())?;
    Some(CartLine { product_id: ProductId::parse(id).ok()?, quantity, pot: None })
}

/// A line whose price was typed, as a contract has it.
fn own_line(text: &str, currency: &CurrencySpecification) -> Option<Value> {
    let (price, what) = text.split_once(' ')?;
    let price = money::read_strictly(price, currency).ok().filter(|price| !price.is_zero())?;
    let is_good = !what.trim().is_empty() && what.len() <= MAX_TEXT;
    is_good.then(|| priced(what.trim(), &price))
}

fn priced(what: &str, price: &Amount) -> Value {
    json!({ "description": what, "quantity": 1, "price": price })
}

/// The sale that was typed in; `None` if `typed` says now what is wrong with it.
pub(super) fn read(
    typed: &mut FormState,
    currency: &CurrencySpecification,
    messages: &Messages,
) -> Option<SaleForm> {
    let form = typed.form().clone();
    let lines: Option<Vec<CartLine>> = form.all("line").map(line).collect();
    let own: Option<Vec<Value>> = form.all("own").map(|text| own_line(text, currency)).collect();
    let is_full = form.all("line").chain(form.all("own")).count() > MAX_LINES;
    let (lines, mut own) = match lines.zip(own) {
        Some(read) if !is_full => read,
        _ => {
            typed
                .add_error("", if is_full { messages.cart_full } else { messages.cart_unreadable });
            Default::default()
        }
    };
    // What is bought, unless somebody says so.
    let said = form.some("summary").map(str::to_owned);
    if said.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
        typed.add_error("summary", messages.too_long);
    }
    let named = form.some("names").filter(|text| text.len() <= MAX_TEXT).map(str::to_owned);
    let summary = said.clone().or(named).unwrap_or_else(|| messages.a_sale.to_owned());
    let is_cart = !lines.is_empty() || !own.is_empty();
    let amount = match is_cart {
        true => some_amount(typed, "amount", currency, messages),
        false => messages::amount(typed, "amount", currency, messages),
    };
    let discount = discount(typed, currency, messages);
    let tip = some_amount(typed, "tip", currency, messages);
    let given = some_amount(typed, "given", currency, messages);
    let total = form.some("total").and_then(|text| money::read_strictly(text, currency).ok());
    if let (Some(given), Some(total)) = (given, total)
        && given.checked_sub(&total).is_err()
    {
        typed.add_error("given", messages.given_too_little);
    }
    let method = form.some("method").filter(|method| METHODS.contains(method));
    let method = method.and_then(|method| PaymentMethod::parse(method).ok());
    if !typed.is_good() {
        return None;
    }
    let mut order = Map::from_iter([("summary".to_owned(), json!(summary))]);
    if let Some(amount) = amount {
        own.push(priced(said.as_deref().unwrap_or(messages.a_sale), &amount));
    }
    match (amount, is_cart || discount.is_some() || tip.is_some()) {
        // A price and nothing else needs no line of its own.
        (Some(amount), false) => drop(order.insert("amount".into(), json!(amount))),
        _ if own.is_empty() => {}
        _ => drop(order.insert("products".into(), Value::Array(own))),
    }
    if let Some(tip) = tip {
        order.insert("tip".into(), json!(tip));
    }
    let offer = CartOffer { amount: total, currency: Some(*currency.currency()) };
    let cart = Cart { lines, lock_uuids: Vec::new(), offer: Some(offer), discount };
    Some(SaleForm { order, cart, given: given.filter(|_| method.is_some()), method })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_per_cent_has_two_digits_and_is_no_more_than_all() {
        for (text, hundredths) in
            [("10", 1000), ("12.5", 1250), ("12,25", 1225), ("100", 10_000), ("0", 0), ("0.01", 1)]
        {
            assert_eq!(share(text), Some(hundredths), "{text}");
        }
        for bad in ["", ".", "1.", ".5", "-1", "100.01", "101", "1.234", "x", "99999999999"] {
            assert_eq!(share(bad), None, "{bad}");
        }
    }

    #[test]
    fn the_name_of_a_product_may_have_blanks() {
        let read = line("1.5 Blue cheese, 100 g").unwrap();
        assert_eq!(read.product_id.as_str(), "Blue cheese, 100 g");
        assert_eq!(read.quantity.to_string(), "1.5");
        for bad in ["", "1", "1 ", "0 tea", "-1 tea", "x tea", " tea"] {
            assert!(line(bad).is_none(), "{bad}");
        }
    }
}

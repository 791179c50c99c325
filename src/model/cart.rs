//! From products of the inventory to the lines of an order, and what these cost (inventory 5).
//!
//! A line's price is rounded to the digits of its currency, and the order's price is the sum of the rounded
//! lines, so that receipts add up.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::contract::BadOrder;
use super::product::Product;
use taler::amount::{Amount, AmountError, Currency};
use taler::ids::ProductId;
use taler::quantity::DecimalQuantity;

/// Longest picture of a product that a contract has a copy of, in bytes: a contract travels to each wallet and
/// is kept with each order.
pub const MAX_CONTRACT_IMAGE: i64 = 8 * 1024;

/// What a client takes of the inventory.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct CartLine {
    /// Which product.
    pub product_id: ProductId,
    /// How much of it.
    pub quantity: DecimalQuantity,
    /// To which pot the line is booked, in the place of the product's own.
    pub pot: Option<i64>,
}

/// A line with its product as it was found.
#[derive(Clone, Debug)]
pub struct CartItem {
    /// The product.
    pub product: Product,
    /// How much of it.
    pub quantity: DecimalQuantity,
    /// To which pot the line is booked.
    pub pot: Option<i64>,
}

/// A product that the order itself brings along.
struct OwnProduct {
    /// What the line costs, in one or several currencies.
    prices: Vec<Amount>,
    /// To which pot it is booked.
    pot: Option<i64>,
}

/// What is taken off what all lines cost together. The tip is not touched by it.
///
/// A contract has no member for it: it is the sum of the lines and the tip, less the price.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Discount {
    /// So much.
    Amount(Amount),
    /// So many hundredths of a per cent, at most [`Discount::WHOLE`].
    Share(u32),
}

impl Discount {
    /// A hundred per cent.
    pub const WHOLE: u32 = 10_000;

    /// What is taken off `lines`, rounded half up to the digits of the currency.
    ///
    /// # Errors
    /// [`BadOrder::Currency`] for an amount in another one, [`BadOrder::Unpriced`] where it leaves nothing to pay.
    pub fn of(self, lines: &Amount, digits: u8) -> Result<Amount, BadOrder> {
        let off = match self {
            Self::Amount(amount) => amount,
            Self::Share(share) => {
                // A hundredth of a per cent is 100 millionths.
                let part = DecimalQuantity::from_millionths(u64::from(share).saturating_mul(100));
                times(lines, part.map_err(|_| BadOrder::Unpriced)?, digits)?
            }
        };
        match lines.checked_sub(&off) {
            Ok(rest) if !rest.is_zero() => Ok(off),
            Err(AmountError::CurrencyMismatch) => Err(BadOrder::Currency),
            _ => Err(BadOrder::Unpriced),
        }
    }
}

/// How prices are made.
pub struct Pricing<'a> {
    /// The currency that is taken where a product has several.
    pub usual: Currency,
    /// The only currency that is taken, where the order is in a certain one.
    pub only: Option<Currency>,
    /// What is taken off, where the order says no price itself.
    pub discount: Option<Discount>,
    /// Digits behind the dot in a currency.
    pub digits: &'a dyn Fn(&Currency) -> u8,
}

/// To which pots the members of an order that name pots book its price. They are taken out of the order: no
/// customer needs to know.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pots {
    /// Of the order's own products, one after the other.
    pub products: Vec<Option<i64>>,
    /// Of what is left of the price.
    pub rest: Option<i64>,
}

impl Pots {
    /// Takes them out of `order`.
    ///
    /// # Errors
    /// [`BadOrder::Shape`] when one is no number.
    pub fn take(order: &mut Map<String, Value>) -> Result<Self, BadOrder> {
        let rest = take_pot(order, "order_default_money_pot")?;
        let products = order.get_mut("products").and_then(Value::as_array_mut);
        let products = products.into_iter().flatten().map(|product| match product {
            Value::Object(members) => take_pot(members, "product_money_pot"),
            _ => Ok(None),
        });
        Ok(Self { products: products.collect::<Result<_, _>>()?, rest })
    }

    /// All that are named.
    pub fn named(&self) -> impl Iterator<Item = i64> {
        self.products.iter().flatten().copied().chain(self.rest)
    }
}

fn take_pot(members: &mut Map<String, Value>, name: &str) -> Result<Option<i64>, BadOrder> {
    match members.remove(name) {
        None | Some(Value::Null) => Ok(None),
        Some(value) => match value.as_i64() {
            Some(pot) => Ok(Some(pot)),
            None => Err(BadOrder::Shape(format!("{name}: a pot is a whole number"))),
        },
    }
}

/// Completes `order`: its products, its price if it says none, the customer's age. Returns to which pots how much of
/// the price is booked.
///
/// # Errors
/// [`BadOrder::Unpriced`] when there is no price to be found, [`BadOrder::Shape`] when it is too large or what the order
/// says cannot be read.
pub fn complete(
    order: &mut Map<String, Value>,
    items: &[CartItem],
    pots: &Pots,
    pricing: &Pricing<'_>,
) -> Result<Vec<(i64, Amount)>, BadOrder> {
    let own = own_products(order, pots);
    let said = match order.get("amount") {
        None | Some(Value::Null) => None,
        Some(value) => Some(read_amount("amount", value)?),
    };
    let amount = match said {
        Some(amount) => amount,
        None if items.is_empty() && own.iter().all(|own| own.prices.is_empty()) => {
            return Ok(Vec::new());
        }
        None => {
            let sum = sum(order, items, &own, pricing)?;
            order.insert("amount".into(), json!(sum));
            sum
        }
    };
    // Most orders take nothing of the inventory.
    if items.is_empty() && pots.named().next().is_none() {
        return Ok(Vec::new());
    }
    let currency = *amount.currency();
    let digits = (pricing.digits)(&currency);
    let age = items.iter().map(|item| item.product.details.minimum_age).max().unwrap_or(0);
    if age > 0 {
        let own = order.get("minimum_age").filter(|own| !own.is_null());
        // What cannot be read is refused later.
        if own.is_none_or(|own| own.as_u64().is_some_and(|own| own < age.into())) {
            order.insert("minimum_age".into(), json!(age));
        }
    }
    let mut lines = Vec::new();
    let mut booked: Vec<(i64, Amount)> = Vec::new();
    for OwnProduct { prices, pot } in &own {
        let price = prices.iter().find(|price| *price.currency() == currency);
        booked.extend(pot.zip(price.copied()));
    }
    for item in items {
        let total = line_total(item, &currency, digits)?;
        booked.extend(item.pot.zip(total));
        lines.push(line(item, total, digits)?);
    }
    if !lines.is_empty() {
        let products = order.entry("products").or_insert_with(|| json!([]));
        match products {
            Value::Array(products) => products.extend(lines),
            Value::Null => *products = Value::Array(lines),
            // What is no list is refused later.
            _ => {}
        }
    }
    // A tip is for no product.
    let tip = match order.get("tip") {
        Some(Value::String(text)) => Amount::parse(text).ok(),
        _ => None,
    };
    let goods = tip.and_then(|tip| amount.checked_sub(&tip).ok()).unwrap_or(amount);
    Ok(shares(&amount, &goods, booked, pots.rest))
}

/// The products that the order itself brings along.
fn own_products(order: &Map<String, Value>, pots: &Pots) -> Vec<OwnProduct> {
    let products = order.get("products").and_then(Value::as_array).into_iter().flatten();
    let pots = pots.products.iter().copied().chain(std::iter::repeat(None));
    products
        .zip(pots)
        .map(|(product, pot)| {
            let price = product.get("price").into_iter();
            let prices = product.get("prices").and_then(Value::as_array).into_iter().flatten();
            let amounts = price.chain(prices).filter_map(Value::as_str);
            OwnProduct {
                prices: amounts.filter_map(|text| Amount::parse(text).ok()).collect(),
                pot,
            }
        })
        .collect()
}

/// What all lines cost together, less the discount, with the tip: in the usual currency if all have a price in it, else in the only one
/// that all have.
fn sum(
    order: &Map<String, Value>,
    items: &[CartItem],
    own: &[OwnProduct],
    pricing: &Pricing<'_>,
) -> Result<Amount, BadOrder> {
    // What has no price at all is part of the rest.
    let own = || own.iter().filter(|own| !own.prices.is_empty());
    let lists = items
        .iter()
        .map(|item| item.product.details.prices.as_slice())
        .chain(own().map(|own| own.prices.as_slice()));
    let has = |list: &[Amount], currency: &Currency| {
        list.iter().any(|price| price.currency() == currency)
    };
    let mut common: Option<Vec<Currency>> = None;
    for list in lists {
        match &mut common {
            None => common = Some(list.iter().map(|price| *price.currency()).collect()),
            Some(common) => common.retain(|currency| has(list, currency)),
        }
    }
    let mut common = common.unwrap_or_default();
    common.sort_unstable();
    common.dedup();
    let currency = match (&pricing.only, common.as_slice()) {
        (Some(only), common) if common.contains(only) => *only,
        (Some(_), _) => return Err(BadOrder::Unpriced),
        (None, common) if common.contains(&pricing.usual) => pricing.usual,
        (None, [single]) => *single,
        (None, _) => return Err(BadOrder::Unpriced),
    };
    let digits = (pricing.digits)(&currency);
    let mut sum = Amount::zero(currency);
    for item in items {
        // The front end has to say what it costs.
        let price = item.product.price_in(&currency).filter(|price| !price.is_zero());
        price.ok_or(BadOrder::Unpriced)?;
        let total = line_total(item, &currency, digits)?.ok_or(BadOrder::Unpriced)?;
        sum = sum.checked_add(&total).map_err(too_large)?;
    }
    for own in own() {
        let price = own.prices.iter().find(|price| *price.currency() == currency);
        sum = sum.checked_add(price.ok_or(BadOrder::Unpriced)?).map_err(too_large)?;
    }
    if let Some(discount) = pricing.discount {
        let off = discount.of(&sum, digits)?;
        sum = sum.checked_sub(&off).map_err(too_large)?;
    }
    match order.get("tip") {
        None | Some(Value::Null) => Ok(sum),
        Some(tip) => match sum.checked_add(&read_amount("tip", tip)?) {
            Err(AmountError::CurrencyMismatch) => Err(BadOrder::Currency),
            sum => sum.map_err(too_large),
        },
    }
}

fn read_amount(name: &str, value: &Value) -> Result<Amount, BadOrder> {
    serde_json::from_value(value.clone()).map_err(|bad| BadOrder::Shape(format!("{name}: {bad}")))
}

fn too_large(_: AmountError) -> BadOrder {
    BadOrder::Shape("amount: the sum is too large".into())
}

/// `unit`, the price or tax of one, for all of a line.
fn times(unit: &Amount, quantity: DecimalQuantity, digits: u8) -> Result<Amount, BadOrder> {
    unit.checked_scale(quantity).and_then(|exact| exact.rounded(digits)).map_err(too_large)
}

/// What a line costs in a currency; `None` if its product has no price in it.
fn line_total(
    item: &CartItem,
    currency: &Currency,
    digits: u8,
) -> Result<Option<Amount>, BadOrder> {
    let Some(price) = item.product.price_in(currency) else { return Ok(None) };
    let mut total = times(price, item.quantity, digits)?;
    if item.product.details.price_is_net {
        let taxes = item.product.details.taxes.iter();
        for tax in taxes.filter(|tax| tax.tax.currency() == currency) {
            let tax = times(&tax.tax, item.quantity, digits)?;
            total = total.checked_add(&tax).map_err(too_large)?;
        }
    }
    Ok(Some(total))
}

/// The product as a contract has it.
fn line(item: &CartItem, total: Option<Amount>, digits: u8) -> Result<Value, BadOrder> {
    let CartItem { product, quantity, .. } = item;
    let details = &product.details;
    let mut line = json!({
        "product_id": product.id,
        "product_name": details.name,
        "description": details.description,
        "unit_quantity": quantity,
        "unit": details.unit,
    });
    let Value::Object(members) = &mut line else { return Ok(line) };
    if quantity.is_whole() {
        members.insert("quantity".into(), json!(quantity.whole()));
    }
    if !details.description_i18n.is_empty() {
        members.insert("description_i18n".into(), json!(details.description_i18n));
    }
    if let Some(total) = total {
        members.insert("price".into(), json!(total));
        members.insert("prices".into(), json!([total]));
        let mut taxes = Vec::new();
        for tax in details.taxes.iter().filter(|tax| tax.tax.currency() == total.currency()) {
            let all = times(&tax.tax, *quantity, digits)?;
            taxes.push(json!({ "name": tax.name, "tax": all }));
        }
        if !taxes.is_empty() {
            members.insert("taxes".into(), json!(taxes));
        }
    }
    if let Some(image) = &product.image {
        members.insert("image".into(), json!(image.as_str()));
    }
    Ok(line)
}

/// To which pots how much of a price goes. Together they get no more than the price: where a discount makes it less
/// than its lines, the last ones get less. Those of lines share `goods`, the price without its tip.
fn shares(
    amount: &Amount,
    goods: &Amount,
    booked: Vec<(i64, Amount)>,
    rest: Option<i64>,
) -> Vec<(i64, Amount)> {
    let mut left = *goods;
    let mut shares: BTreeMap<i64, Amount> = BTreeMap::new();
    let mut book = |pot: i64, share: Amount| {
        let before = shares.get(&pot).copied().unwrap_or(Amount::zero(*amount.currency()));
        if let Ok(sum) = before.checked_add(&share) {
            shares.insert(pot, sum);
        }
    };
    for (pot, share) in booked {
        let share = if left.checked_sub(&share).is_ok() { share } else { left };
        left = left.checked_sub(&share).unwrap_or(left);
        book(pot, share);
    }
    if let Some(pot) = rest {
        let tip = amount.checked_sub(goods).ok();
        book(pot, tip.and_then(|tip| left.checked_add(&tip).ok()).unwrap_or(left));
    }
    shares.into_iter().filter(|(_, share)| !share.is_zero()).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::product::{Prices, ProductChange, ProductSerial, Tax, UnitDefaults};

    fn amount(text: &str) -> Amount {
        Amount::parse(text).unwrap()
    }

    fn item(prices: &[&str], quantity: &str) -> CartItem {
        let prices = prices.iter().map(|price| amount(price)).collect();
        let change = ProductChange {
            description: Some("x".into()),
            unit: Some("u".into()),
            allow_fraction: Some(true),
            prices: Some(Prices::All(prices)),
            ..ProductChange::default()
        };
        let product = Product {
            serial: ProductSerial(1),
            id: ProductId::parse("p").unwrap(),
            details: change.of(None, UnitDefaults::default()),
            sold: DecimalQuantity::ZERO,
            held: DecimalQuantity::ZERO,
            image_serial: None,
            image_hash: None,
            image: None,
            low_stock: None,
        };
        CartItem { product, quantity: DecimalQuantity::parse(quantity).unwrap(), pot: None }
    }

    fn run(order: Value, items: &[CartItem]) -> Result<(Value, Vec<(i64, Amount)>), BadOrder> {
        run_with(order, items, None)
    }

    fn run_with(
        order: Value,
        items: &[CartItem],
        discount: Option<Discount>,
    ) -> Result<(Value, Vec<(i64, Amount)>), BadOrder> {
        let Value::Object(mut order) = order else { panic!("an object") };
        let pots = Pots::take(&mut order)?;
        let pricing = Pricing {
            usual: "KUDOS".parse().unwrap(),
            only: None,
            discount,
            digits: &|_: &Currency| 2,
        };
        let shares = complete(&mut order, items, &pots, &pricing)?;
        Ok((Value::Object(order), shares))
    }

    #[test]
    fn a_discount_is_taken_off_the_lines_and_not_off_the_tip() {
        let bread = [item(&["KUDOS:3.33"], "3")];
        let price = |discount| {
            let (order, _) = run_with(json!({ "tip": "KUDOS:1" }), &bread, Some(discount))?;
            let lines = order["products"][0]["price"].as_str().unwrap().to_owned();
            Ok((order["amount"].as_str().unwrap().to_owned(), lines))
        };
        let of = |price: &str| Ok((price.to_owned(), "KUDOS:9.99".to_owned()));
        assert_eq!(price(Discount::Amount(amount("KUDOS:0.99"))), of("KUDOS:10"));
        // 0.999 is rounded half up to 1; 12.5 per cent are 1.24875.
        assert_eq!(price(Discount::Share(1000)), of("KUDOS:9.99"));
        assert_eq!(price(Discount::Share(1250)), of("KUDOS:9.74"));
        assert_eq!(price(Discount::Share(1)), of("KUDOS:10.99"));
        // Something must be left to pay.
        for all in [Discount::Amount(amount("KUDOS:9.99")), Discount::Share(Discount::WHOLE)] {
            assert_eq!(price(all), Err(BadOrder::Unpriced));
        }
        assert_eq!(price(Discount::Amount(amount("KUDOS:10"))), Err(BadOrder::Unpriced));
        assert_eq!(price(Discount::Amount(amount("EUR:1"))), Err(BadOrder::Currency));
    }

    #[test]
    fn a_tip_goes_to_no_products_pot() {
        let tea = CartItem { pot: Some(1), ..item(&["KUDOS:3"], "2") };
        let order = json!({ "tip": "KUDOS:1", "order_default_money_pot": 2 });
        let half = Some(Discount::Share(5000));
        let (paid, shares) = run_with(order, std::slice::from_ref(&tea), half).unwrap();
        assert_eq!(paid["amount"], "KUDOS:4");
        assert_eq!(shares, [(1, amount("KUDOS:3")), (2, amount("KUDOS:1"))]);
        let (_, shares) = run_with(json!({ "tip": "KUDOS:1" }), &[tea], half).unwrap();
        assert_eq!(shares, [(1, amount("KUDOS:3"))]);
    }

    #[test]
    fn a_price_is_the_sum_of_rounded_lines() {
        let items = [item(&["EUR:3.33"], "1.5"), item(&["EUR:3.33"], "1.5")];
        let (order, _) = run(json!({}), &items).unwrap();
        assert_eq!(order["amount"], "EUR:10");
        assert_eq!(order["products"][0]["price"], "EUR:5");
        assert_eq!(order["products"][0]["unit_quantity"], "1.5");
        assert!(order["products"][0].get("quantity").is_none());
        // What the shop says is not compared.
        let (order, _) = run(json!({ "amount": "EUR:1" }), &items).unwrap();
        assert_eq!(
            (&order["amount"], &order["products"][1]["price"]),
            (&json!("EUR:1"), &json!("EUR:5"))
        );
    }

    #[test]
    fn the_usual_currency_is_taken_or_the_only_common_one() {
        let both = item(&["EUR:1", "KUDOS:2"], "1");
        let euro = item(&["EUR:1"], "1");
        let three = item(&["EUR:1", "CHF:3"], "1");
        let price =
            |items: &[CartItem]| run(json!({}), items).map(|(order, _)| order["amount"].clone());
        assert_eq!(price(&[both.clone(), both.clone()]), Ok(json!("KUDOS:4")));
        assert_eq!(price(&[both.clone(), euro.clone()]), Ok(json!("EUR:2")));
        assert_eq!(price(&[three.clone(), three]), Err(BadOrder::Unpriced));
        assert_eq!(price(&[item(&["CHF:1"], "1"), euro.clone()]), Err(BadOrder::Unpriced));
        assert_eq!(price(&[item(&["KUDOS:0"], "1")]), Err(BadOrder::Unpriced));
        let tea = json!([{ "description": "Tea", "price": "EUR:0.5" }, { "description": "free" }]);
        let (order, _) = run(json!({ "products": tea, "tip": "EUR:1" }), &[both, euro]).unwrap();
        assert_eq!(order["amount"], "EUR:3.5");
        assert_eq!(order["products"].as_array().unwrap().len(), 4);
        let bare = run(json!({ "summary": "x" }), &[]).unwrap();
        assert_eq!(bare, (json!({ "summary": "x" }), vec![]));
    }

    #[test]
    fn taxes_are_added_to_a_net_price_only() {
        let mut taxed = item(&["EUR:1.005"], "3");
        taxed.product.details.taxes = vec![Tax { name: "VAT".into(), tax: amount("EUR:0.19") }];
        let (order, _) = run(json!({}), &[taxed.clone()]).unwrap();
        assert_eq!(order["amount"], "EUR:3.02");
        assert_eq!(order["products"][0]["taxes"], json!([{ "name": "VAT", "tax": "EUR:0.57" }]));
        taxed.product.details.price_is_net = true;
        assert_eq!(run(json!({}), &[taxed]).unwrap().0["amount"], "EUR:3.59");
    }

    #[test]
    fn the_oldest_age_counts() {
        let mut wine = item(&["EUR:1"], "1");
        wine.product.details.minimum_age = 16;
        for (own, age) in [(json!(null), 16), (json!(12), 16), (json!(18), 18)] {
            let (order, _) = run(json!({ "minimum_age": own }), &[wine.clone()]).unwrap();
            assert_eq!(order["minimum_age"], age);
        }
    }

    #[test]
    fn pots_share_the_price_and_no_customer_sees_them() {
        let mut jam = item(&["EUR:2"], "2");
        jam.pot = Some(7);
        let order = json!({
            "tip": "EUR:1", "order_default_money_pot": 9,
            "products": [{ "description": "Tea", "price": "EUR:3", "product_money_pot": 7 }],
        });
        let (order, shares) = run(order, &[jam.clone(), item(&["EUR:5"], "1")]).unwrap();
        assert_eq!(order["amount"], "EUR:13");
        assert_eq!(shares, [(7, amount("EUR:7")), (9, amount("EUR:6"))]);
        assert!(!order.to_string().contains("pot"), "{order}");
        // A discount leaves less for the last ones.
        let less = json!({ "amount": "EUR:3", "order_default_money_pot": 9 });
        let (_, shares) = run(less, &[jam]).unwrap();
        assert_eq!(shares, [(7, amount("EUR:3"))]);
        assert!(run(json!({ "order_default_money_pot": "x" }), &[]).is_err());
    }

    proptest! {
        #[test]
        fn pots_never_get_more_than_the_price(
            price in 0..1000_u64,
            booked in proptest::collection::vec((0..4_i64, 0..500_u64), 0..8),
            rest in proptest::option::of(0..4_i64),
        ) {
            let euro = |value| Amount::from_parts("EUR".parse().unwrap(), value, 0).unwrap();
            let booked = booked.into_iter().map(|(pot, value)| (pot, euro(value))).collect();
            let shares = shares(&euro(price), &euro(price), booked, rest);
            let sum: u64 = shares.iter().map(|(_, share)| share.value()).sum();
            prop_assert!(sum <= price);
            prop_assert!(rest.is_none() || sum == price);
        }
    }
}

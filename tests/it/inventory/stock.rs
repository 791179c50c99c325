//! Stock: what orders and locks reserve, what payments sell, and that nothing is sold twice (inventory 3 to 5).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Map, Value, json};
use system::clock::Clock;
use taler::ids::{InstanceId, OrderId, ProductId};
use taler::quantity::DecimalQuantity;
use taler::time::RelativeTime;
use tilld::hub::{Hub, Limits};
use tilld::model::account::AccountDetails;
use tilld::model::cart::CartLine;
use tilld::model::order::{CounterPayment, PaymentMethod};
use tilld::model::product::{Prices, ProductChange};
use tilld::store::{Options, Role, Store};
use tilld::till::{
    Cart, CreateAccount, CreateInstance, CreateOrder, Error, InventoryError, LockProduct,
    ManualPayment, Principal, Till, WithPictures,
};

use super::{cheese, refused, with};
use crate::coins::{claimed, market};
use crate::common::eventually;
use crate::common::shop::{BASE, IBAN, Shop, now};

/// An order of so many pieces of cheese, without a price of its own.
fn cheeses(count: u64) -> Value {
    json!({
        "order": { "summary": "Cheese" },
        "inventory_products": [{ "product_id": "cheese", "quantity": count }],
    })
}

/// The same, with these members of the order as well.
fn ordered(count: u64, more: &Value) -> Value {
    let mut request = cheeses(count);
    request["order"] = with(request["order"].clone(), more);
    request
}

#[test]
fn an_order_reserves_what_it_takes_and_its_payment_sells_it() {
    let shop = Shop::new();
    shop.stock(&cheese());
    let (id, _) = shop.made(&cheeses(3));
    assert_eq!(shop.counters("cheese"), ["10", "0", "0", "7"]);
    let status = shop.status(&id, "");
    assert_eq!(status["total_amount"], "KUDOS:6");
    assert_eq!(
        status["proto_contract_terms"]["products"],
        json!([{
            "product_id": "cheese", "product_name": "Cheese", "description": "Cheese", "unit": "Piece",
            "quantity": 3, "unit_quantity": "3", "price": "KUDOS:6", "prices": ["KUDOS:6"],
        }])
    );
    for _ in 0..2 {
        assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
        assert_eq!(shop.counters("cheese"), ["10", "3", "0", "7"]);
    }
    // What is given back is not put back.
    assert_eq!(shop.refund(&id, "KUDOS:6").status, 200);
    assert_eq!(shop.counters("cheese"), ["10", "3", "0", "7"]);

    let (unpaid, _) = shop.made(&cheeses(7));
    assert_eq!(shop.counters("cheese"), ["10", "3", "0", "0"]);
    assert_eq!(shop.delete(&format!("/private/orders/{unpaid}")).status, 204);
    assert_eq!(shop.counters("cheese"), ["10", "3", "0", "7"]);
}

#[test]
fn what_there_is_too_little_of_is_refused_with_what_there_is() {
    let shop = Shop::new();
    shop.stock(&with(cheese(), &json!({ "next_restock": { "t_s": 4_000_000_000_u64 } })));
    shop.stock(&with(cheese(), &json!({ "product_id": "bread", "total_stock": -1 })));
    let request = json!({
        "order": { "summary": "x" },
        "inventory_products": [
            { "product_id": "bread", "quantity": 1000 },
            { "product_id": "cheese", "quantity": 6 },
            { "product_id": "cheese", "unit_quantity": "5" },
        ],
    });
    let reply = shop.order(&request);
    assert_eq!(refused(&reply), ((410, 2670), "cheese".to_owned()));
    let mut body = reply.json();
    for known in ["code", "hint", "detail", "request_id"] {
        body.as_object_mut().unwrap().remove(known);
    }
    assert_eq!(
        body,
        json!({
            "product_id": "cheese", "requested_quantity": 11, "available_quantity": 10,
            "unit_requested_quantity": "11", "unit_available_quantity": "10",
            "restock_expected": { "t_s": 4_000_000_000_u64 },
        })
    );
    // Nothing of it is reserved, and there is no order.
    assert_eq!(shop.counters("cheese"), ["10", "0", "0", "10"]);
    assert_eq!(shop.get("/private/orders").json(), json!({ "orders": [] }));
    // What has no end is sold without end.
    let bread = json!([{ "product_id": "bread", "quantity": 9_007_199_254_u64 }]);
    let free =
        json!({ "order": { "summary": "x", "amount": "KUDOS:0" }, "inventory_products": bread });
    for _ in 0..3 {
        shop.sold(&free);
    }
    assert_eq!(shop.counters("bread"), ["-1", "9007199254.740991", "0", "-1"]);
}

#[test]
fn a_hundred_carts_at_once_get_ten_pieces_and_no_more() {
    let shop = Shop::new();
    shop.stock(&cheese());
    let deadline = now() + 8;
    let bodies = vec![ordered(1, &json!({ "pay_deadline": { "t_s": deadline } })); 100];
    let replies = shop.at_once("/private/orders", &bodies);
    let made: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
    assert_eq!(made.len(), 10);
    for reply in replies.iter().filter(|reply| reply.status != 200) {
        assert_eq!(refused(reply), ((410, 2670), "cheese".to_owned()));
    }
    let paid = made[0].json()["order_id"].as_str().unwrap().to_owned();
    assert_eq!(shop.pay(&paid, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.counters("cheese"), ["10", "1", "0", "0"]);
    eventually("the stock of the others is free again", || {
        shop.counters("cheese") == ["10", "1", "0", "9"]
    });
    shop.made(&cheeses(9));
}

#[test]
fn reserved_and_sold_stock_survives_a_kill() {
    let shop = Shop::new();
    shop.stock(&cheese());
    let lock =
        json!({ "lock_uuid": "u1", "duration": { "d_us": 60_000_000_000_u64 }, "quantity": 2 });
    assert_eq!(shop.post("/private/products/cheese/lock", &lock).status, 204);
    let (id, _) = shop.made(&cheeses(4));
    let shop = shop.restarted();
    assert_eq!(shop.counters("cheese"), ["10", "0", "0", "4"]);
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    let shop = shop.restarted();
    assert_eq!(shop.counters("cheese"), ["10", "4", "0", "4"]);
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    assert_eq!(shop.counters("cheese"), ["10", "4", "0", "4"]);
}

#[test]
fn the_same_order_again_is_answered_before_stock_is_looked_at() {
    let shop = Shop::new();
    shop.stock(&cheese());
    let request = ordered(10, &json!({ "order_id": "all" }));
    let first = shop.order(&request);
    assert_eq!(first.status, 200);
    assert_eq!(shop.order(&ordered(1, &json!({ "order_id": "one" }))).failure(), (410, 2670));
    let again = shop.order(&request);
    assert_eq!((again.status, again.json()), (200, first.json()));
    assert_eq!(shop.counters("cheese"), ["10", "0", "0", "0"]);
    // Another cart is another order.
    let other = ordered(9, &json!({ "order_id": "all" }));
    assert_eq!(shop.order(&other).failure(), (409, 2503));
    let mut locked = request.clone();
    locked["lock_uuids"] = json!(["u"]);
    assert_eq!(shop.order(&locked).failure(), (409, 2503));
    for reply in shop.at_once("/private/orders", &vec![request; 20]) {
        assert_eq!((reply.status, reply.json()), (200, first.json()));
    }
}

#[test]
fn a_product_is_locked_replaced_and_unlocked() {
    let shop = Shop::new();
    shop.stock(&cheese());
    let lock = |uuid: &str, more: Value| {
        let lock = json!({ "lock_uuid": uuid, "duration": { "d_us": "forever" } });
        shop.post("/private/products/cheese/lock", &with(lock, &more))
    };
    assert_eq!(lock("a", json!({})).status, 204);
    assert_eq!(shop.counters("cheese")[3], "9");
    assert_eq!(lock("a", json!({ "quantity": 4, "unit_quantity": "4" })).status, 204);
    assert_eq!(lock("b", json!({ "unit_quantity": "6" })).status, 204);
    assert_eq!(shop.counters("cheese")[3], "0");
    let reply = lock("a", json!({ "quantity": 5 }));
    assert_eq!(refused(&reply), ((410, 2670), "cheese".to_owned()));
    assert_eq!(reply.json()["available_quantity"], 4);
    assert_eq!(shop.delete("/private/products/cheese").failure(), (409, 2680));
    assert_eq!(lock("b", json!({ "quantity": 0 })).status, 204);
    assert_eq!(shop.counters("cheese")[3], "6");
    for (more, detail) in [
        (json!({ "quantity": 1, "unit_quantity": "2" }), "unit_quantity"),
        (json!({ "unit_quantity": "0.5" }), "unit_quantity"),
        (json!({ "quantity": -1 }), "unit_quantity"),
        (json!({ "lock_uuid": "" }), "lock_uuid"),
        (json!({ "lock_uuid": "x".repeat(65) }), "lock_uuid"),
    ] {
        assert_eq!(refused(&lock("c", more)), ((400, 26), detail.to_owned()));
    }
    // An order takes over all that its locks hold, and what it does not need is free.
    let mut request = cheeses(2);
    request["lock_uuids"] = json!(["a", "unknown"]);
    shop.made(&request);
    assert_eq!(shop.counters("cheese")[3], "8");
    assert_eq!(shop.delete("/private/products/cheese").failure(), (409, 2680));
    assert_eq!(shop.delete("/private/products/cheese?force=YES").status, 204);
}

#[test]
fn a_product_has_a_thousand_locks_and_no_more() {
    let shop = Shop::new();
    shop.stock(&with(cheese(), &json!({ "total_stock": -1 })));
    let day = json!({ "d_us": 86_400_000_000_u64 });
    let lock = |number: usize| json!({ "lock_uuid": format!("u{number}"), "duration": day });
    let bodies: Vec<_> = (0..1000).map(lock).collect();
    for part in bodies.chunks(50) {
        for reply in shop.at_once("/private/products/cheese/lock", part) {
            assert_eq!(reply.status, 204, "{reply:?}");
        }
    }
    let full = shop.post("/private/products/cheese/lock", &lock(1000));
    assert_eq!(refused(&full), ((507, 52), "locks".to_owned()));
    assert_eq!(shop.post("/private/products/cheese/lock", &lock(7)).status, 204);
}

#[test]
fn a_price_is_made_of_fractions_as_people_round() {
    let shop = Shop::new();
    let more = json!({
        "unit": "WeightUnitKg", "total_stock": null, "unit_total_stock": "2", "price": "EUR:3.33",
    });
    shop.stock(&with(cheese(), &more));
    let mut request = cheeses(1);
    request["inventory_products"] = json!([{ "product_id": "cheese", "unit_quantity": "1.5" }]);
    let (id, _) = shop.made(&request);
    let status = shop.status(&id, "");
    assert_eq!(status["total_amount"], "EUR:5");
    let line = &status["proto_contract_terms"]["products"][0];
    assert_eq!((&line["price"], &line["unit_quantity"]), (&json!("EUR:5"), &json!("1.5")));
    assert!(line.get("quantity").is_none());
    assert_eq!(shop.counters("cheese"), ["2", "0", "0", "0.5"]);
    request["inventory_products"][0]["unit_quantity"] = json!("0.5001");
    assert_eq!(refused(&shop.order(&request)), ((400, 26), "inventory_products".to_owned()));
}

#[test]
fn an_order_that_takes_what_cannot_be_is_refused() {
    let shop = Shop::new();
    shop.stock(&cheese());
    shop.stock(&with(cheese(), &json!({ "product_id": "open", "price": "KUDOS:0" })));
    let line = |line: Value| {
        shop.order(&json!({ "order": { "summary": "x" }, "inventory_products": [line] }))
    };
    for (body, refusal, detail) in [
        (json!({}), (400, 25), "inventory_products[0].product_id"),
        (json!({ "product_id": "cheese" }), (400, 25), "inventory_products.unit_quantity"),
        (json!({ "product_id": "cheese", "quantity": 0 }), (400, 26), "inventory_products"),
        (
            json!({ "product_id": "cheese", "unit_quantity": "0.5" }),
            (400, 26),
            "inventory_products",
        ),
        (
            json!({ "product_id": "cheese", "quantity": 1, "unit_quantity": "2" }),
            (400, 26),
            "inventory_products",
        ),
        (json!({ "product_id": "wine", "quantity": 1 }), (404, 2006), "wine"),
        (
            json!({ "product_id": "cheese", "quantity": 1, "product_money_pot": 5 }),
            (404, 2037),
            "5",
        ),
    ] {
        assert_eq!(refused(&line(body.clone())), (refusal, detail.to_owned()), "{body}");
    }
    // A price of zero says that the front end knows it.
    let open = line(json!({ "product_id": "open", "quantity": 1 }));
    assert_eq!(open.failure(), (400, 2502));
    assert!(open.json()["detail"].as_str().unwrap().contains("amount"), "{open:?}");
    let mut request = json!({
        "order": { "summary": "x", "amount": "KUDOS:7", "minimum_age": 12 },
        "inventory_products": [{ "product_id": "open", "quantity": 1 }],
    });
    let (id, _) = shop.made(&request);
    assert_eq!(shop.status(&id, "")["total_amount"], "KUDOS:7");
    request["lock_uuids"] = json!(vec!["u"; 65]);
    assert_eq!(refused(&shop.order(&request)), ((400, 26), "lock_uuids".to_owned()));
    request["lock_uuids"] = json!([]);
    request["inventory_products"] =
        json!(vec![json!({ "product_id": "cheese", "quantity": 1 }); 1025]);
    assert_eq!(refused(&shop.order(&request)), ((400, 26), "inventory_products".to_owned()));
}

#[test]
fn contracts_have_small_pictures_and_the_age_of_their_products() {
    let shop = Shop::new();
    let picture = |length: usize| format!("data:image/png;base64,{}", "A".repeat(length));
    let more =
        json!({ "minimum_age": 18, "description_i18n": { "de": "Käse" }, "image": picture(100) });
    shop.stock(&with(cheese(), &more));
    let large = json!({ "product_id": "large", "image": picture(8 * 1024) });
    shop.stock(&with(cheese(), &large));
    let mut request = cheeses(1);
    request["order"]["minimum_age"] = json!(16);
    let lines = request["inventory_products"].as_array_mut().unwrap();
    lines.push(json!({ "product_id": "large", "quantity": 1 }));
    let (id, _) = shop.made(&request);
    let terms = shop.status(&id, "")["proto_contract_terms"].clone();
    assert_eq!(terms["minimum_age"], 18);
    assert_eq!(terms["products"][0]["image"], json!(picture(100)));
    assert_eq!(terms["products"][0]["description_i18n"], json!({ "de": "Käse" }));
    assert!(terms["products"][1].get("image").is_none());
}

#[test]
fn income_is_booked_to_pots_and_no_wallet_hears_of_them() {
    let shop = Shop::new();
    let pot = |name: &str| {
        let body = json!({ "pot_name": name, "description": "x" });
        shop.numbered("/private/pots", &body, "pot_serial_id")
    };
    let (food, drink, rest) = (pot("food"), pot("drink"), pot("rest"));
    shop.stock(&with(cheese(), &json!({ "money_pot_id": food })));
    let request = json!({
        "order": {
            "summary": "x", "tip": "KUDOS:1", "order_default_money_pot": rest,
            "products": [{ "description": "Tea", "price": "KUDOS:3", "product_money_pot": drink }],
        },
        "inventory_products": [
            { "product_id": "cheese", "quantity": 2 },
            { "product_id": "cheese", "quantity": 1, "product_money_pot": drink },
        ],
    });
    let totals = || {
        let total = |id: i64| shop.get(&format!("/private/pots/{id}")).json()["pot_totals"].clone();
        [total(food), total(drink), total(rest)]
    };
    let (id, _) = shop.made(&request);
    assert_eq!(totals(), [json!([]), json!([]), json!([])]);
    let terms = shop.status(&id, "")["proto_contract_terms"].to_string();
    assert!(!terms.contains("money_pot"), "{terms}");
    for _ in 0..2 {
        assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
        assert_eq!(totals(), [json!(["KUDOS:4"]), json!(["KUDOS:5"]), json!(["KUDOS:1"])]);
    }
    let again = shop.sold(&request);
    assert_eq!(totals(), [json!(["KUDOS:8"]), json!(["KUDOS:10"]), json!(["KUDOS:2"])]);
    // Refunds take nothing out.
    assert_eq!(shop.refund(&again, "KUDOS:10").status, 200);
    assert_eq!(totals()[0], json!(["KUDOS:8"]));
    let unknown =
        json!({ "order": { "summary": "x", "amount": "KUDOS:1", "order_default_money_pot": 99 } });
    assert_eq!(refused(&shop.order(&unknown)), ((404, 2037), "99".to_owned()));
}

#[test]
fn coins_sell_stock_as_cash_does() {
    let (shop, exchange) = market();
    let pot = json!({ "pot_name": "p", "description": "x" });
    let pot = shop.numbered("/private/pots", &pot, "pot_serial_id");
    shop.stock(&with(cheese(), &json!({ "money_pot_id": pot })));
    let request = ordered(2, &json!({ "max_fee": "KUDOS:1", "fulfillment_message": "x" }));
    let claimed = claimed(&shop, &request);
    assert_eq!(shop.counters("cheese"), ["10", "0", "0", "8"]);
    let coin = exchange.coin("5");
    for _ in 0..2 {
        let reply = claimed.pay(&shop, &claimed.payment(&exchange, &[(&coin, "4")]));
        assert_eq!(reply.status, 200, "{reply:?}");
        assert_eq!(shop.counters("cheese"), ["10", "2", "0", "8"]);
    }
    assert_eq!(shop.get(&format!("/private/pots/{pot}")).json()["pot_totals"], json!(["KUDOS:4"]));
}

#[test]
fn products_that_orders_name_by_themselves_count_if_the_shop_says_so() {
    let request = json!({ "order": { "summary": "x", "amount": "KUDOS:5", "products": [
        { "product_id": "cheese", "description": "Cheese", "quantity": 12 },
        { "product_id": "unknown", "description": "?", "quantity": 1 },
        { "description": "Tea" },
    ] } });
    for (settings, sold, left) in [
        ("", ["10", "0", "0", "10"], 0),
        ("[till]\nstock_by_product_id = true", ["10", "12", "0", "0"], 1),
    ] {
        let shop = Shop::configured(settings);
        shop.stock(&cheese());
        let (id, _) = shop.made(&request);
        // Nothing is reserved, and more may be sold than there is.
        assert_eq!(shop.counters("cheese"), ["10", "0", "0", "10"], "{left}");
        assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
        assert_eq!(shop.counters("cheese"), sold);
    }
}

/// A till in this process, whose clock the test sets, with ten pieces of cheese.
struct Timed {
    till: Till,
    clerk: Principal,
    seconds: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

const OPENING: u64 = 1_800_000_000;
const HOUR: u64 = 3_600;

impl Timed {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store =
            Store::open(&folder.path().join("tilld.db"), Role::Daemon, Options::default()).unwrap();
        let seconds = Arc::new(AtomicU64::new(OPENING));
        let own = seconds.clone();
        let clock = Clock::in_leaps(move || Duration::from_secs(own.load(Ordering::Relaxed)));
        let till = Till::new(store, Hub::new(Limits::default()), crate::common::terms(), clock);
        let settings = till.plain_settings("Shop");
        let wish = CreateInstance { id: InstanceId::admin(), settings, auth: None };
        till.create_instance(wish).await.unwrap();
        let clerk = till.admit_operator(&InstanceId::admin()).await.unwrap();
        let wish =
            CreateAccount { payto_uri: IBAN.parse().unwrap(), details: AccountDetails::default() };
        till.add_account(&clerk, wish).await.unwrap();
        let new = ProductChange {
            description: Some("Cheese".into()),
            unit: Some("Piece".into()),
            total_stock: Some(Some(DecimalQuantity::from_whole(10).unwrap())),
            prices: Some(Prices::First("KUDOS:2".parse().unwrap())),
            ..ProductChange::default()
        };
        till.add_product(&clerk, Self::cheese(), new).await.unwrap();
        Self { till, clerk, seconds, _folder: folder }
    }

    fn cheese() -> ProductId {
        ProductId::parse("cheese").unwrap()
    }

    fn at(&self, seconds: u64) {
        self.seconds.store(seconds, Ordering::Relaxed);
    }

    async fn available(&self) -> u64 {
        let product = self.till.product(&self.clerk, Self::cheese()).await.unwrap();
        product.available().unwrap().whole()
    }

    async fn lock(&self, uuid: &str, count: u64, seconds: u64) -> Result<(), Error> {
        let wish = LockProduct {
            uuid: uuid.into(),
            duration: RelativeTime::from_secs(seconds).unwrap(),
            quantity: DecimalQuantity::from_whole(count).unwrap(),
        };
        self.till.lock_product(&self.clerk, Self::cheese(), wish).await
    }

    /// An order with an hour to pay it.
    async fn order(&self, count: u64, locks: &[&str]) -> Result<OrderId, Error> {
        let mut order = Map::new();
        order.insert("summary".into(), json!("Cheese"));
        let deadline = self.seconds.load(Ordering::Relaxed) + HOUR;
        order.insert("pay_deadline".into(), json!({ "t_s": deadline }));
        let quantity = DecimalQuantity::from_whole(count).unwrap();
        let line = CartLine { product_id: Self::cheese(), quantity, pot: None };
        let lock_uuids = locks.iter().map(|uuid| (*uuid).to_owned()).collect();
        let wish = CreateOrder {
            order,
            refund_delay: None,
            payment_target: None,
            session: None,
            with_token: true,
            otp_id: None,
            cart: Cart { lines: vec![line], lock_uuids, ..Cart::default() },
        };
        let made = self.till.create_order(&self.clerk, wish, &BASE.parse().unwrap()).await?;
        Ok(made.order_id)
    }

    async fn pay(&self, id: OrderId) {
        let payment =
            CounterPayment { method: PaymentMethod::parse("cash").unwrap(), reference: None };
        let wish = ManualPayment { payment, session: None, amount: None, given: None };
        self.till.record_payment(&self.clerk, id, wish).await.unwrap();
    }
}

#[actix_web::test]
async fn locks_and_orders_end_by_the_clock_and_what_is_paid_late_is_sold_all_the_same() {
    let t = Timed::new().await;
    t.lock("u", 6, HOUR).await.unwrap();
    assert_eq!(t.available().await, 4);
    let short = t.order(5, &[]).await.unwrap_err();
    assert!(matches!(short, Error::Inventory(InventoryError::OutOfStock(_))), "{short:?}");
    // By its lock the order gets what another one cannot.
    let id = t.order(5, &["u"]).await.unwrap();
    assert_eq!(t.available().await, 5);
    t.lock("v", 5, 30 * 24 * HOUR).await.unwrap();
    assert_eq!(t.available().await, 0);
    t.at(OPENING + HOUR - 1);
    assert_eq!(t.available().await, 0);
    // The order's hour is over, the lock is not.
    t.at(OPENING + HOUR);
    assert_eq!(t.available().await, 5);
    let other = t.order(5, &[]).await.unwrap();
    assert_eq!(t.available().await, 0);
    // Whoever pays at the counter has the goods in their hand: more is sold than there was.
    t.pay(id).await;
    t.pay(other).await;
    let product = t.till.product(&t.clerk, Timed::cheese()).await.unwrap();
    assert_eq!((product.sold.whole(), product.held.whole()), (10, 5));
    assert_eq!(t.available().await, 0);
    // No lock lasts longer than a day. A clock that is set back gives nothing away.
    t.at(OPENING + 24 * HOUR);
    let product = t.till.product(&t.clerk, Timed::cheese()).await.unwrap();
    assert_eq!(product.held.whole(), 0);
    t.at(OPENING);
    assert_eq!(t.till.product(&t.clerk, Timed::cheese()).await.unwrap().sold.whole(), 10);
    assert!(t.order(1, &[]).await.is_err());
}

#[actix_web::test]
async fn a_shop_has_ten_thousand_products_and_no_more() {
    let t = Timed::new().await;
    let new = ProductChange {
        description: Some("x".into()),
        unit: Some("Piece".into()),
        total_stock: Some(None),
        prices: Some(Prices::First("KUDOS:1".parse().unwrap())),
        ..ProductChange::default()
    };
    let add = |number: usize| {
        let id = ProductId::parse(format!("p{number}")).unwrap();
        t.till.add_product(&t.clerk, id, new.clone())
    };
    let numbers: Vec<usize> = (1..10_000).collect();
    for part in numbers.chunks(500) {
        for added in join_all(part.iter().map(|number| add(*number))).await {
            added.unwrap();
        }
    }
    let full = add(10_000).await.unwrap_err();
    assert!(matches!(full, Error::Inventory(InventoryError::Full("products"))), "{full:?}");
    // The same product again takes no room.
    add(1).await.unwrap();
    let all = t.till.point_of_sale(&t.clerk, WithPictures::No).await.unwrap();
    assert_eq!(all.products.len(), 10_000);
}

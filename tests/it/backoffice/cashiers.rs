//! Cashiers sell and see what was sold today, and nothing else opens to them.

use serde_json::json;
use tilld::http::{Access, OFFICE};

use super::{PASSWORD, Page, Visitor, office, store, tamper};
use crate::common::shop::Shop;

const PIN: &str = "4711";

/// A browser that the owner has made a till, with a cashier.
struct Counter {
    shop: Shop,
    owner: Visitor,
    /// The cookie of the till.
    device: String,
}

impl Counter {
    fn new() -> Self {
        let shop = office();
        let owner = Visitor::seated(&shop.daemon.address, "admin");
        let page = owner.post("/webui/cashiers", &[("name", "Ada"), ("pin", PIN)]);
        assert_eq!((page.status, page.location()), (303, "/webui/cashiers?said=kept"));
        let page = owner.post("/webui/till-devices", &[("password", PASSWORD)]);
        assert_eq!(page.status, 303, "{page:?}");
        let kept = page.whole_cookie("__Host-tilld-till").unwrap();
        assert!(kept.contains("Max-Age=31536000") && kept.contains("HttpOnly"), "{kept}");
        let device = page.cookie("__Host-tilld-till").unwrap();
        Self { shop, owner, device }
    }

    /// The page where a cashier signs in, in the browser that is the till.
    fn door(&self) -> Visitor {
        let mut visitor = Visitor::of(&self.shop.daemon.address);
        visitor.cookies = vec![self.device.clone()];
        let page = visitor.get("/webui/cashier");
        assert!(page.text.contains("Ada"), "{page:?}");
        visitor.csrf = page.csrf();
        visitor.cookies.extend(page.cookie("__Host-tilld-presession"));
        visitor
    }

    fn tried(&self, pin: &str) -> Page {
        self.door().post("/webui/cashier", &[("cashier", "1"), ("pin", pin)])
    }

    fn seated(&self) -> Visitor {
        let mut visitor = self.door();
        let page = visitor.post("/webui/cashier", &[("cashier", "1"), ("pin", PIN)]);
        assert_eq!((page.status, page.location()), (303, "/webui/till"), "{page:?}");
        visitor.cookies = vec![self.device.clone(), page.cookie("__Host-tilld").unwrap()];
        visitor.csrf = visitor.get("/webui/till").csrf();
        visitor
    }
}

#[test]
fn a_cashier_gets_at_what_the_table_says_and_at_nothing_else() {
    let counter = Counter::new();
    let cashier = counter.seated();
    let (id, _) = counter.shop.made(&json!({ "order": { "summary": "x", "amount": "EUR:1" } }));
    for row in OFFICE.iter().filter(|row| row.path != "/sign-out") {
        let path = format!("/webui{}", row.path.replace("{id}", &id));
        let page = match row.method {
            "POST" => cashier.post(&path, &[]),
            _ => cashier.get(&path),
        };
        match row.access {
            Access::Session(_) | Access::SessionBackground(_) => {
                assert_eq!(page.status, 403, "{row:?} {page:?}");
                assert!(!page.text.contains("EUR"), "{row:?}");
            }
            Access::Till(_) | Access::TillBackground(_) => {
                assert_ne!(page.status, 403, "{row:?} {page:?}");
            }
            Access::AnySession => assert_eq!(page.location(), "/webui/till", "{row:?}"),
            Access::Public => {}
            Access::AnyToken | Access::Private(_) | Access::Management(_) => panic!("{row:?}"),
        }
    }
    // What cashiers get at is a list that grows only when somebody means it.
    let mut open: Vec<_> = OFFICE
        .iter()
        .filter(|row| matches!(row.access, Access::Till(_) | Access::TillBackground(_)))
        .map(|row| row.path)
        .filter(|path| !path.starts_with("/till"))
        .collect();
    open.dedup();
    assert_eq!(open, ["/orders/{id}/live", "/orders/{id}/receipt", "/pictures/{id}", "/today"]);
    // The session's token opens nothing of the API.
    let token = cashier.cookies[1].split_once('=').unwrap().1;
    let reply = counter.shop.daemon.ask("GET", "/private/orders").token(token).send();
    assert_eq!(reply.status, 401, "{reply:?}");
    let page = cashier.get("/webui/today");
    for gone in ["/webui/orders\"", "/webui/export", "/webui/tokens", "/webui/cashiers"] {
        assert!(!page.text.contains(gone), "{gone}: {}", page.text);
    }
}

#[test]
fn a_sale_knows_its_cashier_and_only_todays_are_seen() {
    let counter = Counter::new();
    let (shop, cashier) = (&counter.shop, counter.seated());
    let begun = cashier.post("/webui/till", &[("amount", "3"), ("summary", "Rye bread")]);
    assert_eq!(begun.status, 303, "{begun:?}");
    let place = begun.location().to_owned();
    let id = place.rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    let owners = shop.sold(&json!({ "order": { "summary": "Old wine", "amount": "EUR:9" } }));
    assert_eq!(shop.pay(&id, &json!({ "method": "cash" })).status, 200);
    let today = cashier.get("/webui/today").text;
    assert!(today.contains("Rye bread") && today.contains("Old wine"), "{today}");
    let receipt = cashier.get(&format!("/webui/orders/{id}/receipt?columns=32")).text;
    assert!(receipt.contains("Ada"), "{receipt}");
    assert!(counter.owner.get(&format!("/webui/orders/{id}")).text.contains("Ada"));
    let days = "from=2020-01-01&until=2100-01-01&zone=UTC";
    for ledger in ["orders", "payments", "taxes"] {
        let path = format!("/webui/export-file?ledger={ledger}&format=jsonl&{days}");
        let lines = counter.owner.get(&path).text;
        let of = |id: &str| lines.lines().find(|line| line.contains(id)).unwrap().to_owned();
        assert!(of(&id).contains("\"cashier\":\"Ada\""), "{ledger}: {lines}");
        assert!(!of(&owners).contains("cashier"), "{ledger}: {lines}");
    }
    // Whoever takes the money answers for it.
    let (later, _) = shop.made(&json!({ "order": { "summary": "Web", "amount": "EUR:4" } }));
    let inputs = [("method", "cash"), ("given", "10")];
    assert_eq!(cashier.post(&format!("/webui/till/{later}/payment"), &inputs).status, 303);
    assert!(counter.owner.get(&format!("/webui/orders/{later}")).text.contains("Ada"));
    let receipt = cashier.get(&format!("/webui/orders/{later}/receipt?columns=32")).text;
    assert!(receipt.contains("Given") && receipt.contains("6.00 €"), "{receipt}");
    assert!(!cashier.get(&format!("/webui/till/{later}")).text.contains("/undo"));
    // What was ordered and paid yesterday is none of the cashier's business.
    let sql = format!(
        "UPDATE orders SET created_at_s = created_at_s - 90000, paid_at_s = paid_at_s - 90000
            WHERE order_id = '{owners}'"
    );
    tamper(&store(&shop.place), &sql);
    for path in ["orders/{id}/receipt", "orders/{id}/live", "till/{id}"] {
        let path = format!("/webui/{}", path.replace("{id}", &owners));
        assert_eq!(cashier.get(&path).status, 404, "{path}");
        assert!(counter.owner.get(&path).status < 400, "{path}");
    }
    assert_eq!(cashier.post(&format!("/webui/till/{owners}/cancel"), &[]).status, 303);
    assert_eq!(shop.status(&owners, "")["order_status"], "paid");
    assert!(!cashier.get("/webui/today").text.contains("Old wine"));
}

#[test]
fn wrong_pins_lock_the_cashier_and_not_the_owner() {
    let counter = Counter::new();
    counter.owner.post("/webui/cashiers", &[("name", "Bob"), ("pin", "0815")]);
    for _ in 0..5 {
        let page = counter.tried("1234");
        assert_eq!(page.status, 403, "{page:?}");
        assert!(page.text.contains("This is not the PIN."));
    }
    // The right one is not looked at, either.
    let page = counter.tried(PIN);
    assert_eq!(page.status, 429, "{page:?}");
    let wait: u64 = page.headers["retry-after"].parse().unwrap();
    assert!((1..=61).contains(&wait), "{wait}");
    // Nobody else waits.
    let other = counter.door().post("/webui/cashier", &[("cashier", "2"), ("pin", "0815")]);
    assert_eq!(other.status, 303, "{other:?}");
    assert_eq!(counter.owner.sign_in_anew("admin", PASSWORD).status, 303);
    assert!(counter.owner.get("/webui/cashiers").text.contains("Locked until"));
    // A restart forgets no lock; time and the owner end it.
    let Counter { shop, owner, device } = counter;
    let secret = device.split_once('=').unwrap().1;
    let shop = shop.restarted();
    let port = shop.daemon.address.rsplit_once(':').unwrap().1;
    let device = format!("__Host-tilld-till-{port}={secret}");
    let counter = Counter { shop, owner, device };
    assert_eq!(counter.tried(PIN).status, 429);
    tamper(&store(&counter.shop.place), "UPDATE cashiers SET locked_until_s = 1 WHERE serial = 1");
    assert_eq!(counter.tried("1234").status, 403);
    let page = counter.tried(PIN);
    let wait: u64 = page.headers["retry-after"].parse().unwrap();
    assert!((62..=121).contains(&wait), "twice as long: {wait}");
    let owner = Visitor::seated(&counter.shop.daemon.address, "admin");
    assert_eq!(owner.post("/webui/cashiers/1/pin", &[("pin", PIN)]).status, 303);
    assert_eq!(counter.tried(PIN).status, 303);
}

#[test]
fn attempts_at_the_same_time_are_all_counted() {
    let counter = Counter::new();
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let tries: Vec<_> = (0..9)
            .map(|n| {
                let counter = &counter;
                scope.spawn(move || counter.tried(&format!("100{n}")).status)
            })
            .collect();
        tries.into_iter().map(|one| one.join().unwrap()).collect()
    });
    let looked_at = statuses.iter().filter(|status| **status == 403).count();
    assert_eq!(looked_at, 5, "{statuses:?}");
    assert!(statuses.iter().all(|status| [403, 429].contains(status)), "{statuses:?}");
}

#[test]
fn a_pin_is_taken_at_a_till_of_its_shop_only() {
    let counter = Counter::new();
    let shop = &counter.shop;
    // No cookie, or a wrong one: there are no names, and no PIN is looked at.
    for cookie in [None, Some("GUESS")] {
        let mut stranger = Visitor::at_form(&shop.daemon.address, "/webui/sign-in");
        let name = counter.device.split('=').next().unwrap();
        stranger.cookies.extend(cookie.map(|value| format!("{name}={value}")));
        let page = stranger.get("/webui/cashier");
        assert_eq!((page.status, page.location()), (303, "/webui/sign-in?as=owner"));
        let page = stranger.post("/webui/cashier", &[("cashier", "1"), ("pin", PIN)]);
        assert_eq!((page.status, page.location()), (303, "/webui/sign-in?as=owner"), "{page:?}");
        assert!(page.cookie("__Host-tilld").is_none());
    }
    // The sign-in leads to the names, and from there to the password.
    let till = counter.door();
    assert_eq!(till.get("/webui/sign-in").location(), "/webui/cashier");
    assert_eq!(till.get("/webui/sign-in?as=owner").status, 200);
    // Another shop's cashier is nobody here.
    shop.place.instance("bar");
    shop.place.passwd("bar", PASSWORD);
    let bar = Visitor::seated(&shop.daemon.address, "bar");
    bar.post("/webui/cashiers", &[("name", "Eve"), ("pin", "666666")]);
    let page = counter.door().post("/webui/cashier", &[("cashier", "2"), ("pin", "666666")]);
    assert_eq!(page.status, 403, "{page:?}");
    assert_eq!(bar.post("/webui/cashiers/1/pin", &[("pin", "9999")]).status, 404);
    bar.post("/webui/cashiers/1/remove", &[]);
    bar.post("/webui/till-devices/1/remove", &[]);
    let cashier = counter.seated();
    // The owner takes back what was given.
    let owner = &counter.owner;
    assert_eq!(owner.post("/webui/cashiers/1/pin", &[("pin", "5555")]).status, 303);
    assert_eq!(cashier.get("/webui/till").status, 303, "another PIN ends the web session");
    assert_eq!(counter.tried(PIN).status, 403);
    assert_eq!(counter.tried("5555").status, 303);
    assert_eq!(owner.post("/webui/till-devices/1/remove", &[]).status, 303);
    let mut gone = Visitor::of(&shop.daemon.address);
    gone.cookies = vec![counter.device.clone()];
    assert_eq!(gone.get("/webui/cashier").location(), "/webui/sign-in?as=owner");
}

#[test]
fn a_removed_cashier_is_signed_out_and_the_sales_keep_the_name() {
    let counter = Counter::new();
    let cashier = counter.seated();
    let begun = cashier.post("/webui/till", &[("amount", "3")]);
    let id = begun.location().rsplit('/').next().unwrap().split('?').next().unwrap().to_owned();
    assert_eq!(counter.owner.post("/webui/cashiers/1/remove", &[]).status, 303);
    assert_eq!(cashier.get("/webui/till").status, 303);
    assert!(!counter.owner.get("/webui/cashiers").text.contains("Ada"));
    assert!(counter.owner.get(&format!("/webui/orders/{id}")).text.contains("Ada"));
    // The name is free again, for somebody else.
    let page = counter.owner.post("/webui/cashiers", &[("name", "Ada"), ("pin", "2222")]);
    assert_eq!(page.status, 303);
}

#[test]
fn what_is_no_name_or_no_pin_is_said_beside_it() {
    let counter = Counter::new();
    for (inputs, status, said) in [
        ([("name", ""), ("pin", "1234")], 400, "Please type a name"),
        ([("name", "Bob"), ("pin", "12a4")], 400, "A PIN has 4 to 12 digits."),
        ([("name", "Bob"), ("pin", "123")], 400, "A PIN has 4 to 12 digits."),
        ([("name", "Ada"), ("pin", "1234")], 409, "There is a cashier of this name already."),
    ] {
        let page = counter.owner.post("/webui/cashiers", &inputs);
        assert_eq!(page.status, status, "{inputs:?}");
        assert!(page.text.contains(said), "{inputs:?}: {}", page.text);
    }
    let page = counter.owner.post("/webui/cashiers/1/pin", &[("pin", "x")]);
    assert_eq!(page.status, 400);
    let page = counter.owner.post("/webui/till-devices", &[("password", "wrong")]);
    assert_eq!(page.status, 403, "{page:?}");
    assert!(page.whole_cookie("__Host-tilld-till").is_none());
}

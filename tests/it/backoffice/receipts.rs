//! Taxes and receipts: on paper, as text, on the pages, and in the books.

use serde_json::{Value, json};
use taler::amount::Amount;

use super::{Visitor, office};
use crate::common::shop::Shop;

/// Three kinds of tea at two rates, with a tip, for less than they cost.
fn basket(amount: &str) -> Value {
    json!({
        "order": {
            "summary": "Tea and cake",
            "amount": amount,
            "tip": "EUR:1",
            "products": [
                { "product_name": "Green tea", "quantity": 2, "price": "EUR:11.9",
                  "taxes": [{ "name": "VAT 19 %", "tax": "EUR:1.9" }] },
                { "product_name": "Cake", "unit_quantity": "0.5", "unit": "kg", "price": "EUR:10.7",
                  "taxes": [{ "name": "VAT 7 %", "tax": "EUR:0.7" }] },
            ],
        },
        "refund_delay": { "d_us": 86_400_000_000_u64 },
    })
}

/// The lines of a text, without blanks around them and inside of runs.
fn lines(text: &str) -> Vec<String> {
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    text.lines().map(words).filter(|line| !line.is_empty()).collect()
}

fn keep_details(clerk: &Visitor) {
    let inputs = [
        ("name", "Tea room"),
        ("street", "Main Street"),
        ("number", "5"),
        ("post_code", "8000"),
        ("town", "Zürich"),
        ("tax_number", "DE 123/456"),
    ];
    assert_eq!(clerk.post("/webui/details", &inputs).status, 303);
    assert!(clerk.get("/webui/details").text.contains("value=\"DE 123/456\""));
}

#[test]
fn a_receipt_as_text_has_lines_sums_taxes_and_refunds() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    keep_details(&clerk);
    let id = shop.sold(&basket("EUR:21.34"));
    let text = |columns: usize, copy: &str| {
        let page = clerk.get(&format!("/webui/orders/{id}/receipt?columns={columns}&copy={copy}"));
        assert_eq!(page.status, 200, "{page:?}");
        assert_eq!(page.headers["content-type"], "text/plain; charset=utf-8");
        assert!(page.text.lines().all(|line| line.chars().count() <= columns), "{}", page.text);
        page.text
    };
    let said = lines(&text(48, "customer"));
    let head = &said[..3];
    assert_eq!(head, ["Tea room", "Main Street 5", "8000 Zürich"]);
    assert_eq!(said[3], "Tax number DE 123/456");
    // A tenth of the lines is a discount; the tip is untaxed.
    let sums: Vec<&str> =
        said.iter().skip_while(|line| !line.contains("Green")).map(|l| &**l).collect();
    let rule = "-".repeat(48);
    let total = "=".repeat(48);
    assert_eq!(
        sums,
        [
            "2 Green tea 11.90 €",
            "0.5 kg Cake 10.70 €",
            &rule,
            "Subtotal 22.60 €",
            "Discount −2.26 €",
            "Tip 1.00 €",
            &total,
            "Total 21.34 €",
            &rule,
            "VAT 19 % 10.71 €",
            "Net 9.00 €",
            "Tax 1.71 €",
            "VAT 7 % 9.63 €",
            "Net 9.00 €",
            "Tax 0.63 €",
            "No tax stated 1.00 €",
            "Net 1.00 €",
            "Tax 0.00 €",
            "Total 21.34 €",
            "Net 19.00 €",
            "Tax 2.34 €",
        ]
    );
    assert!(lines(&text(32, "customer")).iter().any(|line| line == "How in cash"));
    assert!(text(32, "shop").contains("Shop's copy"));
    assert_eq!(text(32, "both").matches("Green tea").count(), 2);
    // Half of it goes back.
    assert_eq!(shop.refund(&id, "EUR:10.67").status, 200);
    let said = lines(&text(48, "customer"));
    let left: Vec<&str> =
        said.iter().skip_while(|line| !line.starts_with("Left after")).map(|l| &**l).collect();
    assert_eq!(
        left,
        [
            "Left after refunds 10.67 €",
            &rule,
            "After refunds",
            "VAT 19 % 5.35 €",
            "Net 4.50 €",
            "Tax 0.85 €",
            "VAT 7 % 4.82 €",
            "Net 4.50 €",
            "Tax 0.32 €",
            "No tax stated 0.50 €",
            "Net 0.50 €",
            "Tax 0.00 €",
            "Total 10.67 €",
            "Net 9.50 €",
            "Tax 1.17 €",
        ]
    );
}

#[test]
fn the_browser_remembers_the_paper_and_whether_it_prints_by_itself() {
    let shop = office();
    let mut clerk = Visitor::seated(&shop.daemon.address, "admin");
    let id = shop.sold(&basket("EUR:23.6"));
    let path = format!("/webui/orders/{id}/receipt");
    let page = clerk.get(&path);
    assert!(page.text.contains("class=\"slip roll80\""), "{}", page.text);
    assert!(!page.text.contains("data-print-now") && page.cookies.is_empty());
    for (query, slip, by_itself) in
        [("paper=58", "roll58", false), ("by_itself=yes", "roll58", true), ("paper=a6", "a6", true)]
    {
        let page = clerk.get(&format!("{path}?{query}"));
        let kept = page.whole_cookie("__Host-tilld-receipt").unwrap().to_owned();
        assert!(kept.contains("Max-Age=31536000") && kept.contains("HttpOnly"), "{kept}");
        clerk.cookies.truncate(1);
        clerk.cookies.push(page.cookie("__Host-tilld-receipt").unwrap());
        let page = clerk.get(&path);
        assert!(page.text.contains(&format!("class=\"slip {slip}\"")), "{query}");
        assert_eq!(page.text.contains("data-print-now"), by_itself, "{query}");
        assert!(page.cookies.is_empty());
    }
    for bad in ["paper=a4", "copy=mine", "columns=40", "columns=x", "by_itself=perhaps"] {
        assert_eq!(clerk.get(&format!("{path}?{bad}")).status, 400, "{bad}");
    }
    assert_eq!(clerk.get("/webui/orders/none/receipt").status, 404);
}

#[test]
fn customers_print_their_receipt_from_their_link_and_nobody_else_does() {
    let shop = office();
    let (id, token) = shop.made(&basket("EUR:23.6"));
    let customer = Visitor::of(&shop.daemon.address);
    let page = |query: &str| {
        customer.ask("GET", &format!("/orders/{id}?{query}"), None, &[("Accept", "text/html")])
    };
    // It is not paid yet, so there is nothing to print but the page to pay.
    assert_eq!(page(&format!("token={token}&print=58")).status, 402);
    assert_eq!(shop.pay(&id, &json!({ "method": "card", "reference": "T-17" })).status, 200);
    let url = shop.status(&id, "")["order_status_url"].as_str().unwrap().to_owned();
    let query = url.split_once('?').unwrap().1;
    let paid = page(query);
    assert!(paid.text.contains("VAT 19 %") && paid.text.contains("print=80"), "{}", paid.text);
    let printed = page(&format!("{query}&print=58"));
    assert_eq!(printed.status, 200);
    assert!(printed.text.contains("class=\"slip roll58\""), "{}", printed.text);
    assert!(!printed.text.contains("T-17"), "the reference is the shop's");
    let text = page(&format!("{query}&print=text-32"));
    assert_eq!(text.headers["content-type"], "text/plain; charset=utf-8");
    assert!(text.text.contains("Green tea"));
    assert_eq!(page(&format!("{query}&print=a4")).status, 400);
    for wrong in ["print=58", "token=AAAAAAAAAAAAAAAAAAAAAAAAAA&print=58"] {
        let refused = page(wrong);
        assert!(refused.status >= 400 && !refused.text.contains("Green tea"), "{wrong}");
    }
}

/// The rows of a CSV file, as maps from column to cell.
fn rows(csv: &str) -> Vec<Value> {
    csv.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn euro(number: &Value) -> Amount {
    Amount::parse(format!("EUR:{}", number.as_str().unwrap())).unwrap()
}

fn exported(clerk: &Visitor, ledger: &str) -> Vec<Value> {
    let days = "from=2020-01-01&until=2100-01-01&zone=UTC";
    let page = clerk.get(&format!("/webui/export-file?ledger={ledger}&format=jsonl&{days}"));
    assert_eq!(page.status, 200, "{page:?}");
    rows(&page.text)
}

#[test]
fn taxes_in_the_books_add_up_to_payments_and_refunds() {
    let shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let zero = Amount::parse("EUR:0").unwrap();
    for (price, refunds) in [
        ("EUR:23.6", &["EUR:0.01", "EUR:7.77", "EUR:23.6"][..]),
        ("EUR:19.99", &["EUR:3.33"]),
        ("EUR:0.5", &[]),
        ("EUR:30", &["EUR:30"]),
    ] {
        let id = shop.sold(&basket(price));
        for total in refunds {
            assert_eq!(shop.refund(&id, total).status, 200);
        }
    }
    shop.sold(&json!({ "order": { "summary": "Bread", "amount": "EUR:2" } }));
    let taxes = exported(&clerk, "taxes");
    for (kind, ledger) in [("payment", "payments"), ("refund", "refunds")] {
        let of_kind = taxes.iter().filter(|row| row["kind"] == kind);
        let mut sums = [zero; 3];
        for row in of_kind {
            let parts = ["net", "tax", "gross"].map(|name| euro(&row[name]));
            assert_eq!(parts[0].checked_add(&parts[1]), Ok(parts[2]), "{row}");
            for (sum, part) in sums.iter_mut().zip(parts) {
                *sum = sum.checked_add(&part).unwrap();
            }
        }
        let booked: Vec<Amount> =
            exported(&clerk, ledger).iter().map(|row| euro(&row["amount"])).collect();
        assert_eq!(Amount::sum(*zero.currency(), &booked), Ok(sums[2]), "{kind}");
        assert_eq!(sums[0].checked_add(&sums[1]), Ok(sums[2]), "{kind}");
    }
    // What was wholly refunded leaves no tax at any rate.
    let by_rate = |id: &Value, kind: &str, rate: &str| {
        let rows = taxes
            .iter()
            .filter(|row| row["order_id"] == *id && row["kind"] == kind && row["rate"] == rate);
        let taxes: Vec<Amount> = rows.map(|row| euro(&row["tax"])).collect();
        Amount::sum(*zero.currency(), &taxes).unwrap()
    };
    let first = &taxes[0]["order_id"];
    for (rate, tax) in [("VAT 19 %", "EUR:1.9"), ("VAT 7 %", "EUR:0.7")] {
        assert_eq!(by_rate(first, "payment", rate).to_string(), tax);
        assert_eq!(by_rate(first, "refund", rate).to_string(), tax);
    }
    for format in ["csv", "local-csv", "xlsx", "ods"] {
        let days = "from=2020-01-01&until=2100-01-01&zone=UTC";
        let page = clerk.get(&format!("/webui/export-file?ledger=taxes&format={format}&{days}"));
        assert_eq!(page.status, 200, "{format}");
    }
    let page = clerk.get("/webui/export?from=2020-01-01&until=2100-01-01&zone=UTC");
    assert!(
        page.text.contains("By rate of tax") && page.text.contains("VAT 19 %"),
        "{}",
        page.text
    );
    let order = clerk.get(&format!("/webui/orders/{}", first.as_str().unwrap()));
    assert!(
        order.text.contains("VAT 7 %") && order.text.contains("After refunds"),
        "{}",
        order.text
    );
}

#[test]
fn a_shop_whose_orders_say_no_taxes_sees_none() {
    let shop: Shop = office();
    let clerk = Visitor::seated(&shop.daemon.address, "admin");
    let id = shop.sold(&json!({ "order": { "summary": "Bread", "amount": "EUR:2" } }));
    let page = clerk.get(&format!("/webui/orders/{id}"));
    assert!(!page.text.contains("class=\"taxes\""));
    let text = clerk.get(&format!("/webui/orders/{id}/receipt?columns=32")).text;
    assert!(text.contains("Bread") && !text.contains("Net"), "{text}");
}

//! The pages of products, categories, stock and code devices, and tables of products.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::{Page, Visitor, office};
use crate::common::shop::Shop;
use crate::inventory::{cheese, with};

/// The smallest GIF.
const GIF: &[u8] = b"GIF89a\x01\0\x01\0\0\0\0;";
const KEY: &str = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

impl Visitor {
    /// Sends a form with a file, as browsers do.
    fn upload(&self, path: &str, inputs: &[(&str, &str)], input: &str, file: &[u8]) -> Page {
        static PAGES: AtomicUsize = AtomicUsize::new(0);
        let page = PAGES.fetch_add(1, Ordering::Relaxed);
        let page = format!("{}.upload{page}", self.csrf.split('.').next().unwrap());
        let mut body = Vec::new();
        for (name, value) in [&[("csrf", page.as_str())], inputs].concat() {
            let head = format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend([head.as_bytes(), value.as_bytes(), b"\r\n"].concat());
        }
        let head = format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{input}\"; filename=\"f\"\r\n\r\n"
        );
        body.extend([head.as_bytes(), file, b"\r\n--XX--\r\n"].concat());
        let request = self.client.post(format!("{}{path}", self.address));
        let request = request.header("Cookie", self.cookies.join("; "));
        let request = request.header("Origin", &self.address);
        let request = request.header("Content-Type", "multipart/form-data; boundary=XX");
        let response = request.body(body).send().unwrap();
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap().to_owned();
        Page {
            status: response.status().as_u16(),
            cookies: Vec::new(),
            headers: response
                .headers()
                .iter()
                .map(|(name, value)| (name.to_string(), text(value)))
                .collect(),
            text: response.text().unwrap(),
        }
    }
}

fn clerk(shop: &Shop) -> Visitor {
    Visitor::seated(&shop.daemon.address, "admin")
}

/// The path of the product's page, by its number.
fn page_of(shop: &Shop, id: &str) -> String {
    let all = shop.get("/private/products?limit=1000").json();
    let found = all["products"].as_array().unwrap().iter().find(|one| one["product_id"] == id);
    format!("/webui/products/{}", found.unwrap()["product_serial"])
}

#[track_caller]
fn led(page: &Page, to: &str) {
    assert_eq!(page.status, 303, "{page:?}");
    assert!(page.location().contains(to), "{page:?}");
}

#[test]
fn a_product_is_made_changed_and_deleted_by_hand() {
    let shop = office();
    let clerk = clerk(&shop);
    led(&clerk.post("/webui/categories", &[("name", "Drinks")]), "said=kept");
    let category =
        shop.get("/private/categories").json()["categories"][0]["category_id"].to_string();
    let inputs = [
        ("name", "Kräutertee"),
        ("price", "2,50"),
        ("unit", "Piece"),
        ("stock", "10"),
        ("low_stock", "2"),
        ("category[]", category.as_str()),
        ("tax_percent", "19"),
        ("minimum_age", "16"),
        ("description", "Hot"),
    ];
    let made = clerk.upload("/webui/new-product", &inputs, "picture", GIF);
    led(&made, "said=kept");
    let tea = shop.product("kraeutertee");
    assert_eq!(tea["price"], "KUDOS:2.5");
    assert_eq!(tea["taxes"], json!([{ "name": "VAT 19 %", "tax": "KUDOS:0.39915966" }]));
    assert_eq!((&tea["minimum_age"], &tea["total_stock"]), (&json!(16), &json!(10)));
    assert_eq!(tea["categories"].to_string(), format!("[{category}]"));
    assert_eq!(tea["image"], "data:image/gif;base64,R0lGODlhAQABAAAAADs=");
    let picture = format!("/webui/pictures/{}", tea["image_hash"].as_str().unwrap());
    let place = page_of(&shop, "kraeutertee");
    let page = clerk.get(&place);
    assert!(page.text.contains(&picture), "{}", page.text);
    let shown = clerk.ask("GET", &picture, None, &[]);
    assert_eq!((shown.status, shown.headers["content-type"].as_str()), (200, "image/gif"));
    // The same name again is another product with another number.
    led(&clerk.post("/webui/new-product", &inputs[..3]), "said=kept");
    assert_eq!(shop.product("kraeutertee-2")["total_stock"], -1);
    let taken =
        clerk.post("/webui/new-product", &[("name", "X"), ("id", "kraeutertee"), ("price", "1")]);
    assert_eq!(taken.status, 409, "{taken:?}");

    // What the form does not show stays.
    shop.patch("/private/products/kraeutertee", &json!({ "description_i18n": { "de": "Heiß" } }));
    let changed = clerk
        .post(&place, &[("name", "Tea"), ("price", "5"), ("unit", "Piece"), ("tax_percent", "19")]);
    led(&changed, "said=kept");
    let tea = shop.product("kraeutertee");
    assert_eq!(
        (&tea["product_name"], &tea["description_i18n"]),
        (&json!("Tea"), &json!({ "de": "Heiß" }))
    );
    assert_eq!(tea["taxes"][0]["tax"], "KUDOS:0.79831933");
    assert_eq!((&tea["categories"], &tea["total_stock"]), (&json!([]), &json!(10)));
    assert!(!tea["image"].as_str().unwrap().is_empty(), "the picture stays");
    led(&clerk.post(&place, &[("name", "Tea"), ("no_picture", "yes")]), "said=kept");
    let tea = shop.product("kraeutertee");
    assert_eq!(
        (&tea["image"], &tea["price"], &tea["taxes"]),
        (&json!(""), &json!("KUDOS:0"), &json!([]))
    );

    for (input, value) in [
        ("name", ""),
        ("price", "1.234,5"),
        ("price", "0,001"),
        ("low_stock", "1,5"),
        ("minimum_age", "old"),
        ("tax_percent", "101"),
    ] {
        let bad = [("name", "Tea"), (input, value)];
        let inputs = if input == "name" { &bad[1..] } else { &bad[..] };
        let page = clerk.post(&place, inputs);
        assert_eq!(page.status, 400, "{input} {value}");
        assert!(page.text.contains(&format!("id=\"{input}-wrong\"")), "{input}: {}", page.text);
    }
    let bad = clerk.upload(
        &place,
        &[("name", "Tea")],
        "picture",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    );
    assert!(bad.status == 400 && bad.text.contains("id=\"picture-wrong\""), "{bad:?}");
    let mut large = GIF.to_vec();
    large.resize(500_000, 0);
    let bad = clerk.upload(&place, &[("name", "Tea")], "picture", &large);
    assert!(bad.status == 400 && bad.text.contains("450 kB"), "{bad:?}");

    // Deleting asks first where some of it is reserved.
    let lock = json!({ "lock_uuid": "u", "duration": { "d_us": 60_000_000 }, "quantity": 1 });
    assert_eq!(shop.post("/private/products/kraeutertee/lock", &lock).status, 204);
    let held = clerk.post(&format!("{place}/delete"), &[]);
    assert!(held.status == 409 && held.text.contains("name=\"force\""), "{held:?}");
    led(&clerk.post(&format!("{place}/delete"), &[("force", "yes")]), "said=gone");
    assert_eq!(clerk.get(&place).status, 404);
}

#[test]
fn products_are_found_by_name_and_those_that_are_low_first() {
    let shop = office();
    let clerk = clerk(&shop);
    for number in 0..60 {
        let product = json!({
            "product_id": format!("p{number:02}"), "description": format!("Bread {number:02}"),
            "unit": "Piece", "total_stock": if number == 55 { 0 } else { 9 }, "price": "KUDOS:1",
        });
        shop.stock(&product);
    }
    let names = |query: &str| {
        let page = clerk.get(&format!("/webui/products{query}"));
        assert_eq!(page.status, 200, "{page:?}");
        let pieces = page.text.split("class=\"what\"").skip(1);
        pieces.map(|rest| rest.split(['>', '<']).nth(1).unwrap().to_owned()).collect::<Vec<_>>()
    };
    let all = names("");
    assert_eq!((all.len(), all[0].as_str(), all[49].as_str()), (50, "Bread 00", "Bread 49"));
    assert_eq!(names("?page=2").len(), 10);
    assert_eq!(names("?q=BREAD+07"), ["Bread 07"]);
    assert_eq!(names("?q=p12"), ["Bread 12"]);
    assert_eq!(names("?low=first")[0], "Bread 55");
    assert_eq!(names("?low=only"), ["Bread 55"]);
    // With a quantity from which on it is low.
    let place = page_of(&shop, "p03");
    let inputs = [("name", "Bread 03"), ("price", "1"), ("unit", "Piece"), ("low_stock", "9")];
    led(&clerk.post(&place, &inputs), "said=kept");
    assert_eq!(names("?low=only"), ["Bread 03", "Bread 55"]);
    for odd in ["?page=0", "?page=x", "?page=99999999999", "?category=x", "?low=x", "?q=%00"] {
        assert_eq!(clerk.get(&format!("/webui/products{odd}")).status, 200, "{odd}");
    }
}

#[test]
fn a_stock_changes_for_a_reason_and_the_change_is_kept() {
    let shop = office();
    let clerk = clerk(&shop);
    shop.stock(&cheese());
    let place = page_of(&shop, "cheese");
    let moved = |reason: &str, quantity: &str, note: &str| {
        let inputs = [("reason", reason), ("quantity", quantity), ("note", note)];
        clerk.post(&format!("{place}/stock"), &inputs)
    };
    led(&moved("delivery", "5", "Lorry"), "said=stocked");
    led(&moved("breakage", "2", ""), "said=stocked");
    led(&moved("own-use", "1", ""), "said=stocked");
    assert_eq!(shop.counters("cheese"), ["15", "0", "3", "12"]);
    led(&moved("count", "11", ""), "said=stocked");
    assert_eq!(shop.counters("cheese"), ["15", "0", "4", "11"]);
    led(&moved("count", "20", ""), "said=stocked");
    assert_eq!(shop.counters("cheese"), ["24", "0", "4", "20"]);
    let page = clerk.get(&place).text;
    for text in ["+5", "−2", "Lorry", "Broken or spoiled", "Own use"] {
        assert!(page.contains(text), "{text}: {page}");
    }
    for (reason, quantity, status) in [
        ("breakage", "21", 409),
        ("breakage", "0", 400),
        ("delivery", "1,5", 400),
        ("delivery", "", 400),
        ("", "1", 400),
        ("return", "1", 400),
    ] {
        assert_eq!(moved(reason, quantity, "").status, status, "{reason} {quantity}");
    }
    assert_eq!(shop.counters("cheese"), ["24", "0", "4", "20"], "nothing of that was done");
    led(&moved("uncounted", "", ""), "said=stocked");
    assert_eq!(shop.counters("cheese")[0], "-1");
    assert_eq!(moved("delivery", "1", "").status, 400);
    led(&moved("count", "3", ""), "said=stocked");
    assert_eq!(shop.counters("cheese"), ["7", "0", "4", "3"]);
}

#[test]
fn what_a_customer_brings_back_is_put_back_once() {
    let shop = office();
    let clerk = clerk(&shop);
    shop.stock(&cheese());
    shop.stock(&with(cheese(), &json!({ "product_id": "air", "total_stock": -1 })));
    let order = shop.sold(&json!({
        "order": { "summary": "Cheese" },
        "refund_delay": { "d_us": 86_400_000_000_u64 },
        "inventory_products": [{ "product_id": "cheese", "quantity": 3 }, { "product_id": "air", "quantity": 1 }],
    }));
    assert_eq!(shop.counters("cheese"), ["10", "3", "0", "7"]);
    let place = format!("/webui/orders/{order}");
    let page = clerk.get(&place).text;
    assert!(page.contains("name=\"line-0\"") && !page.contains("name=\"line-1\""), "{page}");
    let put = |line: &str, returned: &str| {
        clerk.post(&format!("{place}/return"), &[("line-0", line), ("returned", returned)])
    };
    for (line, returned, status) in
        [("", "0", 400), ("x", "0", 400), ("4", "0", 409), ("1", "1", 409)]
    {
        assert_eq!(put(line, returned).status, status, "{line} {returned}");
    }
    led(&put("2", "0"), "said=stocked");
    assert_eq!(shop.counters("cheese"), ["12", "3", "0", "9"]);
    // The page of another desk that does not know of it.
    assert_eq!(put("1", "0").status, 409);
    led(&put("1", "2"), "said=stocked");
    assert_eq!(shop.counters("cheese"), ["13", "3", "0", "10"]);
    assert!(!clerk.get(&place).text.contains("name=\"line-0\""), "nothing is left to come back");
    let product = clerk.get(&page_of(&shop, "cheese")).text;
    assert!(product.contains(&format!("/webui/orders/{order}")), "{product}");
    let (open, _) = shop.made(&json!({
        "order": { "summary": "Cheese" }, "inventory_products": [{ "product_id": "cheese", "quantity": 1 }] }));
    assert!(!clerk.get(&format!("/webui/orders/{open}")).text.contains("name=\"line-0\""));
}

/// Sends a table; what the page that follows says.
fn looked_at(clerk: &Visitor, table: &[u8]) -> Page {
    let page = clerk.upload("/webui/product-import", &[], "file", table);
    led(&page, "product-import?table=");
    clerk.get(page.location())
}

/// What stands in the hidden input of this name.
fn hidden(page: &Page, name: &str) -> String {
    let (_, rest) = page.text.split_once(&format!("name=\"{name}\" value=\"")).unwrap();
    rest.split('"').next().unwrap().to_owned()
}

fn taken_over(clerk: &Visitor, preview: &Page) -> Page {
    let (mark, fingerprint) = (hidden(preview, "mark"), hidden(preview, "fingerprint"));
    clerk.post("/webui/product-import/apply", &[("mark", &mark), ("fingerprint", &fingerprint)])
}

#[test]
fn a_table_is_looked_at_then_taken_over_and_changes_nothing_the_second_time() {
    let shop = office();
    let clerk = clerk(&shop);
    shop.stock(&with(cheese(), &json!({ "description_i18n": { "de": "Käse" } })));
    let table = "product_id;name;price;tax;stock;low_stock;categories;unit\n\
                 cheese;Cheese;3,5;;8;;Dairy;\n\
                 0012;Milk;1,20;VAT 7 %;unlimited;;Dairy | Drinks;l\n";
    let preview = looked_at(&clerk, table.as_bytes());
    for text in
        ["<del>2.00\u{a0}KUDOS</del>", "<ins>3.50\u{a0}KUDOS</ins>", "Dairy, Drinks", "Milk"]
    {
        assert!(preview.text.contains(text), "{text}: {}", preview.text);
    }
    assert_eq!(shop.get("/private/products").json()["products"].as_array().unwrap().len(), 1);
    led(&taken_over(&clerk, &preview), "said=imported");
    let milk = shop.product("0012");
    assert_eq!((&milk["unit"], &milk["total_stock"]), (&json!("VolumeUnitLitre"), &json!(-1)));
    assert_eq!(milk["taxes"][0]["name"], "VAT 7 %");
    assert_eq!(milk["categories"].as_array().unwrap().len(), 2);
    let changed = shop.product("cheese");
    assert_eq!(
        (&changed["price"], &changed["description_i18n"]),
        (&json!("KUDOS:3.5"), &json!({ "de": "Käse" }))
    );
    assert_eq!(shop.counters("cheese"), ["10", "0", "2", "8"]);
    // It is counted, so the page tells who did it.
    assert!(clerk.get(&page_of(&shop, "cheese")).text.contains("Counted"));
    let again = looked_at(&clerk, table.as_bytes());
    assert!(again.text.contains("changes nothing"), "{}", again.text);

    // Every exported file says what is there already.
    for format in ["csv", "local-csv", "xlsx"] {
        let path = format!("{}/webui/product-export?format={format}", shop.daemon.address);
        let answer = clerk.client.get(path).header("Cookie", clerk.cookies.join("; "));
        let answer = answer.header("Accept-Language", "de").send().unwrap();
        assert_eq!(answer.status(), 200, "{format}");
        let file = answer.bytes().unwrap();
        let page = looked_at(&clerk, &file);
        assert!(page.text.contains("changes nothing"), "{format}: {}", page.text);
    }
}

#[test]
fn a_table_with_faults_says_where_and_changes_nothing() {
    let shop = office();
    let clerk = clerk(&shop);
    shop.stock(&cheese());
    let faults = |table: &str| {
        let page = clerk.upload("/webui/product-import", &[], "file", table.as_bytes());
        let page = if page.status == 303 { clerk.get(page.location()) } else { page };
        assert!(!page.text.contains("name=\"fingerprint\""), "{}", page.text);
        page.text
    };
    for (table, text) in [
        ("product_id,price\ncheese,x\n", "Line 2, column price:"),
        ("product_id,stock\n\ncheese,\"1.5\"\n", "Line 3, column stock:"),
        ("product_id,name\ncheese,A\ncheese,B\n", "line 2 already"),
        ("product_id,name\nnew,A\n", "Line 2, column price:"),
        ("product_id,pirce\ncheese,2\n", "no column called pirce"),
        ("name,price\nA,2\n", "The column product_id is missing"),
        ("product_id,price,currency\ncheese,2,XYZ\n", "Line 2, column currency:"),
        ("PK\u{3}\u{4}", "cannot be read"),
        ("product_id\n", "nothing in this table"),
    ] {
        let page = faults(table);
        assert!(page.contains(text), "{text}: {page}");
    }
    let empty = clerk.post("/webui/product-import", &[]);
    assert!(empty.status == 400 && empty.text.contains("choose a file"), "{empty:?}");
    let large = vec![b'x'; (2 << 20) + 1000];
    assert_eq!(clerk.upload("/webui/product-import", &[], "file", &large).status, 413);
    assert_eq!(shop.counters("cheese"), ["10", "0", "0", "10"]);
}

#[test]
fn only_what_was_shown_is_taken_over() {
    let shop = office();
    let clerk = clerk(&shop);
    shop.stock(&cheese());
    let preview = looked_at(&clerk, b"product_id,stock\ncheese,4\n");
    shop.sold(&json!({
        "order": { "summary": "Cheese" }, "inventory_products": [{ "product_id": "cheese", "quantity": 1 }] }));
    let page = taken_over(&clerk, &preview);
    assert!(page.status == 409 && page.text.contains("changed meanwhile"), "{page:?}");
    assert_eq!(shop.counters("cheese"), ["10", "1", "0", "9"]);
    led(&taken_over(&clerk, &page), "said=imported");
    assert_eq!(shop.counters("cheese"), ["10", "1", "5", "4"]);
    let gone = taken_over(&clerk, &page);
    assert!(gone.status == 410 && gone.text.contains("too old"), "{gone:?}");
    // Nor does another shop get at it.
    shop.place.instance("bar");
    shop.place.passwd("bar", super::PASSWORD);
    let preview = looked_at(&clerk, b"product_id,stock\ncheese,3\n");
    let other = Visitor::seated(&shop.daemon.address, "bar");
    assert_eq!(taken_over(&other, &preview).status, 410);
}

#[test]
fn ten_thousand_products_are_taken_over_at_once() {
    let shop = office();
    let clerk = clerk(&shop);
    let mut table = "product_id,name,price,stock\n".to_owned();
    for number in 0..10_000 {
        table.push_str(&format!("p{number},Product {number},1.5,{number}\n"));
    }
    let preview = looked_at(&clerk, table.as_bytes());
    assert!(preview.text.len() < 60_000, "{}", preview.text.len());
    led(&taken_over(&clerk, &preview), "said=imported");
    assert_eq!(shop.product("p9999")["total_stock"], 9999);
    let more =
        clerk.upload("/webui/product-import", &[], "file", b"product_id,name,price\nq,Q,1\n");
    let page = clerk.get(more.location());
    assert!(page.text.contains("as many as there may be"), "{}", page.text);
}

#[test]
fn a_code_device_shows_its_key_once() {
    let shop = office();
    let clerk = clerk(&shop);
    let inputs = [("id", "hall"), ("description", "In the hall"), ("algorithm", "time")];
    let made = clerk.post("/webui/new-otp-device", &inputs);
    led(&made, "otp-devices/hall?fresh=");
    let page = clerk.get(made.location());
    let (_, rest) = page.text.split_once("id=\"otp-key\">").unwrap();
    let key = rest.split('<').next().unwrap().to_owned();
    assert_eq!(key.len(), 32, "160 bits");
    let again = clerk.get(made.location()).text;
    assert!(!again.contains(&key) && again.contains("shown before"), "{again}");
    assert!(!clerk.get("/webui/otp-devices/hall").text.contains(&key));
    assert_eq!(clerk.post("/webui/new-otp-device", &inputs).status, 409);

    // Another name; another key and another way, which templates and orders follow.
    let template = [
        ("id", "tea"),
        ("description", "Tea"),
        ("summary", "Tea"),
        ("summary_by", "shop"),
        ("amount", "2"),
        ("amount_by", "shop"),
        ("kind", "fixed-order"),
        ("otp_id", "hall"),
    ];
    led(&clerk.post("/webui/new-template", &template), "templates/tea");
    assert_eq!(shop.get("/private/templates/tea").json()["otp_id"], "hall");
    led(&clerk.post("/webui/otp-devices/hall", &[("description", "Cellar")]), "said=kept");
    let renewed =
        clerk.post("/webui/otp-devices/hall/key", &[("algorithm", "price"), ("key", KEY)]);
    led(&renewed, "fresh=");
    let page = clerk.get(renewed.location()).text;
    assert!(page.contains(KEY) && !page.contains("class=\"qr\""), "no app puts prices in: {page}");
    let shown = shop.get("/private/otp-devices/hall?faketime=59&price=EUR:4.30").json();
    assert_eq!(
        (&shown["otp_code"], &shown["device_description"]),
        (&json!("00617067"), &json!("Cellar"))
    );
    assert_eq!(shop.get("/private/templates/tea").json()["otp_id"], "hall");
    let priced = clerk.get("/webui/otp-devices/hall?price=4,30").text;
    assert!(priced.contains("class=\"onecode\""), "{priced}");

    let change = [&[("otp_id", "")], &template[1..7]].concat();
    led(&clerk.post("/webui/templates/tea", &change), "said=kept");
    assert_eq!(shop.get("/private/templates/tea").json().get("otp_id"), None);
    for (input, value) in [("id", "a b"), ("description", ""), ("algorithm", "x"), ("key", "018")] {
        let mut bad = vec![("id", "new"), ("description", "New"), ("algorithm", "time")];
        bad.retain(|(name, _)| *name != input);
        bad.push((input, value));
        let page = clerk.post("/webui/new-otp-device", &bad);
        assert_eq!(page.status, 400, "{input}");
        assert!(page.text.contains(&format!("id=\"{input}-wrong\"")), "{input}: {}", page.text);
    }
    led(&clerk.post("/webui/otp-devices/hall/delete", &[]), "said=gone");
    assert_eq!(shop.get("/private/otp-devices").json(), json!({ "otp_devices": [] }));
    let _: Value = shop.get("/private/templates/tea").json();
}

#[test]
fn a_form_in_parts_needs_its_csrf_token_too() {
    let shop = office();
    let mut forger = clerk(&shop);
    forger.csrf = "A".repeat(52);
    let page = forger.upload("/webui/new-product", &[("name", "Tea")], "picture", GIF);
    assert_eq!(page.status, 403, "{page:?}");
    assert_eq!(shop.get("/private/products").json(), json!({ "products": [] }));
}

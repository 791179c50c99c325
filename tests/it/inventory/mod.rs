//! The inventory: products, categories, units, groups and pots, stock and orders.

mod carts;
mod catalog;
mod pos;
mod stock;

use serde_json::{Value, json};

use crate::common::Reply;
use crate::common::shop::Shop;

/// A product with ten in stock at KUDOS:2.
pub(crate) fn cheese() -> Value {
    json!({
        "product_id": "cheese", "description": "Cheese", "unit": "Piece", "total_stock": 10, "price": "KUDOS:2",
    })
}

/// `product`, with these members as well.
pub(crate) fn with(mut product: Value, more: &Value) -> Value {
    for (name, value) in more.as_object().unwrap() {
        product[name] = value.clone();
    }
    product
}

impl Shop {
    /// Adds a product, which must go well.
    pub(crate) fn stock(&self, product: &Value) {
        let reply = self.post("/private/products", product);
        assert_eq!((reply.status, reply.text.as_str()), (204, ""), "{product}: {reply:?}");
    }

    /// A product as its shop sees it.
    pub(crate) fn product(&self, id: &str) -> Value {
        let reply = self.get(&format!("/private/products/{id}"));
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()
    }

    /// Stock, sold, lost and what is available of a product.
    pub(crate) fn counters(&self, id: &str) -> [String; 4] {
        let product = self.product(id);
        ["unit_total_stock", "unit_total_sold", "unit_total_lost", "unit_available"]
            .map(|name| product[name].as_str().unwrap().to_owned())
    }

    /// Adds a category, group or pot, which must go well; its number.
    pub(crate) fn numbered(&self, path: &str, body: &Value, number: &str) -> i64 {
        let reply = self.post(path, body);
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.json()[number].as_i64().unwrap()
    }
}

/// The member that a refusal is about.
pub(crate) fn refused(reply: &Reply) -> ((u16, u64), String) {
    (reply.failure(), reply.json()["detail"].as_str().unwrap_or_default().to_owned())
}
